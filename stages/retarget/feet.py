"""Foot locking and floor contact: standing feet stay in place, and no sole sinks into the floor."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Skeleton
from assets.artefacts.motion import Clip
from assets.rotation import forward_kinematics, from_axis_angle, inverse, multiply, rotate, solve_two_bone_ik

MAX_CONTACT_SPEED = 0.25
"""Metres a second below which a foot near the floor counts as standing."""
MAX_CONTACT_HEIGHT_M = 0.045
"""Metres above its standing height below which an ankle counts as near the floor."""
_MIN_CONTACT_S = 0.2
"""Seconds: a foot that reverses at the end of a step is slow for less than that, and is not standing."""
_FADE_S = 0.15
"""Seconds in which a foot blends from its own path to its locked position."""
_HEEL_RATIO, _TOE_TIP_RATIO = 0.35, 0.5
"""Distances of the heel behind the ankle and of the toe tips in front of the ball, relative to that from ankle to ball."""
Mask = NDArray[np.bool_]


def constrain_feet(clip: Clip, skeleton: Skeleton, heights: Floats, lock: bool) -> Clip:
    """The clip with its ankles at these heights and no sole below the floor.

    Args:
        clip: on `skeleton`.
        skeleton: its soles are on the floor in the bind pose.
        heights: (f,2) metres of the left and the right ankle above their bind heights.
        lock: keep standing feet in place.
    """
    rotations = clip.rotations.copy()
    for column, side in enumerate(("Left", "Right")):
        _solve_leg(rotations, clip, skeleton, side, heights[:, column], lock)
    return replace(clip, rotations=rotations)


def measure_ankle_heights(clip: Clip, skeleton: Skeleton) -> Floats:
    """(f,2) metres of the left and the right ankle above their bind heights."""
    feet = [skeleton.names.index(f"{side}Foot") for side in ("Left", "Right")]
    positions = forward_kinematics(skeleton.parents, skeleton.heads, clip.rotations, clip.root)[0]
    return np.asarray(positions[:, feet, 1] - skeleton.heads[feet, 1], np.float32)


def detect_contacts(clip: Clip, skeleton: Skeleton, side: str) -> Mask:
    """(f,) frames in which the foot stands on the floor."""
    foot = skeleton.names.index(f"{side}Foot")
    path = forward_kinematics(skeleton.parents, skeleton.heads, clip.rotations, clip.root)[0][:, foot]
    # np.gradient needs neighbours; a still pose counts as standing.
    if len(path) < 3:
        return np.ones(len(path), bool)
    speed = np.linalg.norm(np.gradient(path, clip.times, axis=0), axis=1)
    # The lower of the clip's lowest and the bind height: a recording that floats or sinks as a whole still has contacts.
    low = path[:, 1] - min(float(path[:, 1].min()), float(skeleton.heads[foot, 1])) < MAX_CONTACT_HEIGHT_M
    return _filter_contacts(low & (speed < MAX_CONTACT_SPEED), clip.times)


def _filter_contacts(touching: Mask, times: Floats) -> Mask:
    """Closes gaps of one frame, then removes contacts too short for a standing foot."""
    from scipy.ndimage import binary_closing

    # scipy takes what is outside as False: without the padding, contacts at both ends of the clip would be eroded.
    steady = np.asarray(binary_closing(np.pad(touching, 3, mode="edge"), np.ones(3, bool))[3:-3])
    for start, end in _find_segments(steady):
        # A contact of the whole clip is kept however short the clip is.
        if end - start < len(steady) and times[end - 1] - times[start] < _MIN_CONTACT_S:
            steady[start:end] = False
    return steady


def _find_segments(mask: Mask) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.r_[0, mask.astype(int), 0]))
    return list(zip(edges[::2], edges[1::2], strict=True))


def _solve_leg(rotations: Floats, clip: Clip, skeleton: Skeleton, side: str, heights: Floats, lock: bool) -> None:
    """Solves one leg by IK, in place."""
    hip, knee, foot, toe = (skeleton.names.index(f"{side}{part}") for part in ("UpLeg", "Leg", "Foot", "ToeBase"))
    positions, turns = forward_kinematics(skeleton.parents, skeleton.heads, rotations, clip.root)
    ball = skeleton.heads[toe] - skeleton.heads[foot]
    goal = positions[:, foot].copy()
    goal[:, 1] = skeleton.heads[foot, 1] + heights
    if lock:
        _lock_foot(goal, detect_contacts(clip, skeleton, side), clip.times, float(skeleton.heads[foot, 1]))
    # After the lock: a locked ankle at standing height would push a tilted foot's ball into the floor.
    goal[:, 1] = np.maximum(goal[:, 1], _compute_min_height(turns[:, foot], float(skeleton.heads[foot, 1]), ball))
    # The knee keeps its bending direction.
    middle = (positions[:, hip] + positions[:, foot]) / 2
    # 5 cm to the front of the thigh decide where a straight knee, which has no direction of its own, bends.
    pole = positions[:, knee] - middle + rotate(turns[:, hip], np.array([0, 0, 0.05]))
    upper, lower = skeleton.heads[knee] - skeleton.heads[hip], skeleton.heads[foot] - skeleton.heads[knee]
    first, second = solve_two_bone_ik(positions[:, hip], upper, lower, goal, pole, (0.0, 0.0, 1.0))
    # Joint 0 is the hips, parent of both thighs. The foot keeps its world rotation, so that the sole's angle is the source's.
    rotations[:, hip] = multiply(inverse(turns[:, 0]), first)
    rotations[:, knee] = multiply(inverse(first), second)
    rotations[:, foot] = multiply(inverse(second), turns[:, foot])
    _lift_toes(rotations, goal[:, 1] + rotate(turns[:, foot], ball)[:, 1], turns[:, toe], toe, skeleton, _TOE_TIP_RATIO * float(ball[2]))


def _lock_foot(goal: Floats, standing: Mask, times: Floats, floor: float) -> None:
    """Moves the ankle's path (f,3) to one position on the floor while the foot stands, blended at both ends; in place."""
    path = goal.copy()
    for start, end in _find_segments(standing):
        # The median, not the mean: the first and last frames still roll off the step.
        position = np.median(path[start:end], 0)
        position[1] = floor
        gap = np.maximum(np.maximum(times[start] - times, times - times[end - 1]), 0)
        share = np.clip(1 - gap / _FADE_S, 0, 1)[:, None]
        # Smoothstep: the speed is 0 at both ends of the fade.
        goal += (position - goal) * share * share * (3 - 2 * share)


def _compute_min_height(turns: Floats, ankle: float, ball: Floats) -> Floats:
    """(f,) least height of an ankle with these world rotations at which neither heel nor ball is below the floor."""
    heel = np.array([0, -ankle, -_HEEL_RATIO * ball[2]])
    return np.asarray(np.maximum(-rotate(turns, heel)[:, 1], ankle + ball[1] - rotate(turns, ball)[:, 1]), np.float32)


def _lift_toes(rotations: Floats, height: Floats, turns: Floats, toe: int, skeleton: Skeleton, length: float) -> None:
    """Bends the toes up where their tips would be below the floor; `height` (f,) is that of the ball. In place."""
    tip = np.array([0, -skeleton.heads[toe, 1], length])
    under = -(height + rotate(turns, tip)[:, 1])
    # At most 53 degrees. Positive angles about +X turn +Z down, so that the sign flips to lift the tips.
    bend = np.arcsin(np.clip(under / length, 0, 0.8))
    rotations[:, toe] = multiply(rotations[:, toe], from_axis_angle((1, 0, 0), -bend))
