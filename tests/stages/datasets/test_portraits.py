"""Portraits of random specs: complete, in range, independent of each other, and never of one person in two splits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from assets.paths import get_baked_path
from stages.datasets.portrait_people import (
    BEARD_LOOKS,
    CELL_COUNT,
    OUTFIT_LOOKS,
    STYLE_LOOKS,
    assign_cell,
    sample_portrait_person,
)
from stages.datasets.portraits import COLUMNS, PICTURES_PER_PERSON, PortraitGenerator, draw_moods, split_people
from stages.datasets.splits import SPLITS
from stages.groom.garments.style import load_sets
from stages.groom.hair.beard import list_beards
from stages.groom.hair.style import list_styles
from stages.groom.jewellery import make_earrings
from stages.portrait.subject import make_body, make_identity
from stages.render.portrait import PortraitStudio, open_portrait_studio

needs_body = pytest.mark.skipif(not get_baked_path("body.safetensors").exists(), reason="run `fenshen bake` first")


def test_every_style_beard_and_set_of_clothes_has_a_label() -> None:
    assert STYLE_LOOKS.keys() == set(list_styles())
    assert BEARD_LOOKS.keys() == {"none", *list_beards()}
    assert OUTFIT_LOOKS.keys() == load_sets().keys()


def test_eighty_people_cover_every_combination_of_tone_age_and_gender() -> None:
    assert len({assign_cell(number) for number in range(CELL_COUNT)}) == CELL_COUNT


def test_a_person_depends_on_the_seed_and_the_number_alone() -> None:
    assert sample_portrait_person(5, 1) == sample_portrait_person(5, 1)
    assert sample_portrait_person(5, 1).spec != sample_portrait_person(5, 2).spec


def test_labels_agree_with_the_spec() -> None:
    for number in range(60):
        person = sample_portrait_person(number, 0)
        groom, labels = person.spec.groom, person.labels
        assert labels["hair_length"] == STYLE_LOOKS[labels["hair"]][0]
        assert (groom.hair == "none") == (labels["hair"] == "bald")
        assert (groom.hat is not None) == (labels["hat"] == "yes")
        assert (groom.glasses != "none") == (labels["glasses"] == "yes")
        assert (person.spec.texture.freckles > 0) == (labels["freckles"] == "yes")
        assert labels["beard"] == "none" or labels["gender"] == "male"


@pytest.mark.parametrize("count", [18, 19, 60, 72, 600])
def test_every_person_is_in_one_split_and_no_split_is_empty(count: int) -> None:
    people = split_people(count)
    assert sorted(number for split in SPLITS for number in people[split]) == list(range(-(-count // PICTURES_PER_PERSON)))
    assert all(people.values())


def test_a_larger_set_holds_a_smaller_one() -> None:
    small, large = split_people(144), split_people(600)
    assert all(small[split] == large[split][: len(small[split])] for split in SPLITS)


def test_a_persons_pictures_have_different_moods() -> None:
    assert len(set(draw_moods(3, 0))) == PICTURES_PER_PERSON


@pytest.fixture(scope="module")
def studio() -> Iterator[PortraitStudio]:
    with open_portrait_studio() as open_studio:
        yield open_studio


@needs_body
@pytest.mark.slow
def test_pictures_are_complete_in_range_and_independent_of_the_previous_one(studio: PortraitStudio) -> None:
    generator = PortraitGenerator(studio, size=48, seed=0)
    items = [generator(index) for index in (0, 1, PICTURES_PER_PERSON)]
    for item in items:
        assert tuple(item.attributes) == COLUMNS
        assert all(0 <= value <= 1 for name, value in item.attributes.items() if not name.endswith("_years"))
        assert set(item.captions) == {"en", "zh"}
        assert item.picture.shape == (48, 48, 3)
        assert item.picture[12:36, 12:36].std() > 8
    assert items[0].person == items[1].person != items[2].person
    assert np.abs(items[0].picture.astype(int) - items[1].picture).mean() > 3
    again = PortraitGenerator(studio, size=48, seed=0)(1)
    assert again.attributes == items[1].attributes
    assert again.captions == items[1].captions
    assert (again.picture == items[1].picture).all()


@needs_body
def test_a_head_as_wide_above_its_ears_can_wear_earrings() -> None:
    """Person 72 stopped a data set: no vertex was known as an ear's, and the lowest of none has no place."""
    person = sample_portrait_person(72, 0)
    body = make_body(person.spec, make_identity(person.spec))
    (mesh,) = make_earrings(body, "studs", 1).meshes
    eye = body.eye_centres.mean(0)
    assert np.abs(np.abs(mesh.positions[:, 0]) - 0.09).max() < 0.03
    assert np.abs(mesh.positions[:, 1] - eye[1]).max() < 0.1
