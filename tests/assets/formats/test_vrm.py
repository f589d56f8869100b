"""VRM 1.0 files and VRM animations."""

from __future__ import annotations

import numpy as np
import pytest

from assets.conventions import ARKIT_52, MORPHS_67, VRM_BONES
from assets.formats.glb import unpack_glb
from assets.formats.gltf import EncodedImage
from assets.formats.vrm import EXPRESSION_PRESETS, LICENCE_URL, VrmMeta, export_vrm, export_vrma, to_vrm_permissions
from stages.verify.bundle_view import Glb
from stages.verify.gates.gltf import run_validator
from tests.assets.formats.small_scene import a_clip, a_scene, a_skeleton, needs_node

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
