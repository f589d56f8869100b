"""How far the number of a field may go, for errors and pages."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any

from pydantic.fields import FieldInfo


def describe_range(field: FieldInfo) -> str:
    """`from 18 to 90`; empty where the field has no such limits."""
    limits = {mark: getattr(rule, mark) for rule in _iterate_annotations(field) for mark in ("ge", "le", "lt") if hasattr(rule, mark)}
    if "ge" not in limits:
        return ""
    # `lt` is of whole numbers alone.
    most = limits["le"] if "le" in limits else limits["lt"] - 1
    return f"from {_format_limit(limits['ge'])} to {_format_limit(most)}"


def _format_limit(limit: float) -> str:
    return f"{limit:g}" if isinstance(limit, float) else str(limit)


def _iterate_annotations(part: Any) -> Iterator[Any]:
    """Everything that a field, or a type within it such as that of `Unit | None`, is annotated with."""
    for rule in getattr(part, "metadata" if isinstance(part, FieldInfo) else "__metadata__", ()):
        yield from _iterate_annotations(rule) if isinstance(rule, FieldInfo) else (rule,)
    for inner in (part.annotation,) if isinstance(part, FieldInfo) else typing.get_args(part):
        yield from _iterate_annotations(inner)
