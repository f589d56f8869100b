"""What people wear: different on each, suitable, and as requested."""

from __future__ import annotations

import numpy as np
import pytest

from assets.errors import SpecError
from assets.spec.appearance import PieceSpec
from stages.groom.garments.choices import choose_outfit, describe_person
from stages.groom.garments.style import load_sets


def draw_people(count: int) -> list[tuple[float, float, int]]:
    """Years, gender and seed of as many people as bare seeds make."""
    rng = np.random.default_rng(5)
    return [(float(rng.uniform(18, 85)), float(rng.random() < 0.5), seed) for seed in range(count)]


def test_of_64_seeds_no_two_are_dressed_alike() -> None:
    seen = {choose_outfit(years, gender, None, None, None, seed).describe() for years, gender, seed in draw_people(64)}
    assert len(seen) == 64


def test_64_people_of_one_kind_wear_many_sets_and_palettes() -> None:
    chosen = [choose_outfit(30, 1.0, None, None, None, seed) for seed in range(64)]
    assert len({outfit.describe() for outfit in chosen}) == 64
    assert len({outfit.name for outfit in chosen}) >= 8
    assert len({outfit.palette for outfit in chosen}) >= 10


def test_everybody_wears_one_pair_of_shoes_and_is_covered() -> None:
    for years, gender, seed in draw_people(64):
        garments = [piece.garment for piece in choose_outfit(years, gender, None, None, None, seed).pieces]
        assert [garment.kind for garment in garments].count("shoes") == 1
        assert any(garment.kind in ("trousers", "skirt") or garment.leg for garment in garments if garment.kind != "shoes")


def test_men_are_drawn_no_skirts_and_the_old_no_shorts() -> None:
    for seed in range(64):
        assert not any(piece.garment.kind == "skirt" for piece in choose_outfit(30, 1.0, None, None, None, seed).pieces)
        names = [piece.garment.name for piece in choose_outfit(75, 0.0, None, None, None, seed).pieces]
        assert not {"denim_shorts", "sport_shorts", "hoodie"} & set(names)


def test_the_same_seed_chooses_the_same() -> None:
    one, two = (choose_outfit(40, 0.0, None, None, None, 9) for _ in range(2))
    assert one.describe() == two.describe()
    assert one.is_tucked == two.is_tucked


def test_requested_pieces_have_their_fabric_pattern_and_colour() -> None:
    pieces = (PieceSpec(garment="shirt", fabric="linen", pattern="tartan", colour="#336699"), PieceSpec(garment="jeans"))
    chosen = choose_outfit(40, 1.0, pieces, None, "boots", 9)
    shirt = next(piece for piece in chosen.pieces if piece.garment.name == "shirt")
    assert (shirt.fabric.name, shirt.pattern) == ("linen", "tartan")
    assert np.allclose(shirt.colours.main, np.array([0x33, 0x66, 0x99]) / 255, atol=1e-6)
    assert [piece.garment.name for piece in chosen.pieces if piece.garment.kind == "shoes"] == ["boots"]


def test_shoes_are_added_where_pieces_have_none() -> None:
    chosen = choose_outfit(40, 1.0, (PieceSpec(garment="shirt"), PieceSpec(garment="jeans")), None, None, 9)
    assert any(piece.garment.kind == "shoes" for piece in chosen.pieces)


def test_a_colour_is_the_tops() -> None:
    chosen = choose_outfit(40, 1.0, "tee_jeans", "#b03030", None, 9)
    top = next(piece for piece in chosen.pieces if piece.garment.kind == "top")
    assert np.allclose(top.colours.main, np.array([0xB0, 0x30, 0x30]) / 255, atol=1e-6)


def test_an_unknown_pattern_is_an_error_with_the_nearest_name() -> None:
    with pytest.raises(SpecError, match=r"groom\.outfit: unknown pattern 'tarten'") as caught:
        choose_outfit(40, 1.0, (PieceSpec(garment="shirt", pattern="tarten"),), None, None, 9)
    assert caught.value.findings[0].fix == "did you mean tartan?"


@pytest.mark.parametrize("role", ["office", "school", "medical", "laboratory", "site", "sport", "festive"])
def test_work_and_occasions_have_outfits_for_everybody(role: str) -> None:
    for years in (22, 45, 70):
        for gender in (0.0, 1.0):
            names = {choose_outfit(years, gender, None, None, None, seed, role).name for seed in range(12)}
            assert all(role in load_sets()[name].roles for name in names)


def test_a_tie_is_worn_with_a_shirt() -> None:
    chosen = choose_outfit(45, 1.0, "business", None, None, 3)
    assert [piece.garment.kind for piece in chosen.pieces].count("tie") == 1
    assert "shirt" in [piece.garment.name for piece in chosen.pieces]


def test_a_tie_without_a_shirt_is_refused() -> None:
    with pytest.raises(SpecError, match="a tie needs a top under it"):
        choose_outfit(45, 1.0, (PieceSpec(garment="tie"), PieceSpec(garment="jeans")), None, None, 3)


@pytest.mark.parametrize(("years", "gender", "person"), [(20, 1.0, "young man"), (40, 0.2, "woman"), (70, 0.9, "old man")])
def test_people_have_their_row_of_the_tables(years: float, gender: float, person: str) -> None:
    assert describe_person(years, gender) == person
