"""`fenshen describe`: a person in words, as the fields of a spec."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.choices import JsonOption
from flows.cli.console import out, report_findings
from flows.pipeline.limits import SEED_LIMIT

if TYPE_CHECKING:
    from stages.describe.resolve import Description

_SHOWN = 60
"""Characters of a value in the table."""


def describe(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The person in English or Chinese.")],
    change: Annotated[
        list[str] | None, typer.Option("--edit", metavar="CHANGE", help="A change such as `older, without glasses`; may be repeated.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=SEED_LIMIT - 1, help="Draws what the text leaves open.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Print the fields of a spec that a text stands for, what each word did, and which words did nothing.

    Example: `fenshen describe "a tall woman with short red hair and glasses"`
    """
    with report_findings(as_json):
        # Inside: with numpy and pydantic they would slow down every command.
        from stages.describe.resolve import describe as describe_person
        from stages.describe.resolve import edit

        found = describe_person(text, seed=seed)
        for one in change or ():
            found = edit(found, one, seed=seed)
    if as_json:
        out.print_json(json.dumps(found.to_json(), ensure_ascii=False))
    else:
        _print_description(found)


def _print_description(found: Description) -> None:
    from rich.table import Table

    person = Table("attribute", "the person", box=None)
    for name, value in found.attributes.items():
        person.add_row(name, str(value))
    out.print(person)
    fields = Table("field", "value", box=None)
    for name, value in sorted(found.fields.items()):
        fields.add_row(name, format_value(value))
    out.print(fields)
    words = Table("word", "what it did", box=None)
    for word in found.words:
        words.add_row(word.text, format_deed({**word.attributes, **word.fields}))
    out.print(words)
    if found.ignored:
        out.print(f"did nothing: {', '.join(found.ignored)}")
    for note in found.notes:
        out.print(f"note: {note}")


def format_value(value: Any) -> str:
    """The value as YAML on one line, shortened."""
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def format_deed(deeds: Mapping[str, Any]) -> str:
    """`hair_length: short, hair_colour: red`"""
    return ", ".join(f"{name}: {value}" for name, value in deeds.items())
