"""The joint frames of files, along the bones (assets.conventions.find_frame_axes), and clips turned into them and back.

With G a joint's bind rotation in the world and Gp its parent's, a rotation L of a world-aligned frame is Gp^-1 L G in a file, and an
offset T from the parent is Gp^-1 T.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from assets.artefacts.geometry import Doubles, Floats, Skeleton
from assets.conventions import FRAME_DIRECTIONS, JOINTS, find_frame_axes, is_hair_joint
from assets.rotation import from_matrix, inverse, multiply, normalize_vectors, rotate

_MIN_BONE_M = 1e-6
_WORLD = np.eye(3)


def compute_joint_frames(skeleton: Skeleton) -> Floats:
    """(j,4) rotation of each joint's frame in the world in the bind pose, as files have it; the identity for unknown joints."""
    places = dict(zip(skeleton.names, skeleton.heads.astype(np.float64), strict=True))
    parents = {name: skeleton.names[p] for name, p in zip(skeleton.names, skeleton.parents, strict=True) if p >= 0}
    matrices = [_build_frame(name, places, parents) if name in JOINTS or is_hair_joint(name) else _WORLD for name in skeleton.names]
    return from_matrix(np.array(matrices))


def _build_frame(joint: str, places: Mapping[str, Doubles], parents: Mapping[str, str]) -> Doubles:
    """(3,3) the frame's axes as columns."""
    target, facing = find_frame_axes(joint)
    front = np.array(FRAME_DIRECTIONS[facing])
    along = _find_bone(joint, target, places, parents)
    # A bone without length, as in a damaged rig, leaves its frame aligned with the world.
    if np.linalg.norm(along) < _MIN_BONE_M or np.linalg.norm(np.cross(along, front)) < 1e-3 * np.linalg.norm(along):
        return _WORLD
    y = normalize_vectors(along)
    z = normalize_vectors(front - (front @ y) * y)
    return np.stack([np.cross(y, z), y, z], 1)


def _find_bone(joint: str, target: str, places: Mapping[str, Doubles], parents: Mapping[str, str]) -> Doubles:
    """(3,) from the joint to the end of its bone; of any length."""
    if target in FRAME_DIRECTIONS:
        return np.array(FRAME_DIRECTIONS[target])
    start, end = (parents.get(joint, joint), joint) if target == "parent" else (joint, target)
    return np.asarray(places[end] - places[start]) if end in places else np.zeros(3)


def _get_parent_frames(skeleton: Skeleton, frames: Floats) -> Floats:
    """(j,4) the frame of each joint's parent; the identity for the root."""
    found = frames[skeleton.parents].copy()
    found[skeleton.parents < 0] = (0, 0, 0, 1)
    return found


def to_file_rotations(rotations: ArrayLike, skeleton: Skeleton, frames: Floats) -> Floats:
    """(...,j,4) local rotations of world-aligned joints in the frames (j,4) of a file."""
    return multiply(inverse(_get_parent_frames(skeleton, frames)), multiply(rotations, frames))


def from_file_rotations(rotations: ArrayLike, skeleton: Skeleton, frames: Floats) -> Floats:
    """(...,j,4) local rotations of a file in world-aligned joints; inverts `to_file_rotations`."""
    return multiply(_get_parent_frames(skeleton, frames), multiply(rotations, inverse(frames)))


def compute_file_offsets(skeleton: Skeleton, frames: Floats) -> Floats:
    """(j,3) each joint's position in the frame of its parent, metres."""
    offsets = skeleton.heads - np.where(skeleton.parents[:, None] >= 0, skeleton.heads[skeleton.parents], 0)
    return rotate(inverse(_get_parent_frames(skeleton, frames)), offsets)


def compute_inverse_binds(skeleton: Skeleton, frames: Floats) -> Doubles:
    """(j,4,4) from the bind pose of the mesh to each joint's frame, for column vectors."""
    matrices = np.tile(np.eye(4), (len(frames), 1, 1))
    # The columns of an inverse rotation are the images of the world's axes.
    turns = inverse(frames)
    matrices[:, :3, :3] = np.stack([rotate(turns, axis) for axis in _WORLD], 2)
    matrices[:, :3, 3] = -rotate(turns, skeleton.heads)
    return matrices
