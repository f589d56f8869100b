"""Every level of detail of a character in one file: a root node for each, joined by MSFT_lod.

Players that do not know the extension show the finest level, which is the only one in the scene.
Source: github.com/KhronosGroup/glTF, extensions/2.0/Vendor/MSFT_lod.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from assets.artefacts.character import LodLevel
from assets.artefacts.geometry import Material, Part
from assets.formats.gltf import GltfDocument, Scene, add_mesh, build_document, to_glb
from assets.formats.gltf_accessors import BufferBuilder

EXTENSION = "MSFT_lod"
_COVERAGES = (0.5, 0.25, 0.125, 0.0)
"""Shares of the picture's height from which on each level is shown: its triangles halve as often as these do, and none is culled."""


def export_levels(scene: Scene, levels: Sequence[LodLevel]) -> bytes:
    """The GLB of the scene and its coarser levels, on one skeleton, without clips.

    Args:
        scene: the finest level; its pictures serve all levels.
    """
    materials, parts = _join_materials(scene.materials, [LodLevel(scene.parts, scene.materials), *levels])
    built = build_document(replace(scene, parts=(), materials=materials, clips=()))
    largest = max((len(part.mesh.positions) for level in parts for part in level if part.mesh.morphs), default=0)
    built.buffers.reserve_zeros(largest + 1)
    numbers = {material.name: number for number, material in enumerate(materials)}
    nodes, meshes = built.document["nodes"], built.document["meshes"]
    first = len(nodes)
    for level, own in enumerate(parts):
        meshes.append(_join_meshes(f"LOD{level}", own, built.buffers, numbers, scene.morph_names))
        nodes.append({"name": f"LOD{level}", "mesh": level, "skin": 0})
    coarser = list(range(first + 1, first + len(parts)))
    nodes[first] |= {
        "extensions": {EXTENSION: {"ids": coarser}}, "extras": {"MSFT_screencoverage": list(_COVERAGES[: len(parts)])},
    }  # fmt: skip
    built.document["scenes"][0]["nodes"].append(first)
    return to_glb(GltfDocument({**built.document, "extensionsUsed": [EXTENSION]}, built.buffers, built.joints, {}, ()))


def _join_materials(finest: Sequence[Material], levels: Sequence[LodLevel]) -> tuple[tuple[Material, ...], list[list[Part]]]:
    """All materials, and the parts of each level with theirs: one that a level changes, such as two-sided hair, gets a name of its own."""
    found = {material.name: material for material in finest}
    parts = []
    for number, level in enumerate(levels):
        names = {}
        for material in level.materials:
            name = material.name if found.get(material.name, material) == material else f"{material.name}_lod{number}"
            same = next((key for key, other in found.items() if replace(material, name=key) == other), name)
            found[same], names[material.name] = replace(material, name=same), same
        parts.append([replace(part, mesh=replace(part.mesh, material=names[part.mesh.material])) for part in level.parts])
    return tuple(found.values()), parts


def _join_meshes(
    name: str, parts: Sequence[Part], buffers: BufferBuilder, materials: dict[str, int], morphs: tuple[str, ...]
) -> dict[str, Any]:
    """One mesh with a primitive for each part; all of them have the morphs where one has (glTF 2.0, 3.7.2.2)."""
    moves = any(part.mesh.morphs for part in parts)
    entries = [add_mesh(part, buffers, materials, morphs, with_targets=moves) for part in parts]
    primitives = [primitive for entry in entries for primitive in entry["primitives"]]
    return {**(entries[0] if moves else {}), "name": name, "primitives": primitives}
