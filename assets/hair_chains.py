"""The joints of hanging hair as a part of the skeleton: after the 54 of the body, chain by chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from assets.artefacts.geometry import Floats, Skeleton
from assets.artefacts.hair import Collider, HairChain, HairRig, Point
from assets.conventions import HAIR_PARENT, HAIR_PREFIX, JOINTS, is_hair_joint, name_hair_joint
from assets.rotation import IDENTITY

_MAX_NUMBER = 100.0
"""Of a file, metres and forces: what is larger is no hair, and would overflow."""


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


def drop_hair_joints(skeleton: Skeleton) -> Skeleton:
    """The skeleton of the body alone; inverts `extend_skeleton`."""
    count = sum(not is_hair_joint(name) for name in skeleton.names)
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


def describe_rig(rig: HairRig) -> list[dict[str, Any]]:
    """The rig as JSON, without what the skeleton says; `parse_rig` reads it."""
    return [
        {
            "name": chain.name, "hitRadius": chain.hit_radius, "stiffness": chain.stiffness, "gravityPower": chain.gravity,
            "dragForce": chain.drag, "colliders": [[c.joint, c.start, c.end, c.radius] for c in chain.colliders],
        }
        for chain in rig.chains
    ]  # fmt: skip


def parse_rig(chains: Sequence[Mapping[str, Any]], skeleton: Skeleton) -> HairRig | None:
    """The rig of `describe_rig` on the skeleton that has its joints; None for no chains, as in files of other makers.

    Raises:
        KeyError, TypeError, ValueError: it is not such a description, or the skeleton has other joints.
    """
    if not chains:
        return None
    rig = HairRig(tuple(_parse_chain(chain, skeleton) for chain in chains))
    if tuple(list_hair_joints(rig)) != tuple(filter(is_hair_joint, skeleton.names)):
        raise ValueError("its chains of hair are not those of the skeleton")
    return rig


def _parse_chain(entry: Mapping[str, Any], skeleton: Skeleton) -> HairChain:
    name = str(entry["name"])
    rows = [row for row, joint in enumerate(skeleton.names) if joint.rpartition("_")[0] == f"{HAIR_PREFIX}{name}"]
    hit_radius, stiffness, gravity, drag = (_parse_number(entry[key]) for key in ("hitRadius", "stiffness", "gravityPower", "dragForce"))
    capsules = ((_check_joint(joint), _parse_point(a), _parse_point(b), _parse_number(r)) for joint, a, b, r in entry["colliders"])
    colliders = tuple(Collider(*capsule) for capsule in capsules)
    if len(rows) < 2 or len(np.unique(skeleton.heads[rows], axis=0)) < len(rows):
        raise ValueError(f"the chain {name} has no bones")
    return HairChain(name, skeleton.heads[rows], hit_radius, stiffness, gravity, drag, colliders)


def _parse_point(values: Sequence[Any]) -> Point:
    x, y, z = (_parse_number(value) for value in values)
    return x, y, z


def _parse_number(value: Any) -> float:
    number = float(value)
    if not abs(number) < _MAX_NUMBER:
        raise ValueError(f"{number} is no length of hair")
    return number


def _check_joint(name: Any) -> str:
    if name not in JOINTS:
        raise ValueError("a collider is on a joint that is not ours")
    return str(name)


def measure_clearance(points: Floats, collider: Collider) -> Floats:
    """(n,) signed distance of points (n,3) from the collider's surface, all in one pose, metres."""
    start, end = np.array(collider.start), np.array(collider.end)
    axis = end - start
    along = np.clip((points - start) @ axis / max(float(axis @ axis), 1e-12), 0, 1)
    return np.asarray(np.linalg.norm(points - start - along[:, None] * axis, axis=1) - collider.radius, np.float32)
