"""Spec text -> AvatarSpec; every error is reported in one pass, each with its line and column.

pydantic knows what is wrong, the YAML nodes know where and how it was written.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from assets.errors import Finding, Location, Severity, SpecError
from assets.paths import find_existing_form
from assets.spec.avatar import AvatarSpec
from assets.spec.comments import find_dropped_text
from assets.spec.construct import ValueConstructor
from assets.spec.field_errors import describe_field_error
from assets.spec.nodes import SpecText, compose
from assets.spec.value_checks import SpecConstraints, find_problems
from assets.spec.wording import MAX_SHOWN_PATH, shorten
from assets.spec.written import find_ambiguous_numbers, get_one_line_source

_MOST_FIELD_ERRORS = 100
MAX_BYTES = 1_000_000
"""A spec with every fact written out has a few KB; media are files of their own."""
PRESETS_FOLDER = Path(__file__).resolve().parent.parent / "presets"


@dataclass(frozen=True)
class SpecFile:
    """A spec and the file that it was read from: paths in the spec are relative to the file's folder."""

    spec: AvatarSpec
    path: Path
    text: bytes


def list_presets() -> list[str]:
    """Names of the presets that come with Fenshen."""
    return sorted(path.stem for path in PRESETS_FOLDER.glob("*.yaml"))


def read_spec(name: str, *, allow_outside: bool = False, constraints: SpecConstraints | None = None) -> SpecFile:
    """The spec of a file or preset.

    Args:
        name: path of the file, or name of the preset.
        allow_outside: media files may be outside the spec's folder.
        constraints: what the stages know: valid names of backends, clothes and clips, and rules between fields.

    Raises:
        SpecError: with every finding, sorted by location.
    """
    path = _find_spec(name)
    data = _read_bytes(path)
    folder = path.resolve().parent
    return SpecFile(parse_spec(data, str(path), folder=folder, allow_outside=allow_outside, constraints=constraints), path, data)


def parse_spec(
    data: bytes,
    name: str,
    *,
    folder: Path | None = None,
    allow_outside: bool = False,
    constraints: SpecConstraints | None = None,
) -> AvatarSpec:
    """The spec of YAML or JSON text; raises SpecError with every finding.

    Args:
        name: of the file, for locations.
        folder: folder of the spec; with None the files that it names are not checked.
    """
    source = compose(data, name)
    constructor = ValueConstructor(name)
    value = constructor.construct(source.root)
    if not isinstance(value, dict):
        raise SpecError(*(constructor.findings or [_describe_wrong_root(source)]))
    spec, wrong = _validate(value)
    findings = _add_at_new_places(constructor.findings, (describe_field_error(detail, source) for detail in wrong[:_MOST_FIELD_ERRORS]))
    if len(wrong) > _MOST_FIELD_ERRORS:
        findings.append(_describe_more_errors(len(wrong) - _MOST_FIELD_ERRORS, source))
    if folder is not None:
        rejected = [*constructor.rejected, *(detail["loc"] for detail in wrong)]
        problems = find_problems(value, folder, allow_outside=allow_outside, constraints=constraints or SpecConstraints(), wrong=rejected)
        found = [replace(finding, location=source.locate(loc)) for loc, finding in problems]
        # The value of an unknown key is not worth a second error.
        unknown = {finding.location for finding in found if finding.code == "spec/unknown-name"}
        findings = [finding for finding in findings if finding.location not in unknown] + found
    findings = _add_at_new_places(findings, find_ambiguous_numbers(source, source.root))
    findings = _add_at_new_places(findings, find_dropped_text(source), code="spec/invalid-value")
    if spec is None or any(finding.severity == Severity.ERROR for finding in findings):
        raise SpecError(*_sort(findings))
    return spec


def find_text_warnings(data: bytes) -> list[Finding]:
    """What the text of a valid spec may not mean, e.g. text that YAML drops as a comment; locations are without a file."""
    return _sort(finding for finding in find_dropped_text(compose(data, "")) if finding.severity == Severity.WARNING)


def _add_at_new_places(findings: list[Finding], more: Iterable[Finding], code: str = "") -> list[Finding]:
    """The findings, and of the others those at places that no finding (or none of that code) is about yet."""
    known = {finding.location for finding in findings if finding.code == code or not code}
    return findings + [finding for finding in more if finding.location not in known]


def _sort(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(set(findings), key=lambda finding: (finding.location, finding.code))


def _describe_more_errors(count: int, source: SpecText) -> Finding:
    """That further fields are wrong: thousands take long to explain, and nobody reads them."""
    return Finding(
        "spec/more-errors",
        f"{count} more fields are wrong",
        location=source.locate(()),
        fix="correct those that are named, then check again",
    )


def _describe_wrong_root(source: SpecText) -> Finding:
    written = get_one_line_source(source, source.root)
    name, colon, rest = written.partition(":")
    fix = "begin with a line such as `name: Ada`"
    if colon and name.isidentifier() and not rest.startswith(" "):
        fix = f"write a space after the colon: `{name}: {shorten(rest)}`"
    return Finding("spec/not-a-mapping", "a spec must consist of `field: value` lines", location=source.locate(()), fix=fix)


def _validate(value: dict[str, Any]) -> tuple[AvatarSpec | None, list[ErrorDetails]]:
    try:
        # By the names of the schema alone: `from_` is a name of our code.
        return AvatarSpec.model_validate(value, by_alias=True, by_name=False), []
    except ValidationError as error:
        return None, error.errors()


def _find_spec(name: str) -> Path:
    """Path of a spec file or preset; raises SpecError where there is neither."""
    path, preset = find_existing_form(Path(name)), find_existing_form(PRESETS_FOLDER / f"{name}.yaml")
    is_preset = "/" not in name and os.path.exists(preset)  # os.path: Path's own raises where the name is too long
    # A folder is no spec: `build kofi --out kofi` leaves one of the preset's name.
    if os.path.exists(path) and not (is_preset and os.path.isdir(path)):
        return path
    if is_preset:
        return preset
    near = difflib.get_close_matches(name, list_presets(), 1)
    fix = f"did you mean the preset {near[0]}?" if near else f"give a file, or a preset: {', '.join(list_presets())}"
    raise SpecError(Finding("spec/missing", f"there is no file {shorten(name, MAX_SHOWN_PATH)}", fix=fix))


def _read_bytes(path: Path) -> bytes:
    if not path.is_file():
        raise SpecError(Finding("spec/not-a-file", f"{path} is not a file", fix="give a .yaml or .json file"))
    try:
        size = path.stat().st_size
        if size <= MAX_BYTES:
            return path.read_bytes()
    except OSError as error:
        message = f"the spec cannot be read: {error.strerror or error}"
        raise SpecError(Finding("spec/unreadable", message, location=Location(str(path)), fix="check its permissions")) from error
    message = f"the spec has {size} bytes, more than {MAX_BYTES}"
    raise SpecError(Finding("spec/too-large", message, location=Location(str(path)), fix="move media and long texts out of it"))
