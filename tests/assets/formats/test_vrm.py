"""VRM 1.0 files and VRM animations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation, Slerp

from assets.artefacts.motion import Clip
from assets.conventions import ARKIT_52, MORPHS_67, VRM_BONES
from assets.formats.glb import unpack_glb
from assets.formats.gltf import EncodedImage
from assets.formats.vrm import EXPRESSION_PRESETS, LICENCE_URL, VrmMeta, export_vrm, export_vrma, split_expressions, to_vrm_permissions
from stages.verify.bundle_view import Glb
from stages.verify.gates.gltf import run_validator
from tests.assets.formats.small_scene import a_clip, a_scene, a_skeleton, align_rotations, needs_node

META = VrmMeta("Ada", "us", "CC-BY-4.0", "MakeHuman: CC0-1.0")


def extension(data: bytes, name: str = "VRMC_vrm") -> dict:
    return unpack_glb(data)[0]["extensions"][name]


@needs_node
def test_the_khronos_validator_reports_nothing_for_vrm_and_vrma() -> None:
    reports = run_validator({"avatar.vrm": export_vrm(a_scene(), META), "idle.vrma": export_vrma(a_clip(), a_skeleton())})
    assert [(r["errors"], r["warnings"]) for r in reports.values()] == [(0, 0), (0, 0)], reports


def test_a_vrm_has_no_animations() -> None:
    assert "animations" not in unpack_glb(export_vrm(a_scene(), META))[0]


def test_all_humanoid_bones_are_mapped_to_different_nodes() -> None:
    document, _ = unpack_glb(export_vrm(a_scene(), META))
    bones = document["extensions"]["VRMC_vrm"]["humanoid"]["humanBones"]
    assert set(bones) == set(VRM_BONES.values())
    assert document["nodes"][bones["leftUpperArm"]["node"]]["name"] == "LeftArm"
    assert len({bone["node"] for bone in bones.values()}) == len(bones)


def test_expressions_hold_the_presets_and_the_52_of_arkit() -> None:
    expressions = extension(export_vrm(a_scene(), META))["expressions"]
    assert set(expressions["preset"]) == set(EXPRESSION_PRESETS)
    assert set(ARKIT_52) <= set(expressions["custom"])
    bind = expressions["custom"]["jawOpen"]["morphTargetBinds"][0]
    assert bind["index"] == MORPHS_67.index("jawOpen")
    assert bind["weight"] == 1.0


def test_preset_names_do_not_collide_with_custom_names() -> None:
    expressions = extension(export_vrm(a_scene(), META))["expressions"]
    assert not set(expressions["preset"]) & set(expressions["custom"])


def test_presets_use_only_known_morphs() -> None:
    assert {name for weights in EXPRESSION_PRESETS.values() for name in weights} <= set(MORPHS_67)


def test_the_meta_data_state_title_author_and_licence() -> None:
    meta = extension(export_vrm(a_scene(), META))["meta"]
    assert (meta["name"], meta["authors"], meta["licenseUrl"]) == ("Ada", ["us"], LICENCE_URL)
    assert meta["creditNotation"] == "required"


def test_the_thumbnail_is_a_picture_of_the_file() -> None:
    scene = a_scene()
    picture = EncodedImage(scene.pictures["skin"].data + b"", "image/png")
    document, _ = unpack_glb(export_vrm(scene, META, picture))
    index = document["extensions"]["VRMC_vrm"]["meta"]["thumbnailImage"]
    assert document["images"][index]["mimeType"] == "image/png"


@pytest.mark.parametrize(
    ("licence", "avatar", "commercial", "modify"),
    [
        ("CC0-1.0", "everyone", "corporation", "allowModificationRedistribution"),
        ("CC-BY-NC-4.0", "everyone", "personalNonProfit", "allowModificationRedistribution"),
        ("CC-BY-ND-4.0", "everyone", "corporation", "prohibited"),
        ("LicenseRef-Proprietary", "onlyAuthor", "personalNonProfit", "prohibited"),
    ],
)
def test_permissions_follow_the_licence(licence: str, avatar: str, commercial: str, modify: str) -> None:
    fields = to_vrm_permissions(licence)
    assert (fields["avatarPermission"], fields["commercialUsage"], fields["modification"]) == (avatar, commercial, modify)


def test_a_source_that_may_not_be_sold_forbids_commercial_use() -> None:
    meta = extension(export_vrm(a_scene(), VrmMeta("Ada", "us", "CC0-1.0", "", sellable=False)))["meta"]
    assert meta["commercialUsage"] == "personalNonProfit"


def test_first_person_hides_meshes_of_the_head() -> None:
    annotations = extension(export_vrm(a_scene(), META))["firstPerson"]["meshAnnotations"]
    assert {note["type"] for note in annotations} == {"thirdPersonOnly"}


def test_a_vrma_animates_bones_and_expressions_but_not_the_eyes() -> None:
    data = export_vrma(a_clip(), a_skeleton())
    found = extension(data, "VRMC_vrm_animation")
    assert "leftEye" not in found["humanoid"]["humanBones"]
    assert set(found["expressions"]["custom"]) == {"jawOpen"}
    glb = Glb.parse("idle.vrma", data)
    track = next(t for t in glb.clips["idle"] if t.node == "expression_jawOpen")
    assert track.path == "translation"
    assert track.values[:, 0].max() == pytest.approx(1, abs=0.02)
    assert not track.values[:, 1:].any()


def test_the_hips_of_a_vrma_are_at_their_bind_height() -> None:
    glb = Glb.parse("idle.vrma", export_vrma(a_clip(), a_skeleton()))
    hips = next(t for t in glb.clips["idle"] if t.node == "Hips" and t.path == "translation")
    assert np.allclose(hips.values[0], a_skeleton().heads[0])


def make_face(**weights: float) -> Clip:
    """A clip of 31 frames whose morphs rise to these weights, each on a line of its own."""
    clip = a_clip()
    face = np.zeros((len(clip.times), len(MORPHS_67)), np.float32)
    for name, weight in weights.items():
        face[:, MORPHS_67.index(name)] = weight * clip.times / clip.times[-1]
    return replace(clip, face=face)


FACES: list[tuple[dict[str, float], dict[str, float], dict[str, float]]] = [
    ({"viseme_aa": 0.8}, {"aa": 0.8}, {}),
    ({"viseme_I": 0.5, "viseme_U": 0.4, "viseme_E": 0.3, "viseme_O": 0.2}, {"ih": 0.5, "ou": 0.4, "ee": 0.3, "oh": 0.2}, {}),
    ({"eyeBlinkLeft": 1.0, "eyeBlinkRight": 0.7}, {"blink": 0.7, "blinkLeft": 0.3}, {}),
    ({"eyeBlinkRight": 0.6}, {"blinkRight": 0.6}, {}),
    ({"eyeLookOutLeft": 0.4, "eyeLookInRight": 0.3}, {"lookLeft": 0.3}, {"eyeLookOutLeft": 0.1}),
    ({"eyeLookUpLeft": 0.4, "eyeLookUpRight": 0.4, "jawOpen": 0.5}, {"lookUp": 0.4}, {"jawOpen": 0.5}),
    ({"viseme_PP": 0.9}, {}, {"viseme_PP": 0.9}),
]  # fmt: skip
"""Morphs -> presets, and the morphs' own expressions."""


@pytest.mark.parametrize(("morphs", "presets", "custom"), FACES)
def test_a_vrma_drives_the_presets_of_any_vrm(morphs: dict[str, float], presets: dict[str, float], custom: dict[str, float]) -> None:
    """Custom expressions alone left the face of any other VRM dead."""
    data = export_vrma(make_face(**morphs), a_skeleton())
    groups = extension(data, "VRMC_vrm_animation")["expressions"]
    assert {group: set(names) for group, names in groups.items()} == {
        group: set(names) for group, names in (("preset", presets), ("custom", custom)) if names
    }
    tracks = {track.node: track.values[-1, 0] for track in Glb.parse("idle.vrma", data).clips["idle"]}
    for name, weight in {**presets, **custom}.items():
        assert tracks[f"expression_{name}"] == pytest.approx(weight, abs=0.02)


def test_on_our_own_vrm_the_expressions_add_up_to_the_face() -> None:
    face = np.random.default_rng(1).random((20, len(MORPHS_67))).astype(np.float32)
    presets, custom = split_expressions(face)
    total = np.zeros_like(face)
    for preset, weights in presets.items():
        for morph, share in EXPRESSION_PRESETS[preset].items():
            total[:, MORPHS_67.index(morph)] += share * weights
    for morph, weights in custom.items():
        total[:, MORPHS_67.index(morph)] += weights
    np.testing.assert_allclose(total, face, atol=0.013)


def test_a_vrma_is_a_fixed_point() -> None:
    """Keys are thinned and packed into 16 bits; between them the rotations stay within a tenth of a degree."""
    clip, skeleton = a_clip(), a_skeleton()
    for track in Glb.parse("idle.vrma", export_vrma(clip, skeleton)).clips["idle"]:
        if track.path == "rotation":
            values = align_rotations(track.node, track.values)
            back = Slerp(track.times, Rotation.from_quat(values))(np.clip(clip.times, track.times[0], track.times[-1]))
            true = Rotation.from_quat(clip.rotations[:, skeleton.names.index(track.node)])
            assert np.degrees((back.inv() * true).magnitude()).max() < 0.1
