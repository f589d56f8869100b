"""Dialogue, Speech, Motion -> Performance: the clips of the motion, and a clip say_ID for each line in sync with its sound."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from assets.artefacts.geometry import Doubles, Floats
from assets.artefacts.motion import Clip, Motion
from assets.artefacts.talk import Dialogue, Line, LineCues, Performance, Speech, SpokenLine
from assets.conventions import JOINTS, VISEMES_15
from assets.errors import BackendError, Finding
from assets.rotation import make_continuous
from assets.spec.behaviour import PerformanceSpec
from stages.performance import face, gesture, lipsync
from stages.performance.manner import MANNERS, Manner, choose_manner
from stages.performance.presence import make_rng
from stages.stage import Stage

FPS = 30
TAIL_S = 0.3
"""Time for the body to settle after the last sample."""
IDLE_CLIP = "idle"
_VOWEL_VISEMES = {VISEMES_15[index] for index in lipsync.VOWEL_INDICES} | {"viseme_RR"}


def run(dialogue: Dialogue, speech: Speech, motion: Motion, *, options: PerformanceSpec, seed: int) -> Performance:
    """The clips of `motion`, which already has presence, then one say_ID per spoken line; raises BackendError without an idle clip."""
    _check_motion(motion)
    by_name = {clip.name: clip for clip in motion.clips}
    spoken = {line.id: line for line in speech.lines}
    manner = choose_manner(dialogue.manner)
    animated = [_animate_line(line, spoken[line.id], by_name, options, seed, manner) for line in dialogue.lines if line.id in spoken]
    warnings = [f"{line.id}: the line has no sound, so it gets no clip" for line in dialogue.lines if line.id not in spoken]
    if not speech.exact:
        warnings.append("lip sync uses estimated phoneme durations, because the voice model gives none")
    return Performance(
        skeleton=motion.skeleton, clips=(*motion.clips, *(clip for clip, _ in animated)), cues=tuple(cues for _, cues in animated),
        warnings=(*motion.warnings, *warnings), sources=motion.sources,
    )  # fmt: skip


def _check_motion(motion: Motion) -> None:
    if tuple(motion.skeleton.names) != JOINTS:
        raise BackendError(
            Finding("performance/skeleton", "the motion is on another skeleton than the character's", fix="retarget it first")
        )
    if all(clip.name != IDLE_CLIP or not len(clip.times) for clip in motion.clips):
        raise BackendError(
            Finding("performance/idle", "the motion has no clip idle, which every line starts from", fix="add the library's idle clip")
        )


def _animate_line(
    line: Line, sound: SpokenLine, clips: Mapping[str, Clip], options: PerformanceSpec, seed: int, manner: Manner
) -> tuple[Clip, LineCues]:
    """The clip say_ID with body, face and lips, and its viseme cues."""
    rng = make_rng(seed, f"say_{line.id}")
    times, visemes, weights = animate_face(sound, line.emotion, options, rng, manner)
    spoken, accents = len(sound.samples) / sound.rate, _find_accents(sound, manner)
    rotations, root = _animate_body(line, times, spoken, accents, clips, options.energy, rng, manner)
    clip = Clip(
        f"say_{line.id}", times.astype(np.float32), make_continuous(rotations), root.astype(np.float32), weights,
        loop=False, source="performance",
    )  # fmt: skip
    return clip, lipsync.build_cues(sound, times.astype(np.float32), visemes)


def animate_face(
    sound: SpokenLine, emotion: str, options: PerformanceSpec, rng: np.random.Generator, manner: Manner = MANNERS["warm"]
) -> tuple[Doubles, Floats, Floats]:
    """The face of a spoken line: times (f,) at FPS, viseme weights (f,15) and the weights of all morphs (f,67)."""
    spoken = len(sound.samples) / sound.rate
    times = np.arange(math.ceil((spoken + TAIL_S) * FPS) + 1) / FPS
    visemes = lipsync.compute_viseme_weights(sound, times.astype(np.float32))
    accents = _find_accents(sound, manner)
    blinks = face.sample_blink_times(float(times[-1]), options.blink_rate, rng, accents)
    curves = [
        face.animate_rest_face(times, emotion, options.expression),
        face.animate_emotion(times, emotion, visemes, manner.emotion * (0.6 + 0.8 * options.energy), spoken),
        face.animate_smile(times, emotion, visemes, manner.smile, spoken),
        face.animate_brows(times, accents, manner.brows * options.energy, rng), face.animate_blinks(times, blinks, rng),
        face.animate_gaze(times, rng, manner.averted, manner.fixation),
    ]  # fmt: skip
    return times, visemes, face.combine_curves(len(times), curves, _fade_visemes(visemes, times))


def _fade_visemes(visemes: Floats, times: Doubles) -> Floats:
    """The visemes, 0 in the first and last frame, where the idle clip has none."""
    faded: Floats = visemes * face.make_window(times, 0.1, 0.15)[:, None].astype(np.float32)
    return faded


def _find_accents(sound: SpokenLine, manner: Manner) -> list[float]:
    levels = lipsync.measure_phoneme_levels(sound)
    vowels = [
        ((p.start + p.end) / 2, p.stress, level) for p, level in zip(sound.phonemes, levels, strict=True) if p.viseme in _VOWEL_VISEMES
    ]  # fmt: skip
    return gesture.choose_accents(vowels, manner.spacing)


def _animate_body(
    line: Line,
    times: Doubles,
    spoken: float,
    accents: list[float],
    clips: Mapping[str, Clip],
    energy: float,
    rng: np.random.Generator,
    manner: Manner,
) -> tuple[Doubles, Doubles]:
    """Rotations (f,j,4) and root (f,3) of a line, which starts and ends in the idle's first frame."""
    idle = clips[IDLE_CLIP]
    rotations, root = gesture.sample_clip(idle, times, loop=True)
    gesture.apply_gesture(rotations, times, line.gesture, accents, spoken, energy, clips, rng, manner)
    has_nod_clip = line.gesture == "nod" and "nod" in clips
    gesture.apply_head_motion(rotations, times, line.gesture, accents, energy, line.emotion == "sad", rng, has_nod_clip, manner)
    first, place = idle.rotations[0].astype(np.float64), idle.root[0].astype(np.float64)
    return gesture.blend_to_pose(rotations, root, times, first, place)


STAGE = Stage("performance", 6, run, makes=Performance)
