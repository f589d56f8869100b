"""Negations without an object, `not so`, and what belongs to whom."""

from __future__ import annotations

import pytest

from stages.describe.resolve import describe, edit


@pytest.mark.parametrize(
    ("text", "name", "values"),
    [
        ("谁说程序员都戴眼镜？他就不戴", "glasses", ("no",)), ("别扎辫子，就散着", "hair_style", ("loose", "parting")),
        ("a lady, not so tall", "height", ("short", "average")), ("a guy, not too skinny", "build", ("average", "heavy", "muscular")),
        ("the glasses are gone", "glasses", ("no",)), ("no hat no glasses very thin man", "build", ("thin",)),
        ("ain't got no hair up top", "hair_length", ("bald",)), ("she hates hats", "hat", ("no",)),
        ("my 奶奶: white hair, 圆脸", "hair_colour", ("white",)), ("ginger like her grandfather", "hair_colour", ("red",)),
        ("非黑发的老先生", "hair_colour", ("brown", "blond", "red", "grey", "white", "dyed")), ("婴儿肥的女生", "face", ("round",)),
        ("make her like 45??", "gender", ("female",)), ("flight attendant uniform smiling", "expression", ("smile",)),
        ("从来没见她戴过帽子", "hat", ("no",)),
    ],
)  # fmt: skip
def test_a_negation_reaches_what_it_is_said_of(text: str, name: str, values: tuple[str, ...]) -> None:
    for seed in range(3):
        assert describe(text, seed=seed).attributes[name] in values


@pytest.mark.parametrize(
    ("text", "style"), [("a bald man", "bald"), ("光头大叔，留着八字胡", "bald"), ("a man with a shaved head and a moustache", "shaved")]
)
def test_a_bald_head_is_bald_for_every_seed(text: str, style: str) -> None:
    assert {describe(text, seed=seed).fields["groom.hair"] for seed in range(8)} == {style}


def test_a_shaved_head_keeps_the_moustache() -> None:
    found = describe("a man with a shaved head and a moustache", seed=4)
    assert found.attributes["beard"] == "moustache"


def test_a_woman_with_short_hair_gets_no_undercut_that_she_did_not_ask_for() -> None:
    styles = {describe("young female teacher with short hair", seed=seed).fields["groom.hair"] for seed in range(16)}
    assert not styles & {"undercut", "fade", "crew", "quiff", "slick", "mohawk"}
    assert describe("a young woman with an undercut", seed=1).fields["groom.hair"] == "undercut"


def test_twice_as_old_counts_from_the_age_before() -> None:
    before = describe("a woman of 20", seed=1)
    assert edit(before, "make her twice as old", seed=1).attributes["age"] == 40


def test_each_comparative_moves_its_own() -> None:
    before = describe("金发蓝眼的高个女孩，长发", seed=1)
    after = edit(before, "矮一点 胖一点 头发短一点", seed=1)
    assert after.fields["body.height"] < before.fields["body.height"]
    assert after.fields["body.weight"] > before.fields["body.weight"]
    assert after.attributes["hair_length"] == "medium"
