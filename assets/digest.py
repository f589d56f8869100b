"""Digests: canonical JSON and sha256 of values, bytes and files; equal things have equal digests on every machine."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray


def to_canonical_json(value: Any) -> bytes:
    """UTF-8 JSON with sorted keys and no spaces; `1` and `"1"` differ, list order counts, NaN is refused."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def sha256(data: bytes) -> str:
    """Hex digest of bytes."""
    return hashlib.sha256(data).hexdigest()


def sha256_arrays(*arrays: NDArray[Any]) -> str:
    """Hex digest of the numbers of arrays, one after another; their shapes do not count."""
    return sha256(b"".join(array.tobytes() for array in arrays))


def sha256_json(value: Any) -> str:
    """Hex digest of a JSON-able value."""
    return sha256(to_canonical_json(value))


@lru_cache(maxsize=256)
def _hash_file(path: str, size: int, mtime_ns: int) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_path(path: Path) -> str:
    """Hex digest of a file's bytes, or of a folder; raises OSError where there is neither."""
    return sha256_folder(path) if path.is_dir() else sha256_file(path)


def sha256_file(path: Path) -> str:
    """Hex digest of a file's bytes; remembered while its size and time stay the same."""
    status = path.stat()
    return _hash_file(str(path), status.st_size, status.st_mtime_ns)


def sha256_folder(path: Path) -> str:
    """Hex digest of a folder: the name and the bytes of every file in it, at any depth; hidden ones do not count."""
    inside = (file.relative_to(path) for file in path.rglob("*") if file.is_file())
    names = sorted(name.as_posix() for name in inside if not any(part.startswith(".") for part in name.parts))
    return sha256_json({name: sha256_file(path / name) for name in names})
