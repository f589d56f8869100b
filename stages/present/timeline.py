"""When everything in a film happens: slides, lines and captions, the pose in every frame, and the sound."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Doubles, Floats, Image
from assets.artefacts.motion import Clip
from assets.artefacts.talk import SpokenLine
from assets.conventions import MORPHS_67
from assets.rotation import slerp
from assets.spec.film import FPS
from stages.present.artefacts import Caption, FilmPart
from stages.present.captions import TimedCaption, time_captions

SOUND_RATE = 48_000
LEAD_S, PAUSE_S, TAIL_S = 0.6, 0.4, 0.9
"""Silence before the first line of a slide, between two lines, and after the last."""
BLEND_S = 0.3
"""In which one clip turns into the next where one is cut off."""
PART_FRAMES = 8 * FPS
"""Longest part: short enough that two processes end at about the same time, and that little is lost where a run is stopped."""


@dataclass(frozen=True)
class Pauses:
    """Silence around lines, seconds."""

    lead: float = LEAD_S
    between: float = PAUSE_S
    tail: float = TAIL_S


NO_PAUSES = Pauses(0.0, 0.0, 0.0)
"""Of a recording, which has its own."""


@dataclass(frozen=True)
class SlideTalk:
    """What is said about a slide: lines by id; or how long it stays."""

    lines: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class Timeline:
    """A film's lines and slides; times in seconds, slides in frames."""

    starts: tuple[tuple[float, str], ...]
    """(start, line), ascending."""
    slides: tuple[tuple[int, int], ...]
    """(first frame, frame after the last) of each slide."""

    @property
    def frames(self) -> int:
        """Of the whole film."""
        return self.slides[-1][1]


def plan_timeline(slides: Sequence[SlideTalk], sounds: Mapping[str, SpokenLine], pauses: Pauses = Pauses()) -> Timeline:
    """Slides one after the other, each as long as what is said about it; slides change between two frames, lines begin at any time."""
    starts: list[tuple[float, str]] = []
    spans: list[tuple[int, int]] = []
    at = 0.0
    for slide in slides:
        begin = round(at * FPS)
        now = at + pauses.lead if slide.lines else begin / FPS + slide.seconds
        for number, line in enumerate(slide.lines):
            now += pauses.between if number else 0.0
            starts.append((now, line))
            now += len(sounds[line].samples) / sounds[line].rate
        now += pauses.tail if slide.lines else 0.0
        # A slide with pauses ends on a frame; a recording continues, and its next slide begins at the nearest frame.
        end = math.ceil(now * FPS - 1e-6) if pauses.tail else round(now * FPS)
        spans.append((begin, max(end, begin + 1)))
        at = spans[-1][1] / FPS if pauses.tail or not slide.lines else now
    return Timeline(tuple(starts), tuple(spans))


def list_captions(timeline: Timeline, sounds: Mapping[str, SpokenLine]) -> list[TimedCaption]:
    """Every caption of the film; one ends where the next begins."""
    found: list[TimedCaption] = []
    for start, line in timeline.starts:
        sound = sounds[line]
        found += time_captions(sound.text, sound.words, start, len(sound.samples) / sound.rate)
    if not found:
        return []
    ends = [*(caption.start for caption in found[1:]), timeline.frames / FPS]
    return [TimedCaption(c.start, min(c.end, end), c.rows) for c, end in zip(found, ends, strict=True) if min(c.end, end) > c.start]


def mix_sound(timeline: Timeline, sounds: Mapping[str, SpokenLine]) -> Floats:
    """(n,) the whole film's sound at SOUND_RATE, as long as its pictures."""
    from scipy.signal import resample_poly

    mixed = np.zeros(round(timeline.frames / FPS * SOUND_RATE), np.float32)
    for start, line in timeline.starts:
        sound = sounds[line]
        common = math.gcd(sound.rate, SOUND_RATE)
        samples = resample_poly(sound.samples, SOUND_RATE // common, sound.rate // common).astype(np.float32)
        begin = round(start * SOUND_RATE)
        end = min(begin + len(samples), len(mixed))
        mixed[begin:end] += samples[: end - begin]
    return np.clip(mixed, -1, 1)


def pose_frames(timeline: Timeline, clips: Mapping[str, Clip], idle: Clip) -> tuple[Floats, Floats, Floats]:
    """Rotations (f,j,4), root (f,3) and face (f,67) in the middle of each frame.

    A line's clip begins and ends in the idle's first pose; between two lines the idle starts again, and returns to that pose in time.

    Args:
        clips: by line.
    """
    times = (np.arange(timeline.frames) + 0.5) / FPS
    rotations, root, face = _sample(idle, np.zeros(len(times)))
    now = 0.0
    for start, line in [*timeline.starts, (timeline.frames / FPS + 2 * BLEND_S, "")]:
        _fill_idle((rotations, root, face), times, idle, now, start)
        if line:
            end = start + float(clips[line].times[-1])
            _lay_clip((rotations, root, face), times, clips[line], start, end, cut=now > start)
            now = max(now, end)
    return rotations.astype(np.float32), root.astype(np.float32), face.astype(np.float32)


_Track = tuple[Doubles, Doubles, Doubles]


def _fill_idle(track: _Track, times: Doubles, idle: Clip, start: float, end: float) -> None:
    """The idle from `start`, in its first pose again at `end`."""
    inside = np.flatnonzero((times >= start) & (times < end))
    ease = min(BLEND_S, (end - start) / 2)
    if not len(inside) or ease <= 0:
        return
    share = np.clip((end - times[inside]) / ease, 0, 1)
    share = share * share * (3 - 2 * share)
    rest, moving = _sample(idle, np.zeros(len(inside))), _sample(idle, times[inside] - start)
    for target, values in zip(track, _mix(rest, moving, share), strict=True):
        target[inside] = values


def _lay_clip(track: _Track, times: Doubles, clip: Clip, start: float, end: float, *, cut: bool) -> None:
    """The clip over what is there; where that is a clip that has not ended, one turns into the other."""
    inside = np.flatnonzero((times >= start) & (times < end))
    values = _sample(clip, times[inside] - start)
    if cut:
        share = np.clip((times[inside] - start) / BLEND_S, 0, 1)
        before = tuple(target[inside] for target in track)
        values = _mix(before, values, share * share * (3 - 2 * share))  # type: ignore[arg-type]
    for target, found in zip(track, values, strict=True):
        target[inside] = found


def _mix(a: _Track, b: _Track, share: Doubles) -> _Track:
    """From a (0) to b (1)."""
    blend = share[:, None]
    rotations = slerp(a[0], b[0], np.broadcast_to(blend, a[0].shape[:2])).astype(np.float64)
    return rotations, a[1] + blend * (b[1] - a[1]), a[2] + blend * (b[2] - a[2])


def _sample(clip: Clip, times: Doubles) -> _Track:
    """The clip at these times of its own: past its end it loops, or holds its last frame."""
    length = float(clip.times[-1])
    at = np.mod(times, length) if clip.loop and length > 0 else np.clip(times, 0, length)
    right = np.clip(np.searchsorted(clip.times, at, side="right"), 1, max(len(clip.times) - 1, 1))
    right = np.minimum(right, len(clip.times) - 1)
    left = np.maximum(right - 1, 0)
    share = np.clip((at - clip.times[left]) / np.maximum(clip.times[right] - clip.times[left], 1e-9), 0, 1)
    faces = clip.face if clip.face.shape[1] == len(MORPHS_67) else np.zeros((len(clip.times), len(MORPHS_67)), np.float32)
    track = (clip.rotations.astype(np.float64), clip.root.astype(np.float64), faces.astype(np.float64))
    first: _Track = tuple(values[left] for values in track)  # type: ignore[assignment]
    second: _Track = tuple(values[right] for values in track)  # type: ignore[assignment]
    return _mix(first, second, share)


def cut_parts(
    timeline: Timeline, poses: tuple[Floats, Floats, Floats], slides: Sequence[Image], captions: Sequence[TimedCaption]
) -> list[FilmPart]:
    """The film in parts of at most PART_FRAMES, none with two slides."""
    parts = []
    for (first, last), slide in zip(timeline.slides, slides, strict=True):
        count = math.ceil((last - first) / PART_FRAMES)
        edges: NDArray[np.int64] = np.linspace(first, last, count + 1).round().astype(np.int64)
        for a, b in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            rotations, root, face = (values[a:b] for values in poses)
            parts.append(FilmPart(rotations, root, face, slide, _cut_captions(captions, a, b)))
    return parts


def _cut_captions(captions: Sequence[TimedCaption], first: int, last: int) -> tuple[Caption, ...]:
    """Captions of the frames first .. last - 1, counted from the first."""
    spans = [(round(c.start * FPS) - first, round(c.end * FPS) - first, c.rows) for c in captions]
    return tuple(Caption(max(a, 0), min(b, last - first), rows) for a, b, rows in spans if a < last - first and b > 0)
