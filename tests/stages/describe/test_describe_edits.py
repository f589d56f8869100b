"""A change moves what it speaks of, and nothing else."""

from __future__ import annotations

import pytest

from stages.describe.resolve import Description, describe, edit

TEXT = "a thin 40-year-old man with long brown hair, a beard, glasses and a blue shirt"


@pytest.fixture(scope="module")
def person() -> Description:
    return describe(TEXT, seed=3)


def list_changes(before: Description, after: Description) -> set[str]:
    names = {*before.fields, *after.fields}
    return {name for name in names if before.fields.get(name) != after.fields.get(name)}


@pytest.mark.parametrize(("change", "field", "sign"), [
    ("a bit taller", "body.height", 1), ("shorter", "body.height", -1), ("much older", "identity.age", 1), ("younger", "identity.age", -1),
    ("heavier", "body.weight", 1), ("more muscular", "body.muscle", 1),
    ("less muscular", "body.muscle", -1), ("darker skin", "identity.tone", 1),
    ("paler", "identity.tone", -1), ("more freckles", "texture.freckles", 1), ("more wrinkles", "texture.wrinkles", 1),
    ("再胖一点", "body.weight", 1), ("高一点", "body.height", 1), ("更壮", "body.muscle", 1), ("皮肤黑一点", "identity.tone", 1),
    ("老一些", "identity.age", 1), ("再瘦一点", "body.weight", -1), ("矮一点", "body.height", -1),
])  # fmt: skip
def test_a_comparative_moves_one_field(person: Description, change: str, field: str, sign: int) -> None:
    after = edit(person, change, seed=3)
    assert list_changes(person, after) == {field}
    start = person.fields.get(field, 0.2)
    assert (after.fields[field] - start) * sign > 0


@pytest.mark.parametrize(("change", "age"), [
    ("ten years older", 50), ("年轻十岁", 30), ("older by 5 years", 45), ("two decades younger", 20), ("老5岁", 45), ("make him 62", 62),
    ("变成七十岁", 70), ("20 years later", 60), ("二十年后", 60), ("a few years younger", 36), ("at seventy", 70),
])  # fmt: skip
def test_years_are_added_or_replaced(person: Description, change: str, age: int) -> None:
    after = edit(person, change, seed=3)
    assert (after.fields["identity.age"], list_changes(person, after)) == (age, {"identity.age"})


@pytest.mark.parametrize(("change", "expected"), [
    ("older, without glasses", {"age": 50, "glasses": "no"}),
    ("change the hair to red", {"hair_colour": "red"}),
    ("换成短发", {"hair_length": "short"}),
    ("shorter hair", {"hair_length": "medium"}),
    ("make it a bun", {"hair_style": "bun"}),
    ("剃掉胡子", {"beard": "none"}),
    ("swap the glasses for a hat", {"glasses": "no", "hat": "yes"}),
    ("change the beard to a moustache", {"beard": "moustache"}),
    ("shave his head", {"hair_length": "bald"}),
    ("take the glasses off", {"glasses": "no"}),
    ("straighten his hair", {"hair_texture": "straight"}),
    ("dye his hair blue", {"hair_colour": "dyed"}),
    ("no longer thin", {"build": "average"}),
    ("加一副眼镜，把头发染成金色", {"hair_colour": "blond"}),
    ("put him in a suit", {"outfit": "suit"}),
    ("replace the shirt with a t-shirt", {"outfit": "t-shirt"}),
    ("smiling", {"expression": "smile"}),
    ("rounder face", {"face": "round"}),
    ("blue eyes", {"eye_colour": "blue"}),
    ("摘掉眼镜，换上黑西装", {"glasses": "no", "outfit": "suit"}),
])  # fmt: skip
def test_a_word_replaces_what_it_speaks_of(person: Description, change: str, expected: dict[str, object]) -> None:
    after = edit(person, change, seed=3)
    changed = {name: value for name, value in after.attributes.items() if person.attributes[name] != value}
    assert {name: after.attributes[name] for name in expected} == expected
    allowed = {*expected, *(["hair_texture"] if {"hair_style", "hair_length"} & set(expected) else [])}
    assert set(changed) <= allowed


def test_of_the_clothes_only_the_named_one_changes(person: Description) -> None:
    before, after = (one.fields["groom.pieces"] for one in (person, edit(person, "give him a red jacket", seed=3)))
    assert [piece for piece in after if piece["garment"] != "jacket"] == before


def test_edits_follow_one_another(person: Description) -> None:
    after = edit(edit(person, "ten years older", seed=3), "no beard", seed=3)
    assert (after.attributes["age"], after.attributes["beard"]) == (50, "none")
    assert after.text == f"{TEXT}; ten years older; no beard"
