"""Hanging hair in the files of a bundle: baked in the GLB, springs in the VRM, none in what holds the humanoid alone; and read back."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from assets.artefacts.character import Model
from assets.artefacts.geometry import Mesh, Part, Skin
from assets.artefacts.motion import Clip
from assets.artefacts.talk import Performance
from assets.bundle import Package
from assets.conventions import JOINTS, is_hair_joint
from assets.errors import FormatError
from assets.formats import bvh
from assets.formats.glb import pack_glb, unpack_glb
from assets.formats.gltf_reader import load_avatar
from assets.hair_chains import describe_rig, raise_rig
from assets.rotation import forward_kinematics, from_axis_angle
from assets.spec.packaging import PackageSpec
from stages.groom.hair.chart import Floats
from stages.model.stage import run as run_model
from stages.package.stage import run
from stages.sway.clips import bake_sway, drop_sway
from stages.verify.bundle_view import Glb
from tests.stages import small_character as small
from tests.stages.sway.a_head import BODY, make_rig

pytestmark = pytest.mark.slow
HAIR = ("Hair_Back_1", "Hair_Back_2", "Hair_Back_3", "Hair_Back_4", "Hair_Left_1", "Hair_Left_2", "Hair_Left_3")


@lru_cache(maxsize=2)
def build_model(target: str = "web") -> Model:
    """The small character with a lock of hair on each chain."""
    groom = small.groom()
    rig = raise_rig(make_rig(), small.body().skeleton.heads[JOINTS.index("Head")] - BODY.heads[JOINTS.index("Head")])
    joints = np.zeros((4, 4), np.uint16)
    joints[:, 0] = [len(JOINTS), len(JOINTS) + 2, len(JOINTS) + 4, len(JOINTS) + 5]
    weights = np.tile(np.array([1, 0, 0, 0], np.float32), (4, 1))
    lock = small.body().skeleton.heads[JOINTS.index("Head")] + np.array([[0, 0, -0.1], [0, -0.2, -0.1], [0.1, 0, 0], [0.1, -0.1, 0]])
    triangles = np.array([[0, 1, 2], [1, 3, 2]], np.int32)
    material = groom.materials[0].name
    mesh = Mesh("hair", lock.astype(np.float32), np.zeros((4, 2), np.float32), triangles, Skin(joints, weights), (), material)
    part = Part(mesh, np.tile(np.array([0, 0, 1], np.float32), (4, 1)), None, np.ones(4, np.float32))
    groom = replace(groom, grown=((part,),) * 3, hair_rig=rig)
    return run_model(small.body(), small.texture(), groom, options=PackageSpec(target=target, turntable=False), seed=1)  # type: ignore[arg-type]


def nod() -> Performance:
    """The small performance, in which the head bows and turns."""
    performance = small.performance()
    return replace(performance, clips=tuple(_bow(clip) for clip in performance.clips))


def _bow(clip: Clip) -> Clip:
    rotations = clip.rotations.copy()
    angles = 0.5 * np.sin(np.pi * clip.times / max(float(clip.times[-1]), 1e-6))
    rotations[:, JOINTS.index("Head")] = from_axis_angle(np.array([1.0, 0, 0]), angles)
    return replace(clip, rotations=rotations)


@lru_cache(maxsize=2)
def build_package(target: str = "web") -> Package:
    from assets.artefacts.character import Previews

    options = PackageSpec(target=target, turntable=False, bvh=True, lods="files")  # type: ignore[arg-type]
    return run(build_model(target), Previews({}), nod(), small.dialogue(), small.speech(), options=options, seed=1, name="Ada")


def read_file(path: str, target: str = "web") -> bytes:
    return next(file.data for file in build_package(target).files if file.path == path)


def parse(path: str, target: str = "web") -> Glb:
    return Glb.parse(path, read_file(path, target))


def test_every_file_with_a_mesh_has_the_joints_of_hair_after_those_of_the_body() -> None:
    paths = [file.path for file in build_package().files if file.path.endswith((".glb", ".vrm")) and file.path != "clips"]
    assert {"avatar.glb", "avatar.vrm"} <= set(paths)
    for path in paths:
        assert parse(path).joint_names[len(JOINTS) :] == HAIR, path


def test_clips_of_the_glb_move_the_bones_and_never_the_tips() -> None:
    glb = parse("avatar.glb")
    for clip, channels in glb.clips.items():
        moved = {channel.node for channel in channels if is_hair_joint(channel.node)}
        assert moved == {name for name in HAIR if name not in ("Hair_Back_4", "Hair_Left_3")}, clip


def test_files_of_the_humanoid_have_no_hair() -> None:
    humanoid = [file for file in build_package().files if file.path.startswith("clips/")]
    assert {file.path.rpartition(".")[2] for file in humanoid} == {"vrma", "bvh"}
    for file in humanoid:
        if file.path.endswith(".bvh"):
            assert not any(map(is_hair_joint, bvh.load_bvh(file.data).names))
        else:
            assert not any(is_hair_joint(node.get("name", "")) for node in unpack_glb(file.data)[0]["nodes"])


def test_the_vrm_has_springs_and_the_glb_has_none() -> None:
    assert len(parse("avatar.vrm").json["extensions"]["VRMC_springBone"]["springs"]) == 2
    assert "VRMC_springBone" not in read_file("avatar.glb").decode("latin-1")


def test_the_hair_of_a_crowd_has_no_joints() -> None:
    for path in ("avatar.glb", "avatar.vrm"):
        assert parse(path, "crowd").joint_names == JOINTS


def test_a_film_reads_the_same_body_hair_and_movement_back() -> None:
    model, motion = load_avatar(read_file("avatar.glb"))
    original = build_model()
    assert model.skeleton.names == original.skeleton.names
    assert model.skeleton.parents.tolist() == original.skeleton.parents.tolist()
    np.testing.assert_allclose(model.skeleton.heads, original.skeleton.heads, atol=1e-5)
    assert model.hair_rig is not None
    assert original.hair_rig is not None
    assert json.dumps(describe_rig(model.hair_rig)) == json.dumps(describe_rig(original.hair_rig))
    (read,) = (clip for clip in motion.clips if clip.name == "idle")
    (baked,) = (clip for clip in bake_sway(original.skeleton, original.hair_rig, nod().clips) if clip.name == "idle")
    ends = [locate(original, clip)[:, -1] for clip in (read, baked)]
    assert len(ends[0]) == len(ends[1])
    # The tolerance of the keys of hair, at the end of a chain of 20 cm.
    assert np.linalg.norm(ends[0] - ends[1], axis=1).max() < 0.006
    body = drop_sway(motion)
    assert body.skeleton.names == JOINTS
    assert {clip.rotations.shape[1] for clip in body.clips} == {len(JOINTS)}


def locate(model: Model, clip: Clip) -> Floats:
    return forward_kinematics(model.skeleton.parents, model.skeleton.heads, clip.rotations, clip.root)[0]


@pytest.mark.parametrize("change", [
    {"name": "Nowhere"}, {"stiffness": "much"}, {"gravityPower": 1e9}, {"colliders": [["Tail", [0, 0, 0], [0, 0, 0], 1]]},
    {"colliders": [["Head", [0, 0], [0, 0, 0], 1]]}, {"colliders": 3},
])  # fmt: skip
def test_a_description_of_hair_that_is_not_ours_is_one_sentence(change: dict[str, object]) -> None:
    document, binary = unpack_glb(read_file("avatar.glb"))
    document = json.loads(json.dumps(document))
    document["skins"][0]["extras"]["hair"][0].update(change)
    with pytest.raises(FormatError, match=r"avatar\.glb is not the avatar of a bundle"):
        load_avatar(pack_glb(document, binary))


def test_a_file_without_a_description_is_read_with_hair_that_keeps_its_movement() -> None:
    document, binary = unpack_glb(read_file("avatar.glb"))
    document = json.loads(json.dumps(document))
    del document["skins"][0]["extras"]
    model, motion = load_avatar(pack_glb(document, binary))
    assert model.hair_rig is None
    assert motion.clips[0].rotations.shape[1] == len(JOINTS) + len(HAIR)
