"""The package stage on a small whole character."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture
from scipy.spatial.transform import Rotation

from assets.artefacts.character import Model, Previews
from assets.artefacts.geometry import Image, Material
from assets.artefacts.talk import Performance
from assets.bundle import Package
from assets.codec import decode_artefact, encode_artefact
from assets.conventions import JOINTS
from assets.errors import RightsError
from assets.formats import bvh
from assets.formats.image import read_image_size
from assets.paths import has_node_package
from assets.spec.packaging import PackageSpec, RightsSpec
from assets.store import LocalStore
from assets.substage_cache import use_cache
from stages.model.stage import run as run_model
from stages.package import previews
from stages.package.licences import _format_row, build_licences_file
from stages.package.stage import STAGE, run
from stages.package.target import encode_face, encode_image, encode_images
from stages.preview.stage import run as run_preview
from stages.verify.bundle_view import Glb
from stages.verify.gate import TARGET_GATES, load_gates
from stages.verify.stage import make_bundle_view, run_gate
from tests.stages import small_character as small

pytestmark = pytest.mark.slow


def build_package(target: str = "web", **rights: object) -> Package:
    options = PackageSpec(target=target, turntable=False)  # type: ignore[arg-type]
    return run(
        build_model(options), render_previews(), small.performance(), small.dialogue(), small.speech(bool(not rights)),
        options=options, seed=1, rights=RightsSpec(**rights), name="Ada",  # type: ignore[arg-type]
    )  # fmt: skip


def build_model(options: PackageSpec) -> Model:
    return run_model(small.body(), small.texture(), small.groom(), options=options, seed=1)


@lru_cache(maxsize=1)  # rendering takes seconds
def render_previews() -> Previews:
    options = PackageSpec(turntable=False)
    return run_preview(build_model(options), small.motion(), options=options, seed=1)


@lru_cache(maxsize=3)  # one per target
def build_package_once(target: str) -> Package:
    return build_package(target)


def read_file(package: Package, path: str) -> bytes:
    return next(f.data for f in package.files if f.path == path)


def test_the_stage_takes_its_inputs_by_name() -> None:
    assert STAGE.takes == ("model", "previews", "performance", "dialogue", "speech")


def test_the_package_holds_what_a_bundle_is_made_of() -> None:
    paths = {f.path for f in build_package_once("web").files}
    assert {"avatar.glb", "avatar.vrm", "clips/idle.vrma", "clips/say_hello.vrma", "dialogue.json", "voice/hello.wav",
            "visemes/hello.json", "textures/head_albedo.jpg", "textures/hat.png", "previews/portrait.jpg", "previews/full.jpg",
            "previews/speech.jpg", "LICENSES.md"} <= paths  # fmt: skip
    assert all(f.licence and f.sources for f in build_package_once("web").files)


def test_a_second_build_gives_the_same_bytes() -> None:
    assert encode_artefact(build_package()) == encode_artefact(build_package_once("web"))


def test_the_picture_of_a_speaking_pose_is_rendered_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with use_cache(LocalStore(tmp_path)):
        before = read_file(build_package(), "previews/speech.jpg")
        monkeypatch.setattr(previews, "render_stills", lambda *_: pytest.fail("rendered again"))
        assert read_file(build_package(), "previews/speech.jpg") == before == read_file(build_package_once("web"), "previews/speech.jpg")


def test_the_package_survives_the_store() -> None:
    assert decode_artefact(encode_artefact(build_package_once("web")), Package) == build_package_once("web")


@pytest.mark.parametrize("target", ["web", "crowd"])
def test_the_gates_of_files_rights_and_budget_are_content(target: str) -> None:
    about = ("gltf/", "rig/weights", "rig/joints", "rig/morph", "vrm/", "rights/", "budget/", "speech/dialogue", "speech/say")
    gates = [gate for code, gate in load_gates().items() if code.startswith(about) and code in TARGET_GATES[target]]
    assert len(gates) > 10
    assert [c for gate in gates for c in run_gate(gate, make_bundle_view(build_package_once(target), target)) if not c.ok] == []


def test_a_crowd_avatar_has_one_material_and_one_picture() -> None:
    glb = Glb.parse("avatar.glb", read_file(build_package_once("crowd"), "avatar.glb"))
    assert [m["name"] for m in glb.json["materials"]] == ["atlas"]
    assert len(glb.json["images"]) == 1


def test_no_vrm_unless_requested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stages.package.stage.build_preview_files", lambda *arguments: [])  # rendering takes seconds
    options = PackageSpec(vrm=False, turntable=False)
    package = run(build_model(options), render_previews(), small.performance(), small.dialogue(), small.speech(), options=options, seed=1)
    assert not [f.path for f in package.files if f.path.endswith((".vrm", ".vrma"))]


def make_moving_performance() -> Performance:
    """The small character's clips with every joint rotated by up to half a radian and the root moving forward."""
    shake = np.random.default_rng(5).uniform(-0.3, 0.3, (31, len(JOINTS), 3))
    turns = Rotation.from_rotvec(shake.reshape(-1, 3)).as_quat().reshape(31, len(JOINTS), 4).astype(np.float32)
    root = np.linspace([0, 0, 0], [0.1, 0.02, 0.5], 31).astype(np.float32)
    clips = tuple(replace(clip, rotations=turns, root=root) for clip in small.performance().clips)
    return replace(small.performance(), clips=clips)


def test_clips_survive_export_as_bvh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stages.package.stage.build_preview_files", lambda *arguments: [])  # rendering takes seconds
    options = PackageSpec(vrm=False, turntable=False, bvh=True)
    performance = make_moving_performance()
    package = run(build_model(options), render_previews(), performance, small.dialogue(), small.speech(), options=options, seed=1)
    written = {f.path: f for f in package.files if f.path.endswith(".bvh")}
    assert list(written) == ["clips/idle.bvh", "clips/say_hello.bvh"]
    assert {(f.role, f.licence, f.sources) for f in written.values()} == {("clip", "CC-BY-4.0", ("Ours",))}
    for clip in performance.clips:
        film = bvh.load_bvh(read_file(package, f"clips/{clip.name}.bvh"))
        order = [film.names.index(name) for name in JOINTS]
        apart = Rotation.from_quat(film.rotations[:, order].reshape(-1, 4)).inv() * Rotation.from_quat(clip.rotations.reshape(-1, 4))
        assert apart.magnitude().max() < 0.01
        np.testing.assert_allclose(film.times, clip.times, atol=1e-4)
        np.testing.assert_allclose(bvh.METRES_PER_UNIT * film.heads[order], small.SKELETON.heads - small.SKELETON.heads[0], atol=1e-4)
        np.testing.assert_allclose(bvh.METRES_PER_UNIT * film.positions[:, 0], clip.root + small.SKELETON.heads[0], atol=1e-4)


def test_no_bvh_unless_requested() -> None:
    assert not [f.path for f in build_package_once("web").files if f.path.endswith(".bvh")]


def test_licences_name_each_clip_of_a_video_without_a_consent_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """LICENSES.md did not mention people who were filmed without a record of their consent."""
    monkeypatch.setattr("stages.package.stage.build_preview_files", lambda *arguments: [])  # rendering takes seconds
    clips = tuple(replace(clip, source="video" if clip.name == "idle" else clip.source) for clip in small.performance().clips)
    filmed, options = replace(small.performance(), clips=clips), PackageSpec(vrm=False, turntable=False)

    def text(performance: Performance, consent: str | None) -> str:
        rights, model = RightsSpec(consent=consent), build_model(options)
        made = run(model, render_previews(), performance, small.dialogue(), small.speech(), options=options, seed=1, rights=rights)
        return read_file(made, "LICENSES.md").decode()

    sentence = "Clip idle was read from a video, and no consent record is named."
    assert text(filmed, None).splitlines().count(sentence) == 1
    assert "no consent record" not in text(filmed, "ok.txt") + text(small.performance(), None)
    assert "Consent record of the people shown: ok.txt." in text(filmed, "ok.txt")


def test_strict_rights_name_every_source_that_may_not_be_sold() -> None:
    with pytest.raises(RightsError) as caught:
        build_package(strict=True)
    assert str(caught.value) == (
        "error[rights/strict] A voice (CC-BY-NC-4.0) may not be sold: recorded for research; "
        "choose another one, ask its owner for permission, or set rights.strict to false"
    )


def test_the_dialogue_names_its_files() -> None:
    talk = json.loads(read_file(build_package_once("web"), "dialogue.json"))
    assert talk["lines"][0]["wav"] == "voice/hello.wav"
    assert talk["lines"][0]["seconds"] == 1.0
    assert talk["replies"] == [{"line": "hello", "questions": ["who are you"]}]


def test_the_licences_list_every_source_and_file() -> None:
    text = read_file(build_package_once("web"), "LICENSES.md").decode()
    assert "| A voice | CC-BY-NC-4.0 |" in text
    assert "recorded for research" in text
    assert "| report.html | Apache-2.0 AND MIT | fenshen, three.js |" in text


def test_names_with_bars_do_not_break_the_table() -> None:
    assert _format_row(("a|b", "c\nd")) == "| a\\|b | c d |"


def test_an_opaque_picture_is_a_jpeg() -> None:
    opaque = Image(np.full((8, 8, 4), 255, np.uint8))
    assert encode_image(opaque, 8, 80, True).media_type == "image/jpeg"
    assert encode_image(Image(np.full((8, 8, 4), 99, np.uint8)), 8, 80, True).media_type == "image/png"


def test_pictures_fit_the_side() -> None:
    image = Image(np.zeros((64, 32, 3), np.uint8))
    encoded = encode_images((Material("head", "a", "n"),), {"a": image, "n": image}, 16, 80, {})
    assert set(encoded) == {"a", "n"}


def test_the_face_gets_the_bytes_that_smooth_skin_needs() -> None:
    rng = np.random.default_rng(1)
    smooth = np.clip(150 + rng.normal(0, 2.2, (512, 512, 3)), 0, 255).astype(np.uint8)
    face, other = encode_face(Image(smooth), 512), encode_image(Image(smooth), 512, 90, alpha=False)
    # 200 kB at 1024 px are 50 kB at 512 px.
    assert len(face.data) >= 50_000 > len(other.data)
    assert len(encode_face(Image(smooth), 64).data) < 10_000


def test_lashes_are_small_pictures_with_a_palette() -> None:
    rng = np.random.default_rng(1)
    pixels = np.zeros((512, 512, 4), np.uint8)
    pixels[..., 3] = rng.integers(0, 255, (512, 512))
    lashes = encode_images((Material("lashes", albedo="lashes_albedo", alpha="BLEND"),), {"lashes_albedo": Image(pixels)}, 1024, 90, {})
    with Picture.open(io.BytesIO(lashes["lashes_albedo"].data)) as picture:
        assert (picture.size, picture.mode) == ((256, 256), "P")


def test_the_normals_of_head_and_outfit_have_the_full_side() -> None:
    images = {name: Image(np.zeros((64, 64, 3), np.uint8), srgb=False) for name in ("head_normal", "outfit_normal", "body_normal")}
    materials = tuple(Material(name, normal=f"{name}_normal") for name in ("head", "outfit", "body"))
    sides = {name: read_image_size(picture.data)[0] for name, picture in encode_images(materials, images, 64, 90, {}).items()}
    assert sides == {"head_normal": 64, "outfit_normal": 64, "body_normal": 32}


@pytest.mark.skipif(not has_node_package("meshoptimizer"), reason="the node package meshoptimizer is not installed")
def test_compression_adds_a_smaller_file_with_the_same_meshes_and_clips() -> None:
    options = PackageSpec(turntable=False, vrm=False, compress="meshopt")
    package = run(build_model(options), render_previews(), small.performance(), small.dialogue(), small.speech(), options=options, seed=1)
    plain, packed = read_file(package, "avatar.glb"), read_file(package, "avatar.meshopt.glb")
    assert len(packed) < len(plain)
    one, two = Glb.parse("avatar.glb", plain), Glb.parse("avatar.meshopt.glb", packed)
    assert (one.animation_names, [mesh["name"] for mesh in one.meshes]) == (two.animation_names, [mesh["name"] for mesh in two.meshes])


def test_importing_the_stage_is_light(tmp_path: Path) -> None:
    import subprocess
    import sys

    heavy = "torch mediapipe pyrender onnxruntime transformers cv2 OpenGL PIL"
    code = f"import sys, stages.package.stage; print([m for m in '{heavy}'.split() if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_name_is_no_markdown_in_the_licences() -> None:
    rights = RightsSpec(creator="[me](http://a.example)", licence="MIT | <b>free</b>", consent="a`b.txt")
    text = build_licences_file("Ada\u0020*the* <i>Great</i>", rights, (), (), ()).data.decode()
    assert text.splitlines()[:5] == [
        "# Licences of Ada \\*the\\* \\<i\\>Great\\</i\\>", "",
        "The finished avatar: MIT \\| \\<b\\>free\\</b\\>, by \\[me\\](http:\\//a.example).", "",
        "Consent record of the people shown: a\\`b.txt.",
    ]  # fmt: skip
