"""The joints of hanging hair as a part of the skeleton: after the 54 of the body, chain by chain."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from assets.artefacts.geometry import Floats, Skeleton
from assets.artefacts.hair import Collider, HairChain, HairRig, Point
from assets.conventions import HAIR_PARENT, name_hair_joint
from assets.rotation import IDENTITY


def list_hair_joints(rig: HairRig) -> list[str]:
    """Names of all joints, roots before tips."""
    return [name_hair_joint(chain.name, number + 1) for chain in rig.chains for number in range(len(chain.heads))]


def extend_skeleton(skeleton: Skeleton, rig: HairRig | None) -> Skeleton:
    """The skeleton with the joints of the chains after its own."""
    if rig is None:
        return skeleton
    parents = list(skeleton.parents)
    for chain in rig.chains:
        first = len(parents)
        parents += [skeleton.names.index(HAIR_PARENT), *range(first, first + len(chain.heads) - 1)]
    heads = np.concatenate([skeleton.heads, *(chain.heads for chain in rig.chains)]).astype(np.float32)
    return Skeleton((*skeleton.names, *list_hair_joints(rig)), np.array(parents, np.int32), heads)


def drop_hair_joints(skeleton: Skeleton, rig: HairRig | None) -> Skeleton:
    """The skeleton of the body alone; inverts `extend_skeleton`."""
    count = len(skeleton.names) - (0 if rig is None else len(list_hair_joints(rig)))
    return Skeleton(skeleton.names[:count], skeleton.parents[:count], skeleton.heads[:count])


def pad_rotations(rotations: Floats, count: int) -> Floats:
    """(...,count,4) local rotations (...,j,4) of a body with those of joints of hair, which rest."""
    missing = count - rotations.shape[-2]
    rest = np.broadcast_to(IDENTITY, (*rotations.shape[:-2], missing, 4))
    return np.concatenate([rotations, rest], -2).astype(np.float32) if missing else rotations


def raise_rig(rig: HairRig | None, lift: Floats) -> HairRig | None:
    """The chains and their colliders moved by (3,) metres."""
    if rig is None:
        return None
    return HairRig(tuple(_raise_chain(chain, lift) for chain in rig.chains))


def _raise_chain(chain: HairChain, lift: Floats) -> HairChain:
    colliders = tuple(replace(c, start=_move(c.start, lift), end=_move(c.end, lift)) for c in chain.colliders)
    return replace(chain, heads=(chain.heads + lift).astype(np.float32), colliders=colliders)


def _move(point: Point, lift: Floats) -> Point:
    x, y, z = (float(a + b) for a, b in zip(point, lift, strict=True))
    return x, y, z


def measure_clearance(points: Floats, collider: Collider) -> Floats:
    """(n,) signed distance of points (n,3) from the collider's surface, all in one pose, metres."""
    start, end = np.array(collider.start), np.array(collider.end)
    axis = end - start
    along = np.clip((points - start) @ axis / max(float(axis @ axis), 1e-12), 0, 1)
    return np.asarray(np.linalg.norm(points - start - along[:, None] * axis, axis=1) - collider.radius, np.float32)
