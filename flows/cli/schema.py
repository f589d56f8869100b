"""The spec's JSON Schema for editors: what pydantic knows, and the names that only the stages know."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from assets.spec.avatar import AvatarSpec
from flows.pipeline.spec_choices import collect_spec_choices

Schema = dict[str, Any]


def generate_schema() -> Schema:
    """The schema of an avatar spec, every name that may stand in it listed."""
    told: Schema = {"$schema": GenerateJsonSchema.schema_dialect, **AvatarSpec.model_json_schema(by_alias=True)}
    for pattern, names in collect_spec_choices().names.items():
        if (allowed := names()) is None:
            continue
        place = pattern.removesuffix(".*")
        at = _find_subschema(told, place)
        if place != pattern:
            at["propertyNames"] = {"enum": sorted(allowed)}
        else:
            _find_text_schema(at)["enum"] = sorted(allowed)
    return told


def _find_subschema(root: Schema, pattern: str) -> Schema:
    """The schema of the fields that a dotted pattern leads to."""
    here = root
    for part in pattern.split("."):
        here = here["items"] if part == "*" else here["properties"][part]
        if "$ref" in here:
            here = root["$defs"][here["$ref"].rpartition("/")[2]]
    return here


def _find_text_schema(field: Schema) -> Schema:
    """Its part about text: beside it null may be allowed, which no list of names shall forbid."""
    found: Schema = next(part for part in field.get("anyOf", [field]) if part.get("type") == "string")
    return found
