"""The package stage on a small whole character."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from assets.artefacts.geometry import Image, Material
from assets.bundle import Package
from assets.codec import decode, encode
from assets.conventions import MORPHS_67
from assets.errors import RightsError
from assets.spec.ship import PackageSpec, RightsSpec
from stages.package.atlas import covered, layout, one_material
from stages.package.scene import character, parts, tangents
from stages.package.stage import STAGE, run
from stages.package.target import encode as encoded
from stages.package.target import fit_triangles, pictures
from stages.verify.gate import TARGETS, load_gates
from stages.verify.reading import Glb
from stages.verify.stage import checks_of, reading_of
from tests.stages.package import small_character as small


def packed(target: str = "web", **rights: object) -> Package:
    options = PackageSpec(target=target, turntable=False)  # type: ignore[arg-type]
    return run(
        small.body(), small.texture(), small.groom(), small.performance(), small.dialogue(), small.speech(bool(not rights)),
        options=options, seed=1, rights=RightsSpec(**rights), name="Ada",  # type: ignore[arg-type]
    )  # fmt: skip


@lru_cache(maxsize=3)
def once(target: str) -> Package:
    return packed(target)


def file(package: Package, path: str) -> bytes:
    return next(f.data for f in package.files if f.path == path)


def test_the_stage_takes_its_inputs_by_name() -> None:
    assert STAGE.takes == ("body", "texture", "groom", "performance", "dialogue", "speech")


def test_the_package_holds_what_a_bundle_is_made_of() -> None:
    paths = {f.path for f in once("web").files}
    assert {"avatar.glb", "avatar.vrm", "clips/idle.vrma", "clips/say_hello.vrma", "dialogue.json", "voice/hello.wav",
            "visemes/hello.json", "textures/head_albedo.jpg", "textures/hat.png", "previews/portrait.jpg", "previews/full.jpg",
            "previews/speech.jpg", "LICENSES.md"} <= paths  # fmt: skip
    assert all(f.licence and f.sources for f in once("web").files)


def test_a_second_build_gives_the_same_bytes() -> None:
    assert encode(packed()) == encode(once("web"))


def test_the_package_survives_the_store() -> None:
    assert decode(encode(once("web")), Package) == once("web")


@pytest.mark.parametrize("target", ["web", "crowd"])
def test_the_gates_of_files_rights_and_budget_are_content(target: str) -> None:
    about = ("gltf/", "rig/weights", "rig/joints", "rig/morph", "vrm/", "rights/", "budget/", "speech/dialogue", "speech/say")
    gates = [gate for code, gate in load_gates().items() if code.startswith(about) and code in TARGETS[target]]
    assert len(gates) > 10
    assert [c for gate in gates for c in checks_of(gate, reading_of(once(target), target)) if not c.ok] == []


def test_a_crowd_avatar_has_one_material_and_one_picture() -> None:
    glb = Glb.parse("avatar.glb", file(once("crowd"), "avatar.glb"))
    assert [m["name"] for m in glb.json["materials"]] == ["atlas"]
    assert len(glb.json["images"]) == 1


def test_no_vrm_where_none_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stages.package.stage.preview_files", lambda *given: [])  # pictures cost seconds
    package = run(
        small.body(), small.texture(), small.groom(), small.performance(), small.dialogue(), small.speech(),
        options=PackageSpec(vrm=False, turntable=False), seed=1,
    )  # fmt: skip
    assert not [f.path for f in package.files if f.path.endswith((".vrm", ".vrma"))]


def test_strict_rights_name_every_source_that_may_not_be_sold() -> None:
    with pytest.raises(RightsError) as caught:
        packed(strict=True)
    assert [f.code for f in caught.value.findings] == ["rights/strict"]
    assert "A voice" in str(caught.value)


def test_the_dialogue_names_its_files() -> None:
    talk = json.loads(file(once("web"), "dialogue.json"))
    assert talk["lines"][0]["wav"] == "voice/hello.wav"
    assert talk["lines"][0]["seconds"] == 1.0
    assert talk["replies"] == [{"line": "hello", "questions": ["who are you"]}]


def test_the_licences_name_every_source_in_a_whole_table() -> None:
    text = file(once("web"), "LICENSES.md").decode()
    assert "| A voice | CC-BY-NC-4.0 |" in text
    assert "recorded for research" in text


def test_names_with_bars_do_not_break_the_table() -> None:
    from stages.package.papers import _row

    assert _row(("a|b", "c\nd")) == "| a\\|b | c d |"


def test_skin_under_cloth_is_not_shipped() -> None:
    bare = character(small.body(), small.texture(), small.groom())
    dressed = character(small.body(), small.texture(), small.groom(hidden=True))
    assert dressed.triangles < 0.8 * bare.triangles
    low = min(p.mesh.positions[:, 1].min() for p in dressed.pieces if p.mesh.name == "body")
    assert low > 0.2


def test_meshes_of_one_name_get_names_of_their_own() -> None:
    names = [p.mesh.name for p in character(small.body(), small.texture(), small.groom()).pieces]
    assert names == ["head", "body", "eyes", "eyes_2", "hat"]


def test_head_and_body_share_their_places_so_that_no_crack_opens() -> None:
    whole = fit_triangles(character(small.body(), small.texture(), small.groom()), 700)
    head, body = (p for p in whole.pieces if p.mesh.name in ("head", "body"))
    height = np.float32(0.5)
    rims = [{tuple(x) for x in p.mesh.positions[np.isclose(p.mesh.positions[:, 1], height, atol=1e-4)].tolist()} for p in (head, body)]
    assert rims[0] == rims[1]
    assert whole.triangles <= 700


def test_morphs_survive_the_reduction() -> None:
    whole = fit_triangles(character(small.body(), small.texture(), small.groom()), 700)
    head = next(p for p in whole.pieces if p.mesh.name == "head")
    assert tuple(m.name for m in head.mesh.morphs) == MORPHS_67
    assert all((m.indices < len(head.mesh.positions)).all() and (np.diff(m.indices) > 0).all() for m in head.mesh.morphs)


def test_tangents_are_unit_and_stand_on_the_normals() -> None:
    whole = character(small.body(), small.texture(), small.groom())
    for part in parts(whole.pieces, whole.materials):
        if part.tangents is not None:
            assert np.allclose(np.linalg.norm(part.tangents[:, :3], axis=1), 1, atol=1e-5)
            assert np.abs((part.tangents[:, :3] * part.normals).sum(1)).max() < 1e-4


def test_tangents_of_a_plain_square_run_along_u() -> None:
    points = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32)
    mesh = small.groom().meshes[0].__class__(
        "square", points, np.array([[0, 1], [1, 1], [1, 0], [0, 0]], np.float32), np.array([[0, 1, 2], [0, 2, 3]], np.int32),
        small.hung_on("Head", 4), (), "m",
    )  # fmt: skip
    found = tangents(mesh, np.tile(np.array([0, 0, 1], np.float32), (4, 1)))
    # v runs down the picture, so with u to the right the bitangent points up: handedness +1.
    assert np.allclose(found, [1, 0, 0, 1])


def test_a_picture_without_holes_is_a_jpeg() -> None:
    solid = Image(np.full((8, 8, 4), 255, np.uint8))
    assert encoded(solid, 8, 80, True).media_type == "image/jpeg"
    assert encoded(Image(np.full((8, 8, 4), 99, np.uint8)), 8, 80, True).media_type == "image/png"


def test_pictures_fit_the_side() -> None:
    image = Image(np.zeros((64, 32, 3), np.uint8))
    found = pictures((Material("head", "a", "n"),), {"a": image, "n": image}, 16, 80)
    assert set(found) == {"a", "n"}


@pytest.mark.parametrize("count", [1, 4, 9, 20])
def test_the_atlas_gives_every_material_a_place_of_its_own(count: int) -> None:
    names = ["head", "body", *(f"m{i}" for i in range(count))]
    cells, grid = layout(names)
    taken = np.zeros((grid, grid), int)
    for row, column, span in cells.values():
        taken[row : row + span, column : column + span] += 1
    assert set(cells) == set(names)
    assert taken.max() == 1


def test_the_atlas_keeps_each_uv_in_its_tile() -> None:
    whole = one_material(character(small.body(), small.texture(), small.groom()), 64)
    for piece in whole.pieces:
        assert piece.mesh.uv.min() >= 0
        assert piece.mesh.uv.max() <= 1
    assert {p.mesh.material for p in whole.pieces} == {"atlas"}


def test_importing_the_stage_is_light(tmp_path: Path) -> None:
    import subprocess
    import sys

    heavy = "torch mediapipe pyrender onnxruntime transformers cv2 OpenGL PIL"
    code = f"import sys, stages.package.stage; print([m for m in '{heavy}'.split() if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_fine_strands_stay_covered_when_a_picture_shrinks() -> None:
    pixels = np.full((64, 64, 4), 255, np.uint8)
    pixels[..., 3] = np.where(np.arange(64) % 4 == 0, 255, 0)
    small = Image(np.concatenate([np.full((8, 8, 3), 255, np.uint8), np.full((8, 8, 1), 64, np.uint8)], 2))
    assert (covered(small, Image(pixels)).pixels[..., 3] >= 89).all()
    assert covered(Image(pixels), Image(pixels)).pixels is pixels
