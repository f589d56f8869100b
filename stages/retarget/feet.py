"""Feet that stay where they stand, and never sink into the floor."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Skeleton
from assets.artefacts.motion import Clip
from assets.rotation import forward_kinematics, from_axis_angle, inverse, multiply, rotate, solve_two_bone_ik

MAX_CONTACT_SPEED = 0.25
"""Metres a second below which a foot near the floor is taken to stand."""
MAX_CONTACT_HEIGHT_M = 0.045
"""Metres over its standing height below which an ankle is near the floor."""
_MIN_CONTACT_S = 0.2
"""Seconds: a foot that turns back at the end of a step is slow for less than that, and does not stand."""
_FADE_S = 0.15
"""Seconds in which a foot goes over from its own way to where it is held."""
_HEEL_RATIO, _TOE_TIP_RATIO = 0.35, 0.5
"""How far the heel is behind the ankle, and the toes' tips before the ball, as shares of the way from ankle to ball."""
Mask = NDArray[np.bool_]


def constrain_feet(clip: Clip, skeleton: Skeleton, heights: Floats, lock: bool) -> Clip:
    """The clip with ankles at their heights over the floor and no sole under it; with `lock`, standing feet keep one place.

    Args:
        clip: on `skeleton`.
        skeleton: its bind stands on the floor.
        heights: (f,2) metres that the left and the right ankle are over their bind heights.
        lock: hold feet that stand.
    """
    rotations = clip.rotations.copy()
    for column, side in enumerate(("Left", "Right")):
        _solve_leg(rotations, clip, skeleton, side, heights[:, column], lock)
    return replace(clip, rotations=rotations)


def measure_ankle_heights(clip: Clip, skeleton: Skeleton) -> Floats:
    """(f,2) metres that the left and the right ankle are over their bind heights."""
    feet = [skeleton.names.index(f"{side}Foot") for side in ("Left", "Right")]
    positions = forward_kinematics(skeleton.parents, skeleton.heads, clip.rotations, clip.root)[0]
    return np.asarray(positions[:, feet, 1] - skeleton.heads[feet, 1], np.float32)


def detect_contacts(clip: Clip, skeleton: Skeleton, side: str) -> Mask:
    """(f,) frames in which the foot stands."""
    foot = skeleton.names.index(f"{side}Foot")
    path = forward_kinematics(skeleton.parents, skeleton.heads, clip.rotations, clip.root)[0][:, foot]
    if len(path) < 3:
        return np.ones(len(path), bool)
    speed = np.linalg.norm(np.gradient(path, clip.times, axis=0), axis=1)
    low = path[:, 1] - min(float(path[:, 1].min()), float(skeleton.heads[foot, 1])) < MAX_CONTACT_HEIGHT_M
    return _filter_contacts(low & (speed < MAX_CONTACT_SPEED), clip.times)


def _filter_contacts(touching: Mask, times: Floats) -> Mask:
    """One-frame gaps closed, then touches too short to be a stand taken away."""
    from scipy.ndimage import binary_closing

    steady = np.asarray(binary_closing(np.pad(touching, 3, mode="edge"), np.ones(3, bool))[3:-3])
    for start, end in _find_segments(steady):
        if end - start < len(steady) and times[end - 1] - times[start] < _MIN_CONTACT_S:
            steady[start:end] = False
    return steady


def _find_segments(mask: Mask) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.r_[0, mask.astype(int), 0]))
    return list(zip(edges[::2], edges[1::2], strict=True))


def _solve_leg(rotations: Floats, clip: Clip, skeleton: Skeleton, side: str, heights: Floats, lock: bool) -> None:
    """Writes one leg."""
    hip, knee, foot, toe = (skeleton.names.index(f"{side}{part}") for part in ("UpLeg", "Leg", "Foot", "ToeBase"))
    positions, turns = forward_kinematics(skeleton.parents, skeleton.heads, rotations, clip.root)
    ball = skeleton.heads[toe] - skeleton.heads[foot]
    goal = positions[:, foot].copy()
    goal[:, 1] = skeleton.heads[foot, 1] + heights
    if lock:
        _lock_foot(goal, detect_contacts(clip, skeleton, side), clip.times, float(skeleton.heads[foot, 1]))
    goal[:, 1] = np.maximum(goal[:, 1], _compute_min_height(turns[:, foot], float(skeleton.heads[foot, 1]), ball))
    # The knee keeps bending the way that it bent.
    middle = (positions[:, hip] + positions[:, foot]) / 2
    pole = positions[:, knee] - middle + rotate(turns[:, hip], np.array([0, 0, 0.05]))
    upper, lower = skeleton.heads[knee] - skeleton.heads[hip], skeleton.heads[foot] - skeleton.heads[knee]
    first, second = solve_two_bone_ik(positions[:, hip], upper, lower, goal, pole)
    rotations[:, hip] = multiply(inverse(turns[:, 0]), first)
    rotations[:, knee] = multiply(inverse(first), second)
    rotations[:, foot] = multiply(inverse(second), turns[:, foot])
    _lift_toes(rotations, goal[:, 1] + rotate(turns[:, foot], ball)[:, 1], turns[:, toe], toe, skeleton, _TOE_TIP_RATIO * float(ball[2]))


def _lock_foot(goal: Floats, standing: Mask, times: Floats, floor: float) -> None:
    """Brings the ankle's way (f,3) to one place on the floor wherever it stands, faded at both ends."""
    way = goal.copy()
    for start, end in _find_segments(standing):
        place = np.median(way[start:end], 0)
        place[1] = floor
        away = np.maximum(np.maximum(times[start] - times, times - times[end - 1]), 0)
        share = np.clip(1 - away / _FADE_S, 0, 1)[:, None]
        goal += (place - goal) * share * share * (3 - 2 * share)


def _compute_min_height(turns: Floats, ankle: float, ball: Floats) -> Floats:
    """(f,) height under which an ankle so turned would push its heel or its ball into the floor."""
    heel = np.array([0, -ankle, -_HEEL_RATIO * ball[2]])
    return np.asarray(np.maximum(-rotate(turns, heel)[:, 1], ankle + ball[1] - rotate(turns, ball)[:, 1]), np.float32)


def _lift_toes(rotations: Floats, height: Floats, turns: Floats, toe: int, skeleton: Skeleton, length: float) -> None:
    """Bends the toes up as far as their tips would be under the floor; `height` (f,) is where they begin."""
    tip = np.array([0, -skeleton.heads[toe, 1], length])
    under = -(height + rotate(turns, tip)[:, 1])
    bend = np.arcsin(np.clip(under / length, 0, 0.8))
    rotations[:, toe] = multiply(rotations[:, toe], from_axis_angle((1, 0, 0), -bend))
