"""Finds files of installed packages without importing them, which would take seconds or load tensorflow."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from assets.errors import BackendError, Finding


def find_package_file(module: str, *parts: str) -> Path:
    """Path of a file or folder in the package; raises BackendError if either is missing."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise BackendError(Finding("voice/package", f"the package {module} is not installed", fix="run `make setup`"))
    path = Path(spec.origin).parent.joinpath(*parts)
    if not path.exists():
        message = f"the package {module} has no file {'/'.join(parts)}"
        raise BackendError(Finding("voice/package", message, fix="uninstall the package and run `make setup`"))
    return path
