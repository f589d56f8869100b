"""All levels of detail in one file: a root node for each, joined by MSFT_lod, on one skeleton."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from typing import Any

import numpy as np

from assets.artefacts.character import LodLevel
from assets.formats.gltf import Scene
from assets.formats.gltf_lods import EXTENSION, export_levels
from stages.verify.gates.gltf import run_validator
from tests.assets.formats.small_scene import a_mesh, a_scene, needs_node


def coarser(scene: Scene, *, morphs: bool) -> LodLevel:
    """A level of one triangle a part, with two-sided materials."""
    parts = tuple(
        replace(part, mesh=replace(a_mesh(part.mesh.name, morphs and bool(part.mesh.morphs)), triangles=np.array([[0, 1, 2]], np.int32)))
        for part in scene.parts
    )
    return LodLevel(parts, tuple(replace(material, double_sided=not material.double_sided) for material in scene.materials))


def export() -> tuple[bytes, dict[str, Any]]:
    scene = a_scene()
    data = export_levels(scene, [coarser(scene, morphs=True), coarser(scene, morphs=False)])
    (length,) = struct.unpack_from("<I", data, 12)
    return data, json.loads(data[20 : 20 + length])


def test_the_finest_level_alone_is_in_the_scene_and_names_the_others() -> None:
    _, document = export()
    nodes, scene = document["nodes"], document["scenes"][0]
    fine = nodes[scene["nodes"][-1]]
    assert fine["name"] == "LOD0"
    assert [nodes[number]["name"] for number in fine["extensions"][EXTENSION]["ids"]] == ["LOD1", "LOD2"]
    assert len(fine["extras"]["MSFT_screencoverage"]) == 3
    assert EXTENSION in document["extensionsUsed"]
    assert not set(fine["extensions"][EXTENSION]["ids"]) & set(scene["nodes"])


def test_every_level_has_its_parts_and_the_skin() -> None:
    _, document = export()
    counts = [
        [document["accessors"][primitive["indices"]]["count"] for primitive in document["meshes"][node["mesh"]]["primitives"]]
        for node in document["nodes"] if "mesh" in node
    ]  # fmt: skip
    assert counts == [[6, 6], [3, 3], [3, 3]]
    assert {node["skin"] for node in document["nodes"] if "mesh" in node} == {0}


def test_all_primitives_of_a_level_have_the_morphs_or_none_has() -> None:
    _, document = export()
    targets = [[len(p.get("targets", ())) for p in mesh["primitives"]] for mesh in document["meshes"]]
    assert targets[0] == targets[1] == [67, 67]
    assert targets[2] == [0, 0]
    assert len(document["meshes"][0]["extras"]["targetNames"]) == 67


def test_a_material_that_a_level_changes_has_a_name_of_its_own() -> None:
    _, document = export()
    names = [material["name"] for material in document["materials"]]
    assert names == ["skin", "skin_lod1"]
    used = [{primitive["material"] for primitive in mesh["primitives"]} for mesh in document["meshes"]]
    assert used == [{0}, {1}, {1}]


@needs_node
def test_the_khronos_validator_reports_nothing() -> None:
    report = run_validator({"avatar.glb": export()[0]})["avatar.glb"]
    assert (report["errors"], report["warnings"]) == (0, 0), report
