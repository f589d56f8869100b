"""A GLB at one moment of a clip, as glTF 2.0 defines it: world positions of its joints, and of the vertices of its skinned meshes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from assets.skinning import apply_matrices
from stages.verify.bundle_view import Doubles, Glb
from stages.verify.clip_poses import sample_channel


@dataclass(frozen=True)
class Moment:
    """What a player shows."""

    joints: dict[str, Doubles]
    """Name -> (3,) metres."""
    vertices: dict[str, Doubles]
    """Node of each skinned mesh -> (v,3)."""


def compute_moment(glb: Glb, clip: str, seconds: float) -> Moment:
    """Every channel interpolated at `seconds`; of a mesh its first primitive."""
    at = np.array([seconds])
    values = {(c.node, c.path): sample_channel(c, at, unit=c.path == "rotation")[0] for c in glb.clips[clip]}
    pose = {f"{node}.{path}": value for (node, path), value in values.items() if path != "weights"}
    world, binds = glb.pose_joints(pose)
    names = [glb.nodes[node].get("name", "") for node in glb.json["skins"][0]["joints"]]
    vertices = {}
    for node in (n for n in glb.nodes if "mesh" in n and "skin" in n):
        name, primitive = str(node.get("name", "")), glb.meshes[node["mesh"]]["primitives"][0]
        vertices[name] = _pose_primitive(glb, primitive, world @ binds, values.get((name, "weights")))
    return Moment(dict(zip(names, world[:, :3, 3], strict=True)), vertices)


def _pose_primitive(glb: Glb, primitive: Mapping[str, Any], matrices: Doubles, weights: Doubles | None) -> Doubles:
    names = primitive["attributes"]
    points = glb.read_accessor(names["POSITION"])
    for target, weight in zip(primitive.get("targets", ()), [] if weights is None else weights, strict=False):
        if weight:
            points = points + weight * glb.read_accessor(target["POSITION"])
    joints, shares = glb.read_accessor(names["JOINTS_0"]).astype(np.int64), glb.read_accessor(names["WEIGHTS_0"])
    return apply_matrices(np.einsum("vk,vkij->vij", shares, matrices[joints]), points)
