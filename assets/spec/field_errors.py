"""pydantic's errors as findings: what was expected, what was written, and what to write instead."""

from __future__ import annotations

import difflib
import re
import typing
from typing import Any

import yaml
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from assets.errors import Finding
from assets.spec.comments import get_comment_in_place_of_value
from assets.spec.expectation import describe_range, get_expected_form, is_integer, join_alternatives
from assets.spec.fields import find_field, list_fields, suggest_field
from assets.spec.nodes import Loc, SpecText, format_loc
from assets.spec.wording import is_null_word, quote, shorten, straighten_quotes, suggest_yaml_quotes
from assets.spec.written import describe_reading, describe_written, get_one_line_source

_KINDS = {
    "string_type": "text", "bool_type": "true or false", "bool_parsing": "true or false",
    "model_type": "a section with fields of its own", "dict_type": "a mapping", "tuple_type": "a list", "list_type": "a list",
}  # fmt: skip
_NUMBER_ERRORS = re.compile("int_|float_|finite_number|greater_than|less_than")
_KEY = "[key]"
"""How pydantic ends the place of a key."""
_SCALE = re.compile(r"\b0 [a-z]+, 1 [^;.]+")
"""What a field's description says of the ends of its scale."""
_UNSPACED_FIELD = re.compile(r"([\w-]+)[:：](\S.*)")
_UNSPACED_ITEM = re.compile(r"-\S")


def describe_field_error(detail: ErrorDetails, source: SpecText) -> Finding:
    """The finding of one of pydantic's errors."""
    loc, kind = detail["loc"], detail["type"]
    if kind == "extra_forbidden":
        value = get_one_line_source(source, source.find_node(loc))
        fix = suggest_field(loc, value if len(value) <= 30 else "")
        message = f"{shorten(format_loc(loc)) if str(loc[-1]).strip() else quote(str(loc[-1]))} is not a field"
        return Finding("spec/unknown-field", message, location=source.locate(loc, key=True), fix=fix)
    if kind == "missing":
        fix = f"add a line `{loc[-1]}: ...`"
        return Finding("spec/missing-field", f"{format_loc(loc)} is missing", location=source.locate(loc[:-1]), fix=fix)
    if loc[-1] == _KEY:
        return _describe_key_error(detail, source)
    node, field = source.find_node(loc), find_field(loc)
    message = f"{format_loc(loc)}: expected {_describe_expected(detail, field)}, {_describe_given(detail, source, node)}"
    return Finding("spec/invalid-value", message, location=source.locate(loc), fix=_suggest_fix(detail, source, node, field))


def _describe_key_error(detail: ErrorDetails, source: SpecText) -> Finding:
    """The finding of a key that its mapping does not take."""
    where, written = detail["loc"][:-2], detail["input"]
    field = find_field(where)
    key = typing.get_args(field.annotation)[0] if field else str
    if _NUMBER_ERRORS.match(detail["type"]):
        form, fix = f"integers {describe_range(key)}", "write the number before the colon, such as `3: 0.5`"
    else:
        form, fix = "text", f'put it in quotes: "{written}"'
    message = f"{format_loc(where)}: expected keys that are {form}, got {quote(str(written))}"
    return Finding("spec/invalid-key", message, location=source.locate(detail["loc"][:-1], key=True), fix=fix)


def _describe_expected(detail: ErrorDetails, field: FieldInfo | None) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if _NUMBER_ERRORS.match(kind) or kind == "even":
        noun = "an odd integer" if kind == "even" else "an integer" if is_integer(field) else "a number"
        return f"{noun} {describe_range(field)}".strip() if field else noun
    if kind == "literal_error":
        return join_alternatives(_list_alternatives(context["expected"]))
    if kind == "string_pattern_mismatch":
        return get_expected_form(field).form
    if kind == "string_too_short":
        return "text that is not empty"
    if kind in ("string_too_long", "too_long"):
        return f"at most {context['max_length']} {'characters' if kind == 'string_too_long' else 'items'}"
    message = detail["msg"]
    return _KINDS.get(kind) or f"{message[0].lower()}{message[1:]}"


def _list_alternatives(expected: str) -> list[str]:
    """pydantic's `'web', 'desktop' or 'crowd'` as names."""
    return [name.strip("'") for name in re.split(r", | or ", expected)]


def _describe_given(detail: ErrorDetails, source: SpecText, node: yaml.Node | None) -> str:
    """`got 12`, or where YAML made something else of a text, what."""
    kind, given = detail["type"], detail["input"]
    if kind == "string_too_long":
        return f"got {len(given)}"
    if kind == "too_long":
        return f"got {len(given)}"  # of a mapping pydantic does not count all
    if comment := get_comment_in_place_of_value(source, node):
        return f"got nothing: YAML reads {shorten(comment)} as a comment"
    if kind == "string_type":
        if reading := describe_reading(node, given):
            return f"but {reading}"
        if isinstance(node, yaml.CollectionNode) and (written := get_one_line_source(source, node)):
            return f"but YAML reads `{shorten(written)}` as {'a list' if isinstance(node, yaml.SequenceNode) else 'a mapping'}"
    return f"got {describe_written(node)}"


def _suggest_fix(detail: ErrorDetails, source: SpecText, node: yaml.Node | None, field: FieldInfo | None) -> str:
    """What to write instead."""
    loc, kind, given = detail["loc"], detail["type"], detail["input"]
    written = get_one_line_source(source, node)
    if kind == "invisible_character":
        return "remove it"
    if colour := _suggest_colour(loc, written):
        return colour
    if kind == "string_type" and (text := get_comment_in_place_of_value(source, node) or (written if given is not None else "")):
        return _suggest_quotes(text, given, field, node)
    if given is None or is_null_word(given):
        if isinstance(loc[-1], int):
            return "remove the item"
        if not (field and field.is_required()):
            return "leave the line out to take the default"
    if kind == "tuple_type":
        return _suggest_list(str(loc[-1]), given, written)
    if kind in ("model_type", "dict_type"):
        return _suggest_section(loc, given)
    is_text = kind.startswith("string_")
    return _suggest_text(detail, given) or (get_expected_form(field).fix if is_text else "") or _suggest_scale(detail, field)


def _suggest_quotes(text: str, given: Any, field: FieldInfo | None, node: yaml.Node | None) -> str:
    if isinstance(node, yaml.CollectionNode) and (node.flow_style or isinstance(node, yaml.SequenceNode)):
        return f"write one text; if the {'brackets belong' if node.flow_style else 'dash belongs'} to it, put it in quotes"
    fix = f"put it in quotes: {suggest_yaml_quotes(text)}"
    takes_none = given is False and field is not None and re.search(r"\bnone\b", field.description or "")
    return f"write none for no item, or {fix}" if takes_none else fix


def _suggest_list(name: str, given: Any, written: str) -> str:
    if isinstance(given, str) and _UNSPACED_ITEM.match(given):
        return "write a space after each dash: `- item`"
    if isinstance(given, dict):
        return "begin each item with `- `"
    return f"write a list: `{name}: [{suggest_yaml_quotes(given) if isinstance(given, str) else shorten(written)}]`"


def _suggest_section(loc: Loc, given: Any) -> str:
    if isinstance(given, str) and (unspaced := _UNSPACED_FIELD.fullmatch(given)):
        return f"write a space after the colon: `{unspaced[1]}: {shorten(unspaced[2])}`"
    known = list_fields(loc)
    return f"its fields are {', '.join(known)}" if known else "write `name: value` lines under it, or leave the line out"


def _suggest_text(detail: ErrorDetails, given: Any) -> str:
    """The nearest valid value; empty where none is near."""
    if not isinstance(given, str):
        return ""
    if detail["type"] == "literal_error":
        near = difflib.get_close_matches(given.lower(), _list_alternatives(detail["ctx"]["expected"]), 1)
        return f"did you mean {near[0]}?" if near else ""
    return ""


def _suggest_colour(loc: Loc, written: str) -> str:
    """The colour that 5a2e1a, 112233, #abc and “#5a2e1a” stand for; empty for other fields and other text."""
    if not str(loc[-1]).endswith("colour"):
        return ""
    digits = straighten_quotes(written).strip("\"' #")
    digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    return f'did you mean "#{digits}"?' if re.fullmatch("[0-9a-fA-F]{6}", digits) else ""


def _suggest_scale(detail: ErrorDetails, field: FieldInfo | None) -> str:
    """`write a number: 0 thin, 1 heavy` where a word was written; empty for numbers, whose range the message states."""
    if not isinstance(detail["input"], str) or not _NUMBER_ERRORS.match(detail["type"]):
        return ""
    scale = _SCALE.search((field and field.description) or "")
    return f"write a number: {scale[0]}" if scale else ""
