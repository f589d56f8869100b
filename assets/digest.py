"""Digests: canonical JSON, and sha256 of values, bytes and files; equal values have equal digests on every machine."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray


def to_canonical_json(value: Any) -> bytes:
    """UTF-8 JSON with sorted keys and no spaces; `1` and `"1"` differ, the order of lists counts, NaN raises ValueError."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def sha256(data: bytes) -> str:
    """Hex digest of bytes."""
    return hashlib.sha256(data).hexdigest()


def sha256_arrays(*arrays: NDArray[Any]) -> str:
    """Hex digest of the values of arrays, one after another; shapes and types do not count."""
    return sha256(b"".join(array.tobytes() for array in arrays))


def sha256_json(value: Any) -> str:
    """Hex digest of a JSON-able value."""
    return sha256(to_canonical_json(value))


@lru_cache(maxsize=256)  # more files than one build hashes: weights, media, blobs of the store, sources of the gates
def _hash_file(path: str, size: int, mtime_ns: int, ctime_ns: int, inode: int) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_path(path: Path) -> str:
    """Hex digest of a file or a folder; raises OSError where there is neither."""
    return sha256_folder(path) if path.is_dir() else sha256_file(path)


def sha256_file(path: Path) -> str:
    """Hex digest of a file's bytes; cached while its size, inode and times stay the same.

    The time of the last change to the inode is the kernel's own: unlike the modification time, no program can set it back.
    """
    status = path.stat()
    return _hash_file(str(path), status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def sha256_folder(path: Path) -> str:
    """Hex digest of the names and bytes of all files in a folder, at any depth, without hidden ones."""
    files = (file.relative_to(path) for file in path.rglob("*") if file.is_file())
    names = sorted(name.as_posix() for name in files if not any(part.startswith(".") for part in name.parts))
    return sha256_json({name: sha256_file(path / name) for name in names})
