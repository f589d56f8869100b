"""Joint frames of files: along the bones, mirrored between the sides, and without effect on where anything is."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from assets.artefacts.geometry import Skeleton
from assets.conventions import FRAME_DIRECTIONS, JOINTS, PARENTS, find_frame_axes, mirror_joint
from assets.joint_frames import (
    compute_file_offsets,
    compute_inverse_binds,
    compute_joint_frames,
    from_file_rotations,
    to_file_rotations,
)
from assets.rotation import forward_kinematics, rotate
from stages.motion.canonical_skeleton import build_canonical_skeleton

SKELETON = build_canonical_skeleton()
FRAMES = compute_joint_frames(SKELETON)
HEADS = dict(zip(JOINTS, SKELETON.heads, strict=True))
LIMBS = [(joint, find_frame_axes(joint)[0]) for joint in JOINTS if find_frame_axes(joint)[0] in JOINTS]


def get_axis(joint: str, axis: int) -> np.ndarray:
    return rotate(FRAMES[JOINTS.index(joint)], np.eye(3)[axis])


@pytest.mark.parametrize(("joint", "end"), LIMBS)
def test_y_points_along_the_bone(joint: str, end: str) -> None:
    bone = HEADS[end] - HEADS[joint]
    np.testing.assert_allclose(get_axis(joint, 1), bone / np.linalg.norm(bone), atol=1e-6)


@pytest.mark.parametrize("joint", JOINTS)
def test_z_is_as_near_as_may_be_to_its_direction(joint: str) -> None:
    y, z, direction = get_axis(joint, 1), get_axis(joint, 2), np.array(FRAME_DIRECTIONS[find_frame_axes(joint)[1]])
    assert z @ direction == pytest.approx(np.linalg.norm(direction - (direction @ y) * y), abs=1e-5)


def test_the_rest_is_that_of_a_mixamo_rig() -> None:
    """Its shoulders turn by 90 degrees about X and Z, its thighs by 180 about Z, elbows, wrists and hips not at all."""
    rest = to_file_rotations(np.tile([0, 0, 0, 1.0], (len(JOINTS), 1)), SKELETON, FRAMES)
    degrees = dict(zip(JOINTS, Rotation.from_quat(rest).as_euler("XYZ", degrees=True), strict=True))
    assert degrees["LeftShoulder"] == pytest.approx([90, 0, -90], abs=0.1)
    assert degrees["RightShoulder"] == pytest.approx([90, 0, 90], abs=0.1)
    assert abs(degrees["LeftUpLeg"][2]) == pytest.approx(180, abs=10)
    for joint in ("Hips", "Head", "LeftForeArm", "LeftHand"):
        assert degrees[joint] == pytest.approx(0, abs=1e-3)


def test_the_frames_of_the_sides_mirror_each_other() -> None:
    """In the YZ plane: Y and Z are reflected; X, their product, is reflected and reversed."""
    reflect = np.array([-1, 1, 1])
    for joint in JOINTS:
        for axis, sign in ((0, -1), (1, 1), (2, 1)):
            np.testing.assert_allclose(sign * reflect * get_axis(joint, axis), get_axis(mirror_joint(joint), axis), atol=1e-3)


def test_rotations_survive_the_way_into_a_file_and_back() -> None:
    turns = Rotation.random(5 * len(JOINTS), random_state=1).as_quat().reshape(5, len(JOINTS), 4)
    back = from_file_rotations(to_file_rotations(turns, SKELETON, FRAMES), SKELETON, FRAMES)
    assert np.abs((back * turns).sum(-1)).min() > 1 - 1e-6


def test_posed_joints_are_where_world_aligned_frames_put_them() -> None:
    """Chains of rotation and offset as an engine computes them, against our own forward kinematics."""
    turns = Rotation.random(len(JOINTS), random_state=2).as_quat().astype(np.float32)
    true, world = forward_kinematics(SKELETON.parents, SKELETON.heads, turns[None], np.zeros((1, 3)))
    local, offsets = to_file_rotations(turns, SKELETON, FRAMES), compute_file_offsets(SKELETON, FRAMES)
    matrices = np.tile(np.eye(4), (len(JOINTS), 1, 1))
    for joint, parent in enumerate(PARENTS):
        own = np.eye(4)
        own[:3, :3], own[:3, 3] = Rotation.from_quat(local[joint]).as_matrix(), offsets[joint]
        matrices[joint] = own if parent < 0 else matrices[parent] @ own
    np.testing.assert_allclose(matrices[:, :3, 3], true[0], atol=1e-5)
    skinning = matrices @ compute_inverse_binds(SKELETON, FRAMES)
    np.testing.assert_allclose(skinning[:, :3, :3], Rotation.from_quat(world[0]).as_matrix(), atol=1e-5)
    np.testing.assert_allclose(np.einsum("jab,jb->ja", skinning[:, :3, :3], SKELETON.heads) + skinning[:, :3, 3], true[0], atol=1e-5)


def test_a_bone_without_length_keeps_a_frame() -> None:
    flat = Skeleton(JOINTS, np.array(PARENTS, np.int32), np.zeros((len(JOINTS), 3), np.float32))
    assert np.isfinite(compute_joint_frames(flat)).all()
