"""Which people a portrait request shows: a spec with several seeds, or a text resolved once for each seed."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from assets.errors import BackendError, Finding, SpecError
from assets.spec.avatar import AvatarSpec
from assets.spec.fields import find_field

EXPRESSION_FIELD = "performance.expression"
_NAME = "Portrait"
DESCRIBE_MODULE = "stages.describe"
"""The package that turns a text into fields of a spec."""


def vary_seed(spec: AvatarSpec, seed: int) -> AvatarSpec:
    """The same spec with another seed."""
    return spec.model_copy(update={"seed": seed})


def resolve_text(text: str, seed: int) -> AvatarSpec:
    """The spec of a person whom the text describes and the seed completes.

    Raises:
        BackendError: this Fenshen cannot read descriptions.
        SpecError: the text describes nobody, or nobody who may be made.
    """
    if importlib.util.find_spec(DESCRIBE_MODULE) is None:
        message = "this Fenshen cannot read descriptions yet"
        raise BackendError(Finding("portrait/no-describe", message, fix="give a spec file or a preset instead"))
    module: Any = importlib.import_module(f"{DESCRIBE_MODULE}.resolve")
    return build_spec(module.describe(text, seed=seed).fields, seed)


def build_spec(fields: Mapping[str, Any], seed: int) -> AvatarSpec:
    """The spec with these dotted fields; what this version of the spec does not know yet is left out.

    Raises:
        SpecError: a field has a value that the spec does not take.
    """
    values: dict[str, Any] = {"name": _NAME, "seed": seed}
    for path, value in fields.items():
        parts = path.split(".")
        if find_field(tuple(parts)) is None:
            continue
        section = values
        for part in parts[:-1]:
            section = section.setdefault(part, {})
        section[parts[-1]] = value
    try:
        return AvatarSpec.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SpecError(Finding("portrait/field", f"{place}: {first['msg'].lower()}", fix="describe the person in other words")) from error
