"""Spec text -> AvatarSpec, with every mistake at once and each at its line and column.

pydantic knows what is wrong, the YAML nodes know where: each error's `loc` is walked down the node tree.
"""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass, replace
from pathlib import Path
from types import NoneType
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from assets.errors import Finding, Location, SpecError
from assets.spec.avatar import AvatarSpec
from assets.spec.nodes import MAX_SHOWN_PATH, Loc, ValueConstructor, compose, is_null_word, locate_node, locate_value, shorten
from assets.spec.number_range import describe_range
from assets.spec.value_checks import SpecConstraints, find_problems, format_loc

MAX_BYTES = 1_000_000  # A spec with every fact written out is a few KB; media stay in files of their own.
PRESETS_FOLDER = Path(__file__).resolve().parent.parent / "presets"


@dataclass(frozen=True)
class SpecFile:
    """A spec that was read, and where it lay: paths in it are relative to that folder."""

    spec: AvatarSpec
    path: Path
    text: bytes


def list_presets() -> list[str]:
    """Names of the presets that come with Fenshen."""
    return sorted(path.stem for path in PRESETS_FOLDER.glob("*.yaml"))


def read_spec(where: str, *, outside: bool = False, known: SpecConstraints | None = None) -> SpecFile:
    """The spec of a file or a preset's name.

    Args:
        outside: media files may lie outside the spec's folder.
        known: what the stages know: names that may stand in free text (backends, clothes, clips), fields that must go together.

    Raises:
        SpecError: with every finding, sorted by place.
    """
    path = _locate(where)
    data = _read_bytes(path)
    return SpecFile(parse_spec(data, str(path), folder=path.resolve().parent, outside=outside, known=known), path, data)


def parse_spec(
    data: bytes, name: str, *, folder: Path | None = None, outside: bool = False, known: SpecConstraints | None = None
) -> AvatarSpec:
    """The spec of YAML or JSON text; raises SpecError with every finding.

    Args:
        folder: where the spec lies; None leaves the files that it names unlooked at.
    """
    node = compose(data, name)
    reading = ValueConstructor(name)
    value = reading.plain(node)
    findings = reading.findings
    if not isinstance(value, dict):
        fix = "begin with a line such as `name: Ada`"
        other = Finding("spec/not-a-mapping", "a spec is a list of `key: value` lines", where=locate_node(node, name), fix=fix)
        raise SpecError(*(findings or [other]))
    spec, wrong = _validate(value)
    told = [_to_finding(detail, node, name) for detail in wrong]
    findings += [finding for finding in told if finding.where not in {found.where for found in findings}]
    if folder is not None:
        unsound = [*reading.rejected, *(detail["loc"] for detail in wrong)]
        found = find_problems(value, folder, outside=outside, known=known or SpecConstraints(), wrong=unsound)
        placed = [replace(finding, where=locate_value(node, loc, name)) for loc, finding in found]
        # How large a change may be is of no interest where nobody knows it.
        unknown = {finding.where for finding in placed if finding.code == "spec/unknown-name"}
        findings = [finding for finding in findings if finding.where not in unknown] + placed
    if findings or spec is None:
        raise SpecError(*sorted(set(findings), key=lambda finding: (finding.where, finding.code)))
    return spec


def _validate(value: dict[str, Any]) -> tuple[AvatarSpec | None, list[ErrorDetails]]:
    try:
        return AvatarSpec.model_validate(value), []
    except ValidationError as error:
        return None, error.errors()


def _locate(where: str) -> Path:
    path, preset = Path(where), PRESETS_FOLDER / f"{where}.yaml"
    known = "/" not in where and os.path.exists(preset)  # Path's own raises where the name is too long
    # A folder is no spec: `build kofi --out kofi` leaves one of the preset's name.
    if os.path.exists(path) and not (known and os.path.isdir(path)):
        return path
    if known:
        return preset
    near = difflib.get_close_matches(where, list_presets(), 1)
    fix = f"did you mean the preset {near[0]}?" if near else f"give a file, or a preset: {', '.join(list_presets())}"
    raise SpecError(Finding("spec/missing", f"there is no file {shorten(where, MAX_SHOWN_PATH)}", fix=fix))


def _read_bytes(path: Path) -> bytes:
    if not path.is_file():
        raise SpecError(Finding("spec/not-a-file", f"{path} is not a file", fix="give a .yaml or .json file"))
    try:
        size = path.stat().st_size
        if size <= MAX_BYTES:
            return path.read_bytes()
    except OSError as error:
        message = f"the spec cannot be read: {error.strerror or error}"
        raise SpecError(Finding("spec/unreadable", message, where=Location(str(path)), fix="look at its permissions")) from error
    message = f"the spec has {size} bytes, more than {MAX_BYTES}"
    raise SpecError(Finding("spec/too-large", message, where=Location(str(path)), fix="keep media in files of their own"))


_TYPE_NAMES = {
    "string_type": "text", "int_type": "a whole number", "int_parsing": "a whole number", "int_from_float": "a whole number",
    "float_type": "a number", "float_parsing": "a number", "bool_type": "true or false", "bool_parsing": "true or false",
    "model_type": "fields of its own", "dict_type": "fields of its own", "tuple_type": "a list", "list_type": "a list",
    "string_unicode": "text that can be written as UTF-8", "finite_number": "a number that is not nan or infinite",
}  # fmt: skip
_ERROR_MESSAGES = {kind: f"{what} should stand here" for kind, what in _TYPE_NAMES.items()}
_ERROR_MESSAGES |= {"string_pattern_mismatch": "it may not be written so", "too_long": "the list is too long"}


def _to_finding(detail: ErrorDetails, root: yaml.Node, name: str) -> Finding:
    loc = detail["loc"]
    if detail["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(loc[-1]), _list_fields(loc[:-1]), 1)
        fix = f"did you mean {near[0]}?" if near else f"known here: {', '.join(_list_fields(loc[:-1]))}"
        return Finding(
            "spec/unknown-field", f"{shorten(format_loc(loc))} is not a field", where=locate_value(root, loc, name, key=True), fix=fix
        )
    if detail["type"] == "missing":
        fix = f"add a line `{loc[-1]}: ...`"
        return Finding("spec/missing-field", f"{format_loc(loc)} is missing", where=locate_value(root, loc[:-1], name), fix=fix)
    given = detail["input"]
    problem = _ERROR_MESSAGES.get(detail["type"]) or f"{detail['msg'][0].lower()}{detail['msg'][1:]}"
    message = f"{format_loc(loc)}: {problem}, got {'nothing' if given is None else shorten(repr(given))}"
    return Finding("spec/invalid-value", message, where=locate_value(root, loc, name), fix=_suggest_fix(detail["type"], given, loc))


def _suggest_fix(kind: str, given: Any, loc: Loc) -> str:
    """What to write instead: the field's own doc line says it best."""
    field = _find_field(loc)
    if (given is None or is_null_word(given)) and not (field and field.is_required()):
        return "leave the line out to take the default"
    if kind == "string_type" and not isinstance(given, (dict, list, NoneType)):
        return f'put it in quotes: "{shorten(str(given))}"'
    if kind == "model_type":
        return f"known here: {', '.join(_list_fields(loc))}"
    if not field or not field.description:
        return "see `fenshen schema`"
    how_far = describe_range(field)
    return f"expected: {how_far} ({field.description.removesuffix('.')})" if how_far else f"expected: {field.description}"


def _find_model(loc: Loc) -> type[BaseModel] | None:
    """The model that the fields at `loc` belong to; None where they are of none."""
    model: type[BaseModel] | None = AvatarSpec
    for part in loc:
        if isinstance(part, int):
            continue
        if model is None or part not in model.model_fields:
            return None
        hint = model.model_fields[part].annotation
        candidates = [hint, *get_args(hint)]
        model = next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None)
    return model


def _find_field(loc: Loc) -> FieldInfo | None:
    """The field at `loc`, or the nearest one above it: an item of a list is described by the list."""
    for end in range(len(loc), 0, -1):
        model = _find_model(loc[: end - 1])
        if model is not None and isinstance(loc[end - 1], str):
            return model.model_fields.get(str(loc[end - 1]))
    return None


def _list_fields(loc: Loc) -> list[str]:
    model = _find_model(loc)
    return [field.alias or key for key, field in model.model_fields.items()] if model else []
