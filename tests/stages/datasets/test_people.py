"""Who sits: balanced over tone, age and gender; captions say the same in two languages."""

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


def test_any_run_of_all_cells_holds_each_once() -> None:
    for start in (0, 7, 113):
        assert len({assign_cell(place) for place in range(start, start + CELL_COUNT)}) == CELL_COUNT == 10 * len(AGE_BANDS) * 2


def test_even_a_small_split_is_balanced_in_each_of_the_three() -> None:
    for which, kinds in ((0, 10), (1, len(AGE_BANDS)), (2, 2)):
        counted = Counter(assign_cell(place)[which] for place in range(60))
        assert len(counted) == kinds
        assert max(counted.values()) - min(counted.values()) <= 2


def test_people_are_what_their_cell_says() -> None:
    for who in EVERYBODY:
        monk, band, man = assign_cell(who.number)
        low, high = AGE_BANDS[band]
        assert who.monk == monk
        assert monk - 1 <= who.tone * 10 <= monk
        assert low <= who.years <= high + 1
        assert who.is_man == bool(man)
        assert sum(who.origins.values()) == pytest.approx(1)


def test_everybody_is_somebody_else_and_the_same_again() -> None:
    assert sample_person(5, 5, 0) == EVERYBODY[5]
    assert len({(p.years, p.gender, p.hair_colour) for p in EVERYBODY}) == len(EVERYBODY)
    assert sample_person(5, 5, 1) != EVERYBODY[5]


def test_what_they_wear_is_in_the_wardrobe() -> None:
    for who in EVERYBODY:
        assert who.hair == "none" or who.hair in load_catalogue()["hair"]
        assert who.brows in load_catalogue()["brows"]
        assert who.lashes in load_catalogue()["lashes"]
        assert who.outfit in load_catalogue()["outfit"]


def test_children_are_neither_bald_nor_shaved_nor_made_up() -> None:
    for who in EVERYBODY:
        if who.years < 16:
            assert who.hair != "none"
            assert who.skin["stubble"] == who.skin["makeup"] == who.skin["lipstick"] == who.skin["scars"] == 0


def test_every_hair_style_and_colour_comes_up() -> None:
    assert {who.hair_kind for who in EVERYBODY} == set(HAIR_COLOURS)
    assert {who.style for who in EVERYBODY} == set(HAIRSTYLES.values())


def test_seats_put_nobody_in_two_splits_and_give_everybody_eight_pictures() -> None:
    people = split_people(8000)
    assert [len(r) for r in people.values()] == [834, 83, 83]
    assert sorted(n for r in people.values() for n in r) == list(range(8000 // PICTURES_PER_PERSON))


@pytest.mark.parametrize("expression", shots.EXPRESSIONS)
def test_a_view_says_what_it_shows(expression: str) -> None:
    shot = shots.sample_shot(BONES, expression, np.random.default_rng(1))
    told = shots.describe_shot(shot)
    assert tuple(told) == shots.COLUMNS
    assert all(0 <= value <= 1 for value in told.values())
    assert (told["smile"] > 0) == (expression in ("smile", "laugh"))
    assert (told["eyes_closed"] > 0) == (expression == "eyes_closed")
    blink = shot.view.pose.face[MORPHS_67.index("eyeBlinkLeft")]
    assert (blink > 0.5) == (expression == "eyes_closed")
    assert len(shot.view.lamps) == 4


def test_captions_name_the_person_in_both_languages() -> None:
    rng = np.random.default_rng(0)
    seen: dict[str, set[str]] = {"en": set(), "zh": set()}
    for who in EVERYBODY:
        shot = shots.sample_shot(BONES, "smile", rng)
        told = compose_captions(who, shot, rng)
        word = ("woman", "girl") if not who.is_man else ("man", "boy")
        assert any(w in told["en"].split() or f"{w}," in told["en"].split() for w in word), told["en"]
        assert any("\u4e00" <= sign <= "\u9fff" for sign in told["zh"])
        assert told["en"].isascii()
        assert "{" not in told["en"] + told["zh"]
        for language, text in told.items():
            seen[language].add(text)
    assert min(map(len, seen.values())) > 0.9 * len(EVERYBODY)
