"""glTF files: accepted by the Khronos validator, and read back by the verify stage's own parser."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assets.artefacts.geometry import Skin
from assets.conventions import COMBINED_MORPHS, JOINTS, MORPHS_67
from assets.errors import FormatError
from assets.formats.gltf import export_gltf, quantize_influences
from assets.formats.gltf_accessors import ARRAY_BUFFER, BufferBuilder
from assets.formats.gltf_animation import find_key_frames, rank_frames
from assets.rotation import make_continuous
from stages.verify.bundle_view import Glb
from stages.verify.gates.gltf import run_validator
from tests.assets.formats.small_scene import a_clip, a_mesh, a_scene, align_rotations, needs_node


@needs_node
def test_the_khronos_validator_reports_nothing() -> None:
    report = run_validator({"avatar.glb": export_gltf(a_scene())})["avatar.glb"]
    assert (report["errors"], report["warnings"]) == (0, 0), report["messages"]


def test_equal_scenes_give_equal_bytes() -> None:
    assert export_gltf(a_scene()) == export_gltf(a_scene())


def test_positions_weights_and_morphs_survive() -> None:
    glb = Glb.parse("avatar.glb", export_gltf(a_scene()))
    primitive = glb.meshes[0]["primitives"][0]
    assert np.array_equal(glb.read_accessor(primitive["attributes"]["POSITION"]), a_mesh().positions)
    weights = glb.read_accessor(primitive["attributes"]["WEIGHTS_0"])
    assert np.allclose(weights.sum(1), 1, atol=1e-9)
    assert np.allclose(weights[:, :2], [0.7, 0.3], atol=1e-4)
    jaw = glb.read_accessor(primitive["targets"][MORPHS_67.index("jawOpen")]["POSITION"])
    assert np.allclose(jaw[:, 1], [0, -0.01, 0, -0.02])
    still = glb.read_accessor(primitive["targets"][MORPHS_67.index("tongueOut")]["POSITION"])
    assert not still.any()


def test_a_mesh_with_morphs_names_all_targets_and_another_none() -> None:
    glb = Glb.parse("avatar.glb", export_gltf(a_scene()))
    assert glb.get_target_names(glb.meshes[0]) == MORPHS_67
    assert glb.get_target_names(glb.meshes[1]) == ()


def test_skinned_meshes_are_root_nodes_like_the_armature() -> None:
    glb = Glb.parse("avatar.glb", export_gltf(a_scene()))
    names = [glb.nodes[i]["name"] for i in glb.json["scenes"][0]["nodes"]]
    assert names == ["Armature", "HeadMesh", "HatMesh"]
    assert len({node["name"] for node in glb.nodes}) == len(glb.nodes)


def test_clips_keep_their_length_and_their_movement() -> None:
    glb = Glb.parse("avatar.glb", export_gltf(a_scene()))
    tracks = {(t.node, t.path): t for t in glb.clips["idle"]}
    turn = tracks["Head", "rotation"]
    assert turn.times[-1] == pytest.approx(1.0)
    clip = a_clip()
    values = align_rotations("Head", turn.values)
    sampled = np.stack([np.interp(clip.times, turn.times, values[:, k]) for k in range(4)], 1)
    assert np.abs(sampled - clip.rotations[:, 5]).max() < 2e-3
    face = tracks["HeadMesh", "weights"]
    jaw = np.interp(clip.times, face.times, face.values[:, MORPHS_67.index("jawOpen")])
    assert np.abs(jaw - clip.face[:, MORPHS_67.index("jawOpen")]).max() < 0.02


def test_looping_clips_are_marked_and_the_idle_always_loops() -> None:
    clips = (a_clip(), replace(a_clip("dance"), loop=True), a_clip("bow"))
    assert Glb.parse("avatar.glb", export_gltf(a_scene(clips=clips))).looping_clips == ("idle", "dance")


def test_joints_that_never_rotate_have_no_channel() -> None:
    glb = Glb.parse("avatar.glb", export_gltf(a_scene()))
    assert {t.node for t in glb.clips["idle"] if t.path == "rotation"} == {"Head"}


def test_a_joint_that_rotates_in_one_clip_has_a_key_in_all() -> None:
    still = replace(a_clip("still"), rotations=np.tile(np.array([0, 0, 0, 1], np.float32), (31, len(JOINTS), 1)))
    glb = Glb.parse("avatar.glb", export_gltf(a_scene(clips=(a_clip(), still))))
    assert [len(t.times) for t in glb.clips["still"] if t.path == "rotation"] == [1]


def test_uvs_outside_0_to_1_stay_floats() -> None:
    mesh = replace(a_mesh("cloth", morphs=False), uv=np.array([[0, 0], [2, 0], [0, 2], [2, 2]], np.float32))
    part = replace(a_scene().parts[1], mesh=mesh)
    glb = Glb.parse("avatar.glb", export_gltf(a_scene(parts=(part,))))
    assert glb.read_accessor(glb.primitives[0]["attributes"]["TEXCOORD_0"]).max() == 2


def test_a_shade_is_a_vertex_colour_and_a_weak_reflection_an_extension() -> None:
    scene = a_scene()
    part = replace(scene.parts[1], shade=np.array([0, 0.5, 1, 1], np.float32))
    materials = tuple(replace(material, specular=0.4) for material in scene.materials)
    data = export_gltf(a_scene(parts=(part,), materials=materials))
    glb = Glb.parse("avatar.glb", data)
    colours = glb.read_accessor(glb.primitives[0]["attributes"]["COLOR_0"])
    assert np.allclose(colours, [[0, 0, 0, 1], [0.5, 0.5, 0.5, 1], [1, 1, 1, 1], [1, 1, 1, 1]], atol=1 / 255)
    assert glb.json["extensionsUsed"] == ["KHR_materials_specular"]
    assert glb.json["materials"][0]["extensions"] == {"KHR_materials_specular": {"specularFactor": 0.4}}


@needs_node
def test_the_khronos_validator_accepts_shades_and_weak_reflections() -> None:
    scene = a_scene()
    part = replace(scene.parts[1], shade=np.array([0, 0.5, 1, 1], np.float32))
    materials = tuple(replace(material, specular=0.4) for material in scene.materials)
    report = run_validator({"avatar.glb": export_gltf(a_scene(parts=(part,), materials=materials))})["avatar.glb"]
    assert (report["errors"], report["warnings"]) == (0, 0), report["messages"]


def test_scenes_without_weak_reflections_use_no_extension() -> None:
    assert "extensionsUsed" not in Glb.parse("avatar.glb", export_gltf(a_scene())).json


def test_a_mesh_with_an_unknown_material_is_refused() -> None:
    with pytest.raises(FormatError) as caught:
        export_gltf(a_scene(materials=()))
    assert str(caught.value) == "error[gltf/material] the mesh head refers to the material skin, which does not exist"


def test_a_material_with_a_missing_picture_is_refused() -> None:
    with pytest.raises(FormatError) as caught:
        export_gltf(a_scene(pictures={"skin": a_scene().pictures["skin"]}))
    assert str(caught.value) == "error[gltf/picture] materials refer to pictures that do not exist: bumps"


def test_influences_are_merged_sorted_and_sum_to_one() -> None:
    joints = np.array([[3, 3, 7, 9], [1, 2, 3, 4]], np.uint16)
    weights = np.array([[0.2, 0.3, 0.5, 0.0], [0.1, 0.2, 0.3, 0.4]], np.float32)
    merged, quantised = quantize_influences(Skin(joints, weights))
    assert quantised.sum(1).tolist() == [65535, 65535]
    assert sorted(merged[0][:2].tolist()) == [3, 7]
    assert merged[0][2:].tolist() == [0, 0]
    assert merged[1].tolist() == [4, 3, 2, 1]


def test_equal_data_is_stored_once() -> None:
    buffers = BufferBuilder()
    first = buffers.add_accessor(np.arange(8, dtype="<f4"))
    assert buffers.add_accessor(np.arange(8, dtype="<f4")) == first
    assert len(buffers.binary) == 32


def test_narrow_vertex_rows_are_padded_to_four_bytes() -> None:
    buffers = BufferBuilder()
    buffers.add_accessor(np.ones((3, 3), "u1"), ARRAY_BUFFER, normalized=True)
    assert buffers.views[0]["byteStride"] == 4
    assert buffers.views[0]["byteLength"] == 12


def test_a_straight_line_needs_two_keys() -> None:
    times = np.linspace(0, 1, 50, dtype=np.float32)
    assert find_key_frames(times, np.stack([times, 2 * times], 1), 1e-3).tolist() == [0, 49]


def test_one_frame_is_one_key() -> None:
    assert find_key_frames(np.zeros(1, np.float32), np.zeros((1, 4)), 1e-3).tolist() == [0]


def test_ranks_give_the_keys_of_every_tolerance_above_the_least() -> None:
    times = np.arange(90, dtype=np.float32) / 30
    walk = np.random.default_rng(0).normal(size=(90, 3, 2)).cumsum(0)
    ranks = rank_frames(times, walk, 0.5)
    for tolerance in (0.5, 1.0, 2.5, 8.0):
        for track in range(3):
            keys = np.flatnonzero(ranks[track] > tolerance)
            assert keys.tolist() == find_key_frames(times, walk[:, track], tolerance).tolist()
            for column in walk[:, track].T:
                assert np.abs(np.interp(times, times[keys], column[keys]) - column).max() <= tolerance + 1e-5


def test_consecutive_rotations_take_the_shorter_arc() -> None:
    turns = np.tile(np.array([0, 0, 0, 1], np.float32), (3, 1, 1))
    turns[1] *= -1
    assert np.array_equal(make_continuous(turns)[:, 0, 3], [1, 1, 1])


def test_the_bounds_of_a_target_that_moves_every_vertex_exclude_zero() -> None:
    buffers = BufferBuilder()
    whole, some = buffers.add_sparse(2, [(np.arange(2), np.ones((2, 3))), (np.arange(1), np.ones((1, 3)))])
    assert buffers.accessors[whole]["min"] == [1, 1, 1]
    assert buffers.accessors[some]["min"] == [0, 0, 0]


def test_every_target_has_a_base_of_zeros_that_strict_readers_take() -> None:
    """assimp and Panda3D refuse accessors without a view; Babylon.js writes sparse values into a tightly packed base that others share."""
    glb = Glb.parse("avatar.glb", export_gltf(a_scene()))
    targets = [glb.json["accessors"][target["POSITION"]] for target in glb.meshes[0]["primitives"][0]["targets"]]
    (zeros,) = {target["bufferView"] for target in targets}
    assert glb.json["bufferViews"][zeros]["byteStride"] == 16
    # Panda3D takes them for columns of one vertex where the second begins within the first's row.
    offsets = sorted(target.get("byteOffset", 0) for target in targets)
    assert (offsets[0], offsets[1]) == (0, 16)
    assert not any(glb._read_buffer_view(zeros, 0, "<f4", 4, 3).ravel())


def test_combined_morphs_follow_the_67_and_no_clip_moves_them() -> None:
    glb = Glb.parse("avatar.glb", export_gltf(a_scene(combined_morphs=True)))
    assert glb.get_target_names(glb.meshes[0]) == (*MORPHS_67, *COMBINED_MORPHS)
    jaw, mouth = (glb.read_accessor(glb.meshes[0]["primitives"][0]["targets"][i]["POSITION"]) for i in (MORPHS_67.index("jawOpen"), 67))
    np.testing.assert_allclose(mouth, 0.5 * jaw, atol=1e-7)
    weights = next(t for t in glb.clips["idle"] if t.path == "weights").values
    assert weights.shape[1] == 72
    assert not weights[:, 67:].any()


def test_the_scene_has_the_name_that_players_look_for() -> None:
    """TalkingHead looks for meshes below an object called Armature, and found none below the node of that name."""
    scene = Glb.parse("avatar.glb", export_gltf(a_scene())).json["scenes"][0]
    assert (scene["name"], scene["extras"]) == ("Armature", {"title": "Ada"})


def test_tracks_of_one_type_share_one_buffer_view() -> None:
    glb = Glb.parse("avatar.glb", export_gltf(a_scene()))
    samplers = [sampler for animation in glb.json["animations"] for sampler in animation["samplers"]]
    tracks = [glb.json["accessors"][index] for s in samplers for index in s.values()]
    views = {(track["componentType"], track["type"]): track["bufferView"] for track in tracks}
    # Times, rotations, translations and weights.
    assert len(views) == len(set(views.values())) == 4
    assert all(track["bufferView"] == views[track["componentType"], track["type"]] for track in tracks)


def test_the_joints_of_a_limb_share_their_key_times() -> None:
    clip = a_clip()
    turns = clip.rotations.copy()
    for number, name in enumerate(("LeftHandIndex1", "LeftHandRing3", "LeftArm", "LeftHand", "Spine")):
        angle = 0.2 * np.sin((5 + number) * clip.times)
        turns[:, JOINTS.index(name), 1], turns[:, JOINTS.index(name), 3] = np.sin(angle / 2), np.cos(angle / 2)
    glb = Glb.parse("avatar.glb", export_gltf(a_scene(clips=(replace(clip, rotations=turns),))))
    times = {t.node: tuple(t.times) for t in glb.clips["idle"] if t.path == "rotation"}
    for one, other in (("LeftHandIndex1", "LeftHandRing3"), ("LeftArm", "LeftHand"), ("Spine", "Head")):
        assert times[one] == times[other]
    # The arm moves faster than the trunk, and fingers may be a little less exact.
    assert len(times["LeftHandIndex1"]) < len(times["LeftArm"])


def test_equal_tracks_of_a_clip_are_one_sampler() -> None:
    clip = a_clip()
    turns = clip.rotations.copy()
    turns[:, [JOINTS.index("LeftHandIndex1"), JOINTS.index("LeftHandIndex2")]] = turns[:, [JOINTS.index("Head")]]
    document = Glb.parse("avatar.glb", export_gltf(a_scene(clips=(replace(clip, rotations=turns),)))).json
    samplers = [(s["input"], s["output"]) for s in document["animations"][0]["samplers"]]
    assert len(samplers) == len(set(samplers))


def test_the_bounds_of_a_target_have_few_digits() -> None:
    mesh = a_mesh()
    deltas = np.array([[0.0123456789, -0.01, 0], [1e-7, -0.0200009, 0]], np.float32)
    part = replace(a_scene().parts[0], mesh=replace(mesh, morphs=(replace(mesh.morphs[0], deltas=deltas),)))
    glb = Glb.parse("avatar.glb", export_gltf(a_scene(parts=(part,))))
    target = glb.meshes[0]["primitives"][0]["targets"][MORPHS_67.index("jawOpen")]["POSITION"]
    assert glb.json["accessors"][target]["max"] == [0.01235, 0.0, 0.0]
    assert np.abs(glb.read_accessor(target)[[1, 3]] - deltas).max() <= 5.1e-6
