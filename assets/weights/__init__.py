"""Small weights that travel with the source: where a file lies, and the digest that it must have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent


def entry(name: str) -> dict[str, Any]:
    """What weights.json says of these weights: file, sha256, licence, data, command, steps, wall_seconds."""
    table: dict[str, dict[str, Any]] = json.loads((FOLDER / "weights.json").read_text(encoding="utf-8"))
    return table[name]


def known(name: str) -> bool:
    """Whether weights of that name are committed."""
    return name in json.loads((FOLDER / "weights.json").read_text(encoding="utf-8"))


def path(name: str) -> Path:
    """The weights file."""
    return FOLDER / str(entry(name)["file"])


def sha256(name: str) -> str:
    """The digest that the file must have."""
    return str(entry(name)["sha256"])
