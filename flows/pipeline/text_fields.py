"""The fields that `identity.text` fills: what the text says holds wherever the spec does not name the field itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from assets.errors import SpecError
from assets.spec.avatar import AvatarSpec
from assets.spec.cross_field import CrossFieldRule, Problem
from stages.describe.edit import GROUPS
from stages.describe.resolve import Description, describe

_LOOKS = ("identity", "body", "groom", "texture", "performance", "persona", "voice")
"""Sections that a text may fill."""
_TOGETHER = (
    {"groom.outfit", "groom.pieces", "groom.role", "groom.outfit_colour"}, {"groom.hair_colour", "groom.hair_tips", "groom.grey"},
    {"identity.gender", "body.gender"}, {"identity.age", "body.age"}, {"voice.backend", "voice.model"},
)  # fmt: skip
"""Fields that show in one another: where the spec names one of a group, a text fills none of it."""
_DECIDES = {**GROUPS, "face": ("body.local",), "outfit": ("groom.outfit", "groom.pieces", "groom.role", "groom.shoes")}
"""Attribute -> the fields that show it; an edit leaves local changes and shoes to their own words."""


def fill_from_text(spec: AvatarSpec) -> AvatarSpec:
    """The spec with every field that its text fills; fields that the spec names itself stay as they are.

    Raises:
        SpecError: the text describes nobody, or somebody who is not made.
    """
    if not spec.identity.text:
        return spec
    values = spec.model_dump(by_alias=True, exclude_unset=True)
    for name, value in _choose_fields(spec, describe_spec(spec)).items():
        section, _, field = name.partition(".")
        values.setdefault(section, {})[field] = value
    return AvatarSpec.model_validate(values)


def describe_spec(spec: AvatarSpec) -> Description:
    """What the text of a spec means next to the fields that the spec names; raises SpecError as `fill_from_text` does."""
    assert spec.identity.text
    return _describe_cached(spec.identity.text, spec.seed, json.dumps(list_given_fields(spec), sort_keys=True))


@lru_cache(maxsize=16)  # a check, a build and its warnings read the same text four times, a tenth of a second each
def _describe_cached(text: str, seed: int, given: str) -> Description:
    return describe(text, seed=seed, base=json.loads(given))


def list_given_fields(spec: AvatarSpec) -> dict[str, Any]:
    """Dotted name -> value of every field of a person's looks that the spec names."""
    values = spec.model_dump(by_alias=True, exclude_unset=True, include=set(_LOOKS))
    return {f"{section}.{name}": value for section, fields in values.items() for name, value in fields.items() if name != "text"}


def list_text_warnings(spec: AvatarSpec) -> list[str]:
    """A sentence for the words of the text that did nothing, and one for each wish that cannot be met."""
    if not spec.identity.text:
        return []
    described = describe_spec(spec)
    ignored = [f"identity.text: {', '.join(described.ignored)} did nothing; `fenshen describe` shows what is understood"]
    return (ignored if described.ignored else []) + [f"identity.text: {note}" for note in described.notes]


def _choose_fields(spec: AvatarSpec, described: Description) -> Mapping[str, Any]:
    given = set(list_given_fields(spec))
    taken = given.union(*(group for group in _TOGETHER if group & given))
    chosen = {name: value for name, value in described.fields.items() if name not in taken}
    if spec.identity.mix or spec.identity.child_of:
        # What the text leaves open is inherited, not drawn.
        said = _list_said_fields(described)
        return {name: value for name, value in chosen.items() if name in said}
    return chosen


def _list_said_fields(described: Description) -> set[str]:
    """The fields that words of the text decided."""
    return {name for word in described.words for name in (*word.fields, *(f for a in word.attributes for f in _DECIDES.get(a, ())))}


def _check_text(spec: AvatarSpec, folder: Path) -> Iterator[Problem]:
    """The text describes somebody who can be made."""
    if spec.identity.text:
        try:
            describe_spec(spec)
        except SpecError as error:
            yield from ((("identity", "text"), finding) for finding in error.findings)


RULES = (CrossFieldRule(("identity.text", "seed", *_LOOKS), _check_text),)
