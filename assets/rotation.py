"""Quaternions xyzw in arrays of any shape (..., 4), and the pose that local rotations give a skeleton."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assets.artefacts.geometry import Floats, Ints

IDENTITY = np.array([0, 0, 0, 1], np.float32)


def _to_float32(values: ArrayLike) -> Floats:
    return np.asarray(values, np.float32)


def cross(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """(...,3) products: numpy's own takes three to ten times as long, moving axes about."""
    ax, ay, az, bx, by, bz = *(a[..., i] for i in range(3)), *(b[..., i] for i in range(3))
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], -1)


def dot(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """(n,) products of (n,3): numpy sums rows of three at a tenth of the speed."""
    return np.asarray(np.einsum("na,na->n", a, b))


def normalize_vectors(vectors: NDArray[Any], floor: float = 1e-12, fallback: tuple[float, ...] | None = None) -> NDArray[Any]:
    """(...,k) divided by their length; what is not longer than `floor` becomes `fallback` or, without one, is divided by `floor`."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit = vectors / np.maximum(length, floor)
    return np.asarray(unit if fallback is None else np.where(length > floor, unit, np.array(fallback)))


def multiply(a: ArrayLike, b: ArrayLike) -> Floats:
    """(...,4) a then seen in its frame b: rotates by b first, then by a."""
    p, q = np.asarray(a, np.float64), np.asarray(b, np.float64)
    pv, pw, qv, qw = p[..., :3], p[..., 3:], q[..., :3], q[..., 3:]
    vector = pw * qv + qw * pv + cross(pv, qv)
    return _to_float32(np.concatenate([vector, pw * qw - (pv * qv).sum(-1, keepdims=True)], -1))


def inverse(q: ArrayLike) -> Floats:
    """(...,4) of unit quaternions."""
    return _to_float32(np.asarray(q) * np.array([-1, -1, -1, 1]))


def rotate(q: ArrayLike, v: ArrayLike) -> Floats:
    """(...,3) vectors turned by the quaternions."""
    p, u = np.asarray(q, np.float64), np.asarray(v, np.float64)
    twice = 2 * cross(p[..., :3], u)
    return _to_float32(u + p[..., 3:] * twice + cross(p[..., :3], twice))


def from_axis_angle(axis: ArrayLike, angle: ArrayLike) -> Floats:
    """(...,4) turns by `angle` (...) radians about the axis (...,3), of any length."""
    direction = normalize_vectors(np.asarray(axis, np.float64))
    half = np.asarray(angle, np.float64)[..., None] / 2
    return _to_float32(np.concatenate([direction * np.sin(half), np.broadcast_to(np.cos(half), (*half.shape[:-1], 1))], -1))


def from_two_vectors(start: ArrayLike, end: ArrayLike) -> Floats:
    """(...,4) the smallest turns that take the directions `start` (...,3) onto `end` (...,3)."""
    a, b = np.broadcast_arrays(*(normalize_vectors(np.asarray(v, np.float64)) for v in (start, end)))
    cosine = (a * b).sum(-1, keepdims=True)
    # Opposite directions have no smallest turn: take the one about an axis square to them.
    other = np.where(np.abs(a[..., :1]) < 0.9, np.array([1.0, 0, 0]), np.array([0, 1.0, 0]))
    vector = np.where(cosine < -1 + 1e-9, np.cross(a, other), np.cross(a, b))
    return normalize_quaternions(np.concatenate([vector, np.where(cosine < -1 + 1e-9, 0, 1 + cosine)], -1))


def normalize_quaternions(q: ArrayLike) -> Floats:
    """(...,4) brought to length 1."""
    return _to_float32(normalize_vectors(np.asarray(q, np.float64)))


def slerp(a: ArrayLike, b: ArrayLike, t: ArrayLike) -> Floats:
    """(...,4) the way from a (t = 0) to b (t = 1) by the shorter arc; t (...)."""
    p, q, s = np.asarray(a, np.float64), np.asarray(b, np.float64), np.asarray(t, np.float64)[..., None]
    cosine = (p * q).sum(-1, keepdims=True)
    q, cosine = np.where(cosine < 0, -q, q), np.minimum(np.abs(cosine), 1)
    angle = np.arccos(cosine)
    sine = np.maximum(np.sin(angle), 1e-9)
    near = angle < 1e-4
    first = np.where(near, 1 - s, np.sin((1 - s) * angle) / sine)
    second = np.where(near, s, np.sin(s * angle) / sine)
    return normalize_quaternions(first * p + second * q)


def make_continuous(q: ArrayLike) -> Floats:
    """(f,...,4) with signs chosen so that no frame jumps to the other of its two quaternions."""
    p = np.array(q, np.float32)
    flip = np.cumprod(np.where((p[1:] * p[:-1]).sum(-1) < 0, -1, 1), 0)
    p[1:] *= flip[..., None]
    return p


def from_matrix(m: ArrayLike) -> Floats:
    """(...,4) of rotation matrices (...,3,3)."""
    from scipy.spatial.transform import Rotation

    matrices = np.asarray(m, np.float64)
    return _to_float32(Rotation.from_matrix(matrices.reshape(-1, 3, 3)).as_quat().reshape(*matrices.shape[:-2], 4))


def from_axes(side: ArrayLike, up: ArrayLike) -> Floats:
    """(...,4) turns that bring +X onto `side` and +Y near `up`, both (...,3)."""
    x = normalize_vectors(np.asarray(side, np.float64))
    z = normalize_vectors(np.cross(x, np.asarray(up, np.float64)))
    return from_matrix(np.stack([x, np.cross(z, x), z], -1))


def forward_kinematics(parents: Sequence[int] | Ints, heads: Floats, rotations: ArrayLike, root: ArrayLike) -> tuple[Floats, Floats]:
    """World positions (f,j,3) and rotations (f,j,4) of a clip.

    Args:
        parents: (j,) parent index, parents first, -1 for the root.
        heads: (j,3) bind positions; every joint frame is aligned with the world there.
        rotations: (f,j,4) local.
        root: (f,3) displacement of the first joint.
    """
    local = np.asarray(rotations, np.float32)
    positions, turns = np.zeros((*local.shape[:2], 3), np.float32), np.zeros_like(local)
    for joint, parent in enumerate(parents):
        if parent < 0:
            turns[:, joint] = local[:, joint]
            positions[:, joint] = heads[joint] + np.asarray(root, np.float32)
        else:
            turns[:, joint] = multiply(turns[:, parent], local[:, joint])
            positions[:, joint] = positions[:, parent] + rotate(turns[:, parent], heads[joint] - heads[parent])
    return positions, turns


def to_local(parents: Sequence[int] | Ints, turns: Floats) -> Floats:
    """(f,j,4) local rotations of world rotations."""
    local = turns.copy()
    for joint, parent in enumerate(parents):
        if parent >= 0:
            local[:, joint] = multiply(inverse(turns[:, parent]), turns[:, joint])
    return local


def solve_two_bone_ik(start: ArrayLike, upper: ArrayLike, lower: ArrayLike, goal: ArrayLike, pole: ArrayLike) -> tuple[Floats, Floats]:
    """World turns (f,4) of a limb's two bones that bring its end to `goal`, or as near as it reaches.

    Args:
        start: (f,3) where the limb begins.
        upper, lower: (3,) the bones in the bind.
        goal: (f,3).
        pole: (f,3) or (3,) the way that the middle joint bends towards.
    """
    a, b = float(np.linalg.norm(upper)), float(np.linalg.norm(lower))
    way = np.asarray(goal, np.float64) - np.asarray(start, np.float64)
    far = np.clip(np.linalg.norm(way, axis=-1, keepdims=True), abs(a - b) + 1e-4, (a + b) * 0.9999)
    along = normalize_vectors(way)
    out = np.asarray(pole, np.float64)
    out = normalize_vectors(out - (out * along).sum(-1, keepdims=True) * along)
    # Law of cosines: how far along the way, and how far off it, the middle joint lies.
    on = (a * a - b * b + far * far) / (2 * far)
    off = np.sqrt(np.maximum(a * a - on * on, 0))
    first = along * on + out * off
    second = along * far - first
    # The hinge's axis stays square to the plane of the limb, so that neither bone rolls.
    hinge = np.cross(along, out)
    return _aim_bone(upper, first, hinge, pole), _aim_bone(lower, second, hinge, pole)


def _aim_bone(bone: ArrayLike, way: ArrayLike, hinge: ArrayLike, pole: ArrayLike) -> Floats:
    """(f,4) turns that bring the bind direction onto `way` with the bind's hinge axis onto `hinge`."""
    rest = np.asarray(bone, np.float64)
    axis = np.cross(rest, np.asarray(pole, np.float64).reshape(-1, 3)[0])
    return multiply(from_axes(way, np.asarray(hinge)), inverse(from_axes(rest, axis)))
