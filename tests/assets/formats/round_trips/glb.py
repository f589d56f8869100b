"""A scene as GLB: its meshes, joints and clips survive by name."""

from __future__ import annotations

from typing import Any

from assets.formats.gltf import Scene
from tests.assets.formats.small_scene import a_scene


def make_arguments() -> tuple[Scene]:
    return (a_scene(),)


def check(loaded: tuple[dict[str, Any], bytes]) -> None:
    document, binary = loaded
    nodes = [document["nodes"][joint]["name"] for joint in document["skins"][0]["joints"]]
    assert [mesh["name"] for mesh in document["meshes"]] == ["Head", "Hat"]
    assert tuple(nodes) == a_scene().skeleton.names
    assert [clip["name"] for clip in document["animations"]] == ["idle", "say_hello"]
    assert document["buffers"] == [{"byteLength": len(binary)}]
