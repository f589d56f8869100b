"""The body of a spoken line: the idle beneath, gesture strokes on stressed words, nods, and a way back to the idle's first frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from assets.artefacts.motion import Clip
from assets.conventions import JOINTS
from assets.rotation import slerp
from stages.performance.face import ease, make_pulse, make_window

Doubles = NDArray[np.float64]
Euler = tuple[float, float, float]

RAISE_S, LOWER_S = 0.5, 0.55
"""A hand takes half a second to come up and a little longer to sink."""
_FINGERS = ("Index", "Middle", "Ring", "Pinky")
_ARM_JOINTS = tuple(i for i, n in enumerate(JOINTS) if n.startswith(("Left", "Right")) and any(p in n for p in ("Shoulder", "Arm", "Hand")))

_UPPER_BODY_JOINTS = (*(JOINTS.index(n) for n in ("Spine", "Spine1", "Spine2", "Neck", "Head")), *_ARM_JOINTS)

# Left-hand poses: joint -> turns in degrees, applied as x (roll) first, then y (elbow), then z. The T-pose arm points along +X,
# palm down: z lowers it, y at the elbow bends the forearm to the front, x rolls the palm up (negative) or down.
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
HAND_WEIGHTS = ((1.0, 1.0), (1.0, 0.2), (0.2, 1.0))
"""How far left and right hand take part in explaining: one hand is as good as two, and not the same every time."""
BEAT_ANGLES: dict[str, Euler] = {"Arm": (0, 0, -4), "ForeArm": (0, 13, 0), "Hand": (0, 8, 0)}
"""A beat drops forearm and hand on the stressed word."""


def sample_clip(clip: Clip, times: Doubles, loop: bool) -> tuple[Doubles, Doubles]:
    """Rotations (f,j,4) and root (f,3) of a clip at any times; past its end it starts over, or holds."""
    length = float(clip.times[-1])
    at = np.mod(times, length) if loop and length > 0 else np.clip(times, 0, length)
    right = np.clip(np.searchsorted(clip.times, at), 1, max(len(clip.times) - 1, 1))
    if len(clip.times) == 1:
        return np.repeat(clip.rotations.astype(np.float64), len(at), 0), np.repeat(clip.root.astype(np.float64), len(at), 0)
    left = right - 1
    share = (at - clip.times[left]) / np.maximum(clip.times[right] - clip.times[left], 1e-9)
    turned = slerp(clip.rotations[left].astype(np.float64), clip.rotations[right].astype(np.float64), share[:, None])
    root = clip.root[left] + share[:, None] * (clip.root[right] - clip.root[left])
    return turned.astype(np.float64), root.astype(np.float64)


def rotate_joint(rotations: Doubles, joint: str, vectors: Doubles) -> None:
    """Adds a small turn (f,3), a rotation vector in radians about the joint's own axes, to one joint in place."""
    index = JOINTS.index(joint)
    rotations[:, index] = (Rotation.from_quat(rotations[:, index]) * Rotation.from_rotvec(vectors)).as_quat()


def choose_accents(phonemes: Sequence[tuple[float, float, float]], gap: float = 0.55) -> list[float]:
    """Moments of the strongest stresses, at least `gap` apart.

    Args:
        phonemes: (moment, stress 0..1, loudness 0..1) of every vowel.
    """
    ranked = sorted((p for p in phonemes if p[1] >= 1), key=lambda p: (-(p[1] + p[2]), p[0]))
    kept: list[float] = []
    for moment, _, _ in ranked:
        if all(abs(moment - other) >= gap for other in kept):
            kept.append(moment)
    return sorted(kept)


def build_gesture_pose(name: str) -> dict[int, Doubles]:
    """Joint index -> xyzw of a synthesized gesture."""
    found: dict[int, Doubles] = {}
    for side in _GESTURE_SIDES[name]:
        for part, angles in GESTURE_POSES[name].items():
            found[JOINTS.index(side + part)] = _to_side_quaternion(angles, side)
    return found


def _to_side_quaternion(angles: Euler, side: str) -> Doubles:
    """xyzw of x, then y, then z; the right side is the mirror image of the left."""
    quaternion = np.asarray(Rotation.from_euler("xyz", angles, degrees=True).as_quat(), np.float64)
    # A mirror across x=0 keeps turns about x and reverses those about y and z.
    return quaternion if side == "Left" else quaternion * np.array([1.0, -1.0, -1.0, 1.0])


def compute_stroke_weights(times: Doubles, gesture: str, marks: Sequence[float], spoken: float) -> Doubles:
    """(f,) 0..1 how far the gesture is up: once over nearby accents, or in groups where they lie apart."""
    up = np.zeros(len(times))
    for first, last in _group_accents(gesture, marks, spoken):
        np.maximum(up, make_pulse(times, first, RAISE_S, max(last - first, 0.25), LOWER_S), out=up)
    # The hand must be down again, and not yet up, where clips join.
    return up * make_window(times, 0.3, 0.35)


def _group_accents(gesture: str, marks: Sequence[float], spoken: float) -> list[tuple[float, float]]:
    """(first, last) seconds for which a gesture is held."""
    inside = [m for m in marks if 0.2 <= m <= spoken - 0.15] or [min(0.5, 0.4 * spoken)]
    if gesture == "shrug":
        return [(min(inside[0], 0.6), min(inside[0] + 0.7, max(spoken - 0.4, 0.4)))]
    if gesture == "point":
        strongest = inside[len(inside) // 2 :][0]
        return [(strongest, min(strongest + 0.8, max(spoken - 0.3, strongest)))]
    groups: list[tuple[float, float]] = []
    for mark in inside:
        # Hands that would sink for less than a second stay up.
        if groups and mark - groups[-1][1] < RAISE_S + LOWER_S + 0.6:
            groups[-1] = (groups[-1][0], mark)
        else:
            groups.append((mark, mark))
    return groups


def apply_gesture(rotations: Doubles, times: Doubles, gesture: str, marks: Sequence[float], spoken: float, energy: float,
                  clips: Mapping[str, Clip], rng: np.random.Generator) -> None:  # fmt: skip
    """Lays a gesture over the arms in place: the character's own clip of that name, else our pose with beats."""
    if gesture in clips:
        hands = _choose_hand_weights(rng) if gesture == "explain" and _is_two_handed(clips[gesture]) else HAND_WEIGHTS[0]
        shown = _apply_clip(rotations, times, clips[gesture], gesture, marks, spoken, hands)
        if gesture == "explain":
            _apply_beats(rotations, times, marks, shown, 0.5 + energy, hands, rng)
        return
    if gesture not in GESTURE_POSES:
        return
    up = compute_stroke_weights(times, gesture, marks, spoken)
    hands = _choose_hand_weights(rng) if gesture == "explain" else HAND_WEIGHTS[0]
    height = 0.7 + 0.3 * energy if gesture == "explain" else 1.0
    for index, quaternion in build_gesture_pose(gesture).items():
        goal = np.broadcast_to(quaternion, (len(times), 4))
        rotations[:, index] = slerp(rotations[:, index], goal, up * height * _get_joint_weight(index, hands))
    if gesture == "explain":
        _apply_beats(rotations, times, marks, up, 0.5 + energy, hands, rng)


def _choose_hand_weights(rng: np.random.Generator) -> tuple[float, float]:
    return HAND_WEIGHTS[int(rng.integers(len(HAND_WEIGHTS)))]


def _is_two_handed(clip: Clip) -> bool:
    """True where the clip moves both forearms; one that moves a single hand is shown as it is."""
    turns = np.abs((clip.rotations * clip.rotations[0]).sum(-1)).min(0)
    left, right = (float(np.arccos(np.clip(turns[JOINTS.index(f"{side}ForeArm")], 0, 1))) for side in ("Left", "Right"))
    return min(left, right) > 0.5 * max(left, right)


def _get_joint_weight(joint: int, hands: tuple[float, float]) -> float:
    """How far a joint takes part: the arms by their hand, the trunk wholly."""
    name = JOINTS[joint]
    return hands[0] if name.startswith("Left") else hands[1] if name.startswith("Right") else 1.0


def _apply_beats(rotations: Doubles, times: Doubles, marks: Sequence[float], up: Doubles, strength: float, hands: tuple[float, float],
           rng: np.random.Generator) -> None:  # fmt: skip
    """Strokes of the hands on stressed words, in place: no two of one size, now this hand ahead and now that."""
    beats = np.zeros((2, len(times)))
    leads = int(rng.integers(2))
    for mark in marks:
        leads = 1 - leads if rng.random() < 0.4 else leads
        # Up before the word, down on it: the wind-up makes the stroke.
        stroke = make_pulse(times, mark, 0.13, 0.02, 0.3) - 0.5 * make_pulse(times, mark - 0.2, 0.15, 0.0, 0.15)
        size = float(rng.uniform(0.6, 1.2))
        beats[leads] += size * stroke
        beats[1 - leads] += size * float(rng.uniform(0.3, 0.8)) * stroke
    for side, beat, share in zip(("Left", "Right"), beats, hands, strict=True):
        for part, angles in BEAT_ANGLES.items():
            vector = np.radians(np.array(angles)) * (1.0 if side == "Left" else np.array([1.0, -1.0, -1.0]))
            rotate_joint(rotations, side + part, vector * (share * beat * up * strength)[:, None])


def _apply_clip(rotations: Doubles, times: Doubles, clip: Clip, gesture: str, marks: Sequence[float], spoken: float,
                hands: tuple[float, float]) -> Doubles:  # fmt: skip
    """Lays a clip over the upper body in place; returns (f,) how far it is up."""
    if gesture in ("wave", "nod"):
        start = 0.0 if gesture == "wave" or not marks else max(0.1, min(marks[0], 0.9) - 0.25)
        passes = [(start, start + float(clip.times[-1]), times - start)]
    else:
        passes = [_hold_clip(clip, times, first, last) for first, last in _group_accents(gesture, marks, spoken)]
    shown = np.zeros(len(times))
    for begin, end, warped in passes:
        # What does not fit before the words end is left out: the weight sinks instead.
        end = min(end, float(times[-1]) - 0.05)
        up = ease((times - begin) / 0.3) * ease((end - times) / min(LOWER_S, 0.5 * (end - begin)))
        over, _ = sample_clip(clip, np.maximum(warped, 0), loop=False)
        for index in _UPPER_BODY_JOINTS:
            rotations[:, index] = slerp(rotations[:, index], over[:, index], up * _get_joint_weight(index, hands))
        np.maximum(shown, up, out=shown)
    return shown


def _hold_clip(clip: Clip, times: Doubles, first: float, last: float) -> tuple[float, float, Doubles]:
    """(begin, end, clip time (f,)): the hands come up on `first` and stay, to and fro in the clip's held part, until `last`."""
    turns = np.abs((clip.rotations * clip.rotations[0]).sum(-1))[:, _ARM_JOINTS]
    away = (2 * np.arccos(np.clip(turns, 0, 1))).sum(1)
    high = np.flatnonzero(away >= 0.85 * away.max())
    a, b = float(clip.times[high[0]]), float(clip.times[high[-1]])
    begin = max(0.05, first - a)
    full = max(first, begin + min(0.55, a))
    swing = 0.5 - 0.5 * np.cos(np.pi * (times - full) / max(b - a, 0.5))
    warped = np.where(times < full, a * (times - begin) / max(full - begin, 1e-6), a + (b - a) * swing)
    return begin, max(last, full) + 0.35 + LOWER_S, warped


def apply_head_motion(rotations: Doubles, times: Doubles, gesture: str, marks: Sequence[float], energy: float, sad: bool,
               rng: np.random.Generator, own_nod: bool) -> None:  # fmt: skip
    """Nods on stressed words, a slow drift and a tilt, shared between neck and head, in place."""
    still = make_window(times, 0.35, 0.35)
    drift = np.stack([_make_drift(times, rng) for _ in range(3)], 1) * np.radians([1.1, 2.2, 1.3]) * (0.5 + energy)
    nod = np.zeros(len(times))
    for mark in marks:
        nod += np.radians(float(rng.uniform(1.5, 3.5))) * 2 * energy * make_pulse(times, mark, 0.12, 0.04, 0.3)
    if gesture == "nod" and not own_nod:
        for start in (0.35, 0.95):
            nod += np.radians(11) * (0.6 + 0.8 * energy) * make_pulse(times, start, 0.22, 0.03, 0.3)
    drift[:, 0] += nod + np.radians(4.0 if sad else 0.0)
    lean = {"shrug": 7.0, "point": -3.0}.get(gesture, float(rng.choice([-1, 1]) * rng.uniform(1, 3)))
    drift[:, 2] += np.radians(lean) * (0.5 + energy)
    drift *= still[:, None]
    rotate_joint(rotations, "Neck", 0.4 * drift)
    rotate_joint(rotations, "Head", 0.6 * drift)
    rotate_joint(rotations, "Spine2", -0.15 * drift * [0.0, 1.0, 1.0])


def _make_drift(times: Doubles, rng: np.random.Generator) -> Doubles:
    """(f,) about -1..1: three slow waves of chance phase."""
    waves = [np.sin(2 * np.pi * (rate * times + rng.random())) for rate in (0.17, 0.31, 0.53)]
    found: Doubles = (0.5 * waves[0] + 0.3 * waves[1] + 0.2 * waves[2]) * 1.3
    return found


def add_breathing(rotations: Doubles, times: Doubles, loop: bool) -> None:
    """Adds about 15 breaths a minute to the chest in place, whole breaths in a loop; none in one too short for a breath."""
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
    """The movement led back to the pose `start` (j,4), `place` (3,) over its last seconds."""
    share = ease((times - (float(times[-1]) - min(seconds, float(times[-1]) / 2))) / min(seconds, max(float(times[-1]) / 2, 1e-6)))
    back = slerp(rotations, np.broadcast_to(start, rotations.shape), share[:, None])
    return back.astype(np.float64), root + share[:, None] * (place - root)
