"""The simulation of VRMC_springBone 1.0 in numpy, for many movements at once.

Source: https://github.com/vrm-c/vrm-specification VRMC_springBone-1.0, "Spring Bone Algorithm". The same steps as in players of VRM, so
that a clip's baked hair moves as a player would move it; here the joint frames are aligned with the world in the bind pose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Skeleton
from assets.artefacts.hair import HairRig
from assets.conventions import HAIR_PARENT

STEP_S = 1 / 60
"""Of the simulation: forces of spring bones are per step, and this is the step that their players take."""
_PASSES = 2
"""Over the colliders: pushed out of one, a bone may be in the next."""
_DOWN = np.array([0.0, -1.0, 0.0])
Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class BodyTrack:
    """The body in even steps: what the hair hangs from and may not enter."""

    rotations: Doubles
    """(s,m,j,3,3) world rotations of the joints in every step of m movements."""
    positions: Doubles
    """(s,m,j,3) metres."""


@dataclass(frozen=True)
class Springs:
    """A rig as arrays of c chains with k bones each; shorter chains are padded with bones that do nothing."""

    joints: tuple[str, ...]
    """The joints of the body that matter: that of the roots first, then those of the colliders."""
    root: Doubles
    """(c,3) from the joint of the roots, in the bind pose."""
    bones: Doubles
    """(c,k,3) in the bind pose, metres."""
    stiffness: Doubles
    """(c,1) metres in a step; so are the next."""
    gravity: Doubles
    keeps: Doubles
    """(c,1) share of the speed that a step leaves."""
    hit_radius: Doubles
    """(c,1)"""
    joint: NDArray[np.int64]
    """(c,q) index into `joints` of each chain's colliders."""
    start: Doubles
    """(c,q,3) from that joint, in the bind pose."""
    axis: Doubles
    """(c,q,3) from start to end."""
    radius: Doubles
    """(c,q) minus a metre where a chain has fewer colliders."""

    @classmethod
    def build(cls, rig: HairRig, skeleton: Skeleton) -> Springs:
        """Of a rig whose body is posed by this skeleton."""
        heads = dict(zip(skeleton.names, skeleton.heads.astype(np.float64), strict=True))
        chains = rig.chains
        joints = (HAIR_PARENT, *sorted({c.joint for chain in chains for c in chain.colliders} - {HAIR_PARENT}))
        bones = np.tile(_DOWN * 0.01, (len(chains), max(len(chain.heads) for chain in chains) - 1, 1))
        most = max(1, max(len(chain.colliders) for chain in chains))
        joint = np.zeros((len(chains), most), np.int64)
        start, axis, radius = np.zeros((len(chains), most, 3)), np.zeros((len(chains), most, 3)), np.full((len(chains), most), -1.0)
        for i, chain in enumerate(chains):
            bones[i, : len(chain.heads) - 1] = np.diff(chain.heads.astype(np.float64), axis=0)
            for j, collider in enumerate(chain.colliders):
                joint[i, j], radius[i, j] = joints.index(collider.joint), collider.radius
                start[i, j] = np.array(collider.start) - heads[collider.joint]
                axis[i, j] = np.array(collider.end) - np.array(collider.start)
        root = np.array([chain.heads[0] for chain in chains], np.float64) - heads[HAIR_PARENT]
        forces = np.array([[c.stiffness * STEP_S, c.gravity * STEP_S, 1 - c.drag, c.hit_radius] for c in chains])
        stiffness, gravity, keeps, hit_radius = (forces[:, k : k + 1] for k in range(4))
        return cls(joints, root, bones, stiffness, gravity, keeps, hit_radius, joint, start, axis, radius)


def simulate(springs: Springs, body: BodyTrack) -> tuple[Doubles, Doubles]:
    """World rotations (s,m,c,k,4) xyzw and ends (s,m,c,k,3) of all bones in every step; they begin at rest on the head."""
    steps, moves = body.positions.shape[:2]
    lengths = np.linalg.norm(springs.bones, axis=-1)
    rest = springs.bones / lengths[..., None]
    ends = _place_at_rest(springs, body.rotations[0, :, 0], body.positions[0, :, 0])
    now, before = ends.copy(), ends.copy()
    turns, tails = np.zeros((steps, moves, *lengths.shape, 4)), np.zeros((steps, moves, *lengths.shape, 3))
    roots = np.einsum("smab,cb->smca", body.rotations[:, :, 0], springs.root) + body.positions[:, :, 0, None]
    parents = _to_quaternions(body.rotations[:, :, 0])
    for step in range(steps):
        capsules = _place_colliders(springs, body.rotations[step], body.positions[step])
        place, parent = roots[step], np.broadcast_to(parents[step][:, None], (moves, len(springs.root), 4))
        for bone in range(lengths.shape[1]):
            straight = _rotate(parent, rest[:, bone])
            end = now[:, :, bone] + (now[:, :, bone] - before[:, :, bone]) * springs.keeps
            end = end + straight * springs.stiffness + _DOWN * springs.gravity
            end = _limit_length(end, place, lengths[:, bone])
            for _ in range(_PASSES):
                end = _limit_length(_push_out(end, capsules, springs), place, lengths[:, bone])
            before[:, :, bone], now[:, :, bone] = now[:, :, bone], end
            parent = _multiply(_turn_between(straight, (end - place) / lengths[:, bone, None]), parent)
            turns[step, :, :, bone], tails[step, :, :, bone] = parent, end
            place = end
    return turns, tails


def place_at_rest(springs: Springs, body: BodyTrack) -> Doubles:
    """(s,m,c,k,3) ends of all bones where hair follows the head like a helmet."""
    return np.stack([_place_at_rest(springs, r[:, 0], p[:, 0]) for r, p in zip(body.rotations, body.positions, strict=True)])


def _place_at_rest(springs: Springs, turn: Doubles, place: Doubles) -> Doubles:
    offsets = springs.root[:, None] + np.cumsum(springs.bones, axis=1)
    return np.asarray(np.einsum("mab,ckb->mcka", turn, offsets) + place[:, None, None])


def _place_colliders(springs: Springs, rotations: Doubles, positions: Doubles) -> tuple[Doubles, Doubles]:
    """(m,c,q,3) starts and axes of all capsules in a pose."""
    turns = rotations[:, springs.joint]
    start = np.einsum("mcqab,cqb->mcqa", turns, springs.start) + positions[:, springs.joint]
    return start, np.einsum("mcqab,cqb->mcqa", turns, springs.axis)


def _push_out(ends: Doubles, capsules: tuple[Doubles, Doubles], springs: Springs) -> Doubles:
    """(m,c,3) ends moved out of the capsule that each is deepest in."""
    start, axis = capsules
    arm = ends[:, :, None] - start
    along = (arm * axis).sum(-1) / np.maximum((axis * axis).sum(-1), 1e-12)
    arm = arm - np.clip(along, 0, 1)[..., None] * axis
    distance = np.sqrt((arm * arm).sum(-1))
    free = distance - springs.radius - springs.hit_radius
    deepest = free.argmin(-1)[..., None]
    depth = np.minimum(np.take_along_axis(free, deepest, -1), 0)
    away = np.take_along_axis(arm, deepest[..., None], -2)[:, :, 0] / np.maximum(np.take_along_axis(distance, deepest, -1), 1e-9)
    return np.asarray(ends - away * depth)


def _limit_length(ends: Doubles, places: Doubles, lengths: Doubles) -> Doubles:
    arm = ends - places
    return np.asarray(places + arm * (lengths / np.maximum(np.sqrt((arm * arm).sum(-1)), 1e-9))[..., None])


def _multiply(p: Doubles, q: Doubles) -> Doubles:
    """(...,4) quaternion products in double precision, without the checks that make the general one slow on a few joints."""
    px, py, pz, pw, qx, qy, qz, qw = *(p[..., i] for i in range(4)), *(q[..., i] for i in range(4))
    return np.stack([pw * qx + px * qw + py * qz - pz * qy, pw * qy - px * qz + py * qw + pz * qx,
                     pw * qz + px * qy - py * qx + pz * qw, pw * qw - px * qx - py * qy - pz * qz], -1)  # fmt: skip


def _rotate(q: Doubles, v: Doubles) -> Doubles:
    twice = 2 * _cross(q[..., :3], np.broadcast_to(v, (*q.shape[:-1], 3)))
    return np.asarray(v + q[..., 3:] * twice + _cross(q[..., :3], twice))


def _cross(a: Doubles, b: Doubles) -> Doubles:
    ax, ay, az, bx, by, bz = *(a[..., i] for i in range(3)), *(b[..., i] for i in range(3))
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], -1)


def _turn_between(a: Doubles, b: Doubles) -> Doubles:
    """(...,4) smallest rotations from unit vectors a to b, which are never opposite: a bone cannot turn over within a step."""
    quaternion = np.concatenate([_cross(a, b), 1 + (a * b).sum(-1, keepdims=True)], -1)
    return np.asarray(quaternion / np.maximum(np.sqrt((quaternion * quaternion).sum(-1, keepdims=True)), 1e-9))


def _to_quaternions(matrices: Doubles) -> Doubles:
    from scipy.spatial.transform import Rotation

    return np.asarray(Rotation.from_matrix(matrices.reshape(-1, 3, 3)).as_quat().reshape(*matrices.shape[:-2], 4), np.float64)


def stack_tracks(tracks: Sequence[BodyTrack]) -> BodyTrack:
    """Movements of different lengths as one track; shorter ones end in their last pose."""
    steps = max(len(track.positions) for track in tracks)

    def pad(values: NDArray[Any]) -> NDArray[Any]:
        return np.concatenate([values, np.repeat(values[-1:], steps - len(values), 0)])

    return BodyTrack(
        np.concatenate([pad(track.rotations) for track in tracks], 1), np.concatenate([pad(track.positions) for track in tracks], 1)
    )
