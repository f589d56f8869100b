"""YAML nodes -> plain values, with a finding for everything that a spec may not contain."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from assets.errors import Finding
from assets.spec.nodes import Loc, locate_node
from assets.spec.wording import shorten, suggest_yaml_quotes

_TAG_PREFIX = "tag:yaml.org,2002:"
_KINDS = {"str": "text", "int": "an integer", "float": "a number", "bool": "true or false", "null": "nothing"}
_SCALAR_TAGS = {f"{_TAG_PREFIX}{kind}" for kind in _KINDS}
_TEXT_TAGS = {f"{_TAG_PREFIX}{kind}" for kind in ("timestamp", "merge", "value")}
"""Dates, << and =: YAML gives them a type of their own, a spec takes them for the text that they are."""
_COLLECTION_TAGS = {f"{_TAG_PREFIX}{kind}" for kind in ("seq", "map")}

# An escape may write what the text itself may not contain: no file name, no voice and no JSON file can hold these.
_CONTROL_CHARACTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_SURROGATE_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


@dataclass
class ValueConstructor:
    """Turns nodes into plain values and collects what is wrong with them."""

    name: str
    """Name of the file."""
    findings: list[Finding] = field(default_factory=list)
    rejected: list[Loc] = field(default_factory=list)
    """Places of refused values: they are None from here on, which must not be taken for a value that was left out."""

    def construct(self, node: yaml.Node, loc: Loc = ()) -> Any:
        """The node as plain Python values."""
        if node.tag not in _SCALAR_TAGS | _TEXT_TAGS | _COLLECTION_TAGS:
            return self._reject(node, loc, "tag", f"the tag {_format_tag(node.tag)} is not allowed", _suggest_untagged(node))
        if isinstance(node, yaml.SequenceNode):
            return [self.construct(item, (*loc, number)) for number, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self._construct_mapping(node, loc)
        return self._construct_scalar(node, loc)

    def _construct_scalar(self, node: yaml.Node, loc: Loc) -> Any:
        text = _join_surrogates(node.value)
        if refused := _CONTROL_CHARACTERS.search(text):
            return self._reject(node, loc, "character", f"the text contains the character U+{ord(refused[0]):04X}", "remove it")
        if node.tag in _TEXT_TAGS or node.tag == f"{_TAG_PREFIX}str":
            return text
        try:
            return yaml.SafeLoader("").construct_object(node)
        except (yaml.YAMLError, ValueError, KeyError):  # more digits than Python reads, or an explicit tag before other text
            message = f"{shorten(node.value)} cannot be read as {_KINDS[node.tag.removeprefix(_TAG_PREFIX)]}"
            return self._reject(node, loc, "value", message, "write a shorter number, or put text in quotes")

    def _reject(self, node: yaml.Node, loc: Loc, code: str, message: str, fix: str) -> None:
        self.rejected.append(loc)
        self._add_finding(node, code, message, fix)

    def _add_finding(self, node: yaml.Node, code: str, message: str, fix: str) -> None:
        self.findings.append(Finding(f"spec/{code}", message, location=locate_node(node, self.name), fix=fix))

    def _construct_mapping(self, node: yaml.MappingNode, loc: Loc) -> dict[str, Any]:
        value: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._add_finding(key, "key", "the name of a field may not be a list or a mapping", "write a name, or put text in quotes")
                continue
            text = _join_surrogates(str(key.value))
            if refused := _CONTROL_CHARACTERS.search(text):
                message = f"the name of the field contains the character U+{ord(refused[0]):04X}"
                self._add_finding(key, "character", message, "remove it")
                continue
            if text in value:
                # PyYAML keeps the last of two equal keys in silence.
                self._add_finding(key, "duplicate-key", f"{shorten(text)} was already given in line {lines[text]}", "keep one of the two")
            lines[text] = key.start_mark.line + 1
            value[text] = self.construct(item, (*loc, text))
        return value


def _join_surrogates(text: str) -> str:
    """JSON writes 😀 as two escapes, \\ud83d\\ude00, which PyYAML reads as two characters."""
    return _SURROGATE_PAIR.sub(lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), text)


def _format_tag(tag: str) -> str:
    return f"!!{tag.removeprefix(_TAG_PREFIX)}" if tag.startswith(_TAG_PREFIX) else tag


def _suggest_untagged(node: yaml.Node) -> str:
    """A word that begins with ! is a tag to YAML; the author may have meant text."""
    if isinstance(node, yaml.ScalarNode) and node.tag.startswith("!"):
        return f"if it is text, put it in quotes: {suggest_yaml_quotes(f'{node.tag} {node.value}'.strip())}"
    return "write plain text or a number"
