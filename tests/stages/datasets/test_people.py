"""Random people: balanced over tone, age and gender, with captions in two languages."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from assets.artefacts.geometry import Skeleton
from assets.conventions import JOINTS, MORPHS_67, PARENTS
from stages.datasets import shots
from stages.datasets.captions import compose_captions
from stages.datasets.faces import PICTURES_PER_PERSON, split_people
from stages.datasets.people import AGE_BANDS, CELL_COUNT, HAIR_COLOURS, HAIRSTYLES, assign_cell, sample_person
from stages.groom.wardrobe import load_catalogue

EVERYBODY = [sample_person(number, number, 0) for number in range(2 * CELL_COUNT)]
BONES = Skeleton(JOINTS, np.array(PARENTS, np.int32), np.zeros((len(JOINTS), 3), np.float32))


def test_each_cell_occurs_once_in_a_full_round() -> None:
    for start in (0, 7, 113):
        assert len({assign_cell(index) for index in range(start, start + CELL_COUNT)}) == CELL_COUNT == 10 * len(AGE_BANDS) * 2


def test_even_a_small_split_is_balanced_in_tone_age_and_gender() -> None:
    for part, kinds in ((0, 10), (1, len(AGE_BANDS)), (2, 2)):
        counts = Counter(assign_cell(index)[part] for index in range(60))
        assert len(counts) == kinds
        assert max(counts.values()) - min(counts.values()) <= 2


def test_people_have_the_tone_age_and_gender_of_their_cell() -> None:
    for person in EVERYBODY:
        monk, band, man = assign_cell(person.number)
        low, high = AGE_BANDS[band]
        assert person.monk == monk
        assert monk - 1 <= person.tone * 10 <= monk
        assert low <= person.years <= high + 1
        assert person.is_man == bool(man)
        assert sum(person.origins.values()) == pytest.approx(1)


def test_people_differ_and_depend_on_number_and_seed_alone() -> None:
    assert sample_person(5, 5, 0) == EVERYBODY[5]
    assert len({(p.years, p.gender, p.hair_colour) for p in EVERYBODY}) == len(EVERYBODY)
    assert sample_person(5, 5, 1) != EVERYBODY[5]


def test_what_they_wear_is_in_the_wardrobe() -> None:
    for person in EVERYBODY:
        assert person.hair == "none" or person.hair in load_catalogue()["hair"]
        assert person.brows in load_catalogue()["brows"]
        assert person.lashes in load_catalogue()["lashes"]
        assert person.outfit in load_catalogue()["outfit"]


def test_children_are_not_bald_and_have_neither_stubble_nor_make_up_nor_scars() -> None:
    for person in EVERYBODY:
        if person.years < 16:
            assert person.hair != "none"
            assert person.skin["stubble"] == person.skin["makeup"] == person.skin["lipstick"] == person.skin["scars"] == 0


def test_every_hairstyle_and_hair_colour_occurs() -> None:
    assert {person.hair_kind for person in EVERYBODY} == set(HAIR_COLOURS)
    assert {person.style for person in EVERYBODY} == set(HAIRSTYLES.values())


def test_nobody_is_in_two_splits_and_everybody_has_eight_pictures() -> None:
    people = split_people(8000)
    assert [len(r) for r in people.values()] == [834, 83, 83]
    assert sorted(n for r in people.values() for n in r) == list(range(8000 // PICTURES_PER_PERSON))


@pytest.mark.parametrize("expression", shots.EXPRESSIONS)
def test_a_shots_columns_describe_it(expression: str) -> None:
    shot = shots.sample_shot(BONES, expression, np.random.default_rng(1))
    columns = shots.describe_shot(shot)
    assert tuple(columns) == shots.COLUMNS
    assert all(0 <= value <= 1 for value in columns.values())
    assert (columns["smile"] > 0) == (expression in ("smile", "laugh"))
    assert (columns["eyes_closed"] > 0) == (expression == "eyes_closed")
    blink = shot.view.pose.face[MORPHS_67.index("eyeBlinkLeft")]
    assert (blink > 0.5) == (expression == "eyes_closed")
    assert len(shot.view.lamps) == 4


def test_captions_name_the_person_in_both_languages() -> None:
    rng = np.random.default_rng(0)
    seen: dict[str, set[str]] = {"en": set(), "zh": set()}
    for person in EVERYBODY:
        captions = compose_captions(person, shots.sample_shot(BONES, "smile", rng), rng)
        words = captions["en"].replace(",", " ").split()
        assert set(words) & ({"man", "boy"} if person.is_man else {"woman", "girl"}), captions["en"]
        assert any("\u4e00" <= character <= "\u9fff" for character in captions["zh"])
        assert captions["en"].isascii()
        assert "{" not in captions["en"] + captions["zh"]
        for language, text in captions.items():
            seen[language].add(text)
    assert min(map(len, seen.values())) > 0.9 * len(EVERYBODY)
