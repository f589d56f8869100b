"""Reads the development sets, each written in many hands before its writer knew the tables, and says what a description misses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assets.errors import SpecError
from stages.describe.resolve import Description, describe, edit

_DATA = Path(__file__).parents[2] / "data"
SETS = ("describe_development", "describe_development2")
_LENGTHS = ("bald", "buzz", "short", "medium", "long")


@dataclass(frozen=True)
class Sentence:
    """A text, what it says of the person, and for an edit what it moves."""

    style: str
    language: str
    text: str
    expect: dict[str, Any]
    """Attribute -> the values that are right; the age is [lowest, highest]."""
    edit: str = ""
    moves: dict[str, str] = field(default_factory=dict)
    """Dotted field or `hair_length` -> + or -."""


def read_sentences(name: str) -> Iterator[Sentence]:
    """Every sentence of one of `SETS`."""
    for line in (_DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
        yield Sentence(**json.loads(line))


def list_misses(sentence: Sentence, seed: int) -> list[str]:
    """What the described person has otherwise than the text says; empty when all is right."""
    try:
        before = describe(sentence.text, seed=seed)
        after = edit(before, sentence.edit, seed=seed) if sentence.edit else before
    except SpecError as error:
        return [str(error)]
    misses = [
        f"{name} {after.attributes[name]}, not {'|'.join(map(str, right))}"
        for name, right in sentence.expect.items()
        if not _is_right(name, after.attributes[name], right)
    ]
    return misses + [f"{name} {sign}" for name, sign in sentence.moves.items() if not _moves(before, after, name, sign)]


def _is_right(name: str, value: Any, right: list[Any]) -> bool:
    return right[0] <= value <= right[1] if name == "age" else value in right


def _moves(before: Description, after: Description, name: str, sign: str) -> bool:
    old, new = (_measure(one, name) for one in (before, after))
    if name == "hair_length" and old == (len(_LENGTHS) - 1 if sign == "+" else 0):
        return new == old  # as long as it gets
    return new > old if sign == "+" else new < old


def _measure(description: Description, name: str) -> float:
    if name == "hair_length":
        return _LENGTHS.index(description.attributes[name])
    return float(description.fields[name])
