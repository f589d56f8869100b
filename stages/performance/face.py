"""The living face: emotion, brows, blinks and gaze as ARKit weights on a clip's clock.

Gaze moves through the eyeLook morphs alone; the eye joints are left to the engine's look-at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats
from assets.conventions import ARKIT_52, MORPHS_67, VISEMES_15

Doubles = NDArray[np.float64]
MorphCurves = dict[str, Doubles]


def _mirror_sides(**weights: float) -> dict[str, float]:
    return {f"{name}{side}": weight for name, weight in weights.items() for side in ("Left", "Right")}


# Full strength of a spoken emotion: readable, yet well short of a grimace. None opens the lips.
EMOTION_WEIGHTS: dict[str, dict[str, float]] = {
    "neutral": _mirror_sides(mouthSmile=0.06),
    "happy": {"browInnerUp": 0.12, **_mirror_sides(mouthSmile=0.38, cheekSquint=0.35, eyeSquint=0.12, mouthDimple=0.1, browOuterUp=0.1)},
    "sad": {"browInnerUp": 0.42, **_mirror_sides(mouthFrown=0.28, eyeSquint=0.1, browDown=0.05)},
    "surprised": {"browInnerUp": 0.35, **_mirror_sides(browOuterUp=0.45, eyeWide=0.35)},
    "serious": {**_mirror_sides(browDown=0.3, eyeSquint=0.15, mouthPress=0.08)},
}
# Nobody's face at rest is the neutral of a scan, which reads as stern: the corners of the mouth and the inner brows are a little up.
REST_FACE: dict[str, float] = {"browInnerUp": 0.2, **_mirror_sides(mouthSmile=0.16, cheekSquint=0.06, browOuterUp=0.05)}
_LIP_MORPHS = ("mouthSmile", "mouthDimple", "mouthFrown", "mouthPress")
# How much each viseme takes the lips away from the emotion: closures and rounding all but undo a smile.
_EMOTION_SUPPRESSION = {"PP": 0.55, "FF": 0.5, "O": 0.6, "U": 0.75, "CH": 0.5, "RR": 0.35}
BLINK_CLOSE_S, BLINK_HOLD_S, BLINK_OPEN_S = 0.1, 0.03, 0.15
"""A spontaneous blink: quick down, slower up."""


def ease(x: Doubles) -> Doubles:
    """0..1 -> 0..1 with still ends."""
    found: Doubles = 0.5 - 0.5 * np.cos(np.pi * np.clip(x, 0, 1))
    return found


def make_window(times: Doubles, rise: float, fall: float) -> Doubles:
    """(f,) 0 at both ends of the clip and 1 between, rising and falling over so many seconds."""
    return ease((times - times[0]) / rise) * ease((times[-1] - times) / fall)


def make_pulse(times: Doubles, at: float, before: float, held: float, after: float) -> Doubles:
    """(f,) one bump that is full from `at` for `held` seconds."""
    return np.minimum(ease((times - at + before) / before), ease((at + held + after - times) / after))


def sample_blink_times(seconds: float, rate: float, rng: np.random.Generator, busy: Sequence[float] = ()) -> list[float]:
    """Seconds at which lids meet, a minute's worth being `rate`: never within 0.2 s of a busy moment, the ends or 0.6 s of each other."""
    if rate <= 0:
        return []
    mean = 60 / rate
    found: list[float] = []
    now = float(rng.uniform(0.35, 1.0) * min(mean, 3.0))
    while now < seconds - BLINK_OPEN_S - BLINK_HOLD_S - 0.05:
        free = now
        while any(abs(free - moment) < 0.2 for moment in busy):
            free += 0.05
        if BLINK_CLOSE_S + 0.02 < free < seconds - BLINK_OPEN_S - BLINK_HOLD_S - 0.02:
            found.append(free)
        # People blink in uneven gaps: a gamma law of shape 3 keeps the mean and forbids volleys.
        now = free + max(0.6, float(rng.gamma(3, mean / 3)))
    return found


def animate_blinks(times: Doubles, moments: Sequence[float], rng: np.random.Generator) -> MorphCurves:
    """eyeBlink of both eyes; the right lid lags by a few milliseconds and closes a hair less."""
    lids = {"eyeBlinkLeft": np.zeros(len(times)), "eyeBlinkRight": np.zeros(len(times))}
    for moment in moments:
        lag = float(rng.uniform(0.0, 0.006))
        # Snapped to a frame: lids that meet between two frames are never seen shut.
        near = float(times[np.abs(times - moment).argmin()])
        for name, late, depth in (("eyeBlinkLeft", 0.0, 1.0), ("eyeBlinkRight", lag, 0.98)):
            np.maximum(lids[name], depth * make_pulse(times, near + late, BLINK_CLOSE_S, BLINK_HOLD_S, BLINK_OPEN_S), out=lids[name])
    return lids


def animate_gaze(times: Doubles, rng: np.random.Generator) -> MorphCurves:
    """eyeLook weights of both eyes: fixations of 0.4 to 2 s round the viewer, micro-saccades within them, rest at the ends."""
    x, y = np.zeros(len(times)), np.zeros(len(times))
    now, end = float(rng.uniform(0.3, 0.8)), float(times[-1]) - 0.3
    before = (0.0, 0.0)
    while now < end:
        # Mostly on the viewer's face; now and then aside, as in thought.
        spread = 0.22 if rng.random() < 0.18 else 0.07
        after = (float(rng.normal(0, spread)), float(rng.normal(0, 0.6 * spread)))
        step = ease((times - now) / 0.045)
        x += (after[0] - before[0]) * step
        y += (after[1] - before[1]) * step
        before = after
        now += float(rng.uniform(0.4, 2.0))
    home = make_window(times, 0.1, 0.12)
    return _to_eye_look_curves(np.clip(x, -0.4, 0.4) * home, np.clip(y, -0.3, 0.3) * home)


def _to_eye_look_curves(x: Doubles, y: Doubles) -> MorphCurves:
    """Gaze to the character's left (x) and up (y), -1..1 of the morphs' range, as the eight eyeLook weights."""
    left, right, up, down = np.maximum(x, 0), np.maximum(-x, 0), np.maximum(y, 0), np.maximum(-y, 0)
    return {
        "eyeLookOutLeft": left, "eyeLookInRight": left, "eyeLookInLeft": right, "eyeLookOutRight": right,
        "eyeLookUpLeft": up, "eyeLookUpRight": up, "eyeLookDownLeft": down, "eyeLookDownRight": down,
    }  # fmt: skip


def animate_emotion(times: Doubles, name: str, visemes: Floats, energy: float, spoken: float) -> MorphCurves:
    """The line's emotion, in from the first word, out after `spoken` seconds; the lips yield to what they say."""
    strength = (0.6 + 0.8 * energy) * ease(times / 0.35) * ease((float(times[-1]) - times) / max(0.3, float(times[-1]) - spoken + 0.1))
    taken = np.zeros(len(times))
    for viseme, share in _EMOTION_SUPPRESSION.items():
        taken += share * visemes[:, VISEMES_15.index(f"viseme_{viseme}")]
    found: MorphCurves = {}
    for morph, weight in EMOTION_WEIGHTS.get(name, EMOTION_WEIGHTS["neutral"]).items():
        yielding = 1 - taken if morph.startswith(_LIP_MORPHS) else 1.0
        found[morph] = np.clip(weight * strength * yielding, 0, 1)
    return found


def animate_rest_face(times: Doubles, name: str = "neutral") -> MorphCurves:
    """The face between emotions, held throughout; a sad or serious line takes its place and gives it back."""
    shown = np.ones(len(times)) if name not in ("sad", "serious") else 1 - make_window(times, 0.35, 0.35)
    return {morph: weight * shown for morph, weight in REST_FACE.items()}


def animate_brows(times: Doubles, accents: Sequence[float], energy: float, rng: np.random.Generator) -> MorphCurves:
    """A lift of the brows on stressed words, not the same twice."""
    lift = np.zeros(len(times))
    for accent in accents:
        height = energy * float(rng.uniform(0.25, 0.6))
        np.maximum(lift, height * make_pulse(times, accent, 0.14, 0.08, 0.3), out=lift)
    lift *= make_window(times, 0.15, 0.2)
    return {"browInnerUp": lift, "browOuterUpLeft": 0.7 * lift, "browOuterUpRight": 0.6 * lift}


def combine_curves(frames: int, tracks: Sequence[Mapping[str, Doubles]], visemes: Floats | None = None) -> Floats:
    """(f,67) weights of MORPHS_67 0..1: the tracks added up, the visemes beside them."""
    weights = np.zeros((frames, len(MORPHS_67)), np.float64)
    for track in tracks:
        for name, values in track.items():
            weights[:, MORPHS_67.index(name)] += values
    if visemes is not None:
        weights[:, len(ARKIT_52) :] = visemes
    # Lips may only be drawn together as far as the jaw has dropped.
    jaw, close = MORPHS_67.index("jawOpen"), MORPHS_67.index("mouthClose")
    weights[:, close] = np.minimum(weights[:, close], weights[:, jaw])
    return np.clip(weights, 0, 1).astype(np.float32)


def animate_idle_face(times: Doubles, rate: float, rng: np.random.Generator) -> Floats:
    """(f,67) of somebody who waits: blinks and gaze, all at rest in the first and the last frame."""
    moments = sample_blink_times(float(times[-1]), rate, rng)
    return combine_curves(len(times), [animate_rest_face(times), animate_blinks(times, moments, rng), animate_gaze(times, rng)])
