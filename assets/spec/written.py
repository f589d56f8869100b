"""Values as they were written: YAML reads `No` as false and `12:30` as 750, and a message must quote the text, not the value."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import yaml

from assets.errors import Finding
from assets.spec.nodes import Loc, SpecText, format_loc
from assets.spec.wording import quote, shorten

_SEXAGESIMAL = re.compile(r"[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.\d*)?")
_OCTAL = re.compile(r"[-+]?0[0-7_]+")


def describe_written(node: yaml.Node | None) -> str:
    """What was written, for the end of "expected ..., got"."""
    if node is None:
        return "nothing"
    if isinstance(node, yaml.SequenceNode):
        return f"a list of {len(node.value)} items" if len(node.value) != 1 else "a list of one item"
    if isinstance(node, yaml.MappingNode):
        keys = [str(key.value) for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        return f"a mapping with the field{'s' * (len(keys) > 1)} {shorten(', '.join(keys))}" if keys else "an empty mapping"
    assert isinstance(node, yaml.ScalarNode)
    if node.style is not None:  # in quotes, or a block of text
        return quote(node.value)
    return shorten(node.value) or "nothing"


def describe_reading(node: yaml.Node | None, value: Any) -> str:
    """What YAML makes of a plain value that is not text: `YAML reads No as false`; empty for text and collections."""
    if not isinstance(node, yaml.ScalarNode) or not node.value or isinstance(value, str):
        return ""
    if isinstance(value, bool) or value is None:
        meaning = {True: "true", False: "false", None: "nothing"}[value]
    else:
        is_same = str(value) == node.value or not math.isfinite(value)
        meaning = "a number" if is_same else f"the number {shorten(str(value))}"
    return f"YAML reads {shorten(node.value)} as {meaning}"


def get_one_line_source(source: SpecText, node: yaml.Node | None) -> str:
    """The text of a value that is on one line, as written; empty where there is none."""
    if node is None:
        return ""
    begin, end = node.start_mark.index, _find_end(node)
    written = source.text[begin:end]
    return "" if "\n" in written or "\r" in written else written.strip()


def find_ambiguous_numbers(source: SpecText, node: yaml.Node, loc: Loc = ()) -> Iterator[Finding]:
    """Numbers that YAML reads otherwise than people do: 010 is 8, 1:30 is 90."""
    if isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield from find_ambiguous_numbers(source, item, (*loc, number))
    elif isinstance(node, yaml.MappingNode):
        for key, item in node.value:
            yield from find_ambiguous_numbers(source, item, (*loc, str(key.value)))
    elif node.tag.endswith((":int", ":float")) and (read := _read_unusual(node)):
        value, base = read
        plain = node.value.replace("_", "").lstrip("+-").lstrip("0")
        fix = f"write {value}" + (f" or {plain}" if base == "octal" else "")
        message = f"{format_loc(loc)}: YAML reads {shorten(node.value)} as {value} ({base})"
        yield Finding("spec/ambiguous-number", message, location=source.locate(loc), fix=fix)


def _read_unusual(node: yaml.Node) -> tuple[Any, str] | None:
    """(value, base) of a number that is not written in tens and whose value differs from its digits."""
    base = "base 60" if _SEXAGESIMAL.fullmatch(node.value) else "octal" if _OCTAL.fullmatch(node.value) else ""
    if not base:
        return None
    value = yaml.SafeLoader("").construct_object(node)
    return None if base == "octal" and int(node.value.replace("_", "")) == value else (value, base)


def _find_end(node: yaml.Node) -> int:
    """Index behind the last character; a block's own mark is at the next token, behind blank lines and comments."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _find_end(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.index)
