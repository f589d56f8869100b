"""Files inside installed packages, found without importing them: that would cost seconds, or pull in tensorflow."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from assets.errors import BackendError, Finding


def find_package_file(module: str, *parts: str) -> Path:
    """A file or folder of the package; raises BackendError where the package or the file is missing."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise BackendError(Finding("voice/package", f"the package {module} is not installed", fix="run `make setup`"))
    path = Path(spec.origin).parent.joinpath(*parts)
    if not path.exists():
        message = f"the package {module} holds no {'/'.join(parts)}"
        raise BackendError(Finding("voice/package", message, fix="remove the package and run `make setup`"))
    return path
