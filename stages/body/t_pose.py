"""From the A-pose that the model is shaped in to the T-pose that engines bind in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats

Doubles = NDArray[np.float64]
_ARM_CHAIN = (("Arm", "ForeArm"), ("ForeArm", "Hand"), ("Hand", "HandMiddle1"))


def compute_rotation_between(start: Doubles, end: Doubles) -> Doubles:
    """(3,3) smallest rotation that takes the direction `start` (3,) onto `end` (3,)."""
    a, b = start / np.linalg.norm(start), end / np.linalg.norm(end)
    v, c = np.cross(a, b), float(a @ b)
    cross = np.array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]])
    turned: Doubles = np.eye(3) + cross + cross @ cross / (1 + c)
    return turned


def compute_t_pose(names: Sequence[str], parents: Sequence[int], heads: Floats) -> tuple[Doubles, Doubles]:
    """Per-joint matrices (j,4,4) that move rest points into the T-pose, and the joint heads (j,3) there.

    Upper arm, lower arm and hand point along +-X; everything else keeps its rest direction; fingers follow the hand.
    """
    index = {name: i for i, name in enumerate(names)}
    aims = {index[f"{side}{bone}"]: (index[f"{side}{tip}"], side) for side in ("Left", "Right") for bone, tip in _ARM_CHAIN}
    rest = heads.astype(np.float64)
    matrices = np.tile(np.eye(4), (len(names), 1, 1))
    bound = rest.copy()
    for joint, parent in enumerate(parents):
        above = matrices[parent] if parent >= 0 else np.eye(4)
        bound[joint] = above[:3, :3] @ rest[joint] + above[:3, 3]
        turn = above[:3, :3]
        if joint in aims:
            tip, side = aims[joint]
            aim = np.array([1.0 if side == "Left" else -1.0, 0.0, 0.0])
            turn = compute_rotation_between(turn @ (rest[tip] - rest[joint]), aim) @ turn
        matrices[joint, :3, :3] = turn
        matrices[joint, :3, 3] = bound[joint] - turn @ rest[joint]
    return matrices, bound
