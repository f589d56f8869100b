"""Skins: split by source skin, with an attribute for everything that is painted, each picture determined by seed and index."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assets.paths import get_baked_path
from stages.datasets import blemishes
from stages.datasets.shards import load_images
from stages.datasets.skins import COLUMNS, SkinGenerator, plan, recolour, sample_smooth_weights, split_skins
from stages.datasets.splits import SPLITS
from stages.datasets.tones import TONE_COLOURS, compute_monk_lightness, monk_to_tone, tone_to_lab, tone_to_monk
from stages.texture.tiles import convert_lightness_to_tone, load_skin_library, locate_face_window, measure_lightness

pytestmark = pytest.mark.slow

needs_skins = pytest.mark.skipif(not get_baked_path("tiles.safetensors").exists(), reason="run `fenshen bake` first")


def make_flat_head(size: int = 64, light: float = 65.0) -> np.ndarray:
    return np.broadcast_to(np.array([light, 14, 18], np.float32), (size, size, 3)).copy()


def make_rng() -> np.random.Generator:
    return np.random.default_rng(3)


def test_splits_share_no_skin_and_leave_none_out() -> None:
    members = [i for part in split_skins(20).values() for i in part]
    assert sorted(members) == list(range(20))


def test_tones_range_from_the_lightest_to_the_darkest_colour() -> None:
    assert tone_to_lab(0.0) == pytest.approx(TONE_COLOURS[0])
    assert tone_to_lab(1.0) == pytest.approx(TONE_COLOURS[-1])
    assert tone_to_lab(0.4)[0] > tone_to_lab(0.6)[0]


def test_a_monk_class_is_recovered_from_its_tone() -> None:
    assert [tone_to_monk(monk_to_tone(k)) for k in range(1, 11)] == list(range(1, 11))
    assert (np.diff(compute_monk_lightness()[2:]) < 0).all()


def test_blending_weights_sum_to_one_and_are_mirror_symmetric() -> None:
    weights = sample_smooth_weights(3, 32, make_rng())
    assert weights.sum(0) == pytest.approx(np.ones((32, 32, 1)), abs=1e-5)
    assert weights == pytest.approx(weights[:, :, ::-1], abs=1e-5)


def test_recolouring_moves_the_face_and_keeps_black_hair_neutral() -> None:
    head = make_flat_head()
    head[:8] = (8, 0, 0)
    moved = recolour(head, head[32, 32], tone_to_lab(1.0))
    assert moved[32, 32] == pytest.approx(tone_to_lab(1.0), abs=0.01)
    assert np.abs(moved[0, 0, 1:]).max() < 2


@pytest.mark.parametrize(
    ("paint", "darker"),
    [
        (lambda lab: blemishes.add_freckles(lab, 1.0, make_rng()), True),
        (lambda lab: blemishes.add_moles(lab, 8, make_rng()), True),
        (lambda lab: blemishes.add_stubble(lab, 1.0, make_rng()), True),
        (lambda lab: blemishes.apply_makeup(lab, 1.0, make_rng()), True),
        (lambda lab: blemishes.age_skin(lab, 20, make_rng()), True),
        (lambda lab: blemishes.add_scars(lab, 2, make_rng()), False),
    ],
)
def test_blemishes_change_spots_and_not_the_whole_face(paint, darker: bool) -> None:
    head = make_flat_head(256)
    change = paint(head)[..., 0] - head[..., 0]
    assert np.abs(change).max() > 2
    assert np.median(np.abs(change)) < 2.5
    if darker:
        assert change.mean() < 0


def test_positive_redness_reddens_and_negative_redness_pales() -> None:
    head = make_flat_head()
    assert (
        blemishes.add_redness(head, 1.0, make_rng())[..., 1].mean()
        > head[..., 1].mean()
        > blemishes.add_redness(head, -0.2, make_rng())[..., 1].mean()
    )


def test_an_amount_of_zero_changes_nothing() -> None:
    head = make_flat_head()
    for unchanged in (
        blemishes.add_freckles(head, 0, make_rng()),
        blemishes.add_moles(head, 0, make_rng()),
        blemishes.add_scars(head, 0, make_rng()),
        blemishes.add_stubble(head, 0, make_rng()),
    ):
        assert unchanged == pytest.approx(head)
    assert blemishes.apply_makeup(head, 0, make_rng()) == pytest.approx(head)


@needs_skins
def test_an_item_depends_on_seed_and_index_only() -> None:
    skins = load_skin_library()
    one, two = (SkinGenerator(skins, count=12, size=32, seed=5) for _ in range(2))
    two(0)
    assert (one(3).picture == two(3).picture).all()
    assert one(3).attributes == two(3).attributes
    assert (one(3).picture != one(4).picture).any()
    assert (one(3).picture != SkinGenerator(skins, count=12, size=32, seed=6)(3).picture).any()


@needs_skins
def test_attributes_describe_the_picture(tmp_path: Path) -> None:
    skins = load_skin_library()
    item = SkinGenerator(skins, count=12, size=64, seed=1)(0)
    assert tuple(item.attributes) == COLUMNS
    rows, columns = locate_face_window(64)
    assert item.attributes["tone"] == pytest.approx(convert_lightness_to_tone(measure_lightness(item.picture[rows, columns, :3])), abs=1e-6)
    assert 8 <= item.attributes["age_years"] <= 95
    assert all(0 <= item.attributes[name] <= 1 for name in COLUMNS if not name.endswith("_years"))
    assert set(item.captions) == {"en", "zh"}


@needs_skins
def test_no_picture_is_blended_from_another_splits_skins(tmp_path: Path) -> None:
    from stages.datasets.shards import write_dataset

    skins = load_skin_library()
    card, shards = plan(skins, count=9, size=32, seed=0, command="")
    generate = SkinGenerator(skins, count=9, size=32, seed=0)
    for shard in shards:
        allowed = {skins.names[i] for i in split_skins(20)[shard.split]}
        assert all(set(generate(index).labels["skins"]) <= allowed for index in shard.items)
    write_dataset(tmp_path, card, shards, generate)
    people = [set(load_images(tmp_path, split).people) for split in SPLITS]
    assert not people[0] & people[1] | people[1] & people[2] | people[0] & people[2]
