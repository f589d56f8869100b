"""What people are compared with: a thing says of each head what it is like, and nothing by itself."""

from __future__ import annotations

import pytest

from stages.describe.resolve import describe, edit


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("a man, his beard like soot", "hair_colour", "black"),
        ("hair the colour of rust", "hair_colour", "red"),
        ("eyes as green as moss", "eye_colour", "green"),
        ("her face is like a full moon", "face", "round"),
        ("he was as bald as a coot, with a face like a horse", "face", "long"),
        ("她的头发黑得像乌鸦", "hair_colour", "black"),
        ("脑袋跟个鹅卵石似的老汉", "hair_length", "bald"),
        ("个子像旗杆的男人", "height", "tall"),
        ("脸像烧饼的姑娘", "face", "round"),
        ("像雪一样的头发", "hair_colour", "white"),
    ],
)
def test_a_simile_says_what_its_thing_says_of_the_head(text: str, name: str, value: str) -> None:
    assert describe(text, seed=1).attributes[name] == value


def test_a_thing_without_a_head_says_nothing() -> None:
    assert describe("a man who likes snow", seed=1).attributes == describe("a man", seed=1).attributes


@pytest.mark.parametrize("text", ["not a man who is without a beard", "he is not a man without a beard"])
def test_a_denied_lack_is_there(text: str) -> None:
    attributes = describe(text, seed=1).attributes
    assert (attributes["beard"], attributes["gender"]) == ("beard", "male")


@pytest.mark.parametrize(("text", "low", "high"), [("a woman of about thirty.", 29, 31), ("not yet thirty.", 18, 29)])
def test_an_age_may_end_the_sentence(text: str, low: int, high: int) -> None:
    assert low <= describe(text, seed=1).attributes["age"] <= high


def test_a_suit_takes_the_place_of_the_dress_that_is_taken_off() -> None:
    person = describe("a woman in a dress", seed=1)
    assert edit(person, "a trouser suit instead of the dress", seed=1).attributes["outfit"] == "suit"
