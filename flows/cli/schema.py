"""The spec's JSON Schema for editors: what pydantic knows, and the names that only the stages know."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from assets.spec.avatar import AvatarSpec
from flows.pipeline.spec_choices import known

Schema = dict[str, Any]


def schema() -> Schema:
    """The schema of an avatar spec, every name that may stand in it listed."""
    told: Schema = {"$schema": GenerateJsonSchema.schema_dialect, **AvatarSpec.model_json_schema(by_alias=True)}
    for pattern, names in known().names.items():
        if (allowed := names()) is None:
            continue
        place = pattern.removesuffix(".*")
        at = _at(told, place)
        if place != pattern:
            at["propertyNames"] = {"enum": sorted(allowed)}
        else:
            _text(at)["enum"] = sorted(allowed)
    return told


def _at(root: Schema, pattern: str) -> Schema:
    """The schema of the fields that a dotted pattern leads to."""
    here = root
    for part in pattern.split("."):
        here = here["items"] if part == "*" else here["properties"][part]
        if "$ref" in here:
            here = root["$defs"][here["$ref"].rpartition("/")[2]]
    return here


def _text(field: Schema) -> Schema:
    """Its part about text: beside it null may be allowed, which no list of names shall forbid."""
    found: Schema = next(part for part in field.get("anyOf", [field]) if part.get("type") == "string")
    return found
