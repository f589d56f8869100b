"""Feet that stand are held in place: the legs of a captured clip are solved again between its hips and its footprints."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats
from assets.conventions import JOINTS
from assets.rotation import forward_kinematics, inverse, measure_leg, multiply, rotate, solve_two_bone_ik
from stages.motion.canonical_skeleton import build_canonical_skeleton
from stages.motion.root_path import find_segments

Mask = NDArray[np.bool_]
_UNDER_BODY = 0.15
"""Metres between foot and hips, in the direction of the way, within which a footprint is exact: there the leg's swing errs least."""
_STRETCH = 0.996
"""Of a leg's length: the most that a step stretches it."""
_LIFT = 0.01
"""Metres above its standing height that a foot in the air has at least."""


def plant_feet(local: Floats, root: Floats, standing: Mask, upright: Mask) -> None:
    """Solves both legs so that feet stay where they stand; `local` (f,j,4) and the height of `root` (f,3) in place.

    Args:
        standing: (f,2) the left and the right foot.
        upright: (f,) legs and trunk form one line.
    """
    skeleton = build_canonical_skeleton()
    heads, names = skeleton.heads, ("Left", "Right")
    positions, turns = forward_kinematics(skeleton.parents, heads, local, root)
    legs = [[JOINTS.index(f"{name}{part}") for part in ("UpLeg", "Leg", "Foot")] for name in names]
    goals = [_hold_ankle(positions[:, foot], positions[:, 0], standing[:, i], float(heads[foot, 1])) for i, (*_, foot) in enumerate(legs)]
    if standing.all() and upright.any():
        _balance(goals, positions[:, [hip for hip, *_ in legs]].mean(1), upright)
    length = measure_leg(dict(zip(JOINTS, heads, strict=True)))
    over = [_measure_overreach(positions[:, leg[0]], goals[i], standing[:, i], length) for i, leg in enumerate(legs)]
    sink = _smooth_sink(np.max(over, axis=0))
    root[:, 1] -= sink
    for (hip, knee, foot), goal in zip(legs, goals, strict=True):
        middle = (positions[:, hip] + positions[:, foot]) / 2
        # 5 cm to the front of the thigh decide where a straight knee, which has no direction of its own, bends.
        pole = positions[:, knee] - middle + rotate(turns[:, hip], np.array([0, 0, 0.05]))
        start = positions[:, hip] - sink[:, None] * np.array([0, 1, 0])
        first, second = solve_two_bone_ik(start, heads[knee] - heads[hip], heads[foot] - heads[knee], goal, pole, (0.0, 0.0, 1.0))
        local[:, hip] = multiply(inverse(turns[:, 0]), first)
        local[:, knee] = multiply(inverse(first), second)
        # The foot keeps its rotation in the world.
        local[:, foot] = multiply(inverse(second), turns[:, foot])


def _balance(goals: list[Floats], hips: Floats, upright: Mask) -> None:
    """Moves feet that never step under the hips of who stands upright, in place: landmarks err in depth, and who stands does not fall."""
    ahead = np.median((hips - (goals[0] + goals[1]) / 2)[upright, 2])
    for goal in goals:
        goal[:, 2] += ahead


def _measure_overreach(hip: Floats, goal: Floats, standing: Mask, length: float) -> NDArray[np.float64]:
    """(f,) metres by which the hip joint is too high for its leg to reach a standing foot."""
    level = np.linalg.norm((goal - hip)[:, [0, 2]], axis=1)
    reach = np.sqrt(np.maximum((_STRETCH * length) ** 2 - level**2, 0.05))
    return np.where(standing, np.maximum(hip[:, 1] - goal[:, 1] - reach, 0), 0.0)


def _smooth_sink(sink: NDArray[np.float64]) -> NDArray[np.float64]:
    """(f,) at least as much, without leaps."""
    from scipy.ndimage import gaussian_filter1d, maximum_filter1d

    return np.asarray(gaussian_filter1d(maximum_filter1d(sink, 5), 1.5))


def _hold_ankle(ankle: Floats, hips: Floats, standing: Mask, height: float) -> Floats:
    """(f,3) path of the ankle: fixed where the foot stands, shifted smoothly in between."""
    goal = ankle.astype(np.float64)
    segments = find_segments(standing)
    if segments:
        frames: list[int] = []
        shifts: list[NDArray[np.float64]] = []
        for start, end in segments:
            away = np.linalg.norm((ankle - hips)[start:end, [0, 2]], axis=1)
            weight = np.exp(-np.square(away / _UNDER_BODY)) + 1e-3
            place = (goal[start:end] * weight[:, None]).sum(0) / weight.sum()
            place[1] = height
            frames += range(start, end)
            shifts.append(place - goal[start:end])
        known = np.concatenate(shifts)
        goal += np.stack([np.interp(np.arange(len(goal)), frames, known[:, axis]) for axis in range(3)], 1)
    goal[:, 1] = np.maximum(goal[:, 1], np.where(standing, height, height + _LIFT))
    return goal.astype(np.float32)
