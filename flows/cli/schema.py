"""The spec's JSON Schema for editors: what pydantic knows, and the names that only the stages know."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from assets.spec.avatar import AvatarSpec
from assets.store import write_atomic
from flows.pipeline.spec_choices import collect_spec_choices

Schema = dict[str, Any]
SCHEMA_ID = "urn:fenshen:avatar:1"
"""A name, not an address: an editor takes the schema from the file that the spec's first lines name."""
SCHEMA_FILE = "avatar.schema.json"
EDITOR_LINES = (f"# yaml-language-server: $schema={SCHEMA_FILE}", f"# $schema: {SCHEMA_FILE}")
"""Comments that tie a spec to the schema in its folder: for yaml-language-server (VS Code and others), and for JetBrains IDEs."""


def generate_schema() -> Schema:
    """The schema of an avatar spec, with every valid name of a backend, clip, piece of clothing and body change."""
    head = {"$schema": GenerateJsonSchema.schema_dialect, "$id": SCHEMA_ID, "title": "Fenshen avatar spec"}
    schema: Schema = {**head, **{key: value for key, value in AvatarSpec.model_json_schema(by_alias=True).items() if key not in head}}
    for pattern, list_names in collect_spec_choices().names.items():
        if (names := list_names()) is None:
            continue
        path = pattern.removesuffix(".*")
        subschema = _find_subschema(schema, path)
        if path != pattern:
            subschema["propertyNames"] = {"enum": sorted(names)}
        else:
            _find_text_schema(subschema)["enum"] = sorted(names)
    _allow_words_for_people(_find_subschema(schema, "identity"))
    return schema


def _allow_words_for_people(identity: Schema) -> None:
    """A person may be a word, and a mixture one person, which the reader expands before pydantic sees them."""
    people = identity["properties"]
    for name in ("mix", "child_of"):
        people[name]["items"] = {"anyOf": [people[name]["items"], {"type": "string", "pattern": r"\S"}]}
    listed = {key: people["mix"].pop(key) for key in ("type", "items", "maxItems")}
    people["mix"]["anyOf"] = [listed, *listed["items"]["anyOf"]]


def format_schema() -> str:
    """The schema as text."""
    return json.dumps(generate_schema(), indent=1, ensure_ascii=False) + "\n"


def write_schema(path: Path) -> None:
    """Writes the schema into a file."""
    write_atomic(path, format_schema().encode())


def _find_subschema(root: Schema, pattern: str) -> Schema:
    """The schema of the field at a dotted pattern."""
    here = root
    for part in pattern.split("."):
        here = here["items"] if part == "*" else here["properties"][part]
        if "$ref" in here:
            here = root["$defs"][here["$ref"].rpartition("/")[2]]
    return here


def _find_text_schema(field: Schema) -> Schema:
    """Its part about text: null may be valid as well, which a list of names must not forbid."""
    found: Schema = next(part for part in field.get("anyOf", [field]) if part.get("type") == "string")
    return found
