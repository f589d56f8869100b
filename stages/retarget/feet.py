"""Feet that stay where they stand, and never sink into the floor."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Skeleton
from assets.artefacts.motion import Clip
from assets.rotation import forward_kinematics, inverse, multiply, rotate, two_bone

SLOW = 0.25
"""Metres a second below which a foot near the floor is taken to stand."""
NEAR = 0.045
"""Metres over its standing height below which an ankle is near the floor."""
_BLEND = 5
Mask = NDArray[np.bool_]


def locked(clip: Clip, skeleton: Skeleton) -> Clip:
    """The clip with each standing foot held in one place at its bind height, blended over a few frames at both ends."""
    rotations = clip.rotations.copy()
    for side in ("Left", "Right"):
        _hold(rotations, clip, skeleton, side)
    return replace(clip, rotations=rotations)


def contacts(clip: Clip, skeleton: Skeleton, side: str) -> Mask:
    """(f,) frames in which the foot stands."""
    foot = skeleton.names.index(f"{side}Foot")
    path = forward_kinematics(skeleton.parents, skeleton.heads, clip.rotations, clip.root)[0][:, foot]
    if len(path) < 3:
        return np.ones(len(path), bool)
    speed = np.linalg.norm(np.gradient(path, clip.times, axis=0), axis=1)
    low = path[:, 1] - min(float(path[:, 1].min()), float(skeleton.heads[foot, 1])) < NEAR
    return _steady(low & (speed < SLOW))


def _steady(touching: Mask) -> Mask:
    """Gaps and touches shorter than three frames taken away."""
    from scipy.ndimage import binary_closing, binary_opening

    shape = np.ones(3, bool)
    padded = np.pad(touching, 3, mode="edge")
    return np.asarray(binary_opening(binary_closing(padded, shape), shape)[3:-3])


def _segments(mask: Mask) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.r_[0, mask.astype(int), 0]))
    return list(zip(edges[::2], edges[1::2], strict=True))


def _hold(rotations: Floats, clip: Clip, skeleton: Skeleton, side: str) -> None:
    hip, knee, foot = (skeleton.names.index(f"{side}{part}") for part in ("UpLeg", "Leg", "Foot"))
    positions, turns = forward_kinematics(skeleton.parents, skeleton.heads, rotations, clip.root)
    floor = float(skeleton.heads[foot, 1])
    goal = positions[:, foot].copy()
    goal[:, 1] = np.maximum(goal[:, 1], floor)
    for start, end in _segments(contacts(clip, skeleton, side)):
        place = np.median(positions[start:end, foot], 0)
        place[1] = floor
        share = np.zeros(len(goal), np.float32)
        share[start:end] = 1
        for k in range(1, _BLEND):
            for frame in (start - k, end - 1 + k):
                if 0 <= frame < len(goal):
                    share[frame] = max(share[frame], 1 - k / _BLEND)
        goal += (place - goal) * share[:, None]
    # The knee keeps bending the way that it bent.
    middle = (positions[:, hip] + positions[:, foot]) / 2
    pole = positions[:, knee] - middle + rotate(turns[:, hip], np.array([0, 0, 0.05]))
    upper, lower = skeleton.heads[knee] - skeleton.heads[hip], skeleton.heads[foot] - skeleton.heads[knee]
    first, second = two_bone(positions[:, hip], upper, lower, goal, pole)
    rotations[:, hip] = multiply(inverse(turns[:, 0]), first)
    rotations[:, knee] = multiply(inverse(first), second)
    rotations[:, foot] = multiply(inverse(second), turns[:, foot])

