"""Small weights that travel with the source: where a file lies, and the digest that it must have."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from assets.errors import BackendError, Finding

FOLDER = Path(__file__).resolve().parent
YOURS = "FENSHEN_WEIGHTS"
"""Environment variable: a folder like this one whose weights go before the committed ones of the same name."""


def entry(name: str) -> dict[str, Any]:
    """What weights.json says of these weights: file, sha256, licence, data, command, steps, wall_seconds."""
    return _table(_home(name))[name]


def known(name: str) -> bool:
    """Whether there are weights of that name."""
    return name in _table(_home(name))


def path(name: str) -> Path:
    """The weights file."""
    return _home(name) / str(entry(name)["file"])


def sha256(name: str) -> str:
    """The digest that the file must have."""
    return str(entry(name)["sha256"])


def _home(name: str) -> Path:
    """The folder that holds the weights: the user's where it does."""
    yours = os.environ.get(YOURS)
    return Path(yours) if yours and name in _table(Path(yours)) else FOLDER


def _table(folder: Path) -> dict[str, dict[str, Any]]:
    file = folder / "weights.json"
    try:
        table: dict[str, dict[str, Any]] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    except ValueError as error:
        fix = f"restore it, or unset {YOURS}"
        raise BackendError(Finding("weights/index", f"{file} is no JSON: {error}", fix=fix)) from error
    return table
