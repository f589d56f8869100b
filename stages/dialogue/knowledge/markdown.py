"""Markdown: paragraphs, items of lists and rows of tables, as they are read aloud; headings are what they are about.

Code, pictures and HTML are not spoken. A paragraph that ends with a colon is spoken before each item of the list that follows: the
items mean nothing without it, and may mean the opposite.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from stages.dialogue.knowledge.blocks import Block, Part, clean
from stages.dialogue.knowledge.table import make_row_parts

_COLONS = (":", "：")


def read_markdown(text: str, name: str) -> Iterator[Block]:
    """The blocks in order."""
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    headings: dict[int, str] = {}
    introduction: tuple[Part, ...] = ()
    lists = 0
    for at, token in enumerate(tokens):
        if token.type in ("bullet_list_open", "ordered_list_open"):
            lists += 1
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            lists -= 1
            introduction = introduction if lists else ()
        elif token.type == "heading_open":
            level = int(token.tag[1])
            headings = {key: value for key, value in headings.items() if key < level} | {level: clean(_get_text(tokens[at + 1]))}
            introduction = ()
        elif token.type == "paragraph_open":
            parts = _list_parts(tokens[at + 1])
            topic = " ".join(headings.values())
            if lists:
                # The item's own line is where the passage is found.
                yield Block((*(Part(part.text, parts[0].place) for part in introduction), *parts), "line", topic)
            elif _get_text(tokens[at + 1]).rstrip().endswith(_COLONS) and _is_list(tokens, at + 3):
                introduction = tuple(parts)
            else:
                yield Block(tuple(parts), "line", topic)
        elif token.type == "table_open":
            yield from _read_table(tokens[at:], " ".join(headings.values()))


def _is_list(tokens: Sequence[Any], at: int) -> bool:
    return at < len(tokens) and tokens[at].type in ("bullet_list_open", "ordered_list_open")


def _list_parts(inline: Any) -> list[Part]:
    """A part for each line of a paragraph."""
    first = inline.map[0] + 1
    return [Part(line, first + number) for number, line in enumerate(_get_text(inline).split("\n"))]


def _get_text(inline: Any) -> str:
    """What is read aloud: link texts and code, no addresses, pictures and HTML."""
    text = ""
    for child in inline.children or ():
        if child.type in ("text", "code_inline", "text_special"):
            text += child.content
        elif child.type in ("softbreak", "hardbreak"):
            text += "\n"
    return text


def _read_table(tokens: Sequence[Any], topic: str) -> Iterator[Block]:
    """A block for each row below the header."""
    header: list[str] = []
    cells: list[str] = []
    line = 0
    for token in tokens:
        if token.type == "tr_open":
            cells, line = [], token.map[0] + 1
        elif token.type == "inline":
            cells.append(clean(_get_text(token)))
        elif token.type == "tr_close" and header:
            yield Block((Part(make_row_parts(header, cells), line),), "line", topic, whole=True)
        elif token.type == "tr_close":
            header = cells
        elif token.type == "table_close":
            return
