"""A scene as VRM 1.0: its meshes, humanoid and authorship survive."""

from __future__ import annotations

from typing import Any

from assets.conventions import VRM_BONES
from assets.formats.gltf import Scene
from assets.formats.vrm import VrmMeta
from tests.assets.formats.small_scene import a_scene


def make_arguments() -> tuple[Scene, VrmMeta]:
    return a_scene(), VrmMeta("Ada", "us", "CC-BY-4.0", "")


def check(loaded: tuple[dict[str, Any], bytes]) -> None:
    document, _ = loaded
    extension = document["extensions"]["VRMC_vrm"]
    assert [mesh["name"] for mesh in document["meshes"]] == ["Head", "Hat"]
    assert set(extension["humanoid"]["humanBones"]) == set(VRM_BONES.values())
    assert (extension["meta"]["name"], extension["meta"]["authors"]) == ("Ada", ["us"])
