"""Posed meshes: forward kinematics, linear blend skinning, morphs and normals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets import rotation
from assets.artefacts.geometry import Floats, Ints, Mesh, Skeleton, Skin
from assets.conventions import MORPHS_67
from assets.mesh import compute_vertex_normals


@dataclass(frozen=True)
class Pose:
    """The pose and expression of a character."""

    rotations: Floats
    """(j,4) local rotations xyzw relative to the T-pose bind, in which all joint frames are aligned with the world."""
    root: Floats
    """(3,) displacement of the root from its bind position, metres."""
    face: Floats
    """(67,) weights of MORPHS_67; empty for none."""


def to_matrices(rotations: Floats) -> Floats:
    """(j,3,3) rotation matrices of xyzw quaternions, which need not be of unit length."""
    q = np.asarray(rotations, np.float64)
    q = q / np.maximum(np.linalg.norm(q, axis=1, keepdims=True), 1e-12)
    x, y, z, w = q.T
    rows = [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w),
            2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w),
            2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)]  # fmt: skip
    return np.stack(rows, 1).reshape(-1, 3, 3).astype(np.float32)


def compute_joint_transforms(skeleton: Skeleton, pose: Pose) -> tuple[Floats, Floats]:
    """(j,3,3) world rotations and (j,3) world positions of the posed joints, metres."""
    positions, rotations = rotation.forward_kinematics(
        skeleton.parents, skeleton.heads, rotation.normalize_quaternions(pose.rotations)[None], np.asarray(pose.root)[None]
    )
    return to_matrices(rotations[0]), positions[0]


def apply_morphs(mesh: Mesh, face: Floats) -> Floats:
    """(v,3) bind positions of the mesh with its morphs at these weights (67,)."""
    weight = dict(zip(MORPHS_67, face.tolist(), strict=True)) if len(face) else {}
    points = mesh.positions.astype(np.float32, copy=True)
    for morph in mesh.morphs:
        # Below 1e-4 a morph moves no vertex by a visible amount.
        if abs(weight.get(morph.name, 0.0)) > 1e-4:
            points[morph.indices] += np.float32(weight[morph.name]) * morph.deltas
    return points


@dataclass(frozen=True)
class PosedJoints:
    """A skeleton in a pose, computed once for all its meshes."""

    rotations: Floats
    """(j,3,3) in the world."""
    offsets: Floats
    """(j,3) metres: a bind point p of joint j is at rotations[j] @ p + offsets[j]."""
    positions: Floats
    """(j,3) of the joints, metres."""

    @classmethod
    def from_pose(cls, skeleton: Skeleton, pose: Pose) -> PosedJoints:
        """By matrices, from parents to children: ten times as fast as quaternions for a single pose."""
        local = to_matrices(pose.rotations)
        world, positions = np.empty_like(local), np.empty_like(skeleton.heads, np.float32)
        for joint, parent in enumerate(skeleton.parents.tolist()):
            if parent < 0:
                world[joint], positions[joint] = local[joint], skeleton.heads[joint] + pose.root
            else:
                world[joint] = world[parent] @ local[joint]
                positions[joint] = positions[parent] + world[parent] @ (skeleton.heads[joint] - skeleton.heads[parent])
        return cls(world, positions - np.einsum("jab,jb->ja", world, skeleton.heads), positions)


def pose_mesh(mesh: Mesh, skeleton: Skeleton, pose: Pose, joints: PosedJoints | None = None) -> Floats:
    """(v,3) world positions of a mesh in a pose, metres; `joints` saves computing the posed joints again."""
    posed = joints or PosedJoints.from_pose(skeleton, pose)
    points, out = apply_morphs(mesh, pose.face), np.zeros_like(mesh.positions, np.float32)
    for slot in range(mesh.skin.joints.shape[1]):
        joint, weight = mesh.skin.joints[:, slot].astype(np.int64), mesh.skin.weights[:, slot, None]
        if weight.any():
            out += weight * (np.einsum("vab,vb->va", posed.rotations[joint], points) + posed.offsets[joint])
    return out


def rotate_directions(skin: Skin, skeleton: Skeleton, pose: Pose, directions: Floats, joints: PosedJoints | None = None) -> Floats:
    """(v,3) unit vectors of the bind pose, such as normals, rotated with their joints."""
    posed = joints or PosedJoints.from_pose(skeleton, pose)
    blended = np.einsum("vk,vkab->vab", skin.weights, posed.rotations[skin.joints.astype(np.int64)])
    out = np.einsum("vab,vb->va", blended, directions)
    return np.asarray(out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9), np.float32)


def compute_smooth_normals(points: Floats, triangles: Ints, places: NDArray[np.int64]) -> Floats:
    """(v,3) unit normals, weighted by area; vertices of one place (v,) share theirs, as at UV seams and at the neck."""
    forward = (0.0, 0.0, 1.0)
    # Sums in double precision: a place with many small triangles would lose them in float32.
    return compute_vertex_normals(points, triangles, product=np.float32, total=np.float64, floor=1e-20, fallback=forward, groups=places)


def turn_about_axis(axis: str, degrees: float) -> Floats:
    """(4,) the rotation xyzw about a world axis."""
    return rotation.from_axis_angle(np.eye(3)["xyz".index(axis)], np.radians(degrees))


def build_pose(skeleton: Skeleton, turns: Mapping[str, Floats], face: Mapping[str, float] | None = None) -> Pose:
    """A pose from rotations (xyzw) of named joints and weights of named morphs; everything else stays in the bind pose."""
    rotations = np.tile(np.array([0, 0, 0, 1], np.float32), (len(skeleton.names), 1))
    for joint, turn in turns.items():
        if joint in skeleton.names:
            rotations[skeleton.names.index(joint)] = turn
    weights = np.zeros(len(MORPHS_67), np.float32)
    for name, weight in (face or {}).items():
        weights[MORPHS_67.index(name)] = weight
    return Pose(rotations, np.zeros(3, np.float32), weights)


def build_standing_pose(skeleton: Skeleton, face: Mapping[str, float] | None = None, **turns: Floats) -> Pose:
    """People standing for a photograph: arms at the sides, elbows and fingers slightly bent, feet under the hips."""
    relaxed: dict[str, Floats] = {}
    # Mirroring in the YZ plane keeps turns about X and inverts those about Y and Z.
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        relaxed[f"{side}Shoulder"] = turn_about_axis("z", -4 * sign)
        relaxed[f"{side}Arm"] = rotation.multiply(turn_about_axis("x", 4), turn_about_axis("z", -68 * sign))
        relaxed[f"{side}ForeArm"] = turn_about_axis("y", -16 * sign)
        relaxed[f"{side}Hand"] = turn_about_axis("z", -4 * sign)
        relaxed |= {f"{side}UpLeg": turn_about_axis("z", -3 * sign), f"{side}Foot": turn_about_axis("z", 3 * sign)}
        for finger, bend in (("Index", 12), ("Middle", 16), ("Ring", 20), ("Pinky", 22)):
            relaxed |= {f"{side}Hand{finger}{segment}": turn_about_axis("z", -bend * sign) for segment in (1, 2, 3)}
    return build_pose(skeleton, relaxed | turns, face)


_TURN_SHARES = {"Neck": 0.2, "Head": 0.35, "LeftEye": 0.45, "RightEye": 0.45}
"""Of a turn towards the camera, along the chain from neck to eyes."""


def turn_to_camera(skeleton: Skeleton, pose: Pose, turn: float) -> Pose:
    """The pose with the face and the eyes towards a camera that moved around the character by `turn` radians; the body stays."""
    rotations = pose.rotations.copy()
    for name, share in _TURN_SHARES.items():
        joint = skeleton.names.index(name)
        # A camera at a positive turn is at -X, hence the minus. Joint frames are aligned with the world, and people stand nearly upright.
        rotations[joint] = rotation.multiply(turn_about_axis("y", -np.degrees(turn) * share), rotations[joint])
    return Pose(rotations, pose.root, pose.face)
