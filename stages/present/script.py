"""A script in Markdown -> slides and what is said about them, in the form that Marp and reveal.js read.

Slides are separated by lines of three dashes. What is said about a slide is an HTML comment, as Marp's presenter notes are, or what
follows a line that begins with `Note:`, as in reveal.js. Nothing of a script runs: HTML and scripts in it are text of the slide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assets.errors import Finding, Location, SpecError
from stages.present.blocks import Block, list_blocks
from stages.present.typeface import find_undrawable

MAX_BYTES, MAX_SLIDES, MAX_NARRATION = 2_000_000, 500, 10_000
MAX_SECONDS = 600.0
SILENT_S = 5.0
"""How long a slide stays about which nothing is said."""
_FENCE = re.compile(r"^ {0,3}(```+|~~~+)")
_COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)
_NOTE = re.compile(r"^ {0,3}notes?: ?", re.IGNORECASE)
_SECONDS = re.compile(r"^\s*seconds:\s*(\S*)\s*$", re.IGNORECASE)
# Marp's own settings may be in comments too: they are not said. docs: "Directives" of Marpit.
_DIRECTIVE = re.compile(
    r"^\s*_?(?:theme|style|headingDivider|size|math|title|author|description|keywords|url|image|marp|paginate|header|footer|class|color|lang"
    r"|background(?:Color|Image|Position|Repeat|Size)|transition|fit)\s*:"
)


@dataclass(frozen=True)
class Said:
    """A paragraph that is said."""

    text: str
    line: int


@dataclass(frozen=True)
class Slide:
    """One slide."""

    line: int
    blocks: tuple[Block, ...] = ()
    said: tuple[Said, ...] = ()
    seconds: float = SILENT_S
    """How long it stays where nothing is said about it."""


@dataclass(frozen=True)
class Script:
    """A whole script."""

    path: Path
    slides: tuple[Slide, ...]


@dataclass
class _Reader:
    """Reads a script and collects what is wrong with it."""

    path: Path
    findings: list[Finding] = field(default_factory=list)

    def report(self, line: int, code: str, message: str, fix: str) -> None:
        """Notes a mistake at a line."""
        self.findings.append(Finding(f"script/{code}", message, location=Location(str(self.path), line), fix=fix))


def read_script(path: Path) -> Script:
    """The slides of a file; raises SpecError with everything that is wrong, each with its line."""
    reader = _Reader(path)
    lines = _read_text(path).splitlines()
    first, seconds = _read_front_matter(reader, lines)
    slides = [_read_slide(reader, lines[a:b], a + 1, seconds) for a, b in _split_slides(lines, first)]
    if not any(slide.blocks or slide.said for slide in slides):
        reader.report(0, "empty", "the script has no slide", "write a heading, or what is to be said in a comment <!-- ... -->")
    if len(slides) > MAX_SLIDES:
        reader.report(slides[MAX_SLIDES].line, "too-long", f"the script has more than {MAX_SLIDES} slides", "split it")
    if reader.findings:
        raise SpecError(*sorted(reader.findings, key=lambda finding: finding.location.line))
    return Script(path, tuple(slides))


def _read_text(path: Path) -> str:
    where = Location(str(path))
    try:
        if not path.is_file():
            raise SpecError(Finding("script/not-found", "there is no such script", location=where, fix="name a Markdown file"))
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        message = f"the script cannot be read: {error.strerror}"
        raise SpecError(Finding("script/unreadable", message, location=where, fix="check its permissions")) from error
    if len(data) > MAX_BYTES:
        message = f"the script is larger than {MAX_BYTES // 1_000_000} MB"
        raise SpecError(Finding("script/too-long", message, location=where, fix="split it"))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        message = "the script is not UTF-8"
        raise SpecError(Finding("script/not-utf8", message, location=Location(str(path), line), fix="save it as UTF-8")) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _read_front_matter(reader: _Reader, lines: Sequence[str]) -> tuple[int, float]:
    """The first line after the front matter, from 0, and its `seconds`; other fields are another program's."""
    if not lines or lines[0].strip() != "---":
        return 0, SILENT_S
    end = next((number for number, line in enumerate(lines[1:], 1) if line.strip() in ("---", "...")), None)
    if end is None or not _is_mapping("\n".join(lines[1:end])):
        return 0, SILENT_S  # a slide that begins with a line
    for number, line in enumerate(lines[1:end], 2):
        if found := _SECONDS.match(line):
            return end + 1, _parse_seconds(reader, found[1], number)
    return end + 1, SILENT_S


def _is_mapping(text: str) -> bool:
    import yaml

    try:
        found = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return False
    return found is None or isinstance(found, dict)


def _parse_seconds(reader: _Reader, text: str, line: int) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0.2 <= seconds <= MAX_SECONDS:
        reader.report(line, "seconds", f"seconds is {text!r}", f"write a number from 0.2 to {MAX_SECONDS:g}")
        return SILENT_S
    return seconds


def _split_slides(lines: Sequence[str], first: int) -> Iterator[tuple[int, int]]:
    """(first, after the last) line of each slide, from 0; a line of dashes within code or a comment separates nothing."""
    start, fence, comment = first, "", False
    for number in range(first, len(lines)):
        line = lines[number]
        fence = _follow_fence(fence, line)
        if not fence and not comment and re.fullmatch(r"-{3,}\s*", line):
            yield start, number
            start = number + 1
        elif not fence:
            comment = line.rfind("<!--") > line.rfind("-->") or (comment and "-->" not in line)
    if start < len(lines) or start == first:
        yield start, len(lines)


def _follow_fence(fence: str, line: str) -> str:
    """The fence of the code that the next line is in; empty outside."""
    found = _FENCE.match(line)
    if not found:
        return fence
    if not fence:
        return found[1]
    return "" if found[1].startswith(fence) and not line.strip().strip(fence[0]) else fence


def _read_slide(reader: _Reader, lines: Sequence[str], first: int, seconds: float) -> Slide:
    code = _mark_code(lines)
    shown, said, seconds = _take_comments(reader, lines, code, first, seconds)
    note = next((number for number, line in enumerate(shown) if _NOTE.match(line) and not code[number]), None)
    if note is not None:
        said += _split_paragraphs([_NOTE.sub("", shown[note]), *shown[note + 1 :]], first + note)
        shown = shown[:note]
    for paragraph in said:
        if len(paragraph.text) > MAX_NARRATION:
            message = f"a paragraph that is said has more than {MAX_NARRATION:,} characters"
            reader.report(paragraph.line, "too-long", message, "separate paragraphs by empty lines")
        _check_letters(reader, paragraph.text, paragraph.line)
    blocks = tuple(list_blocks("\n".join(shown), first))
    for block in blocks:
        if block.kind != "image":
            _check_letters(reader, block.text, block.line)
    return Slide(first, blocks, tuple(said), seconds)


def _mark_code(lines: Sequence[str]) -> list[bool]:
    """Which lines belong to blocks of code, their fences included."""
    marks, fence = [], ""
    for line in lines:
        inside = bool(fence)
        fence = _follow_fence(fence, line)
        marks.append(inside or bool(fence))
    return marks


def _take_comments(
    reader: _Reader, lines: Sequence[str], code: Sequence[bool], first: int, seconds: float
) -> tuple[list[str], list[Said], float]:
    """The lines without comments, the paragraphs of those that are said, and how long the slide stays without any."""
    text, said = "\n".join("" if hidden else line for line, hidden in zip(lines, code, strict=True)), list[Said]()
    for found in _COMMENT.finditer(text):
        line = first + text[: found.start()].count("\n")
        if one := _SECONDS.match(found[1]):
            seconds = _parse_seconds(reader, one[1], line)
        elif not all(_DIRECTIVE.match(row) for row in found[1].splitlines() if row.strip()):
            said += _split_paragraphs(found[1].split("\n"), line)
    # As many line breaks as before, so that lines keep their numbers.
    kept = _COMMENT.sub(lambda found: "\n" * found[0].count("\n"), text).split("\n")
    if (start := next((number for number, row in enumerate(kept) if "<!--" in row), None)) is not None:
        reader.report(first + start, "open-comment", "the comment <!-- has no end", "end it with -->")
    return [line if hidden else row for line, row, hidden in zip(lines, kept, code, strict=False)], said, seconds


def _split_paragraphs(lines: Sequence[str], first: int) -> list[Said]:
    """The text between empty lines, each on one line."""
    found: list[Said] = []
    rows: list[str] = []
    for number, line in enumerate([*lines, ""]):
        if line.strip():
            rows.append(line.strip())
        elif rows:
            found.append(Said(_join_rows(rows), first + number - len(rows)))
            rows = []
    return found


def _join_rows(rows: Sequence[str]) -> str:
    """One line: with a space between rows, except between Chinese letters."""
    text = rows[0]
    for row in rows[1:]:
        text += row if ord(text[-1]) > 0x2E7F and ord(row[0]) > 0x2E7F else f" {row}"
    return text


def _check_letters(reader: _Reader, text: str, line: int) -> None:
    if letter := find_undrawable(text):
        message = f"no font here can draw {letter} (U+{ord(letter):04X})"
        reader.report(line, "letter", message, "write it in another way")
