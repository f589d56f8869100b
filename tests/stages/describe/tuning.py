"""Reads sentences with their expected attributes, and counts what is right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def read_sentences(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """(text, attribute -> expected value) of every line."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            text, _, expected = line.rpartition(" :: ")
            yield text, dict(pair.split("=") for pair in expected.split())


def is_right(attributes: Mapping[str, Any], name: str, expected: str) -> bool:
    """Whether the person's attribute is one of the expected values or in the range of years."""
    if name == "age":
        low, _, high = expected.partition("-")
        return int(low) <= attributes["age"] <= int(high)
    return attributes[name] in expected.split("|")
