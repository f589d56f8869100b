"""What is worn has one word, by its garments and colours."""

from __future__ import annotations

import pytest

from stages.describe.outfit import classify_outfit
from stages.describe.resolve import describe

NAVY, WHITE, GREY = (0.1, 0.15, 0.3), (0.9, 0.9, 0.9), (0.4, 0.4, 0.4)


@pytest.mark.parametrize(("pieces", "word"), [
    ([("tshirt", WHITE), ("jeans", NAVY)], "t-shirt"),
    ([("shirt", WHITE), ("chinos", GREY)], "shirt"),
    ([("shirt", WHITE), ("tie", NAVY), ("blazer", NAVY), ("suit_trousers", NAVY)], "suit"),
    ([("blouse", WHITE), ("blazer", GREY), ("pencil_skirt", GREY)], "suit"),
    ([("shirt", WHITE), ("blazer", NAVY), ("midi_skirt", GREY)], "skirt"),
    ([("qipao", NAVY)], "dress"),
    ([("blouse", WHITE), ("pleated_skirt", GREY)], "skirt"),
    ([("shirt", WHITE), ("lab_coat", WHITE), ("chinos", GREY)], "uniform"),
    ([("shirt", NAVY), ("suit_trousers", NAVY)], "uniform"),
    ([("shirt", WHITE), ("suit_trousers", NAVY)], "shirt"),
    ([("hoodie", GREY), ("joggers", NAVY), ("running_shoes", WHITE)], "sport"),
    ([("sweater", GREY), ("jeans", NAVY)], "casual"),
    ([("tshirt", GREY), ("jacket", NAVY), ("jeans", NAVY)], "casual"),
])  # fmt: skip
def test_an_outfit_has_its_word(pieces: list[tuple[str, tuple[float, float, float]]], word: str) -> None:
    assert classify_outfit(pieces) == word


@pytest.mark.parametrize(("text", "garment", "colour"), [
    ("a man in a striped blue shirt and black jeans", "shirt", (0, 60, 160)),
    ("a woman in a dark green dress", "dress", (30, 80, 50)),
    ("穿红色毛衣的男人", "sweater", (165, 40, 45)),
])  # fmt: skip
def test_a_garment_has_its_colour(text: str, garment: str, colour: tuple[int, int, int]) -> None:
    for seed in range(4):
        piece = next(piece for piece in describe(text, seed=seed).fields["groom.pieces"] if garment in piece["garment"])
        found = [int(piece["colour"][at : at + 2], 16) for at in (1, 3, 5)]
        assert max(abs(a - b) for a, b in zip(found, colour, strict=True)) < 60


@pytest.mark.parametrize("text", ["a police officer", "a nurse", "a chef", "空姐", "快递员", "穿校服的学生"])
def test_work_clothes_are_worn_for_every_seed(text: str) -> None:
    assert {describe(text, seed=seed).attributes["outfit"] for seed in range(5)} == {"uniform"}
