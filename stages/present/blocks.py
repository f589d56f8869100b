"""The Markdown of one slide -> its blocks, as plain text: emphasis and links keep their words, HTML is text like any other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote


@dataclass(frozen=True)
class Block:
    """A heading, paragraph, item of a list, line of code, quotation or picture of a slide."""

    kind: str
    """heading, text, item, code, quote or image."""
    text: str
    """Of an image: its path as written."""
    line: int
    """In the script, from 1."""
    level: int = 1
    """Of a heading 1 to 6, of an item its depth from 1."""
    marker: str = ""
    """Of an item: its bullet or number."""


@dataclass
class _Lists:
    """The lists that a token is in."""

    ordered: list[bool] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    marker: str = ""
    """Of the item that has just begun."""

    def follow(self, token: Any) -> None:
        """Opens and closes lists and items."""
        if token.type in ("bullet_list_open", "ordered_list_open"):
            self.ordered.append(token.type.startswith("ordered"))
            self.numbers.append(int(token.attrs.get("start", 1)))
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            self.ordered.pop()
            self.numbers.pop()
        elif token.type == "list_item_open":
            self.marker = f"{self.numbers[-1]}." if self.ordered[-1] else "•"
            self.numbers[-1] += 1


def list_blocks(text: str, first: int) -> Iterator[Block]:
    """The blocks in order; `first` is the number of the text's first line in the script."""
    from markdown_it import MarkdownIt

    lists, quotes, heading = _Lists(), 0, 0
    # With html off, tags are text like any other.
    for token in MarkdownIt("commonmark", {"html": False}).parse(text):
        line = first + (token.map[0] if token.map else 0)
        lists.follow(token)
        if token.type in ("blockquote_open", "blockquote_close"):
            quotes += 1 if token.type.endswith("open") else -1
        elif token.type == "heading_open":
            heading = int(token.tag[1])
        elif token.type in ("fence", "code_block"):
            yield from (Block("code", row.expandtabs(4), line) for row in token.content.rstrip("\n").split("\n"))
        elif token.type == "inline":
            kind = "heading" if heading else "item" if lists.ordered else "quote" if quotes else "text"
            yield from _list_inline(token, Block(kind, "", line, heading or max(len(lists.ordered), 1), lists.marker))
            lists.marker, heading = "", 0


def _list_inline(token: Any, block: Block) -> Iterator[Block]:
    """The text of a block, a row for each hard break, then the pictures in it."""
    rows, pictures = [""], list[Block]()
    for child in token.children or ():
        if child.type == "image":
            pictures.append(Block("image", unquote(str(child.attrs.get("src", ""))), block.line))
        elif child.type == "hardbreak":
            rows.append("")
        else:
            rows[-1] += " " if child.type == "softbreak" else child.content
    for number, row in enumerate(row.strip() for row in rows):
        if row:
            yield replace(block, text=row, marker="" if number else block.marker)
    yield from pictures
