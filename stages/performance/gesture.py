"""Body animation of a spoken line: the idle clip, gesture strokes and nods on stressed words, and a return to the idle's first frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.spatial.transform import Rotation

from assets.artefacts.geometry import Doubles
from assets.artefacts.motion import Clip
from assets.conventions import JOINTS
from assets.rotation import slerp
from stages.performance.face import ease, make_pulse, make_window
from stages.performance.manner import BOTH, Manner

Euler = tuple[float, float, float]

RAISE_S, LOWER_S = 0.5, 0.55
"""A hand takes half a second to come up and slightly longer to come down."""
_FINGERS = ("Index", "Middle", "Ring", "Pinky")
_ARM_JOINTS = tuple(i for i, n in enumerate(JOINTS) if n.startswith(("Left", "Right")) and any(p in n for p in ("Shoulder", "Arm", "Hand")))

_UPPER_BODY_JOINTS = (*(JOINTS.index(n) for n in ("Spine", "Spine1", "Spine2", "Neck", "Head")), *_ARM_JOINTS)

# Poses of the left side: joint -> Euler angles in degrees, applied about x (roll), then y (elbow), then z. In the T-pose the arm
# points along +X with the palm down: z lowers it, y at the elbow bends the forearm forward, x turns the palm up (negative) or down.
_OPEN_HAND: dict[str, Euler] = {f"Hand{f}{s}": (0, 0, -b) for f, b in zip(_FINGERS, (8, 12, 16, 20), strict=True) for s in (1, 2, 3)}
_POINTING_HAND: dict[str, Euler] = {
    "HandIndex1": (0, 0, -2), "HandIndex2": (0, 0, -2), "HandIndex3": (0, 0, -2),
    **{f"Hand{f}{s}": (0, 0, -bend) for f in _FINGERS[1:] for s, bend in ((1, 62), (2, 78), (3, 45))},
    "HandThumb1": (0, -12, -8), "HandThumb2": (0, -25, 0),
}  # fmt: skip
GESTURE_POSES: dict[str, dict[str, Euler]] = {
    "explain": {"Arm": (14, -22, -66), "ForeArm": (-38, -84, 0), "Hand": (-22, 0, 8), **_OPEN_HAND},
    "shrug": {"Shoulder": (0, 0, 11), "Arm": (10, -4, -76), "ForeArm": (-58, -76, 12), "Hand": (-30, 18, 6), **_OPEN_HAND},
    "point": {"Arm": (0, -48, -34), "ForeArm": (-30, -22, 0), "Hand": (0, 0, 0), **_POINTING_HAND},
}
_GESTURE_SIDES: dict[str, tuple[str, ...]] = {"explain": ("Left", "Right"), "shrug": ("Left", "Right"), "point": ("Right",)}
_REACHES = {"explain": (0.0, 2.0), "shrug": (0.6, 1.1), "wave": (0.8, 1.0), "nod": (0.0, 1.3), "point": (1.0, 1.0)}
"""Least and greatest reach of a manner that a gesture follows: a half-raised arm points at nothing."""
BEAT_ANGLES: dict[str, Euler] = {"Arm": (0, 0, -4), "ForeArm": (0, 13, 0), "Hand": (0, 8, 0)}
"""A beat: forearm and hand drop on the stressed word."""


def sample_clip(clip: Clip, times: Doubles, loop: bool) -> tuple[Doubles, Doubles]:
    """Rotations (f,j,4) and root (f,3) of a clip at these times; past its end it loops or holds the last frame."""
    length = float(clip.times[-1])
    at = np.mod(times, length) if loop and length > 0 else np.clip(times, 0, length)
    right = np.clip(np.searchsorted(clip.times, at), 1, max(len(clip.times) - 1, 1))
    if len(clip.times) == 1:
        return np.repeat(clip.rotations.astype(np.float64), len(at), 0), np.repeat(clip.root.astype(np.float64), len(at), 0)
    left = right - 1
    share = (at - clip.times[left]) / np.maximum(clip.times[right] - clip.times[left], 1e-9)
    rotations = slerp(clip.rotations[left].astype(np.float64), clip.rotations[right].astype(np.float64), share[:, None])
    root = clip.root[left] + share[:, None] * (clip.root[right] - clip.root[left])
    return rotations.astype(np.float64), root.astype(np.float64)


def rotate_joint(rotations: Doubles, joint: str, vectors: Doubles) -> None:
    """Rotates one joint in place by rotation vectors (f,3), in radians about the joint's local axes."""
    index = JOINTS.index(joint)
    rotations[:, index] = (Rotation.from_quat(rotations[:, index]) * Rotation.from_rotvec(vectors)).as_quat()


def choose_accents(phonemes: Sequence[tuple[float, float, float]], gap: float) -> list[float]:
    """Times of the strongest stresses, at least `gap` seconds apart.

    Args:
        phonemes: (time, stress 0..1, loudness 0..1) of every vowel.
    """
    ranked = sorted((p for p in phonemes if p[1] >= 1), key=lambda p: (-(p[1] + p[2]), p[0]))
    kept: list[float] = []
    for time, _, _ in ranked:
        if all(abs(time - other) >= gap for other in kept):
            kept.append(time)
    return sorted(kept)


def build_gesture_pose(name: str) -> dict[int, Doubles]:
    """Joint index -> rotation (xyzw) of a gesture that has no clip."""
    pose: dict[int, Doubles] = {}
    for side in _GESTURE_SIDES[name]:
        for part, angles in GESTURE_POSES[name].items():
            pose[JOINTS.index(side + part)] = _to_side_quaternion(angles, side)
    return pose


def _to_side_quaternion(angles: Euler, side: str) -> Doubles:
    """xyzw of rotations about x, then y, then z; the right side is the mirror image of the left."""
    quaternion = np.asarray(Rotation.from_euler("xyz", angles, degrees=True).as_quat(), np.float64)
    # Mirroring at x=0 keeps rotations about x and reverses those about y and z.
    return quaternion if side == "Left" else quaternion * np.array([1.0, -1.0, -1.0, 1.0])


def compute_stroke_weights(times: Doubles, gesture: str, accents: Sequence[float], spoken: float) -> Doubles:
    """(f,) weight 0..1 of the gesture: it stays up over nearby accents and comes down between distant ones."""
    up = np.zeros(len(times))
    for first, last in _group_accents(gesture, accents, spoken):
        np.maximum(up, make_pulse(times, first, RAISE_S, max(last - first, 0.25), LOWER_S), out=up)
    # The hand must be down where clips join.
    return up * make_window(times, 0.3, 0.35)


def _group_accents(gesture: str, accents: Sequence[float], spoken: float) -> list[tuple[float, float]]:
    """(first, last) accent of each group over which the gesture is held, in seconds."""
    inside = [accent for accent in accents if 0.2 <= accent <= spoken - 0.15] or [min(0.5, 0.4 * spoken)]
    if gesture == "shrug":
        return [(min(inside[0], 0.6), min(inside[0] + 0.7, max(spoken - 0.4, 0.4)))]
    if gesture == "point":
        strongest = inside[len(inside) // 2 :][0]
        return [(strongest, min(strongest + 0.8, max(spoken - 0.3, strongest)))]
    groups: list[tuple[float, float]] = []
    for accent in inside:
        # Hands that would be down for less than a second stay up.
        if groups and accent - groups[-1][1] < RAISE_S + LOWER_S + 0.6:
            groups[-1] = (groups[-1][0], accent)
        else:
            groups.append((accent, accent))
    return groups


def apply_gesture(
    rotations: Doubles,
    times: Doubles,
    gesture: str,
    accents: Sequence[float],
    spoken: float,
    energy: float,
    clips: Mapping[str, Clip],
    rng: np.random.Generator,
    manner: Manner,
) -> None:
    """Blends a gesture into the upper body in place: the character's clip of that name, else a synthetic pose with beats."""
    if gesture not in clips and gesture not in GESTURE_POSES:
        return
    draws_hands = gesture == "explain" and (gesture not in clips or _is_two_handed(clips[gesture]))
    hands = manner.hands[int(rng.integers(len(manner.hands)))] if draws_hands else BOTH
    reach = float(np.clip(manner.reach, *_REACHES.get(gesture, (1.0, 1.0))))
    if gesture in clips:
        up = _apply_clip(rotations, times, clips[gesture], gesture, accents, spoken, hands, reach)
    else:
        up = compute_stroke_weights(times, gesture, accents, spoken)
        height = reach * (0.7 + 0.3 * energy if gesture == "explain" else 1.0)
        for index, quaternion in build_gesture_pose(gesture).items():
            target = np.broadcast_to(quaternion, (len(times), 4))
            rotations[:, index] = slerp(rotations[:, index], target, up * height * _get_joint_weight(index, hands))
    if gesture == "explain":
        _apply_beats(rotations, times, accents, up, manner.beat * (0.5 + energy), hands, rng)


def _is_two_handed(clip: Clip) -> bool:
    """True if the clip moves both forearms; a clip of one hand is played as it is."""
    cosines = np.abs((clip.rotations * clip.rotations[0]).sum(-1)).min(0)
    left, right = (float(np.arccos(np.clip(cosines[JOINTS.index(f"{side}ForeArm")], 0, 1))) for side in ("Left", "Right"))
    return min(left, right) > 0.5 * max(left, right)


def _get_joint_weight(joint: int, hands: tuple[float, float]) -> float:
    """Weight of a joint in a gesture: arms have the weight of their hand, the trunk has 1."""
    name = JOINTS[joint]
    return hands[0] if name.startswith("Left") else hands[1] if name.startswith("Right") else 1.0


def _apply_beats(
    rotations: Doubles,
    times: Doubles,
    accents: Sequence[float],
    up: Doubles,
    strength: float,
    hands: tuple[float, float],
    rng: np.random.Generator,
) -> None:
    """Adds strokes of the hands on stressed words, in place: each of another size, with a leading hand that changes."""
    beats = np.zeros((2, len(times)))
    leads = int(rng.integers(2))
    for accent in accents:
        leads = 1 - leads if rng.random() < 0.4 else leads
        # Up before the word and down on it: without the preparation there is no visible stroke.
        stroke = make_pulse(times, accent, 0.13, 0.02, 0.3) - 0.5 * make_pulse(times, accent - 0.2, 0.15, 0.0, 0.15)
        size = float(rng.uniform(0.6, 1.2))
        beats[leads] += size * stroke
        beats[1 - leads] += size * float(rng.uniform(0.3, 0.8)) * stroke
    for side, beat, share in zip(("Left", "Right"), beats, hands, strict=True):
        for part, angles in BEAT_ANGLES.items():
            vector = np.radians(np.array(angles)) * (1.0 if side == "Left" else np.array([1.0, -1.0, -1.0]))
            rotate_joint(rotations, side + part, vector * (share * beat * up * strength)[:, None])


def _apply_clip(
    rotations: Doubles,
    times: Doubles,
    clip: Clip,
    gesture: str,
    accents: Sequence[float],
    spoken: float,
    hands: tuple[float, float],
    reach: float,
) -> Doubles:
    """Blends a clip into the upper body in place, up to `reach` of its way; returns its weights (f,) before that."""
    if gesture in ("wave", "nod"):
        start = 0.0 if gesture == "wave" or not accents else max(0.1, min(accents[0], 0.9) - 0.25)
        passes = [(start, start + float(clip.times[-1]), times - start)]
    else:
        passes = [_hold_clip(clip, times, first, last) for first, last in _group_accents(gesture, accents, spoken)]
    weights = np.zeros(len(times))
    for begin, end, warped in passes:
        # The rest of a clip that does not end in time is faded out.
        end = min(end, float(times[-1]) - 0.05)
        up = ease((times - begin) / 0.3) * ease((end - times) / min(LOWER_S, 0.5 * (end - begin)))
        pose, _ = sample_clip(clip, np.maximum(warped, 0), loop=False)
        for index in _UPPER_BODY_JOINTS:
            rotations[:, index] = slerp(rotations[:, index], pose[:, index], reach * up * _get_joint_weight(index, hands))
        np.maximum(weights, up, out=weights)
    return weights


def _hold_clip(clip: Clip, times: Doubles, first: float, last: float) -> tuple[float, float, Doubles]:
    """(begin, end, clip times (f,)): the hands are up from accent `first` to `last`, while the clip's held part plays back and forth."""
    cosines = np.abs((clip.rotations * clip.rotations[0]).sum(-1))[:, _ARM_JOINTS]
    distance = (2 * np.arccos(np.clip(cosines, 0, 1))).sum(1)
    high = np.flatnonzero(distance >= 0.85 * distance.max())
    a, b = float(clip.times[high[0]]), float(clip.times[high[-1]])
    begin = max(0.05, first - a)
    full = max(first, begin + min(0.55, a))
    swing = 0.5 - 0.5 * np.cos(np.pi * (times - full) / max(b - a, 0.5))
    warped = np.where(times < full, a * (times - begin) / max(full - begin, 1e-6), a + (b - a) * swing)
    return begin, max(last, full) + 0.35 + LOWER_S, warped


def apply_head_motion(
    rotations: Doubles,
    times: Doubles,
    gesture: str,
    accents: Sequence[float],
    energy: float,
    sad: bool,
    rng: np.random.Generator,
    has_nod_clip: bool,
    manner: Manner,
) -> None:
    """Adds nods on stressed words, a slow drift and a tilt to neck and head, and the manner's lean to the trunk, in place."""
    window = make_window(times, 0.35, 0.35)
    drift = np.stack([_make_drift(times, rng) for _ in range(3)], 1) * np.radians([1.1, 2.2, 1.3]) * (0.5 + energy)
    nod = np.zeros(len(times))
    for accent in accents:
        nod += np.radians(float(rng.uniform(1.5, 3.5))) * 2 * energy * make_pulse(times, accent, 0.12, 0.04, 0.3)
    if gesture == "nod" and not has_nod_clip:
        for start in (0.35, 0.95):
            nod += np.radians(11) * (0.6 + 0.8 * energy) * make_pulse(times, start, 0.22, 0.03, 0.3)
    drift[:, 0] += nod
    tilt = {"shrug": 7.0, "point": -3.0}.get(gesture, float(rng.choice([-1, 1]) * rng.uniform(1, 3)))
    drift[:, 2] += np.radians(tilt) * (0.5 + energy)
    drift *= manner.head
    drift[:, 0] += np.radians(4.0 if sad else 0.0)
    drift *= window[:, None]
    rotate_joint(rotations, "Neck", 0.4 * drift)
    rotate_joint(rotations, "Head", 0.6 * drift)
    rotate_joint(rotations, "Spine2", -0.15 * drift * [0.0, 1.0, 1.0])
    # The neck takes half of the lean back: the eyes stay with the listener.
    forward = np.radians(manner.lean) * window[:, None] * [1.0, 0.0, 0.0]
    for joint, share in (("Spine", 0.5), ("Spine1", 0.5), ("Neck", -0.5)):
        rotate_joint(rotations, joint, share * forward)


def _make_drift(times: Doubles, rng: np.random.Generator) -> Doubles:
    """(f,) about -1..1: the sum of three slow waves of random phase."""
    waves = [np.sin(2 * np.pi * (rate * times + rng.random())) for rate in (0.17, 0.31, 0.53)]
    drift: Doubles = (0.5 * waves[0] + 0.3 * waves[1] + 0.2 * waves[2]) * 1.3
    return drift


def add_breathing(rotations: Doubles, times: Doubles, loop: bool) -> None:
    """Adds about 15 breaths per minute to the chest in place; a loop gets whole breaths, a loop too short for one gets none."""
    length = max(float(times[-1]), 1e-6)
    breaths = round(length / 4.0) if loop else length / 4.0
    wave = 0.5 - 0.5 * np.cos(2 * np.pi * breaths * times / length)
    if not loop:
        wave = wave * make_window(times, 0.4, 0.4)
    for joint, degrees in (("Spine1", -0.7), ("Spine2", -0.9), ("Neck", 1.2)):
        rotate_joint(rotations, joint, np.radians(degrees) * wave[:, None] * np.array([1.0, 0.0, 0.0]))
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        rotate_joint(rotations, f"{side}Shoulder", np.radians(1.0) * sign * wave[:, None] * np.array([0.0, 0.0, 1.0]))


def blend_to_pose(
    rotations: Doubles, root: Doubles, times: Doubles, start: Doubles, place: Doubles, seconds: float = 0.6
) -> tuple[Doubles, Doubles]:
    """The motion blended to the rotations `start` (j,4) and root `place` (3,) over its last seconds."""
    share = ease((times - (float(times[-1]) - min(seconds, float(times[-1]) / 2))) / min(seconds, max(float(times[-1]) / 2, 1e-6)))
    back = slerp(rotations, np.broadcast_to(start, rotations.shape), share[:, None])
    return back.astype(np.float64), root + share[:, None] * (place - root)
