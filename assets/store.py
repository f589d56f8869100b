"""The store: content-addressed, atomic, verified on every read; it alone decides which results exist.

STORE/keys/ab/KEY.json      {"kind", "digest", provenance...}    the result stored under a key
STORE/blobs/cd/DIGEST       the encoded artefact
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from assets.artefact import Artefact, Ref
from assets.codec import decode_artefact, encode_artefact
from assets.digest import sha256, sha256_file
from assets.errors import Finding, StoreError

A = TypeVar("A", bound=Artefact)
PART_PREFIX = ".part-"
"""Prefix of a file that is being written; a killed process may leave it behind."""
GRACE_S = 3600.0
"""Least age in seconds of a blob without a key that a sweep removes: a build writes the key after the blob."""


def write_atomic(path: Path, data: bytes) -> None:
    """Writes a file atomically: temporary name in the same folder, flush, fsync, rename; raises StoreError where that fails."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Not mkstemp: its files are private (0600), but others may read contact sheets and data sets.
        temporary = path.parent / f"{PART_PREFIX}{secrets.token_hex(8)}"
        try:
            with open(temporary, "xb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()
            raise
    except OSError as error:
        reason = error.strerror or str(error)
        fix = "free some disk space or choose another folder"
        raise StoreError(Finding("store/write", f"cannot write {path}: {reason}", fix=fix)) from error


class Store(Protocol):
    """What the executor needs of a store."""

    def find(self, key: str) -> dict[str, Any] | None:
        """Provenance of the result under the key, with `kind` and `digest`; None where it is missing or damaged."""

    def get(self, ref: Ref[A], makes: type[A]) -> A:
        """The artefact, checked against its digest."""

    def put(self, key: str, artefact: A, provenance: dict[str, Any]) -> Ref[A]:
        """Stores the artefact under the key, atomically."""


@dataclass(frozen=True)
class LocalStore:
    """A store in a folder; safe for several processes at once, because every write ends in a rename."""

    root: Path

    def _key_path(self, key: str) -> Path:
        return self.root / "keys" / key[:2] / f"{key}.json"

    def _blob_path(self, digest: str) -> Path:
        return self.root / "blobs" / digest[:2] / digest

    def find(self, key: str) -> dict[str, Any] | None:
        """Provenance of the key, or None; a damaged blob counts as missing, so that it is recomputed."""
        try:
            record: dict[str, Any] = json.loads(self._key_path(key).read_bytes())
            intact = sha256_file(self._blob_path(record["digest"])) == record["digest"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if not intact:
            return None
        with contextlib.suppress(OSError):  # the store may be read-only
            os.utime(self._key_path(key))  # `sweep` counts age from the last use
        return record

    def is_damaged(self, key: str) -> bool:
        """True if the key exists but its record or blob is damaged."""
        return self._key_path(key).exists() and self.find(key) is None

    def get(self, ref: Ref[A], makes: type[A]) -> A:
        """The artefact; raises StoreError where it is missing or damaged."""
        try:
            data = self._blob_path(ref.digest).read_bytes()
        except OSError as error:
            raise StoreError(
                Finding("store/missing", f"the {ref.kind} {ref.digest[:12]} is not in the store", fix="build again")
            ) from error
        if sha256(data) != ref.digest:
            raise StoreError(Finding("store/corrupt", f"the {ref.kind} {ref.digest[:12]} in the store is damaged", fix="build again"))
        return decode_artefact(data, makes)

    def put(self, key: str, artefact: A, provenance: dict[str, Any]) -> Ref[A]:
        """Stores the artefact; the key is written last, so a killed run leaves no incomplete result."""
        data = encode_artefact(artefact)
        ref: Ref[A] = Ref(artefact.kind, sha256(data))
        write_atomic(self._blob_path(ref.digest), data)
        record = {**provenance, "kind": ref.kind, "digest": ref.digest, "bytes": len(data)}
        write_atomic(self._key_path(key), json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False).encode())
        return ref

    def list_records(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """(key, provenance) of every result."""
        for path in sorted(self.root.glob("keys/*/*.json")):
            if (record := _read_record(path)) is not None:
                yield path.stem, record

    def find_orphans(self) -> Iterator[tuple[Path, os.stat_result]]:
        """Every blob without a key, and the unfinished files of killed builds."""
        digests = {record["digest"] for _, record in self.list_records()}
        for path in (*self.root.glob("blobs/*/*"), *self.root.glob(f"keys/*/{PART_PREFIX}*")):
            if path.name not in digests and (status := _stat(path)) is not None:
                yield path, status

    def sweep(self, *, older_than_s: float | None = None, keep_bytes: int | None = None) -> tuple[int, int]:
        """Removes keys by the age of their last use, then the oldest until at most keep_bytes remain, then blobs without a key.

        A build may run at the same time: what it stores meanwhile stays, what it stored before may have to be recomputed.

        Returns:
            (files, bytes) removed.
        """
        now = time.time()
        keys = sorted(self._list_uses(), key=lambda use: use.last_used)
        total = sum(use.bytes for use in keys)
        dropped: dict[str, float] = {}
        removed = 0
        for use in keys:
            old = older_than_s is not None and now - use.last_used > older_than_s
            if old or (keep_bytes is not None and total > keep_bytes):
                total -= use.bytes
                use.path.unlink(missing_ok=True)
                dropped[use.digest] = use.last_used
                removed += 1
        files, size = self._sweep_blobs(dropped)
        return removed + files, size

    def _list_uses(self) -> Iterator[_KeyUse]:
        """Every key; one that another sweep removes meanwhile is skipped."""
        for path in self.root.glob("keys/*/*.json"):
            if (status := _stat(path)) is not None:
                record = _read_record(path) or {}
                yield _KeyUse(path, status.st_mtime, str(record.get("digest", "")), int(record.get("bytes", 0)))

    def _sweep_blobs(self, dropped: Mapping[str, float]) -> tuple[int, int]:
        """Removes the blobs of the keys just dropped (digest -> last use), and older ones without a key."""
        files = size = 0
        for path, status in self.find_orphans():
            # A key is written after its blob: a newer blob is from another build, which may still have to write its key.
            if status.st_mtime <= max(time.time() - GRACE_S, dropped.get(path.name, 0.0)):
                path.unlink(missing_ok=True)
                files, size = files + 1, size + status.st_size
        return files, size


@dataclass(frozen=True)
class _KeyUse:
    """One key of the store."""

    path: Path
    last_used: float
    """When it was written or last found, seconds since 1970."""
    digest: str
    """Of its blob; empty where the record is damaged."""
    bytes: int


def _stat(path: Path) -> os.stat_result | None:
    """None where another process has just removed it."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _read_record(path: Path) -> dict[str, Any] | None:
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) and "digest" in value else None
