"""Key poses and the interpolation between them: the small language in which the library's clips are written.

Both sides are written as the left one; joints that a pose omits keep the previous pose. Angles are degrees about the axes of the T-pose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats
from assets.conventions import JOINTS
from assets.rotation import IDENTITY, from_axis_angle, multiply, slerp

JointTurns = Mapping[str, Floats]
_AXES = {"x": (1, 0, 0), "y": (0, 1, 0), "z": (0, 0, 1)}
# Overlapping action: joints farther out follow later, in seconds; the arm leads, the hand trails.
_LAG_SECONDS = {"ForeArm": 0.05, "Hand": 0.09}


def parse_turn(spec: str) -> Floats:
    """(4,) the rotation of "z-77 y-20": degrees about the joint's axes, the first one applied last."""
    total = IDENTITY
    for word in spec.split():
        total = multiply(total, from_axis_angle(_AXES[word[0]], np.radians(float(word[1:]))))
    return total


def mirror_turn(q: Floats) -> Floats:
    """The rotation mirrored to the other side of the body."""
    # Mirrored in the YZ plane: X of the axis stays, Y and Z change sign.
    return np.asarray(q * np.array([1, -1, -1, 1], np.float32), np.float32)


TurnSpecs = Mapping[str, str]


def parse_pose(left: TurnSpecs | None = None, right: TurnSpecs | None = None, middle: TurnSpecs | None = None) -> dict[str, Floats]:
    """Joint -> rotation; `right` is written as if it were the left side."""
    turns = {f"Left{joint}": parse_turn(spec) for joint, spec in (left or {}).items()}
    turns |= {f"Right{joint}": mirror_turn(parse_turn(spec)) for joint, spec in (right or {}).items()}
    return turns | {joint: parse_turn(spec) for joint, spec in (middle or {}).items()}


def curl_fingers(amount: float, thumb: float = 0.5) -> dict[str, str]:
    """Fingers of a relaxed (0.35) or closed (1) hand: joint -> rotation of the left side."""
    turns = {}
    # The bind pose spreads the fingers; a relaxed hand, and even more a fist, brings them together.
    for finger, share, together in (("Index", 0.85, 9), ("Middle", 1.0, 0), ("Ring", 1.08, -11), ("Pinky", 1.12, -20)):
        for segment, degrees in ((1, 62), (2, 88), (3, 55)):
            turns[f"Hand{finger}{segment}"] = f"z{-degrees * amount * share:.1f}"
        turns[f"Hand{finger}1"] = f"y{together * min(1.4 * amount, 0.6):.1f} " + turns[f"Hand{finger}1"]
    for segment, degrees in ((1, 14), (2, 22), (3, 30)):
        turns[f"HandThumb{segment}"] = f"y{degrees * amount * thumb:.1f}"
    return turns


_ARM = {"Shoulder": "z-3", "Arm": "z-77 y5 x-10", "ForeArm": "y-22 z-4 x8", "Hand": "z-1 y-4", **curl_fingers(0.32)}
REST_TURNS = parse_pose(left=_ARM, right=_ARM, middle={"Spine": "x1", "Spine1": "", "Spine2": "x-1", "Neck": "x2", "Head": "x-2"})
"""The first and last pose of every clip: arms hanging, elbows soft, palms to the thighs."""


def ease_in_out(t: NDArray[np.floating]) -> NDArray[np.floating]:
    """0..1 with zero speed and acceleration at both ends (Perlin's quintic)."""
    t = np.clip(t, 0, 1)
    return np.asarray(t**3 * (t * (6 * t - 15) + 10))


def interpolate_keys(times: Floats, keys: Sequence[tuple[float, JointTurns]]) -> Floats:
    """(f,j,4) local rotations through the keys, eased between them, with outer joints lagging."""
    rotations = np.tile(IDENTITY, (len(times), len(JOINTS), 1))
    for joint, name in enumerate(JOINTS):
        lag = next((late for part, late in _LAG_SECONDS.items() if name.endswith(part) or f"{part}I" in name or f"{part}M" in name), 0.0)
        knots = _fill_keys([(at, turns.get(name)) for at, turns in keys])
        rotations[:, joint] = knots[0][1]
        for (start, a), (end, b) in pairwise(knots):
            # The last key is where the next clip starts: no joint lags there.
            late = lag if end < knots[-1][0] else 0.0
            inside = times >= start
            share = ease_in_out((times[inside] - start - late) / max(end - start, 1e-6))
            rotations[inside, joint] = slerp(a, b, share)
    return rotations


def _fill_keys(knots: Sequence[tuple[float, Floats | None]]) -> list[tuple[float, Floats]]:
    """Every key with a rotation: without one the previous rotation holds."""
    last, filled = IDENTITY, []
    for time_s, rotation in knots:
        last = last if rotation is None else rotation
        filled.append((time_s, last))
    return filled


def add_turns(rotations: Floats, joint: str, **degrees: NDArray[np.floating]) -> None:
    """Adds rotations about the joint's axes x, y, z to (f,j,4) rotations in place, (f,) degrees each."""
    index = JOINTS.index(joint)
    for axis, angle in degrees.items():
        rotations[:, index] = multiply(rotations[:, index], from_axis_angle(_AXES[axis], np.radians(angle)))
