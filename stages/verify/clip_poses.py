"""The body in every frame of a bundle's clips, as a player shows it: world positions and rotations of its joints, 30 times a second."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from assets.artefacts.geometry import Skeleton
from assets.conventions import JOINTS, find_parent_joint
from assets.joint_frames import from_file_rotations
from assets.rotation import forward_kinematics, from_matrix, rotate
from stages.verify.bundle_view import AnimationChannel, BundleView, Doubles, Glb

BODY_JOINTS = tuple(joint for joint in JOINTS if "Hand" not in joint.removesuffix("Hand") and "Eye" not in joint)
"""Every joint but fingers and eyes."""
FRAME_S = 1 / 30
_MAX_FRAMES = 9000
"""Five minutes; of a longer clip the beginning is judged."""


@dataclass(frozen=True)
class ClipPoses:
    """The body over one clip."""

    name: str
    bind: Doubles
    """(j,3) of BODY_JOINTS in the bind pose, soles at Y = 0."""
    positions: Doubles
    """(f,j,3)"""
    rotations: Doubles
    """(f,j,4) xyzw in the world, relative to the bind pose: whatever frames the file has, the identity is the bind pose."""

    def get_path(self, joint: str) -> Doubles:
        """(f,3)"""
        return self.positions[:, BODY_JOINTS.index(joint)]

    def get_rise(self, joint: str) -> Doubles:
        """(f,) metres above the joint's height in the bind pose."""
        return np.asarray(self.get_path(joint)[:, 1] - self.bind[BODY_JOINTS.index(joint), 1])

    def get_forward(self, joint: str) -> Doubles:
        """(f,3) where the joint's front points; +Z in the bind pose."""
        return np.asarray(rotate(self.rotations[:, BODY_JOINTS.index(joint)], np.array([0, 0, 1])), np.float64)


def list_clip_poses(bundle: BundleView) -> list[ClipPoses]:
    """Every clip of avatar.glb that moves a body; computed once for all gates."""
    return bundle.compute_once("clip poses", lambda: list(_iterate_clip_poses(bundle.glb)) if bundle.glb else [])


def _iterate_clip_poses(glb: Glb) -> Iterator[ClipPoses]:
    nodes = {joint: glb.find_node(joint) for joint in BODY_JOINTS}
    if None in nodes.values():
        return
    matrices = np.array([glb.compute_world_matrix(node) for node in nodes.values() if node is not None])
    bind, frames = matrices[:, :3, 3], from_matrix(matrices[:, :3, :3])
    rest = np.array([glb.get_rest_rotation(joint) for joint in BODY_JOINTS])
    parents = [-1 if (parent := find_parent_joint(joint)) is None else BODY_JOINTS.index(parent) for joint in BODY_JOINTS]
    skeleton = Skeleton(BODY_JOINTS, np.array(parents, np.int32), bind.astype(np.float32))
    for name, channels in glb.clips.items():
        length = glb.get_clip_length(name)
        if not length:
            continue
        times: Doubles = np.arange(min(round(length / FRAME_S) + 1, _MAX_FRAMES), dtype=np.float64) * FRAME_S
        local = np.tile(rest, (len(times), 1, 1))
        root = np.zeros((len(times), 3))
        for channel in channels:
            if channel.path == "rotation" and channel.node in BODY_JOINTS:
                local[:, BODY_JOINTS.index(channel.node)] = sample_channel(channel, times, unit=True)
            elif channel.path == "translation" and channel.node == "Hips":
                # The track is absolute; forward kinematics takes a displacement.
                root = sample_channel(channel, times, unit=False) - bind[0]
        aligned = from_file_rotations(local, skeleton, frames)
        positions, rotations = forward_kinematics(skeleton.parents, skeleton.heads, aligned, root)
        yield ClipPoses(name, bind, positions.astype(np.float64), rotations.astype(np.float64))


def measure_angles(a: Doubles, b: Doubles) -> Doubles:
    """(...) degrees between directions (...,3)."""
    # Rounding may leave the cosine just outside -1..1, where arccos is NaN.
    lengths = np.maximum(np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1), 1e-9)
    return np.asarray(np.degrees(np.arccos(np.clip((a * b).sum(-1) / lengths, -1, 1))))


def sample_channel(channel: AnimationChannel, times: Doubles, *, unit: bool) -> Doubles:
    """(f,n) values at these times, linear between keys; rotations along the shorter arc and of unit length."""
    if len(channel.times) == 1:
        return np.repeat(channel.values, len(times), 0)
    # Before the first and after the last key the end values hold (glTF 2.0, 3.11).
    high = np.clip(np.searchsorted(channel.times, times), 1, len(channel.times) - 1)
    first, second = channel.values[high - 1], channel.values[high]
    span = np.maximum(channel.times[high] - channel.times[high - 1], 1e-9)
    share = np.clip((times - channel.times[high - 1]) / span, 0, 1)[:, None]
    if not unit:
        return np.asarray(first + (second - first) * share)
    second = np.where((first * second).sum(1, keepdims=True) < 0, -second, second)
    # Normalised linear instead of slerp: between keys as near as these, they agree.
    mixed = first + (second - first) * share
    return np.asarray(mixed / np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-9))
