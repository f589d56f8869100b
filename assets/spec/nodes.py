"""Spec text -> YAML nodes and plain values: nodes know where a thing stands, values what it says.

Aliases, tags and documents behind the first are refused here, so nothing that follows can grow or run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from assets.errors import Finding, Location, SpecError

MAX_NODES, MAX_DEPTH = 50_000, 50
MAX_SHOWN_PATH = 255
"""Characters of a path that are shown: what tells it from others stands at its end."""
DEPTH_FIX = "a spec has three or four levels"
Loc = tuple[int | str, ...]
"""A way into the spec, e.g. ("motion", "clips", 0, "video")."""
_ALLOWED_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null", "seq", "map", "timestamp", "merge")}

# An escape may write what the text itself may not hold: no file name, no voice and no JSON of ours can carry these.
_CONTROL_CHARACTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def compose(data: bytes, name: str) -> yaml.Node:
    """The root node of a spec's text; raises SpecError with one finding where it is no text, no YAML, or too much of it."""
    try:
        text = data.decode("utf-8-sig")
        _refuse_aliases(text, name)
        node = yaml.compose(text, yaml.SafeLoader)
    except UnicodeDecodeError as error:
        message = f"byte {error.start} is not UTF-8 text"
        raise SpecError(Finding("spec/not-text", message, where=Location(name), fix="save it as UTF-8")) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise SpecError(_describe_syntax_error(error, data, name)) from error
    if node is None:
        raise SpecError(Finding("spec/empty", "the spec is empty", where=Location(name), fix="write at least `name: Ada`"))
    return node


def _refuse_aliases(text: str, name: str) -> None:
    depth = 0
    for events, event in enumerate(yaml.parse(text, yaml.SafeLoader)):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:  # the parser takes the square of it
            raise SpecError(
                Finding("spec/too-deep", f"more than {MAX_DEPTH} levels are nested here", where=locate_node(event, name), fix=DEPTH_FIX)
            )
        if isinstance(event, yaml.AliasEvent):
            message = "aliases (*name) are not allowed in a spec"
            raise SpecError(Finding("spec/alias", message, where=locate_node(event, name), fix="write the value out"))
        if events > MAX_NODES:
            raise SpecError(Finding("spec/too-large", f"the spec has more than {MAX_NODES} parts", where=Location(name)))


def _describe_syntax_error(error: Exception, data: bytes, name: str) -> Finding:
    mark = getattr(error, "problem_mark", None)
    where = Location(name, mark.line + 1, mark.column + 1) if mark else Location(name)
    if isinstance(error, yaml.reader.ReaderError):
        before = data.decode("utf-8-sig")[: error.position]
        where = Location(name, before.count("\n") + 1, len(before) - before.rfind("\n"))
        problem = f"the character U+{error.character:04X} may not stand in it"
    elif "but found another document" in str(error):
        problem = "a second document begins here (---)"
    else:
        problem = getattr(error, "problem", None) or "it is nested too deeply"
    return Finding("spec/syntax", f"this is neither YAML nor JSON: {problem}", where=where, fix="mend the syntax")


@dataclass
class ValueConstructor:
    """Nodes on their way to plain values, and what was found there."""

    name: str
    """Of the file."""
    findings: list[Finding] = field(default_factory=list)
    rejected: list[Loc] = field(default_factory=list)
    """Where what is written may not stand: the value is None, and nobody shall take it for one that was left out."""

    def plain(self, node: yaml.Node, loc: Loc = ()) -> Any:
        """The node as plain Python values."""
        if node.tag not in _ALLOWED_TAGS:
            return self._reject(node, loc, "tag", f"the tag {node.tag} is not allowed", "write plain text or a number")
        if isinstance(node, yaml.SequenceNode):
            return [self.plain(item, (*loc, number)) for number, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self._construct_mapping(node, loc)
        if node.tag.endswith(("timestamp", "merge")):
            return node.value
        if odd := _CONTROL_CHARACTERS.search(node.value):
            return self._reject(node, loc, "character", f"the text holds the character U+{ord(odd[0]):04X}", "leave it out")
        try:
            return yaml.SafeLoader("").construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            message = f"{shorten(node.value)} cannot be read: {str(error).partition(';')[0]}"
            return self._reject(node, loc, "value", message, "write a smaller one")

    def _reject(self, node: yaml.Node, loc: Loc, code: str, message: str, fix: str) -> None:
        self.rejected.append(loc)
        self._add_finding(node, code, message, fix)

    def _add_finding(self, node: yaml.Node, code: str, message: str, fix: str) -> None:
        self.findings.append(Finding(f"spec/{code}", message, where=locate_node(node, self.name), fix=fix))

    def _construct_mapping(self, node: yaml.MappingNode, loc: Loc) -> dict[str, Any]:
        value: dict[str, Any] = {}
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._add_finding(key, "key", "a list or mapping stands where a field's name should", "write a name")
                continue
            text = str(key.value)
            if odd := _CONTROL_CHARACTERS.search(text):
                self._add_finding(key, "character", f"the field's name holds the character U+{ord(odd[0]):04X}", "leave it out")
                continue
            if text in value:
                # PyYAML keeps the last of two equal keys without a word.
                self._add_finding(key, "duplicate-key", f"{shorten(text)} stands here twice", "keep one")
            value[text] = self.plain(item, (*loc, text))
        return value


def is_null_word(given: Any) -> bool:
    """Whether it is what other languages write for nothing: text to YAML, and not the absence that was meant."""
    return isinstance(given, str) and given.strip().lower() in ("none", "null", "nil", "undefined", "~")


def shorten(given: Any, most: int = 60) -> str:
    """What was written, short enough for a sentence."""
    text = given if isinstance(given, str) else repr(given)
    return text if len(text) <= most else f"{text[: most - 3]}..."


def locate_node(thing: yaml.Node | yaml.Event, name: str) -> Location:
    """Where it begins."""
    mark = thing.start_mark
    return Location(name, mark.line + 1, mark.column + 1) if mark else Location(name)


def locate_value(node: yaml.Node, loc: Loc, name: str, *, key: bool = False) -> Location:
    """Where the value (or with `key` the name) at `loc` stands, as far down as the text goes."""
    here = node
    for depth, part in enumerate(loc):
        if isinstance(node, yaml.MappingNode):
            pair = next(((k, v) for k, v in node.value if k.value == str(part)), None)
            if pair is None:
                break
            node = pair[1]
            here = pair[0] if key and depth == len(loc) - 1 else pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = here = node.value[part]
        else:
            break
    return locate_node(here, name)


def find_matches(value: Any, pattern: tuple[str, ...], loc: Loc = ()) -> Iterator[tuple[Loc, Any]]:
    """(loc, value) of all that the pattern leads to in plain values; `*` is every item of a list or every key of a mapping."""
    if not pattern:
        yield loc, value
    elif pattern[0] == "*":
        items = enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, dict) else ()
        for part, item in items:
            yield from find_matches(item, pattern[1:], (*loc, part))
    elif isinstance(value, dict) and pattern[0] in value:
        yield from find_matches(value[pattern[0]], pattern[1:], (*loc, pattern[0]))
