"""The test poses for a dressed character, which stages.motion.clearance_test_poses chose from the motion library."""

from __future__ import annotations

import json
from functools import lru_cache

import numpy as np

from assets.artefacts.geometry import Floats, Skeleton
from assets.hair_chains import pad_rotations
from assets.paths import PROJECT_ROOT
from assets.rotation import forward_kinematics
from stages.render.posing import to_matrices


@lru_cache(maxsize=1)  # one file, a few kilobytes
def load_test_poses() -> Floats:
    """(n,j,4) local rotations xyzw of the joints of assets.conventions.JOINTS."""
    poses = json.loads((PROJECT_ROOT / "assets" / "test_poses.json").read_text("utf-8"))
    rotations = np.array(poses["rotations"], np.float32)
    return np.asarray(rotations / np.linalg.norm(rotations, axis=2, keepdims=True), np.float32)


def compute_pose_matrices(skeleton: Skeleton) -> Floats:
    """(n,j,4,4) matrices that take points of the bind pose into each test pose; the hips stay in place, and hair follows the head."""
    poses = pad_rotations(load_test_poses(), len(skeleton.names))
    positions, rotations = forward_kinematics(skeleton.parents, skeleton.heads, poses, np.zeros((len(poses), 3)))
    found = np.tile(np.eye(4, dtype=np.float32), (*positions.shape[:2], 1, 1))
    found[..., :3, :3] = to_matrices(rotations.reshape(-1, 4)).reshape(*positions.shape[:2], 3, 3)
    found[..., :3, 3] = positions - np.einsum("njab,jb->nja", found[..., :3, :3], skeleton.heads)
    return found
