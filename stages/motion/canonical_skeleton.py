"""The skeleton of every Motion: an adult of average build in T-pose, the mean of the presets' bodies."""

from __future__ import annotations

import numpy as np

from assets.artefacts.geometry import Skeleton
from assets.conventions import JOINTS, PARENTS

# Metres, +Y up, facing +Z; the right side mirrors the left.
_HEADS = {
    "Hips": (0.000, 0.918, 0.017),
    "Spine": (0.000, 1.022, 0.022),
    "Spine1": (0.000, 1.126, 0.009),
    "Spine2": (0.000, 1.248, -0.015),
    "Neck": (0.000, 1.422, 0.006),
    "Head": (0.000, 1.474, 0.024),
    "LeftEye": (0.029, 1.561, 0.121),
    "LeftShoulder": (0.061, 1.389, 0.018),
    "LeftArm": (0.172, 1.328, 0.020),
    "LeftForeArm": (0.429, 1.328, 0.020),
    "LeftHand": (0.655, 1.328, 0.020),
    "LeftHandThumb1": (0.692, 1.324, 0.044),
    "LeftHandThumb2": (0.704, 1.304, 0.064),
    "LeftHandThumb3": (0.729, 1.287, 0.083),
    "LeftHandIndex1": (0.758, 1.324, 0.046),
    "LeftHandIndex2": (0.782, 1.317, 0.050),
    "LeftHandIndex3": (0.803, 1.306, 0.052),
    "LeftHandMiddle1": (0.757, 1.328, 0.020),
    "LeftHandMiddle2": (0.789, 1.317, 0.016),
    "LeftHandMiddle3": (0.813, 1.305, 0.014),
    "LeftHandRing1": (0.751, 1.327, 0.001),
    "LeftHandRing2": (0.778, 1.319, -0.008),
    "LeftHandRing3": (0.800, 1.308, -0.013),
    "LeftHandPinky1": (0.742, 1.322, -0.017),
    "LeftHandPinky2": (0.760, 1.314, -0.026),
    "LeftHandPinky3": (0.772, 1.306, -0.031),
    "LeftUpLeg": (0.106, 0.875, 0.008),
    "LeftLeg": (0.141, 0.510, 0.040),
    "LeftFoot": (0.175, 0.075, 0.008),
    "LeftToeBase": (0.173, 0.028, 0.152),
}  # fmt: skip


def build_canonical_skeleton() -> Skeleton:
    """The skeleton of every Motion; joint frames are aligned with the world."""
    heads = [_locate_joint(name) for name in JOINTS]
    return Skeleton(JOINTS, np.array(PARENTS, np.int32), np.array(heads, np.float32))


def _locate_joint(name: str) -> tuple[float, float, float]:
    if name in _HEADS:
        return _HEADS[name]
    x, y, z = _HEADS["Left" + name.removeprefix("Right")]
    return -x, y, z
