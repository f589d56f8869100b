"""PDF: paragraphs of each page, from the lines of the layout; a page's number and headings are not spoken."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from stages.dialogue.knowledge.blocks import Block, Part
from stages.dialogue.tfidf import HAN_PATTERN

_PAGE_NUMBER = re.compile(r"\W*(?:page|第)?\s*\d{1,4}\s*(?:(?:of|/)\s*\d{1,4}|页)?\W*", re.IGNORECASE)
_ENDS = tuple(".!?。！？；:：")
SHORT_LINE = 0.75
"""Of the page's longest line: a shorter one that ends a sentence ends its paragraph, and one that ends none is a heading."""
MAX_HEADING = 80
"""Characters."""


def read_pdf_pages(pages: Sequence[str]) -> Iterator[Block]:
    """The blocks of pages of text in order; a paragraph that continues behind a page's end is one block."""
    topic, parts = "", list[Part]()
    for number, page in enumerate(pages, start=1):
        lines = [line.strip() for line in page.split("\n")]
        lines = [line for line in lines if not _PAGE_NUMBER.fullmatch(line)]
        longest = max(map(len, lines), default=0)
        for at, line in enumerate(lines):
            following = next((after for after in lines[at + 1 :] if after), "")
            if not line or (not parts and _is_heading(line, following, longest)):
                if parts:
                    yield Block(tuple(parts), "page", topic)
                    parts = []
                topic = line or topic
                continue
            parts.append(Part(line, number))
            if line.endswith(_ENDS) and len(line) < SHORT_LINE * longest:
                yield Block(tuple(parts), "page", topic)
                parts = []
        if parts and parts[-1].text.endswith(_ENDS):
            yield Block(tuple(parts), "page", topic)
            parts = []
    if parts:
        yield Block(tuple(parts), "page", topic)


def _is_heading(line: str, following: str, longest: int) -> bool:
    """Whether a line by itself, without an end of a sentence, stands before another sentence's beginning."""
    begins = bool(following) and (following[0].isupper() or following[0].isdigit() or bool(HAN_PATTERN.match(following[0])))
    return begins and len(line) <= min(MAX_HEADING, SHORT_LINE * longest) and not line.endswith(_ENDS)
