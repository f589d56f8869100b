"""Text that YAML drops in silence: what follows a space and # is a comment, also where `Room #7` was meant."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from assets.errors import Finding, Severity
from assets.spec.nodes import Loc, SpecText, format_loc
from assets.spec.wording import shorten, suggest_yaml_quotes

FREE_TEXT_FIELDS = (
    "name", "identity.text", "identity.mix.*.spec", "identity.child_of.*.spec",
    "motion.clips.*.video", "motion.clips.*.bvh", "persona.who", "persona.greeting", "persona.fallback", "persona.facts.*.say",
    "persona.facts.*.ask.*", "persona.out_of_scope.*", "persona.lines.*", "persona.topics.*",
    "persona.model", "persona.model_name", "persona.key_variable",
    "persona.encoder", "persona.small_talk.thanks", "persona.small_talk.goodbye", "persona.small_talk.more",
    "persona.small_talk.language", "voice.model",
    "persona.knowledge.*.file", "persona.knowledge.*.licence", "persona.knowledge.*.author", "voice.speaker",
    "voice.lexicon.*",
    "groom.pieces.*.print.text", "groom.pieces.*.print.picture", "groom.pieces.*.print.licence", "groom.pieces.*.print.author",
    "rights.creator", "rights.licence", "rights.consent",
)  # fmt: skip
"""Dotted patterns of the fields whose text is the user's own. Elsewhere only known names are valid, and a comment is a comment."""
_COLOUR = re.compile(r"#([0-9a-fA-F]{3,8})\b|# (?=[a-fA-F]*\d)([0-9a-fA-F]{6})\b")
"""A colour, and with a space before its digits only where it cannot be a word: `# faded` is none."""


def find_dropped_text(source: SpecText, node: yaml.Node | None = None, loc: Loc = ()) -> Iterator[Finding]:
    """A finding for every comment that looks like the rest of a value: a warning, or an error where it is clearly a colour."""
    node = source.root if node is None else node
    if isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield from find_dropped_text(source, item, (*loc, number))
    elif isinstance(node, yaml.MappingNode):
        for key, item in node.value:
            yield from find_dropped_text(source, item, (*loc, str(key.value)))
    elif behind := _get_rest_of_line(source, node):
        if not node.value:
            yield from _check_empty_value(source, loc, behind)
        elif node.tag.endswith(":str"):
            yield from _check_text(source, node, loc, behind)


def get_comment_in_place_of_value(source: SpecText, node: yaml.Node | None) -> str:
    """The comment on the line of an empty value, e.g. `#5a2e1a`; empty where there is none."""
    return _get_rest_of_line(source, node).strip() if node is not None and not node.value else ""


def _get_rest_of_line(source: SpecText, node: yaml.Node | None) -> str:
    """The comment behind a plain value with the spaces before it; empty where there is none, or the value is in quotes."""
    if not isinstance(node, yaml.ScalarNode) or node.style is not None:
        return ""
    line = source.lines[node.end_mark.line] if node.end_mark.line < len(source.lines) else ""
    rest = line[node.end_mark.column :]
    return rest.rstrip() if re.match(r"[ \t]+#", rest) else ""


def _check_text(source: SpecText, node: yaml.Node, loc: Loc, behind: str) -> Iterator[Finding]:
    """What is written as style guides ask, two spaces before # and one behind it, is meant as a comment."""
    comment = behind.strip()
    continues_speech = str(loc[0]) == "persona" and behind.startswith(" #")
    if not _is_free_text(loc) or not (continues_speech or comment[1:2].strip("# ")):
        return
    message = f"{format_loc(loc)}: YAML reads {shorten(comment)} as a comment and drops it"
    fix = (
        f"if it belongs to the text, write {suggest_yaml_quotes(node.value + behind)}; if not, write two spaces before # and one behind it"
    )
    yield Finding("spec/comment", message, Severity.WARNING, source.locate(loc), fix)


def _check_empty_value(source: SpecText, loc: Loc, behind: str) -> Iterator[Finding]:
    comment, where = behind.strip(), source.locate(loc)
    message = f"{format_loc(loc)} is empty: YAML reads {shorten(comment)} as a comment"
    if str(loc[-1]).endswith(("colour", "hair_tips")) and (colour := _COLOUR.match(comment)):
        yield Finding("spec/comment", message, Severity.ERROR, where, f'put the colour in quotes: "#{colour[1] or colour[2]}"')
    elif _is_free_text(loc) or comment[1:2].strip("# "):
        value = suggest_yaml_quotes(comment) if _is_free_text(loc) else "a value before it"
        yield Finding("spec/comment", message, Severity.WARNING, where, f"write {value}, or leave the line out to take the default")


def _is_free_text(loc: Loc) -> bool:
    return ".".join("*" if isinstance(part, int) else part for part in loc) in FREE_TEXT_FIELDS
