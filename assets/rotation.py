"""Vectors and xyzw quaternions in arrays of any shape (..., 3) and (..., 4), forward kinematics and two-bone IK."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assets.artefacts.geometry import Floats, Ints

# xyzw as in glTF and scipy; w comes last.
IDENTITY = np.array([0, 0, 0, 1], np.float32)


def _to_float32(values: ArrayLike) -> Floats:
    return np.asarray(values, np.float32)


def cross(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """(...,3) cross products; twice as fast as numpy's on the few joints of a pose."""
    ax, ay, az, bx, by, bz = *(a[..., i] for i in range(3)), *(b[..., i] for i in range(3))
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], -1)


def dot(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """(n,) dot products of (n,3); three times as fast as `(a * b).sum(1)`, which sums short rows slowly."""
    return np.asarray(np.einsum("na,na->n", a, b))


def normalize_vectors(vectors: NDArray[Any], floor: float = 1e-12, fallback: tuple[float, ...] | None = None) -> NDArray[Any]:
    """(...,k) vectors divided by their length; those no longer than `floor` become `fallback` or, without one, are divided by `floor`."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit = vectors / np.maximum(length, floor)
    return np.asarray(unit if fallback is None else np.where(length > floor, unit, np.array(fallback)))


def multiply(a: ArrayLike, b: ArrayLike) -> Floats:
    """(...,4) the product a b, which rotates by b first, then by a."""
    # Products in float64 and one rounding at the end: along a chain of joints the float32 error grows by one step a joint.
    p, q = np.asarray(a, np.float64), np.asarray(b, np.float64)
    pv, pw, qv, qw = p[..., :3], p[..., 3:], q[..., :3], q[..., 3:]
    vector = pw * qv + qw * pv + cross(pv, qv)
    return _to_float32(np.concatenate([vector, pw * qw - (pv * qv).sum(-1, keepdims=True)], -1))


def inverse(q: ArrayLike) -> Floats:
    """(...,4) inverses of unit quaternions."""
    # The conjugate: equal to the inverse at length 1 only.
    return _to_float32(np.asarray(q) * np.array([-1, -1, -1, 1]))


def rotate(q: ArrayLike, v: ArrayLike) -> Floats:
    """(...,3) vectors rotated by unit quaternions."""
    p, u = np.asarray(q, np.float64), np.asarray(v, np.float64)
    # q v q* expanded: v + 2w (p x v) + 2 p x (p x v), without the matrix.
    twice = 2 * cross(p[..., :3], u)
    return _to_float32(u + p[..., 3:] * twice + cross(p[..., :3], twice))


def from_axis_angle(axis: ArrayLike, angle: ArrayLike) -> Floats:
    """(...,4) rotations by `angle` (...), radians, about the axis (...,3), which need not have unit length."""
    direction = normalize_vectors(np.asarray(axis, np.float64))
    half = np.asarray(angle, np.float64)[..., None] / 2
    return _to_float32(np.concatenate([direction * np.sin(half), np.broadcast_to(np.cos(half), (*half.shape[:-1], 1))], -1))


def from_two_vectors(start: ArrayLike, end: ArrayLike) -> Floats:
    """(...,4) the smallest rotations that take the directions `start` (...,3) to `end` (...,3)."""
    a, b = np.broadcast_arrays(*(normalize_vectors(np.asarray(v, np.float64)) for v in (start, end)))
    cosine = (a * b).sum(-1, keepdims=True)
    # Opposite directions have no smallest rotation: any axis perpendicular to them will do.
    other = np.where(np.abs(a[..., :1]) < 0.9, np.array([1.0, 0, 0]), np.array([0, 1.0, 0]))
    vector = np.where(cosine < -1 + 1e-9, np.cross(a, other), np.cross(a, b))
    # (a x b, 1 + a.b) is the half-angle quaternion before it is normalised.
    return normalize_quaternions(np.concatenate([vector, np.where(cosine < -1 + 1e-9, 0, 1 + cosine)], -1))


def normalize_quaternions(q: ArrayLike) -> Floats:
    """(...,4) scaled to length 1."""
    return _to_float32(normalize_vectors(np.asarray(q, np.float64)))


def slerp(a: ArrayLike, b: ArrayLike, t: ArrayLike) -> Floats:
    """(...,4) spherical interpolation from a (t = 0) to b (t = 1) along the shorter arc; t (...)."""
    p, q, s = np.asarray(a, np.float64), np.asarray(b, np.float64), np.asarray(t, np.float64)[..., None]
    cosine = (p * q).sum(-1, keepdims=True)
    # q and -q are one rotation: the one nearer to p gives the shorter arc. Rounding may push the cosine above 1, outside arccos.
    q, cosine = np.where(cosine < 0, -q, q), np.minimum(np.abs(cosine), 1)
    angle = np.arccos(cosine)
    sine = np.maximum(np.sin(angle), 1e-9)
    # sin(angle) is nearly 0 there; linear and spherical weights differ by angle squared, 1e-8, below float32.
    near = angle < 1e-4
    first = np.where(near, 1 - s, np.sin((1 - s) * angle) / sine)
    second = np.where(near, s, np.sin(s * angle) / sine)
    return normalize_quaternions(first * p + second * q)


def make_continuous(q: ArrayLike) -> Floats:
    """(f,...,4) with signs chosen so that neighbouring frames never differ by the sign alone: q and -q are one rotation."""
    p = np.array(q, np.float32)
    # Cumulative: once a frame flips, all that follow it must.
    flip = np.cumprod(np.where((p[1:] * p[:-1]).sum(-1) < 0, -1, 1), 0)
    p[1:] *= flip[..., None]
    return p


def prefer_positive_w(q: NDArray[Any]) -> NDArray[Any]:
    """(...,4) of the two quaternions of each rotation, q and -q, the one whose w is not negative."""
    return np.where(q[..., 3:] < 0, -q, q)


def from_matrix(m: ArrayLike) -> Floats:
    """(...,4) quaternions of rotation matrices (...,3,3)."""
    from scipy.spatial.transform import Rotation

    matrices = np.asarray(m, np.float64)
    return _to_float32(Rotation.from_matrix(matrices.reshape(-1, 3, 3)).as_quat().reshape(*matrices.shape[:-2], 4))


def from_axes(side: ArrayLike, up: ArrayLike) -> Floats:
    """(...,4) rotations that take +X to `side` and +Y as near to `up` as that allows; both (...,3)."""
    x = normalize_vectors(np.asarray(side, np.float64))
    # Right-handed: X x Y = Z. `side` is exact; `up` gives way.
    z = normalize_vectors(np.cross(x, np.asarray(up, np.float64)))
    # Stacked as columns: a rotation matrix's columns are the images of the axes.
    return from_matrix(np.stack([x, np.cross(z, x), z], -1))


def forward_kinematics(parents: Sequence[int] | Ints, heads: Floats, rotations: ArrayLike, root: ArrayLike) -> tuple[Floats, Floats]:
    """World positions (f,j,3) and rotations (f,j,4) of a clip.

    Args:
        parents: (j,) parent index, parents first, -1 for the root.
        heads: (j,3) bind positions; in the bind pose all joint frames are aligned with the world.
        rotations: (f,j,4) local.
        root: (f,3) displacement of the first joint.
    """
    local = np.asarray(rotations, np.float32)
    positions, world = np.zeros((*local.shape[:2], 3), np.float32), np.zeros_like(local)
    for joint, parent in enumerate(parents):
        if parent < 0:
            world[:, joint] = local[:, joint]
            positions[:, joint] = heads[joint] + np.asarray(root, np.float32)
        else:
            world[:, joint] = multiply(world[:, parent], local[:, joint])
            positions[:, joint] = positions[:, parent] + rotate(world[:, parent], heads[joint] - heads[parent])
    return positions, world


def to_local(parents: Sequence[int] | Ints, world: Floats) -> Floats:
    """(f,j,4) the local rotations of joints with these world rotations."""
    local = world.copy()
    for joint, parent in enumerate(parents):
        if parent >= 0:
            local[:, joint] = multiply(inverse(world[:, parent]), world[:, joint])
    return local


def measure_leg(heads: Mapping[str, Floats]) -> float:
    """Metres from the hip joint through the knee to the ankle, by joint positions (3,)."""
    hip, knee, ankle = (heads[f"Left{part}"] for part in ("UpLeg", "Leg", "Foot"))
    return float(np.linalg.norm(hip - knee) + np.linalg.norm(knee - ankle))


def solve_two_bone_ik(
    start: ArrayLike, upper: ArrayLike, lower: ArrayLike, goal: ArrayLike, pole: ArrayLike, rest_pole: ArrayLike | None = None
) -> tuple[Floats, Floats]:
    """World rotations (f,4) of a limb's two bones that bring its end to `goal`, or as near as it reaches.

    Args:
        start: (f,3) where the limb begins.
        upper, lower: (3,) the bones in the bind pose.
        goal: (f,3).
        pole: (f,3) or (3,) the direction in which the middle joint bends.
        rest_pole: (3,) that direction in the bind pose; left out: the first of `pole`, which is right for a body that faces +Z.
    """
    a, b = float(np.linalg.norm(upper)), float(np.linalg.norm(lower))
    reach = np.asarray(goal, np.float64) - np.asarray(start, np.float64)
    # Never quite straight: at full length the middle joint has no direction to bend in.
    distance = np.clip(np.linalg.norm(reach, axis=-1, keepdims=True), abs(a - b) + 1e-4, (a + b) * 0.9999)
    along = normalize_vectors(reach)
    out = np.asarray(pole, np.float64)
    out = normalize_vectors(out - (out * along).sum(-1, keepdims=True) * along)
    # Law of cosines: the middle joint's distance along the line from start to goal, and off it.
    on = (a * a - b * b + distance * distance) / (2 * distance)
    off = np.sqrt(np.maximum(a * a - on * on, 0))
    first = along * on + out * off
    second = along * distance - first
    # The hinge's axis stays perpendicular to the plane of the limb, so that neither bone rolls.
    hinge = np.cross(along, out)
    rest = np.asarray(pole if rest_pole is None else rest_pole, np.float64).reshape(-1, 3)[0]
    return _aim_bone(upper, first, hinge, rest), _aim_bone(lower, second, hinge, rest)


def _aim_bone(bone: ArrayLike, direction: ArrayLike, hinge: ArrayLike, pole: ArrayLike) -> Floats:
    """(f,4) rotations that take the bone's bind direction to `direction` and its bind hinge axis to `hinge`."""
    rest = np.asarray(bone, np.float64)
    axis = np.cross(rest, np.asarray(pole, np.float64))
    return multiply(from_axes(direction, np.asarray(hinge)), inverse(from_axes(rest, axis)))
