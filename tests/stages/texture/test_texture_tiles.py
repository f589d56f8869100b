"""Tiles: seams share base vertices, the layout is symmetric, and colours meet at the neck."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from assets.artefacts.character import Identity, TextureSet
from assets.artefacts.geometry import Image
from assets.errors import BackendError, FormatError
from assets.paths import PROJECT_ROOT, get_baked_path
from assets.spec.appearance import TextureSpec
from assets.uv_tile import rasterise
from stages.texture import detail
from stages.texture.albedo import _sample_smoothed, find_seam_vertices, to_lab
from stages.texture.stage import choose_wrinkle_amount, run, to_trimesh
from stages.texture.tiles import bake_tiles, fill_margins, load_skin_library, map_head_uv, parse_skin_attributes

pytestmark = pytest.mark.slow

needs_bake = pytest.mark.skipif(not get_baked_path("tiles.safetensors").exists(), reason="run `fenshen bake` first")

FIRST_SKIN = Path(json.loads((PROJECT_ROOT / "assets" / "wardrobe.json").read_text("utf-8"))["skins"][0]).name


def identity(tone: int = 150, age: float = 40) -> Identity:
    head = np.full((128, 128, 3), tone, np.uint8)
    body = np.full((128, 128, 3), tone - 30, np.uint8)
    return Identity(np.zeros(64, np.float32), Image(head), Image(body), age, 0.0, 0.4, {})


def run_texture(size: int = 512, **options: float) -> TextureSet:
    body = SimpleNamespace(positions=np.zeros((19158, 3), np.float32))
    return run(identity(), body, options=TextureSpec(size=size, **options), seed=3)  # type: ignore[arg-type]


def test_the_head_layout_is_symmetric_and_upright() -> None:
    points = np.array([[0.85, 0.517 - 0.1], [0.85, 0.517 + 0.1], [0.75, 0.517], [0.95, 0.517]], np.float32)
    uv = map_head_uv(points)
    assert uv[0, 0] + uv[1, 0] == pytest.approx(1, abs=1e-5)
    assert uv[2, 1] < uv[3, 1]


def test_rasterised_values_are_interpolated_linearly() -> None:
    uv = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], np.float32)
    picture, mask = rasterise(uv, np.array([[0, 1, 2], [1, 3, 2]], np.int32), uv, 32)
    centres = (np.arange(32) + 0.5) / 32
    assert mask.all()
    assert np.abs(picture[..., 0] - centres[None]).max() < 1e-2


def test_margins_take_the_nearest_covered_pixel() -> None:
    picture = np.array([[7, 0, 0, 9]])
    assert fill_margins(picture, np.array([[True, False, False, True]])).tolist() == [[7, 7, 9, 9]]


def test_the_attributes_of_a_skin_are_read_from_its_path() -> None:
    name, age, gender = parse_skin_attributes("public/data/skins/old_asian_male/textures/old_x.png")
    assert (name, age, gender) == ("old_asian_male-old_x", 75.0, 1.0)


@needs_bake
def test_head_and_body_share_the_base_vertices_of_the_neck() -> None:
    head, body = load_skin_library().surfaces
    in_head, in_body = find_seam_vertices(head, body)
    assert len(in_head) > 20
    assert np.array_equal(head.base[in_head], body.base[in_body])
    for surface in (head, body):
        assert surface.uv.min() >= 0
        assert surface.uv.max() <= 1
        assert surface.triangles.max() < len(surface.base)


@needs_bake
def test_colours_meet_at_the_neck() -> None:
    made = run_texture()
    head, body = made.surfaces
    in_head, in_body = find_seam_vertices(head, body)
    labs = [to_lab(made.images[f"{name}_albedo"].pixels) for name in ("head", "body")]
    gap = _sample_smoothed(labs[0], head.uv[in_head]) - _sample_smoothed(labs[1], body.uv[in_body])
    assert np.abs(np.median(gap, 0)).max() < 2.5


@needs_bake
def test_pictures_have_the_requested_size_and_materials_refer_to_them() -> None:
    made = run_texture()
    assert set(made.images) == {f"{part}_{kind}" for part in ("head", "body") for kind in ("albedo", "normal", "orm")}
    assert all(image.pixels.shape == (512, 512, 3) for image in made.images.values())
    assert made.images["head_albedo"].srgb
    assert not made.images["head_normal"].srgb
    assert {m.albedo for m in made.materials} == {"head_albedo", "body_albedo"}


@needs_bake
def test_the_same_seed_paints_the_same_skin() -> None:
    first, second = run_texture(), run_texture()
    assert all(np.array_equal(first.images[k].pixels, second.images[k].pixels) for k in first.images)


@needs_bake
def test_freckles_darken_the_cheeks() -> None:
    window = (slice(280, 340), slice(150, 362))
    plain, spotted = run_texture(freckles=0.0), run_texture(freckles=1.0)
    assert spotted.images["head_albedo"].pixels[window].mean() < plain.images["head_albedo"].pixels[window].mean()


@needs_bake
def test_a_textured_trimesh_carries_uv_and_picture() -> None:
    made = run_texture()
    mesh = to_trimesh(made.surfaces[0], np.random.default_rng(0).random((19158, 3), np.float32), made.images["head_albedo"].pixels)
    assert mesh.visual.uv.shape == (len(made.surfaces[0].base), 2)
    assert mesh.visual.material.baseColorTexture.size == (512, 512)


def test_a_foreign_mesh_is_rejected() -> None:
    body = SimpleNamespace(positions=np.zeros((10, 3), np.float32))
    with pytest.raises(FormatError) as caught:
        run(identity(), body, options=TextureSpec(), seed=0)  # type: ignore[arg-type]
    assert str(caught.value) == "error[texture/base-mesh] the body has 10 vertices, but the base mesh has 19158"


def test_missing_tiles_are_reported(tmp_path: Path) -> None:
    with pytest.raises(BackendError) as caught:
        load_skin_library(tmp_path / "tiles.safetensors")
    assert str(caught.value) == "error[texture/unbaked] tiles.safetensors is missing; run `fenshen bake`"


def test_tiles_cannot_be_baked_without_the_template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FENSHEN_HOME", str(tmp_path))
    with pytest.raises(BackendError) as caught:
        bake_tiles(tmp_path / "tiles.safetensors")
    assert str(caught.value) == "error[texture/unbaked] template.safetensors is missing; run `fenshen bake`"


@needs_bake
def test_a_damaged_skin_is_reported_while_baking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FENSHEN_NODE_MODULES", str(tmp_path))
    with pytest.raises(BackendError) as caught:
        bake_tiles(tmp_path / "tiles.safetensors")
    assert str(caught.value) == f"error[texture/skin] {FIRST_SKIN} cannot be read as a picture; run `fenshen bake --node-only --force`"


def test_flat_skin_has_normals_that_point_outwards() -> None:
    flat = detail.compute_normal_map(np.zeros((16, 16), np.float32), 1.0)
    assert flat[..., 2].min() == 255
    assert set(np.unique(flat[..., :2])) == {128}


def test_wrinkles_follow_the_age_unless_the_spec_sets_them() -> None:
    assert choose_wrinkle_amount(TextureSpec(), 25) == 0
    assert choose_wrinkle_amount(TextureSpec(), 70) > 0.7
    assert choose_wrinkle_amount(TextureSpec(wrinkles=0.1), 70) == 0.1
