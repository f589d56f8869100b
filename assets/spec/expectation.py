"""What a field expects, in words: its range and its form, for error messages and the generated pages."""

from __future__ import annotations

import typing
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic.fields import FieldInfo


@dataclass(frozen=True)
class Expects:
    """Annotation of a text type: what must be written there, for people who do not read regular expressions."""

    form: str
    """Completes the sentence "expected ...", e.g. "a colour such as #5a2e1a"."""
    fix: str = ""
    """What to write; empty where the form says it."""


def describe_range(field: Any) -> str:
    """`between 18 and 90` of a field or an annotated type; empty where it has no such limits."""
    limits = {mark: getattr(rule, mark) for rule in _iterate_annotations(field) for mark in ("ge", "le", "lt") if hasattr(rule, mark)}
    if "ge" not in limits:
        return ""
    # Only integer fields have an exclusive limit.
    most = limits["le"] if "le" in limits else limits["lt"] - 1
    return f"between {_format_limit(limits['ge'])} and {_format_limit(most)}"


def get_expected_form(field: FieldInfo | None) -> Expects:
    """The form that the field's text must have; "text" where it may have any."""
    return next((rule for rule in _iterate_annotations(field) if isinstance(rule, Expects)), Expects("text"))


def is_integer(field: FieldInfo | None) -> bool:
    """Whether the field takes whole numbers only."""
    return field is not None and int in (field.annotation, *typing.get_args(field.annotation))


def join_alternatives(names: Iterable[Any], word: str = "or") -> str:
    """`web, desktop or crowd`."""
    *head, last = (str(name) for name in names)
    return f"{', '.join(head)} {word} {last}" if head else last


def _format_limit(limit: float) -> str:
    return f"{limit:g}" if isinstance(limit, float) else str(limit)


def _iterate_annotations(part: Any) -> Iterator[Any]:
    """Everything that a field, or a type within it such as that of `Unit | None`, is annotated with."""
    for rule in getattr(part, "metadata" if isinstance(part, FieldInfo) else "__metadata__", ()):
        yield from _iterate_annotations(rule) if isinstance(rule, FieldInfo) else (rule,)
    for inner in (part.annotation,) if isinstance(part, FieldInfo) else typing.get_args(part):
        yield from _iterate_annotations(inner)
