"""Portraits: lit, in frame, independent of the previous picture, and never of one person in two splits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from assets.paths import get_baked_path
from stages.datasets.faces import COLUMNS, PICTURES_PER_PERSON, FaceGenerator, plan
from stages.datasets.shards import load_images, write_dataset
from stages.datasets.shots import EXPRESSIONS
from stages.datasets.splits import SPLITS
from stages.datasets.tones import monk_to_tone
from stages.render.portrait import PortraitStudio, open_portrait_studio
from stages.texture.tiles import load_skin_library

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not get_baked_path("body.safetensors").exists(), reason="run `fenshen bake` first")]
COUNT, SIZE = 3 * PICTURES_PER_PERSON, 48


@pytest.fixture(scope="module")
def studio() -> Iterator[PortraitStudio]:
    with open_portrait_studio() as open_studio:
        yield open_studio


def make_face_generator(studio: PortraitStudio) -> FaceGenerator:
    return FaceGenerator(load_skin_library(), studio, count=COUNT, size=SIZE, seed=0)


@pytest.fixture(scope="module")
def items(studio: PortraitStudio) -> list:
    generate = make_face_generator(studio)
    return [generate(index) for index in range(2 * PICTURES_PER_PERSON)]


def test_pictures_are_neither_black_nor_flat_and_show_a_person_in_the_middle(items: list) -> None:
    for item in items:
        picture = item.picture.astype(float)
        assert picture.shape == (SIZE, SIZE, 3)
        assert 8 < picture.mean() < 247
        middle, corner = picture[12:36, 16:32], picture[:6, :6]
        assert middle.std() > 8
        assert np.abs(middle.mean((0, 1)) - corner.mean((0, 1))).max() > 4 or corner.std() < middle.std()


def test_pictures_of_one_person_differ_and_share_the_persons_attributes(items: list) -> None:
    one, other = items[0], items[1]
    assert one.person == other.person == 0
    assert np.abs(one.picture.astype(int) - other.picture).mean() > 3
    for name in ("age_years", "gender", "tone", "monk", "hair_length", "weight"):
        assert one.attributes[name] == other.attributes[name]
    expressions = [{item.labels["expression"] for item in part} for part in (items[:PICTURES_PER_PERSON], items[PICTURES_PER_PERSON:])]
    assert expressions == [set(EXPRESSIONS)] * 2


def test_attributes_are_complete_and_in_range(items: list) -> None:
    for item in items:
        assert tuple(item.attributes) == COLUMNS
        assert all(0 <= value <= 1 for name, value in item.attributes.items() if not name.endswith("_years"))
        assert set(item.captions) == {"en", "zh"}


def test_the_measured_tone_is_near_the_requested_class(items: list) -> None:
    for item in items:
        assert item.attributes["tone"] == pytest.approx(monk_to_tone(item.labels["monk"]), abs=0.15)


def test_a_picture_does_not_depend_on_the_previous_one(studio: PortraitStudio, items: list) -> None:
    fresh = make_face_generator(studio)(PICTURES_PER_PERSON + 3)
    assert fresh.attributes == items[PICTURES_PER_PERSON + 3].attributes
    assert (fresh.picture == items[PICTURES_PER_PERSON + 3].picture).all()


def test_nobody_is_in_two_splits(studio: PortraitStudio, tmp_path: Path) -> None:
    card, shards = plan(load_skin_library(), count=COUNT, size=SIZE, seed=0, command="")
    write_dataset(tmp_path, card, shards, make_face_generator(studio))
    people = [set(load_images(tmp_path, split).people.tolist()) for split in SPLITS]
    assert people == [{0}, {1}, {2}]
