"""CSV: each row is a passage of its columns and values, such as "Ticket: adult. Price: 8 pounds."."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from assets.errors import Finding, FormatError, Location
from stages.dialogue.knowledge.blocks import Block, Part, clean
from stages.dialogue.tfidf import HAN_PATTERN

_DELIMITERS = (",", ";", "\t")
_ENDINGS = (".", "!", "?", "。", "！", "？")


def read_table(text: str, name: str) -> Iterator[Block]:
    """A block for each row below the names of the columns; blank rows are left out.

    Raises:
        FormatError: a quotation does not end, a column has no name, or a row has more or fewer values than there are columns.
    """
    try:
        # strict: a quotation that never ends would swallow the rest of the file.
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=_find_delimiter(text), strict=True))
    except csv.Error as error:
        message, fix = f"the table cannot be read: {error}", 'put values with quotation marks in quotes and double the marks: "a ""b"" c"'
        raise FormatError(Finding("knowledge/table", message, location=Location(name), fix=fix)) from error
    filled = [(number, [clean(cell) for cell in row]) for number, row in enumerate(rows, start=1) if any(map(str.strip, row))]
    if not filled:
        return
    header = _check_header(*filled[0], name)
    for number, row in filled[1:]:
        if len(row) != len(header):
            message = f"row {number} has {len(row)} values, and there are {len(header)} columns"
            fix = "put values that contain the separator in quotes"
            raise FormatError(Finding("knowledge/table", message, location=Location(name), fix=fix))
        yield Block((Part(make_row_parts(header, row), number),), "row", whole=True)


def _check_header(number: int, header: list[str], name: str) -> list[str]:
    """The names of the columns."""
    wrong = next((cell for cell in header if not cell or header.count(cell) > 1), None)
    if wrong is not None:
        message = f"two columns are called {wrong}" if wrong else f"column {header.index('') + 1} has no name"
        fix = f"name each column in row {number}"
        raise FormatError(Finding("knowledge/table", message, location=Location(name), fix=fix))
    return header


def _find_delimiter(text: str) -> str:
    """The one that occurs most often in the first line that has any text; a comma where none does."""
    first = next((line for line in text.split("\n") if line.strip()), "")
    return max(_DELIMITERS, key=first.count)


def make_row_parts(header: Sequence[str], row: Sequence[str]) -> str:
    """A sentence for each value; empty values are left out."""
    pairs = [(column, value) for column, value in zip(header, row, strict=False) if value]
    if HAN_PATTERN.search("".join(map("".join, pairs))):
        return "".join(f"{column.rstrip(':：')}：{value}{'' if value.endswith(_ENDINGS) else '。'}" for column, value in pairs)
    return " ".join(f"{column.rstrip(':')}: {value}{'' if value.endswith(_ENDINGS) else '.'}" for column, value in pairs)
