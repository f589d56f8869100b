"""TXT: paragraphs between blank lines."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from stages.dialogue.knowledge.blocks import Block, Part


def read_plain_text(text: str, name: str) -> Iterator[Block]:
    """A block for each paragraph."""
    lines = [Part(line, number) for number, line in enumerate(text.split("\n"), start=1)]
    for is_filled, group in groupby(lines, key=lambda part: bool(part.text.strip())):
        if is_filled:
            yield Block(tuple(group), "line")
