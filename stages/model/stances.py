"""Poses that try a dressed character: the farthest from the bind and from one another that our own library of movement takes."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from assets.artefacts.geometry import Floats, Skeleton
from assets.conventions import JOINTS
from assets.rotation import forward_kinematics
from stages.motion.clips import LIBRARY
from stages.render.pose import matrices

_POSES, _OF_EACH, _FPS = 8, 8, 10
_LEAST = 1e-6


@lru_cache(maxsize=1)
def stances() -> Floats:
    """(n,j,4) local rotations xyzw; fingers are left aside in the choice: no cloth reaches them."""
    found = np.concatenate([_moments(name) for name in LIBRARY])
    arms = [i for i, name in enumerate(JOINTS) if "Hand" not in name or name in ("LeftHand", "RightHand")]
    turns = np.where(found[..., 3:] < 0, -found, found)[:, arms].reshape(len(found), -1)
    left = np.linalg.norm(turns - np.tile([0, 0, 0, 1], len(arms)), axis=1)
    chosen: list[int] = []
    while len(chosen) < _POSES and left.max() > _LEAST:
        chosen.append(int(left.argmax()))
        left = np.minimum(left, np.linalg.norm(turns - turns[chosen[-1]], axis=1))
    return np.asarray(found[chosen], np.float32)


def _moments(name: str) -> Floats:
    rotations = LIBRARY[name](_FPS).rotations
    return np.asarray(rotations[np.linspace(0, len(rotations) - 1, _OF_EACH).round().astype(int)], np.float32)


def moves(skeleton: Skeleton) -> Floats:
    """(n,j,4,4) what takes points of the bind into each stance, the hips staying where they are."""
    places, turns = forward_kinematics(skeleton.parents, skeleton.heads, stances(), np.zeros((len(stances()), 3)))
    found = np.tile(np.eye(4, dtype=np.float32), (*places.shape[:2], 1, 1))
    found[..., :3, :3] = matrices(turns.reshape(-1, 4)).reshape(*places.shape[:2], 3, 3)
    found[..., :3, 3] = places - np.einsum("njab,jb->nja", found[..., :3, :3], skeleton.heads)
    return found
