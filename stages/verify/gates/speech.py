"""Gates of sound and lips: each line's WAV, its visemes, its clip, and the dialogue that refers to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from assets.errors import Finding, Location
from stages.verify.bundle_view import BundleView, Doubles, WavSound
from stages.verify.gate import gate
from stages.verify.loudness import measure_integrated_loudness

_MAX_LEADING_SILENCE_S = 0.3
_TARGET_LUFS, _LUFS_TOLERANCE = -16.0, 1.0
_MAX_CLOSED_OPENING = 0.25  # jawOpen - mouthClose below which the lips read as shut


def _locate_wav(name: str) -> Location:
    return Location(f"voice/{name}.wav")


@gate("speech/json", claim="dialogue and viseme files are JSON objects", source="RFC 8259")
def talk_is_json(bundle: BundleView) -> Iterator[Finding]:
    for path in bundle.broken_json:
        yield Finding("speech/json", "the file is not a JSON object", location=Location(path))


@gate("speech/wav-format", claim="every voice file is mono 16-bit PCM", source="RIFF WAVE, PCM: what engines import without a codec")
def wavs_are_mono_pcm16(bundle: BundleView) -> Iterator[Finding]:
    for name, sound in bundle.sounds.items():
        if (sound.channels, sound.bits) != (1, 16):
            message = f"expected mono 16-bit PCM, found {sound.channels} channels of {sound.bits} bits"
            yield Finding("speech/wav-format", message, location=_locate_wav(name), value=f"{sound.channels}x{sound.bits}", limit="1x16")


@gate(
    "speech/clipping",
    claim="no three samples in a row are at full scale",
    source="three or more samples in a row at full scale are audible as a click",
)
def nothing_clips(bundle: BundleView) -> Iterator[Finding]:
    for name, sound in bundle.sounds.items():
        # One step below the writer's 32767; the view divides by 32768.
        full = (np.abs(sound.samples[:, :1]) >= 32766 / 32768).astype(int).ravel()
        runs = int((np.convolve(full, (1, 1, 1), "valid") == 3).sum()) if len(full) >= 3 else 0
        if runs:
            yield Finding(
                "speech/clipping",
                f"the sound clips: {runs} runs of samples are at full scale",
                location=_locate_wav(name),
                value=runs,
                limit=0,
            )


@gate("speech/leading-silence", claim="speech begins within 0.3 s", source="a longer pause is perceived as lag")
def speech_begins_soon(bundle: BundleView) -> Iterator[Finding]:
    for name, sound in bundle.sounds.items():
        # 0.01 of full scale is -40 dBFS: what is softer counts as silence.
        loud = np.flatnonzero(np.abs(sound.samples).max(1, initial=0) > 0.01)
        if not len(loud):
            yield Finding("speech/leading-silence", "the sound is silent", location=_locate_wav(name))
        elif loud[0] / sound.rate > _MAX_LEADING_SILENCE_S:
            wait = loud[0] / sound.rate
            yield Finding(
                "speech/leading-silence",
                f"speech begins only after {wait:.2f} s",
                location=_locate_wav(name),
                value=round(wait, 3),
                limit=_MAX_LEADING_SILENCE_S,
            )


@gate(
    "speech/loudness",
    claim="every line has an integrated loudness of -16 LUFS within 1",
    source="ITU-R BS.1770-4; -16 LUFS is the usual level of podcasts",
)
def lines_are_equally_loud(bundle: BundleView) -> Iterator[Finding]:
    for name, sound in bundle.sounds.items():
        level = measure_integrated_loudness(sound.samples[:, 0], sound.rate) if len(sound.samples) else -np.inf
        # Silence is -inf and must fail, NaN too: hence `not ... <=`.
        if not abs(level - _TARGET_LUFS) <= _LUFS_TOLERANCE:
            yield Finding(
                "speech/loudness",
                f"the integrated loudness is {level:.1f} LUFS, expected {_TARGET_LUFS:.0f} within {_LUFS_TOLERANCE:.0f}",
                location=_locate_wav(name),
                value=round(float(level), 2),
                limit=_TARGET_LUFS,
            )


@gate(
    "speech/cues-in-wav",
    claim="each cue and each word starts before it ends, within the sound, and words follow one another",
    source="a cue after the end would move the lips in silence; subtitles and engines that move the lips by words take them in order",
)
def cues_are_within_the_sound(bundle: BundleView) -> Iterator[Finding]:
    for name, track in bundle.visemes.items():
        cues, where = track.get("cues", []), Location(f"visemes/{name}.json")
        seconds = bundle.sounds[name].seconds if name in bundle.sounds else 0.0
        wrong = [c for c in cues if not -1e-6 <= c["start"] <= c["end"] <= seconds + 0.02]
        if wrong:
            message = f"cues outside the {seconds:.2f} s of sound, or that end before they start: {len(wrong)} of {len(cues)}"
            yield Finding("speech/cues-in-wav", message, location=where, value=round(wrong[-1]["end"], 3), limit=round(seconds, 3))
        if not cues:
            yield Finding("speech/cues-in-wav", "the viseme track has no cues", location=where)
        yield from _check_words(track.get("words", []), seconds, where)


def _check_words(words: list[dict[str, Any]], seconds: float, where: Location) -> Iterator[Finding]:
    ends = [0.0, *(word["end"] for word in words)]
    wrong = [w for w, last in zip(words, ends, strict=False) if not last - 1e-3 <= w["start"] <= w["end"] <= seconds + 0.02]
    if wrong:
        message = f"words outside the {seconds:.2f} s of sound or out of order: {len(wrong)} of {len(words)}, first {wrong[0]['text']!r}"
        yield Finding("speech/cues-in-wav", message, location=where, value=round(wrong[0]["start"], 3), limit=round(seconds, 3))


def _measure_mouth_opening(bundle: BundleView, name: str) -> tuple[Doubles, Doubles] | None:
    """Times (f,) and mouth opening (f,) of say_NAME: jawOpen or the vowel visemes, less mouthClose; None without such a clip."""
    glb = bundle.glb
    if glb is None or glb.head is None or f"say_{name}" not in glb.clips:
        return None
    names = glb.get_target_names(glb.head)
    track = next((t for t in glb.clips[f"say_{name}"] if t.path == "weights" and t.values.shape[1] == len(names)), None)
    if track is None or "jawOpen" not in names:
        return None
    weight = {n: track.values[:, i] for i, n in enumerate(names)}
    zero = np.zeros(len(track.times))
    vowels = sum((weight.get(f"viseme_{v}", zero) * k for v, k in (("aa", 1.0), ("O", 0.7), ("E", 0.6), ("I", 0.4))), zero)
    return track.times, np.maximum(weight["jawOpen"], vowels) - weight.get("mouthClose", zero)


@gate(
    "speech/lips-closed",
    claim="the lips close on p, b and m and stay closed in silence",
    source="bilabials are the sounds that viewers lip-read most easily",
)
def lips_close_on_pp_and_silence(bundle: BundleView) -> Iterator[Finding]:
    for name, track in bundle.visemes.items():
        if (found := _measure_mouth_opening(bundle, name)) is None:
            message = f"say_{name} of avatar.glb does not animate the lips"
            yield Finding("speech/lips-closed", message, location=Location(f"visemes/{name}.json"))
            continue
        times, opening = found
        shut = [c for c in track.get("cues", []) if c["viseme"] in ("viseme_PP", "PP") or (_is_silent(c) and c["end"] - c["start"] > 0.25)]
        # The lips must touch once within the sound or a frame around it, not all the time.
        near = [opening[(times >= c["start"] - 0.04) & (times <= c["end"] + 0.04)] for c in shut]
        late = [c for c, window in zip(shut, near, strict=True) if len(window) and window.min() > _MAX_CLOSED_OPENING]
        if late:
            message = f"the mouth stays open at {len(late)} of {len(shut)} lip closures, first at {late[0]['start']:.2f} s"
            yield Finding("speech/lips-closed", message, location=Location(f"visemes/{name}.json"), value=len(late), limit=0)


def _is_silent(cue: dict[str, object]) -> bool:
    return cue["viseme"] in ("viseme_sil", "sil")


@gate(
    "speech/say-clips",
    claim="every voice file has a clip say_ID of the same length",
    source="a player starts clip and sound at the same time",
)
def every_line_has_its_clip(bundle: BundleView) -> Iterator[Finding]:
    clips = bundle.glb.clips if bundle.glb else {}
    for name, sound in bundle.sounds.items():
        tracks = clips.get(f"say_{name}")
        if not tracks:
            yield Finding("speech/say-clips", f"avatar.glb has no clip say_{name}", location=_locate_wav(name))
        elif not _has_clip_length(sound, length := max(float(t.times[-1]) for t in tracks)):
            message = f"the clip say_{name} lasts {length:.2f} s, but its sound {sound.seconds:.2f} s"
            yield Finding("speech/say-clips", message, location=_locate_wav(name), value=round(length, 3), limit=round(sound.seconds, 3))


def _has_clip_length(sound: WavSound, length: float) -> bool:
    # The body may take half a second to settle after the words; a clip may be one frame shorter by rounding.
    return -0.04 <= length - sound.seconds <= 0.55


@gate(
    "speech/dialogue",
    claim="lines refer to existing sounds and visemes, replies and the fallback to existing lines",
    source="a player follows these references from a question to its sound",
)
def dialogue_references_exist(bundle: BundleView) -> Iterator[Finding]:
    where = Location("dialogue.json")
    if (talk := bundle.dialogue) is None:
        yield Finding("speech/dialogue", "the bundle has no dialogue.json", location=where)
        return
    if not {"lines", "replies", "fallback"} <= talk.keys():
        yield Finding("speech/dialogue", "dialogue.json lacks lines, replies or fallback", location=where)
        return
    ids = {line["id"] for line in talk["lines"]}
    for line in talk["lines"]:
        for path in (line["wav"], line["visemes"]):
            if path not in bundle.files:
                yield Finding("speech/dialogue", f"line {line['id']} refers to {path}, which does not exist", location=where)
    for reply in talk["replies"]:
        if reply["line"] not in ids:
            yield Finding("speech/dialogue", f"a reply refers to line {reply['line']}, which does not exist", location=where)
    if talk["fallback"] not in ids:
        yield Finding("speech/dialogue", f"the fallback refers to line {talk['fallback']}, which does not exist", location=where)
