"""Fields as a flat mapping of dotted names, and the values that a spec has where it says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Fields = Mapping[str, Any]
DEFAULTS: Fields = {
    "identity.age": 30, "identity.gender": 0.5, "identity.tone": 0.35, "identity.variety": 0.6, "body.weight": 0.5, "body.muscle": 0.5,
    "body.height": 0.5, "texture.freckles": 0.0, "performance.expression": "neutral",
}  # fmt: skip
"""Values of a spec that says nothing."""


def get_field(fields: Fields, name: str) -> Any:
    """The field's value, or the spec's default."""
    value = fields.get(name)
    return DEFAULTS.get(name) if value is None else value


def get_local(fields: Fields) -> dict[str, float]:
    """The local changes, however they are spelt: `body.local` as a mapping, or `body.local.NAME`."""
    found = dict(fields.get("body.local") or {})
    return found | {name.removeprefix("body.local."): value for name, value in fields.items() if name.startswith("body.local.")}
