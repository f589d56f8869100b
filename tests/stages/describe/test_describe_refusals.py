"""What a description is refused for, and what only sounds like it."""

import pytest

from assets.errors import SpecError
from stages.describe.ages import find_ages
from stages.describe.resolve import describe


@pytest.mark.parametrize(
    "text",
    [
        "七八岁的小女孩", "五六岁", "一两岁", "零岁", "0 years old", "7.5 years old", "17歳の女の子",
        "she is 7", "she's about seven", "a girl, seven", "a girl, 16, red hair", "a boy of 15",
    ],
)  # fmt: skip
def test_a_child_is_refused_however_its_age_is_written(text: str) -> None:
    with pytest.raises(SpecError, match="describe/child"):
        describe(text, seed=1)


@pytest.mark.parametrize(
    "text", ["fifteen, sexy", "sexy seventeen", "she is 15 and sexy", "七八岁的性感小姑娘", "a seventeen-something in lingerie"]
)
def test_a_young_number_in_a_sexual_text_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="describe/minor"):
        describe(text, seed=1)


@pytest.mark.parametrize("text", ["not not naked", "no nudity, naked", "naked", "不裸体，全裸", "a girl who hates nudity"])
def test_nudity_is_refused_where_it_is_not_denied(text: str) -> None:
    with pytest.raises(SpecError, match=r"describe/(nudity|minor)"):
        describe(text, seed=1)


@pytest.mark.parametrize(
    "text",
    [
        "a man who hates nudity", "no nudity please, a woman in a suit", "a woman in nude heels", "a naked mole rat researcher",
        "不裸体的女人", "a minor official", "幼儿园老师", "a man with musk perfume", "a trump card dealer", "韩红色头发", "乔丹鞋",
        "a 30 year old in a size 12 bikini", "she's six feet tall", "he is 5 foot 10", "a woman of 20", "刚满十八岁",
    ],
)  # fmt: skip
def test_what_only_sounds_like_it_is_made(text: str) -> None:
    assert describe(text, seed=1).attributes["age"] >= 18


@pytest.mark.parametrize(
    ("text", "ages"),
    [
        ("七八岁", (7, 8)), ("十七八岁", (17, 18)), ("七八十岁", (70, 85)), ("一百二十岁", (100, 109)), ("百岁老人", (100, 109)),
        ("30.5 years old", (30, 30)), ("900 years old", (900, 900)), ("she is 7", (7, 7)),
    ],
)  # fmt: skip
def test_ages_that_were_misread(text: str, ages: tuple[int, int]) -> None:
    assert [(one.low, one.high) for one in find_ages(text)] == [ages]


def test_an_age_beyond_the_oldest_is_the_oldest_with_a_note() -> None:
    person = describe("百岁老人", seed=1)
    assert person.attributes["age"] == 90
    assert person.notes == ("百岁: the oldest age is 90",)
