"""Heights and weights in numbers, and ages that do not say years."""

from __future__ import annotations

import pytest

from assets.errors import SpecError
from stages.describe.ages import find_ages
from stages.describe.measures import blank_measures, classify_measured_height, classify_measured_weight, find_measures
from stages.describe.normalise import normalise
from stages.describe.resolve import describe


@pytest.mark.parametrize(
    ("text", "centimetres"),
    [
        ("6'2\", heavy set", 188), ("5 ft 5", 165), ("5 foot nothing", 152), ("5-02", 157), ("five foot eleven", 180), ("five-ten", 178),
        ("1m60", 160), ("1.90 metres", 190), ("1,75 m", 175), ("190 cm", 190), ("一米七八", 178), ("1米75左右", 175), ("身高178", 178),
        ("一百九十厘米", 190), ("五尺二寸", 173), ("比一米六矮一点", 156), ("１８８ｃｍ", 188),
    ],
)  # fmt: skip
def test_a_height_is_read_in_every_form(text: str, centimetres: int) -> None:
    (found,) = find_measures(normalise(text).text)
    assert (found.kind, round(found.value)) == ("height", centimetres)


@pytest.mark.parametrize(
    ("text", "kilograms"),
    [
        ("110 kg", 110),
        ("180 lbs", 82),
        ("14 stone", 89),
        ("一百六十斤", 80),
        ("八十斤不到", 40),
        ("体重65公斤", 65),
        ("体重二百二十斤", 110),
    ],
)
def test_a_weight_is_read_in_every_form(text: str, kilograms: int) -> None:
    (found,) = find_measures(normalise(text).text)
    assert (found.kind, round(found.value)) == ("weight", kilograms)


@pytest.mark.parametrize("text", ["lose 60 pounds", "forty pounds overweight", "瘦了四十斤", "two glasses", "year 2020"])
def test_what_is_lost_or_gained_is_no_weight(text: str) -> None:
    assert not find_measures(text)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("half a century old", 49, 51), ("three score and ten", 70, 70), ("born in the year 1950", 75, 76), ("DOB 1960", 65, 66),
        ("1988年生", 37, 38), ("一九七五年生人", 50, 51), ("couldn't have been more than twenty", 18, 20),
        ("on the wrong side of sixty", 61, 67),
        ("22, no wait, 24", 24, 24), ("三十多吧，不对，四十多", 43, 48), ("七十好几了", 75, 79), ("四十又二", 42, 42),
        ("男。六十。瘦", 60, 60),
        ("sixty eight or sixty nine", 68, 69), ("三十三三十四岁", 33, 34), ("38M, single", 38, 38), ("age 31, a thrity-odd", 31, 31),
    ],
)  # fmt: skip
def test_an_age_is_read_without_the_word_years(text: str, low: int, high: int) -> None:
    plain = normalise(text).text
    found = find_ages(blank_measures(plain, find_measures(plain)))
    assert (found[0].low, found[0].high) == (low, high)


def test_feet_and_inches_are_no_age_of_a_child() -> None:
    assert describe("a monk around 5'6\", shaved head", seed=1).attributes["hair_length"] == "bald"


def test_the_same_height_is_tall_for_a_woman_and_average_for_a_man() -> None:
    assert classify_measured_height(173, "female") == "tall"
    assert classify_measured_height(173, "male") == "average"


def test_a_weight_counts_with_the_height() -> None:
    assert classify_measured_weight(60, 1.9, "male") == "thin"
    assert classify_measured_weight(60, 1.5, "female") == "heavy"


def test_a_word_counts_more_than_the_number() -> None:
    assert describe("a tall woman of 168 cm", seed=1).attributes["height"] == "tall"


def test_a_child_is_still_refused() -> None:
    with pytest.raises(SpecError, match="18"):
        describe("a boy of six years", seed=1)
