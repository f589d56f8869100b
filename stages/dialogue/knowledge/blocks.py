"""What every reader of documents makes: blocks of text that belong together, with the place of each part."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from assets.artefacts.talk import PlaceUnit

_EAST_ASIAN = re.compile(r"[\u3000-\u303f\u3400-\u4dbf\u4e00-\u9fff\uff00-\uffef]")


@dataclass(frozen=True)
class Part:
    """A piece of a block that begins at one place of its file."""

    text: str
    place: int
    """Line, page or row, from 1."""


@dataclass(frozen=True)
class Block:
    """A paragraph, an item of a list, or a row of a table."""

    parts: tuple[Part, ...]
    unit: PlaceUnit
    topic: str = ""
    """The headings above it, by which a question finds it; they are not spoken."""
    whole: bool = False
    """It is one passage whatever its length, such as a row."""


def join_parts(parts: Sequence[Part]) -> tuple[str, list[tuple[int, int]]]:
    """The text of the parts on one line, and (offset, place) of each; between Chinese characters no space is added."""
    text, starts = "", []
    for part in parts:
        plain = clean(part.text)
        if text and plain and not (_EAST_ASIAN.match(text[-1]) and _EAST_ASIAN.match(plain[0])):
            text += " "
        starts.append((len(text), part.place))
        text += plain
    return text, starts


def clean(text: str) -> str:
    """The text on one line, without characters that nobody sees: soft hyphens, joiners, controls, private ones."""
    seen = (" " if letter.isspace() else letter for letter in text if letter.isspace() or unicodedata.category(letter)[0] != "C")
    return " ".join("".join(seen).split())
