"""Spec text -> YAML nodes, which know where each value is and how it was written.

Aliases, anchors, tags and further documents are refused here, so that nothing that follows can grow or run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import yaml

from assets.errors import Finding, Location, SpecError
from assets.spec.syntax import describe_syntax_error, get_line, split_lines, suggest_quoted_value
from assets.spec.wording import shorten

MAX_NODES, MAX_DEPTH = 50_000, 50
DEPTH_FIX = "a spec has three or four levels"
Loc = tuple[int | str, ...]
"""A path within the spec, e.g. ("motion", "clips", 0, "video")."""


@dataclass(frozen=True)
class SpecText:
    """A spec as written: its text, and the nodes that say where each value is."""

    name: str
    """Name of the file, for locations."""
    text: str
    root: yaml.Node

    @cached_property
    def lines(self) -> list[str]:
        """The text by lines, as marks count them."""
        return split_lines(self.text)

    def find_node(self, loc: Loc) -> yaml.Node | None:
        """The node of the value at `loc`; None where nothing was written there."""
        node: yaml.Node | None = self.root
        for part in loc:
            node = _get_child(node, part)
        return node

    def locate(self, loc: Loc, *, key: bool = False) -> Location:
        """Where the value (or with `key` the name) at `loc` begins, or the nearest value that contains it."""
        here = node = self.root
        for depth, part in enumerate(loc):
            child = _get_child(node, part)
            if child is None:
                break
            node = here = child
            if key and depth == len(loc) - 1:
                here = next((name for name, _ in self._list_pairs(loc[:-1]) if name.value == str(part)), child)
        return locate_node(here, self.name)

    def _list_pairs(self, loc: Loc) -> list[tuple[yaml.Node, yaml.Node]]:
        node = self.find_node(loc)
        return node.value if isinstance(node, yaml.MappingNode) else []


def compose(data: bytes, name: str) -> SpecText:
    """The text and nodes of a spec; raises SpecError with one finding where it is no text, no YAML, or too large."""
    try:
        text = _untab_json(data.decode("utf-8-sig"))
        _refuse_references(text, name)
        node = yaml.compose(text, yaml.SafeLoader)
    except UnicodeDecodeError as error:
        message = f"byte {error.start + 1} is not valid UTF-8"
        raise SpecError(Finding("spec/not-text", message, location=Location(name), fix="save the file as UTF-8")) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise SpecError(describe_syntax_error(error, text, name)) from error
    if node is None:
        raise SpecError(Finding("spec/empty", "the spec is empty", location=Location(name), fix="write at least `name: Ada`"))
    return SpecText(name, text, node)


def locate_node(thing: yaml.Node | yaml.Event, name: str) -> Location:
    """Where it begins."""
    mark = thing.start_mark
    return Location(name, mark.line + 1, mark.column + 1) if mark else Location(name)


def format_loc(loc: Loc) -> str:
    """`motion.clips.0.video`."""
    return ".".join(str(part) for part in loc)


def find_matches(value: Any, pattern: tuple[str, ...], loc: Loc = ()) -> Iterator[tuple[Loc, Any]]:
    """(loc, value) of all that the pattern matches in plain values; `*` is every item of a list or every key of a mapping."""
    if not pattern:
        yield loc, value
    elif pattern[0] == "*":
        items = enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, dict) else ()
        for part, item in items:
            yield from find_matches(item, pattern[1:], (*loc, part))
    elif isinstance(value, dict) and pattern[0] in value:
        yield from find_matches(value[pattern[0]], pattern[1:], (*loc, pattern[0]))


def _get_child(node: yaml.Node | None, part: int | str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        # Of two equal keys the last one counts, as for the values.
        found = next((value for key, value in reversed(node.value) if key.value == str(part)), None)
        if found is not None or part != 0:
            return found
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        child: yaml.Node = node.value[part]
        return child
    # Where a list may have one item, its item may stand alone.
    return node if part == 0 and isinstance(part, int) and not isinstance(node, yaml.SequenceNode) else None


def _untab_json(text: str) -> str:
    """JSON may be indented with tabs, which YAML refuses. Inside of JSON strings a tab is always escaped, so none is lost."""
    if "\t" not in text or not text.lstrip().startswith(("{", "[")):
        return text
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text.replace("\t", " ")


def _refuse_references(text: str, name: str) -> None:
    """Raises SpecError at the first alias or anchor, and where the text is nested too deeply or has too many parts."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, yaml.SafeLoader)):
        where = locate_node(event, name)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:  # the parser's time grows with the square of the depth
            raise SpecError(Finding("spec/too-deep", f"more than {MAX_DEPTH} levels are nested here", location=where, fix=DEPTH_FIX))
        if kind := _get_reference_kind(event):
            rest = get_line(text, where.line - 1)[where.column - 1 :].strip()
            message = f"YAML reads {shorten(rest.split(' ')[0])} as {kind}, which a spec may not contain"
            fix = "write the value out" if isinstance(event, yaml.CollectionStartEvent) else f"if it is text, {suggest_quoted_value(rest)}"
            raise SpecError(Finding("spec/alias", message, location=where, fix=fix))
        if count > MAX_NODES:
            raise SpecError(Finding("spec/too-large", f"the spec has more than {MAX_NODES} parts", location=Location(name), fix=DEPTH_FIX))


def _get_reference_kind(event: yaml.Event) -> str:
    """What the event refers to or names; empty for a plain value. The lone tag ! would vanish from the text without a trace."""
    if isinstance(event, yaml.AliasEvent):
        return "an alias"
    if getattr(event, "anchor", None) is not None:
        return "an anchor"
    return "a tag" if getattr(event, "tag", None) == "!" else ""
