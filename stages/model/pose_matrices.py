"""Poses that try a dressed character, as stages.motion.clearance_test_poses chose them from our library of movement."""

from __future__ import annotations

import json
from functools import lru_cache

import numpy as np

from assets.artefacts.geometry import Floats, Skeleton
from assets.paths import PROJECT_ROOT
from assets.rotation import forward_kinematics
from stages.render.posing import to_matrices


@lru_cache(maxsize=1)
def load_test_poses() -> Floats:
    """(n,j,4) local rotations xyzw of the joints of assets.conventions.JOINTS."""
    told = json.loads((PROJECT_ROOT / "assets" / "test_poses.json").read_text("utf-8"))
    turns = np.array(told["rotations"], np.float32)
    return np.asarray(turns / np.linalg.norm(turns, axis=2, keepdims=True), np.float32)


def compute_pose_matrices(skeleton: Skeleton) -> Floats:
    """(n,j,4,4) what takes points of the bind into each stance, the hips staying where they are."""
    places, turns = forward_kinematics(skeleton.parents, skeleton.heads, load_test_poses(), np.zeros((len(load_test_poses()), 3)))
    found = np.tile(np.eye(4, dtype=np.float32), (*places.shape[:2], 1, 1))
    found[..., :3, :3] = to_matrices(turns.reshape(-1, 4)).reshape(*places.shape[:2], 3, 3)
    found[..., :3, 3] = places - np.einsum("njab,jb->nja", found[..., :3, :3], skeleton.heads)
    return found
