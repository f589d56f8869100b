"""When slides, lines, captions and lips come: by the samples of the sound, to less than a frame."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from assets.artefacts.geometry import Image
from assets.artefacts.motion import Clip
from assets.artefacts.talk import SpokenLine
from assets.conventions import JOINTS, MORPHS_67
from assets.spec.film import FPS
from stages.present.captions import TimedCaption
from stages.present.timeline import (
    LEAD_S,
    NO_PAUSES,
    PART_FRAMES,
    PAUSE_S,
    SOUND_RATE,
    TAIL_S,
    SlideTalk,
    cut_parts,
    list_captions,
    mix_sound,
    plan_timeline,
    pose_frames,
)

RATE = 24_000
JAW = MORPHS_67.index("jawOpen")


def sound(name: str, seconds: float) -> SpokenLine:
    """A tone in its middle half."""
    samples = np.zeros(round(seconds * RATE), np.float32)
    quarter = len(samples) // 4
    samples[quarter : 3 * quarter] = 0.5 * np.sin(np.arange(2 * quarter) / 10)
    return SpokenLine(name, f"The line {name}.", samples, RATE, ())


def clip(name: str, seconds: float, *, loop: bool = False) -> Clip:
    """The jaw is open in its middle half; in the idle it never is."""
    times = np.arange(round(seconds * 30) + 1, dtype=np.float32) / 30
    turns = np.zeros((len(times), len(JOINTS), 4), np.float32)
    turns[..., 3] = 1
    face = np.zeros((len(times), 67), np.float32)
    face[:, JAW] = 0 if loop else (times > seconds / 4) & (times < 3 * seconds / 4)
    return Clip(name, times, turns, np.zeros((len(times), 3), np.float32), face, loop)


LENGTHS = {"a": 1.23, "b": 0.777, "c": 2.5}
SOUNDS = {name: sound(name, length) for name, length in LENGTHS.items()}
CLIPS = {name: clip(name, length) for name, length in LENGTHS.items()}
IDLE = clip("idle", 3.0, loop=True)
SLIDES = (SlideTalk(("a", "b"), 9.0), SlideTalk((), 2.0), SlideTalk(("c",), 9.0))


def test_slides_are_as_long_as_what_is_said() -> None:
    timeline = plan_timeline(SLIDES, SOUNDS)
    starts = {line: start for start, line in timeline.starts}
    assert starts["a"] == LEAD_S
    assert starts["b"] == pytest.approx(LEAD_S + 1.23 + PAUSE_S)
    (_, first), (_, second), (_, last) = timeline.slides
    assert first / FPS == pytest.approx(LEAD_S + 1.23 + PAUSE_S + 0.777 + TAIL_S, abs=1 / FPS)
    assert second - first == 2 * FPS
    assert last / FPS == pytest.approx(second / FPS + LEAD_S + 2.5 + TAIL_S, abs=1 / FPS)


def test_lips_move_with_the_sound_within_half_a_frame() -> None:
    timeline = plan_timeline(SLIDES, SOUNDS)
    mixed = mix_sound(timeline, SOUNDS)
    step = SOUND_RATE // FPS
    assert len(mixed) == timeline.frames * step
    # A frame shows the pose of its middle; a tone of 25 Hz steps is heard where its frame's middle sample has a sounding neighbourhood.
    power = np.convolve(mixed**2, np.ones(960) / 960, mode="same")
    heard = power[step // 2 :: step] > 0.02
    _, _, face = pose_frames(timeline, CLIPS, IDLE)
    seen = face[:, JAW] > 0.5
    edges = np.abs(np.flatnonzero(np.diff(heard.astype(int))) - np.flatnonzero(np.diff(seen.astype(int))))
    assert len(edges) == 6
    assert edges.max() <= 1


def test_a_recording_is_heard_whole_and_without_pauses() -> None:
    slides = (SlideTalk(("a",), 9.0), SlideTalk(("b",), 9.0))
    timeline = plan_timeline(slides, SOUNDS, NO_PAUSES)
    assert [start for start, _ in timeline.starts] == [0.0, pytest.approx(1.23)]
    assert timeline.frames / FPS == pytest.approx(1.23 + 0.777, abs=0.5 / FPS)


def test_poses_never_jump_between_clips() -> None:
    moving = clip("idle", 2.0, loop=True)
    moving.root[:, 1] = 0.1 * np.sin(np.pi * moving.times) ** 2
    timeline = plan_timeline(SLIDES, SOUNDS)
    _, root, _ = pose_frames(timeline, CLIPS, moving)
    fastest = np.abs(np.diff(moving.root[:, 1])).max() * 30 / FPS
    assert np.abs(root[:, 1]).max() > 0.01
    assert np.abs(np.diff(root[:, 1])).max() < 2.5 * fastest


def test_a_clip_that_is_cut_off_turns_into_the_next() -> None:
    first, second = clip("a", 2.0), clip("b", 2.0)
    first.root[:, 0] = 0.3
    timeline = plan_timeline((SlideTalk(("a",), 1.0), SlideTalk(("b",), 1.0)), {"a": sound("a", 1.0), "b": sound("b", 2.0)}, NO_PAUSES)
    _, root, _ = pose_frames(timeline, {"a": first, "b": second}, IDLE)
    assert np.abs(np.diff(root[: 2 * FPS, 0])).max() < 0.1


def test_parts_are_the_film_in_order_each_with_one_slide() -> None:
    timeline = plan_timeline((SlideTalk(("c",), 1.0), SlideTalk((), 20.0)), SOUNDS)
    poses = pose_frames(timeline, CLIPS, IDLE)
    slides = [Image(np.full((2, 2, 3), value, np.uint8)) for value in (1, 2)]
    parts = cut_parts(timeline, poses, slides, [TimedCaption(0.6, 3.1, ("c",))])
    assert sum(part.frames for part in parts) == timeline.frames
    assert max(part.frames for part in parts) <= PART_FRAMES
    assert np.array_equal(np.concatenate([part.face for part in parts]), poses[2])
    assert [int(part.slide.pixels[0, 0, 0]) for part in parts] == [1, 2, 2, 2]
    assert [(c.first, c.last) for c in parts[0].captions] == [(15, 78)]


def test_captions_end_where_the_next_begins() -> None:
    captions = list_captions(plan_timeline(SLIDES, SOUNDS), SOUNDS)
    assert [caption.rows for caption in captions] == [("The line a.",), ("The line b.",), ("The line c.",)]
    assert all(a.end <= b.start for a, b in itertools.pairwise(captions))


def test_a_film_in_which_nothing_is_said_has_no_captions() -> None:
    assert list_captions(plan_timeline((SlideTalk((), 2.0),), SOUNDS), SOUNDS) == []
