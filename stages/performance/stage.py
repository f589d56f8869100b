"""Dialogue, Speech, Motion -> Performance: every clip with a living face, and say_ID for each line on the clock of its sound."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.motion import Clip, Motion
from assets.artefacts.talk import Dialogue, Line, LineCues, Performance, Speech, SpokenLine
from assets.conventions import JOINTS, VISEMES_15
from assets.errors import BackendError, Finding
from assets.rotation import make_continuous
from assets.spec.behaviour import PerformanceSpec
from stages.performance import face, gesture, lipsync
from stages.performance.presence import make_rng
from stages.stage import Stage

FPS = 30
TAIL_S = 0.3
"""The body settles for so long after the last sample."""
IDLE_CLIP = "idle"
_VOWEL_VISEMES = {VISEMES_15[number] for number in lipsync.VOWEL_INDICES} | {"viseme_RR"}


def run(dialogue: Dialogue, speech: Speech, motion: Motion, *, options: PerformanceSpec, seed: int) -> Performance:
    """The clips of `motion` (with presence), then one say_ID a spoken line; raises BackendError without an idle clip to stand on."""
    _check_motion(motion)
    by_name = {clip.name: clip for clip in motion.clips}
    spoken = {line.id: line for line in speech.lines}
    said = [_animate_line(line, spoken[line.id], by_name, options, seed) for line in dialogue.lines if line.id in spoken]
    warnings = [f"{line.id}: it has no sound, so it gets no clip" for line in dialogue.lines if line.id not in spoken]
    if not speech.exact:
        warnings.append("the lips follow phoneme times that were spread in proportion, not measured")
    return Performance(
        skeleton=motion.skeleton, clips=(*motion.clips, *(clip for clip, _ in said)), cues=tuple(cues for _, cues in said),
        warnings=(*motion.warnings, *warnings), sources=motion.sources,
    )  # fmt: skip


def _check_motion(motion: Motion) -> None:
    if tuple(motion.skeleton.names) != JOINTS:
        raise BackendError(Finding("performance/skeleton", "the motion's skeleton is not the house's own", fix="retarget the motion first"))
    if all(clip.name != IDLE_CLIP or not len(clip.times) for clip in motion.clips):
        raise BackendError(Finding("performance/idle", "the motion has no idle clip to stand on", fix="keep the library's idle"))


def _animate_line(line: Line, sound: SpokenLine, clips: Mapping[str, Clip], options: PerformanceSpec, seed: int) -> tuple[Clip, LineCues]:
    """say_ID with body, face and lips, and the lips' cues."""
    rng = make_rng(seed, f"say_{line.id}")
    spoken = len(sound.samples) / sound.rate
    times = np.arange(math.ceil((spoken + TAIL_S) * FPS) + 1) / FPS
    visemes = lipsync.compute_viseme_weights(sound, times.astype(np.float32))
    marks = _find_accents(sound)
    moments = face.sample_blink_times(float(times[-1]), options.blink_rate, rng, marks)
    tracks = [
        face.animate_rest_face(times, line.emotion),
        face.animate_emotion(times, line.emotion, visemes, options.energy, spoken), face.animate_brows(times, marks, options.energy, rng),
        face.animate_blinks(times, moments, rng), face.animate_gaze(times, rng),
    ]  # fmt: skip
    shown = face.combine_curves(len(times), tracks, _fade_visemes(visemes, times))
    rotations, root = _animate_body(line, times, spoken, marks, clips, options.energy, rng)
    clip = Clip(
        f"say_{line.id}",
        times.astype(np.float32),
        make_continuous(rotations),
        root.astype(np.float32),
        shown,
        loop=False,
        source="performance",
    )
    return clip, lipsync.build_cues(sound, times.astype(np.float32), visemes)


def _fade_visemes(visemes: NDArray[np.float32], times: NDArray[np.float64]) -> NDArray[np.float32]:
    """The visemes with a bare face in the first and last frame, as the idle has it."""
    bare: NDArray[np.float32] = visemes * face.make_window(times, 0.1, 0.15)[:, None].astype(np.float32)
    return bare


def _find_accents(sound: SpokenLine) -> list[float]:
    levels = lipsync.measure_phoneme_levels(sound)
    vowels = [
        ((p.start + p.end) / 2, p.stress, level) for p, level in zip(sound.phonemes, levels, strict=True) if p.viseme in _VOWEL_VISEMES
    ]  # fmt: skip
    return gesture.choose_accents(vowels)


def _animate_body(line: Line, times: NDArray[np.float64], spoken: float, marks: list[float], clips: Mapping[str, Clip], energy: float,
          rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:  # fmt: skip
    """Rotations (f,j,4) and root (f,3) of a line, starting and ending in the idle's first frame."""
    idle = clips[IDLE_CLIP]
    rotations, root = gesture.sample_clip(idle, times, loop=True)
    gesture.apply_gesture(rotations, times, line.gesture, marks, spoken, energy, clips, rng)
    own_nod = line.gesture == "nod" and "nod" in clips
    gesture.apply_head_motion(rotations, times, line.gesture, marks, energy, line.emotion == "sad", rng, own_nod)
    first, place = idle.rotations[0].astype(np.float64), idle.root[0].astype(np.float64)
    return gesture.blend_to_pose(rotations, root, times, first, place)


STAGE = Stage("performance", 4, run, makes=Performance)
