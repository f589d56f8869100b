"""Hanging hair as VRMC_springBone 1.0: players of a VRM simulate it.

Source: https://github.com/vrm-c/vrm-specification VRMC_springBone-1.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from assets.artefacts.geometry import Floats, Skeleton
from assets.artefacts.hair import Collider, HairChain, HairRig
from assets.conventions import name_hair_joint
from assets.joint_frames import compute_joint_frames
from assets.rotation import inverse, rotate

SPRING_BONE = "VRMC_springBone"


def build_spring_bones(rig: HairRig, skeleton: Skeleton, nodes: Mapping[str, int]) -> dict[str, Any]:
    """The extension: a spring and a group of colliders for each chain; equal colliders are written once.

    Args:
        skeleton: the body's joints and those of the chains.
        nodes: joint name -> node.
    """
    frames = dict(zip(skeleton.names, compute_joint_frames(skeleton), strict=True))
    heads = dict(zip(skeleton.names, skeleton.heads, strict=True))
    # A dict keeps the order in which they first appear.
    colliders = list(dict.fromkeys(collider for chain in rig.chains for collider in chain.colliders))
    groups = [{"name": chain.name, "colliders": [colliders.index(c) for c in chain.colliders]} for chain in rig.chains]
    springs = [_build_spring(chain, number, nodes) for number, chain in enumerate(rig.chains)]
    written = [_build_collider(c, heads[c.joint], frames[c.joint], nodes[c.joint]) for c in colliders]
    has_colliders = {"colliders": written, "colliderGroups": groups} if written else {}
    return {"specVersion": "1.0", **has_colliders, "springs": springs}


def _build_spring(chain: HairChain, group: int, nodes: Mapping[str, int]) -> dict[str, Any]:
    forces = {"hitRadius": chain.hit_radius, "stiffness": chain.stiffness, "gravityPower": chain.gravity, "gravityDir": [0, -1, 0],
              "dragForce": chain.drag}  # fmt: skip
    joints = [{"node": nodes[name_hair_joint(chain.name, number + 1)], **forces} for number in range(len(chain.heads))]
    return {"name": chain.name, "joints": joints} | ({"colliderGroups": [group]} if chain.colliders else {})


def _build_collider(collider: Collider, head: Floats, frame: Floats, node: int) -> dict[str, Any]:
    offset, tail = (_to_frame(np.array(point) - head, frame) for point in (collider.start, collider.end))
    shape = {"offset": offset, "radius": collider.radius}
    return {"node": node, "shape": {"sphere": shape} if collider.start == collider.end else {"capsule": {**shape, "tail": tail}}}


def _to_frame(offset: Floats, frame: Floats) -> list[float]:
    return [round(float(value), 5) for value in rotate(inverse(frame), offset)]
