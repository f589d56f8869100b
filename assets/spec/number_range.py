"""How far the number of a field may go, for errors and pages."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any

from pydantic.fields import FieldInfo


def extent(field: FieldInfo) -> str:
    """`from 18 to 90`; empty where the field has no such limits."""
    limits = {mark: getattr(rule, mark) for rule in _rules(field) for mark in ("ge", "le", "lt") if hasattr(rule, mark)}
    if "ge" not in limits:
        return ""
    # `lt` is of whole numbers alone.
    most = limits["le"] if "le" in limits else limits["lt"] - 1
    return f"from {_plain(limits['ge'])} to {_plain(most)}"


def _plain(limit: float) -> str:
    return f"{limit:g}" if isinstance(limit, float) else str(limit)


def _rules(part: Any) -> Iterator[Any]:
    """Everything that a field, or a type within it such as that of `Unit | None`, is annotated with."""
    for rule in getattr(part, "metadata" if isinstance(part, FieldInfo) else "__metadata__", ()):
        yield from _rules(rule) if isinstance(rule, FieldInfo) else (rule,)
    for inner in (part.annotation,) if isinstance(part, FieldInfo) else typing.get_args(part):
        yield from _rules(inner)
