"""From the A-pose of the body model to the T-pose in which engines bind."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats

Doubles = NDArray[np.float64]
_ARM_CHAIN = (("Arm", "ForeArm"), ("ForeArm", "Hand"), ("Hand", "HandMiddle1"))


def compute_rotation_between(start: Doubles, end: Doubles) -> Doubles:
    """(3,3) smallest rotation that takes the direction `start` (3,) onto `end` (3,)."""
    # Sums of products instead of matrix products, which round differently on each processor.
    a, b = start / np.sqrt((start * start).sum()), end / np.sqrt((end * end).sum())
    v, c = np.cross(a, b), float((a * b).sum())
    cross = np.array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]])
    rotation: Doubles = np.eye(3) + cross + (v[:, None] * v - (v * v).sum() * np.eye(3)) / (1 + c)
    return rotation


def compute_t_pose(names: Sequence[str], parents: Sequence[int], heads: Floats) -> tuple[Doubles, Doubles]:
    """Matrices (j,4,4) of the joints that move rest points into the T-pose, and the joint heads (j,3) there.

    Upper arms, forearms and hands point along +X (left) or -X (right), fingers follow the hand, all other joints keep their direction.
    """
    index = {name: i for i, name in enumerate(names)}
    aims = {index[f"{side}{bone}"]: (index[f"{side}{tip}"], side) for side in ("Left", "Right") for bone, tip in _ARM_CHAIN}
    rest = heads.astype(np.float64)
    matrices = np.tile(np.eye(4), (len(names), 1, 1))
    bound = rest.copy()
    for joint, parent in enumerate(parents):
        inherited = matrices[parent] if parent >= 0 else np.eye(4)
        bound[joint] = inherited[:3, :3] @ rest[joint] + inherited[:3, 3]
        rotation = inherited[:3, :3]
        if joint in aims:
            tip, side = aims[joint]
            aim = np.array([1.0 if side == "Left" else -1.0, 0.0, 0.0])
            rotation = compute_rotation_between(rotation @ (rest[tip] - rest[joint]), aim) @ rotation
        matrices[joint, :3, :3] = rotation
        matrices[joint, :3, 3] = bound[joint] - rotation @ rest[joint]
    return matrices, bound
