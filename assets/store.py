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
from assets.digest import sha256, sha256_file, sha256_json
from assets.errors import Finding, StoreError

A = TypeVar("A", bound=Artefact)
PART_PREFIX = ".part-"
"""Prefix of a file that is being written; a killed process may leave it behind."""
GRACE_S = 3600.0
"""A sweep spares what was written or used within this time, in seconds: a build that is running may need it."""
_CHECKED_FIELDS = ("kind", "digest", "bytes")
"""Fields of a record that `seal` covers, together with the key."""


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

    def is_damaged(self, key: str) -> bool:
        """True if the key exists but its record or blob is damaged."""

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
        record = _read_record(self._key_path(key))
        if record is None or self._explain_damage(key, record):
            return None
        with contextlib.suppress(OSError):  # the store may be read-only
            os.utime(self._key_path(key))  # `sweep` counts age from the last use
        return record

    def _explain_damage(self, key: str, record: Mapping[str, Any]) -> str:
        """What is wrong with a key's record or its blob; empty where nothing is."""
        if not _belongs_to_key(key, record):
            return "its record is that of another key"
        try:
            intact = sha256_file(self._blob_path(record["digest"])) == record["digest"]
        except OSError:
            return "its blob is missing"
        return "" if intact else "its blob is damaged"

    def find_damage(self) -> Iterator[tuple[str, str]]:
        """(key, what is wrong) of every key that a build would not use, empty and torn records included."""
        for path in sorted(self.root.glob("keys/*/*.json")):
            record = _read_record(path)
            if record is None:
                yield path.stem, "its record cannot be read"
            elif reason := self._explain_damage(path.stem, record):
                yield path.stem, reason

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
        ref, size = self._put_blob(artefact)
        record = {**provenance, "kind": ref.kind, "digest": ref.digest, "bytes": size}
        record["seal"] = _compute_seal(key, record)
        write_atomic(self._key_path(key), json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False).encode())
        return ref

    def put_unkeyed(self, artefact: A) -> Ref[A]:
        """Stores an artefact that no later build may find: `sweep` removes it after GRACE_S."""
        return self._put_blob(artefact)[0]

    def _put_blob(self, artefact: A) -> tuple[Ref[A], int]:
        data = encode_artefact(artefact)
        digest = sha256(data)
        write_atomic(self._blob_path(digest), data)
        return Ref(artefact.kind, digest), len(data)

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

        A build may run at the same time: what was written or used in the last hour (GRACE_S) stays.

        Returns:
            (files, bytes) removed.
        """
        now = time.time()
        keys = sorted(self._list_uses(), key=lambda use: use.last_used)
        total = sum(use.bytes for use in keys)
        dropped: dict[str, float] = {}
        removed = 0
        for use in keys:
            age = now - use.last_used
            old = older_than_s is not None and age > older_than_s
            if age > GRACE_S and (old or (keep_bytes is not None and total > keep_bytes)):
                total -= use.bytes
                use.path.unlink(missing_ok=True)
                dropped[use.digest] = use.last_used
                removed += 1
        files, size = self._sweep_blobs(dropped)
        return removed + files, size

    def count_recent(self) -> int:
        """Number of results written or used in the last hour (GRACE_S), which `sweep` spares."""
        return sum(time.time() - use.last_used <= GRACE_S for use in self._list_uses())

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


def _compute_seal(key: str, record: Mapping[str, Any]) -> str:
    """Digest of a key and of what its record says about the blob: a record under another name, or with another blob, does not match."""
    return sha256_json([key, *(record.get(name) for name in _CHECKED_FIELDS)])


def _belongs_to_key(key: str, record: Mapping[str, Any]) -> bool:
    """Whether the record is the one that was written under this key; records from before there were seals are believed."""
    return "seal" not in record or record["seal"] == _compute_seal(key, record)


def _read_record(path: Path) -> dict[str, Any] | None:
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    is_record = isinstance(value, dict) and all(isinstance(value.get(name), str) for name in ("kind", "digest"))
    return value if is_record else None
