"""The project's pages as a reader sees them: code blocks, inline code, links and headings."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assets.paths import PROJECT_ROOT

READMES = (PROJECT_ROOT / "README.md", PROJECT_ROOT / "README.zh-CN.md")
PAGES = (*sorted(PROJECT_ROOT.glob("*.md")), *sorted((PROJECT_ROOT / "docs").glob("*.md")))
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ENDS = ("&&", "||", ";", "|", "&", ">")
"""Shell words that end a command."""


@dataclass(frozen=True)
class Block:
    """A fenced block of code."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Command:
    """A shell command as words, with the place where it is shown."""

    place: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.place} {' '.join(self.words)}"


def name_page(page: Path) -> str:
    return page.relative_to(PROJECT_ROOT).as_posix()


def read_blocks(page: Path, *languages: str) -> list[Block]:
    """The fenced blocks in these languages; all of them if none is given."""
    text = page.read_text("utf-8")
    blocks = [Block(name_page(page), text.count("\n", 0, m.start()) + 2, m[1], m[2]) for m in _FENCE.finditer(text)]
    return [block for block in blocks if not languages or block.language in languages]


def read_prose(page: Path) -> str:
    """The text outside the fenced blocks, with as many lines as the page."""
    return _FENCE.sub(lambda match: "\n" * match[0].count("\n"), page.read_text("utf-8"))


def read_inline_code(page: Path) -> list[tuple[int, str]]:
    """(line, text) of each `code` in the prose; in a table, a pipe is written with a backslash."""
    prose = read_prose(page)
    return [(prose.count("\n", 0, m.start()) + 1, " ".join(m[1].replace("\\|", "|").split())) for m in re.finditer(r"`([^`]+)`", prose)]


def read_links(page: Path) -> list[tuple[int, str]]:
    """(line, target) of each link and picture."""
    prose = read_prose(page)
    return [(prose.count("\n", 0, m.start()) + 1, m[1]) for m in re.finditer(r"\]\(([^()\s]+)\)", prose)]


def read_anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, made as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", read_prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def read_shell_commands(page: Path) -> Iterator[Command]:
    """Each command of a page's shell blocks, comments removed; a block without a language is one if it begins with a call of fenshen."""
    for block in read_blocks(page, "sh", "bash", ""):
        if not block.language and not block.text.startswith("fenshen "):
            continue
        for number, line in enumerate(block.text.splitlines(), block.line):
            for words in split_commands(line):
                yield Command(f"{block.page}:{number}", words)


def split_commands(line: str) -> Iterator[tuple[str, ...]]:
    """The simple commands of a shell line."""
    words: list[str] = []
    for word in [*shlex.split(line, comments=True), ";"]:
        if word not in _ENDS:
            words.append(word)
        elif words:
            yield tuple(words)
            words = []
