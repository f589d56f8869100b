"""Facial animation: emotion, brows, blinks and gaze as curves of ARKit weights.

Gaze uses only the eyeLook morphs; the eye joints are left to the engine's look-at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from assets.artefacts.geometry import Doubles, Floats
from assets.conventions import ARKIT_52, MORPHS_67, VISEMES_15
from assets.rest_faces import REST_FACES, mirror_sides

MorphCurves = dict[str, Doubles]


# A spoken emotion at full strength: readable, but far from a grimace. None of them opens the lips.
EMOTION_WEIGHTS: dict[str, dict[str, float]] = {
    "neutral": mirror_sides(mouthSmile=0.06),
    "happy": {"browInnerUp": 0.12, **mirror_sides(mouthSmile=0.38, cheekSquint=0.35, eyeSquint=0.12, mouthDimple=0.1, browOuterUp=0.1)},
    "sad": {"browInnerUp": 0.42, **mirror_sides(mouthFrown=0.28, eyeSquint=0.1, browDown=0.05)},
    "surprised": {"browInnerUp": 0.35, **mirror_sides(browOuterUp=0.45, eyeWide=0.35)},
    "serious": {**mirror_sides(browDown=0.3, eyeSquint=0.15, mouthPress=0.08)},
}
_LIP_MORPHS = ("mouthSmile", "mouthDimple", "mouthFrown", "mouthPress")
# How much each viseme suppresses the emotion of the lips: closures and rounding nearly undo a smile.
_EMOTION_SUPPRESSION = {"PP": 0.55, "FF": 0.5, "O": 0.6, "U": 0.75, "CH": 0.5, "RR": 0.35}
BLINK_CLOSE_S, BLINK_HOLD_S, BLINK_OPEN_S = 0.1, 0.03, 0.15
"""A spontaneous blink closes faster than it opens."""


def ease(x: Doubles) -> Doubles:
    """Cosine ease-in and ease-out of 0..1."""
    eased: Doubles = 0.5 - 0.5 * np.cos(np.pi * np.clip(x, 0, 1))
    return eased


def make_window(times: Doubles, rise: float, fall: float) -> Doubles:
    """(f,) 0 at both ends of the clip and 1 in between, with a rise and a fall of so many seconds."""
    return ease((times - times[0]) / rise) * ease((times[-1] - times) / fall)


def make_pulse(times: Doubles, at: float, before: float, held: float, after: float) -> Doubles:
    """(f,) a pulse that is 1 from `at` for `held` seconds; it rises in `before` and falls in `after` seconds."""
    return np.minimum(ease((times - at + before) / before), ease((at + held + after - times) / after))


def sample_blink_times(seconds: float, rate: float, rng: np.random.Generator, busy: Sequence[float] = ()) -> list[float]:
    """Times at which the eyes are closed, `rate` per minute: at least 0.2 s from busy times and 0.6 s apart, not at the clip's ends."""
    if rate <= 0:
        return []
    mean = 60 / rate
    blinks: list[float] = []
    now = float(rng.uniform(0.35, 1.0) * min(mean, 3.0))
    while now < seconds - BLINK_OPEN_S - BLINK_HOLD_S - 0.05:
        free = now
        while any(abs(free - time) < 0.2 for time in busy):
            free += 0.05
        if BLINK_CLOSE_S + 0.02 < free < seconds - BLINK_OPEN_S - BLINK_HOLD_S - 0.02:
            blinks.append(free)
        # Intervals between blinks are irregular: a gamma distribution of shape 3 has the mean and few very short ones.
        now = free + max(0.6, float(rng.gamma(3, mean / 3)))
    return blinks


def animate_blinks(times: Doubles, blinks: Sequence[float], rng: np.random.Generator) -> MorphCurves:
    """eyeBlink of both eyes; the right lid lags by a few milliseconds and closes slightly less."""
    lids = {"eyeBlinkLeft": np.zeros(len(times)), "eyeBlinkRight": np.zeros(len(times))}
    for blink in blinks:
        lag = float(rng.uniform(0.0, 0.006))
        # Snapped to a frame: eyes that close between two frames never look closed.
        frame_time = float(times[np.abs(times - blink).argmin()])
        for name, delay, depth in (("eyeBlinkLeft", 0.0, 1.0), ("eyeBlinkRight", lag, 0.98)):
            np.maximum(lids[name], depth * make_pulse(times, frame_time + delay, BLINK_CLOSE_S, BLINK_HOLD_S, BLINK_OPEN_S), out=lids[name])
    return lids


def animate_gaze(times: Doubles, rng: np.random.Generator, averted: float = 0.18, fixation: float = 1.0) -> MorphCurves:
    """eyeLook weights of both eyes: saccades between fixations around the viewer, straight ahead at the ends.

    Args:
        averted: share of fixations to the side, as if thinking; the others are within the viewer's face.
        fixation: factor of their duration, which is 0.4 to 2 s.
    """
    x, y = np.zeros(len(times)), np.zeros(len(times))
    now, end = float(rng.uniform(0.3, 0.8)), float(times[-1]) - 0.3
    before = (0.0, 0.0)
    while now < end:
        spread = 0.22 if rng.random() < averted else 0.07
        after = (float(rng.normal(0, spread)), float(rng.normal(0, 0.6 * spread)))
        step = ease((times - now) / 0.045)
        x += (after[0] - before[0]) * step
        y += (after[1] - before[1]) * step
        before = after
        now += fixation * float(rng.uniform(0.4, 2.0))
    window = make_window(times, 0.1, 0.12)
    return _to_eye_look_curves(np.clip(x, -0.4, 0.4) * window, np.clip(y, -0.3, 0.3) * window)


def _to_eye_look_curves(x: Doubles, y: Doubles) -> MorphCurves:
    """Gaze to the character's left (x) and up (y), -1..1, as weights of the eight eyeLook morphs."""
    left, right, up, down = np.maximum(x, 0), np.maximum(-x, 0), np.maximum(y, 0), np.maximum(-y, 0)
    return {
        "eyeLookOutLeft": left, "eyeLookInRight": left, "eyeLookInLeft": right, "eyeLookOutRight": right,
        "eyeLookUpLeft": up, "eyeLookUpRight": up, "eyeLookDownLeft": down, "eyeLookDownRight": down,
    }  # fmt: skip


def animate_emotion(times: Doubles, name: str, visemes: Floats, strength: float, spoken: float) -> MorphCurves:
    """The line's emotion: it fades in from the first word and out after `spoken` seconds; on the lips the visemes suppress it."""
    shown, kept_by_lips = strength * _fade_speech(times, spoken), 1 - _suppress_lips(visemes)
    curves: MorphCurves = {}
    for morph, weight in EMOTION_WEIGHTS.get(name, EMOTION_WEIGHTS["neutral"]).items():
        kept = kept_by_lips if morph.startswith(_LIP_MORPHS) else 1.0
        curves[morph] = np.clip(weight * shown * kept, 0, 1)
    return curves


def animate_smile(times: Doubles, name: str, visemes: Floats, smile: float, spoken: float) -> MorphCurves:
    """The smile of a speaker's manner, on top of the line's emotion: most of it is left out where that smiles already.

    Args:
        smile: weight of mouthSmile; below 0 it takes away from the smile at rest, which `combine_curves` keeps at 0 or more.
    """
    if name in ("sad", "serious"):
        return {}
    shown = (0.4 if name == "happy" else 1.0) * smile * _fade_speech(times, spoken)
    lips = shown * (1 - _suppress_lips(visemes))
    return {"mouthSmileLeft": lips, "mouthSmileRight": lips, "cheekSquintLeft": 0.6 * shown, "cheekSquintRight": 0.6 * shown}


def _fade_speech(times: Doubles, spoken: float) -> Doubles:
    """(f,) 0 at both ends of the clip, 1 from shortly after the first word until `spoken` seconds."""
    faded: Doubles = ease(times / 0.35) * ease((float(times[-1]) - times) / max(0.3, float(times[-1]) - spoken + 0.1))
    return faded


def _suppress_lips(visemes: Floats) -> Doubles:
    """(f,) share of an emotion's lip shape that the visemes (f,15) take away."""
    suppression = np.zeros(len(visemes))
    for viseme, share in _EMOTION_SUPPRESSION.items():
        suppression += share * visemes[:, VISEMES_15.index(f"viseme_{viseme}")]
    return suppression


def animate_rest_face(times: Doubles, name: str = "neutral", expression: str = "neutral") -> MorphCurves:
    """The face at rest throughout the clip; it fades out during a sad or serious line, and to the neutral one during a happy line.

    Args:
        name: emotion of the line. A happy line brings a smile of its own: two of them would be a grimace.
        expression: key of REST_FACES.
    """
    rest, shown = REST_FACES[expression], np.ones(len(times))
    if name in ("sad", "serious"):
        shown -= make_window(times, 0.35, 0.35)
    elif name == "happy" and expression == "smile":
        during, calm = make_window(times, 0.35, 0.35), REST_FACES["neutral"]
        return {morph: weight + (min(calm.get(morph, 0.0), weight) - weight) * during for morph, weight in rest.items()}
    return {morph: weight * shown for morph, weight in rest.items()}


def animate_brows(times: Doubles, accents: Sequence[float], strength: float, rng: np.random.Generator) -> MorphCurves:
    """Raises the brows on stressed words, each time to a different height."""
    lift = np.zeros(len(times))
    for accent in accents:
        height = strength * float(rng.uniform(0.25, 0.6))
        np.maximum(lift, height * make_pulse(times, accent, 0.14, 0.08, 0.3), out=lift)
    lift *= make_window(times, 0.15, 0.2)
    return {"browInnerUp": lift, "browOuterUpLeft": 0.7 * lift, "browOuterUpRight": 0.6 * lift}


def combine_curves(frames: int, curves: Sequence[Mapping[str, Doubles]], visemes: Floats | None = None) -> Floats:
    """(f,67) weights 0..1 of MORPHS_67: the sum of the curves, and the visemes."""
    weights = np.zeros((frames, len(MORPHS_67)), np.float64)
    for group in curves:
        for name, values in group.items():
            weights[:, MORPHS_67.index(name)] += values
    if visemes is not None:
        weights[:, len(ARKIT_52) :] = visemes
    # mouthClose closes the lips of an open jaw: more than jawOpen would push them through each other.
    jaw, close = MORPHS_67.index("jawOpen"), MORPHS_67.index("mouthClose")
    weights[:, close] = np.minimum(weights[:, close], weights[:, jaw])
    return np.clip(weights, 0, 1).astype(np.float32)


def animate_idle_face(times: Doubles, rate: float, rng: np.random.Generator, expression: str = "neutral") -> Floats:
    """(f,67) weights of a waiting face: blinks and gaze, at rest in the first and last frame."""
    blinks = sample_blink_times(float(times[-1]), rate, rng)
    return combine_curves(
        len(times), [animate_rest_face(times, expression=expression), animate_blinks(times, blinks, rng), animate_gaze(times, rng)]
    )
