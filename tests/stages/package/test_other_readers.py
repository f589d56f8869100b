"""Strict readers take our files, and the skeleton in them is where we put it: assimp (Debian's assimp-utils) and Panda3D (PyPI).

Panda3D is 53 MB to download, too much for an extra of the tests: `pip install panda3d panda3d-gltf` runs its part.
"""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from assets.conventions import JOINTS
from assets.formats.gltf import export_gltf
from assets.paths import find_program
from stages.motion.canonical_skeleton import build_canonical_skeleton
from stages.verify.bundle_view import Glb
from stages.verify.posed_vertices import compute_moment
from tests.assets.formats.small_scene import a_clip, a_scene

SKELETON = build_canonical_skeleton()
PLACES = dict(zip(JOINTS, SKELETON.heads, strict=True))


@lru_cache(maxsize=1)
def make_glb() -> bytes:
    """Two meshes, one with 67 targets of which one moves something, a real skeleton and two clips that turn the head."""
    return export_gltf(a_scene(skeleton=SKELETON))


def read_matrix(element: ElementTree.Element) -> np.ndarray:
    text = element.findtext("Matrix4")
    assert text
    return np.array(text.split(), float).reshape(4, 4)


def collect_nodes(node: ElementTree.Element, parent: np.ndarray) -> dict[str, np.ndarray]:
    """Name -> (4,4) world matrix of the node and of all below it."""
    world = parent @ read_matrix(node)
    found = {node.attrib["name"]: world}
    for child in node.findall("NodeList/Node"):
        found |= collect_nodes(child, world)
    return found


@pytest.mark.skipif(find_program("assimp") is None, reason="assimp is not installed (Debian: assimp-utils)")
def test_assimp_loads_every_joint_in_the_t_pose(tmp_path: Path) -> None:
    """It refused accessors without a buffer view, which all targets were."""
    (tmp_path / "avatar.glb").write_bytes(make_glb())
    subprocess.run(["assimp", "dump", "avatar.glb", "avatar.assxml"], cwd=tmp_path, check=True, capture_output=True, timeout=60)
    scene = ElementTree.parse(tmp_path / "avatar.assxml").getroot().find("Scene")
    assert scene is not None
    root = scene.find("Node")
    assert root is not None
    nodes = collect_nodes(root, np.eye(4))
    for joint, place in PLACES.items():
        np.testing.assert_allclose(nodes[joint][:3, 3], place, atol=2e-5)
    bones = [bone for mesh in scene.findall("MeshList/Mesh") for bone in mesh.findall("BoneList/Bone")]
    assert {bone.attrib["name"] for bone in bones} >= {"Head", "Neck"}
    for bone in bones:
        # A node's matrix times its bone's offset is the skinning matrix, in the bind pose the identity.
        np.testing.assert_allclose(nodes[bone.attrib["name"]] @ read_matrix(bone), np.eye(4), atol=1e-4)
    assert [a.attrib["name"] for a in scene.findall("AnimationList/Animation")] == ["idle", "say_hello"]


_PANDA = """
import json, sys
from panda3d.core import AnimControlCollection, Mat4, NodePath, auto_bind, loadPrcFileData
loadPrcFileData("", "window-type none\\naudio-library-name null")
import gltf
path, clip, frame, *joints = sys.argv[1:]
root = NodePath(gltf.load_model(path))
body = root.find("**/+Character").node()
clips = AnimControlCollection()
auto_bind(root.node(), clips, 0xff)
clips.pose(clip, int(frame))
body.force_update()
places = {}
for name in joints:
    matrix = Mat4()
    body.find_joint(name).get_net_transform(matrix)
    places[name] = list(matrix.get_row3(3))
print(json.dumps({"clips": sorted(clips.get_anim_names() if hasattr(clips, "get_anim_names") else
    [clips.get_anim_name(i) for i in range(clips.get_num_anims())]), "places": places,
    "meshes": len(root.find_all_matches("**/+GeomNode"))}))
"""


@pytest.mark.slow
@pytest.mark.skipif(not (find_spec("panda3d") and find_spec("gltf")), reason="pip install panda3d panda3d-gltf")
def test_panda3d_plays_a_clip_where_the_file_says(tmp_path: Path) -> None:
    """It took targets that begin in one row of a shared view for columns of one vertex, and ended in an assertion."""
    (tmp_path / "avatar.glb").write_bytes(make_glb())
    joints = ["Hips", "Head", "LeftEye", "LeftHand", "RightFoot"]
    command = [sys.executable, "-c", _PANDA, str(tmp_path / "avatar.glb"), "idle", "7", *joints]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120, cwd=tmp_path)
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["clips"], found["meshes"]) == (["idle", "say_hello"], 2)
    true = compute_moment(Glb.parse("avatar.glb", make_glb()), "idle", float(a_clip().times[7])).joints
    for joint, place in found["places"].items():
        # Panda3D is Z up and faces -Y; its joints are relative to the armature's root joint.
        x, y, z = np.array(place)
        rx, ry, rz = found["places"]["Hips"]
        np.testing.assert_allclose([x - rx, z - rz, -(y - ry)], true[joint] - true["Hips"], atol=2e-3)
