"""The store: content-addressed, atomic, verified on every read; it alone decides which results exist.

STORE/keys/ab/KEY.json      {"kind", "digest", provenance...}    the result stored under a key
STORE/blobs/cd/DIGEST       the encoded artefact
STORE/claims/ab/KEY         who is making the result of a key just now (assets/claim.py)
STORE/lock                  locked by a sweep for each removal, and shared by all who look up or write
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from assets.artefact import Artefact, Ref
from assets.claim import hold_claim, remove_abandoned_claims
from assets.codec import decode_artefact, encode_artefact
from assets.digest import sha256, sha256_file, sha256_json
from assets.disk_space import FREE_SPACE_FIX, FULL_DISK_ERRORS, describe_shortage
from assets.errors import Finding, StoreError
from assets.file_lock import try_lock

A = TypeVar("A", bound=Artefact)
PART_PREFIX = ".part-"
"""Prefix of a file that is being written; a killed process may leave it behind."""
NEW_PART_S = 5.0
"""A file that is being written may be so old, in seconds, before its writer has locked it."""
GRACE_S = 3600.0
"""A sweep spares what was written or used within this time, in seconds: a build that is running may need it."""
SEAL = "seal"
"""Field of a record: the digest of its key and of everything else in it."""


def write_atomic(path: Path, data: bytes) -> None:
    """Writes a file atomically: temporary name in the same folder, flush, fsync, rename; raises StoreError where that fails."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Not mkstemp: its files are private (0600), but others may read contact sheets and data sets.
        temporary = path.parent / f"{PART_PREFIX}{secrets.token_hex(8)}"
        try:
            with open(temporary, "xb") as stream:
                with contextlib.suppress(OSError):  # some network folders have no locks
                    try_lock(stream)
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
                os.replace(temporary, path)  # still locked: nobody takes it for a killed writer's
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()
            raise
    except OSError as error:
        full = error.errno in FULL_DISK_ERRORS
        reason = (error.strerror or str(error)) + (describe_shortage(path, len(data)) if full else "")
        fix = FREE_SPACE_FIX if full else "choose another folder"
        raise StoreError(Finding("store/write", f"cannot write {path}: {reason}", fix=fix)) from error


def remove_abandoned_parts(folder: Path) -> None:
    """Deletes the unfinished files that killed writers have left directly in a folder: writers lock theirs."""
    for path in folder.glob(f"{PART_PREFIX}*"):
        with contextlib.suppress(OSError), path.open("rb") as stream:
            if abs(time.time() - path.stat().st_mtime) > NEW_PART_S and try_lock(stream):
                path.unlink()


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

    @contextlib.contextmanager
    def _lock(self, operation: int) -> Iterator[None]:
        """Keeps a sweep from removing what is being looked up or written; no lock where the store is missing or read-only."""
        try:
            handle = os.open(self.root / "lock", os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o644)
        except OSError:
            yield
            return
        try:
            with contextlib.suppress(OSError):  # some network folders have no locks
                fcntl.flock(handle, operation)
            yield
        finally:
            os.close(handle)

    def find(self, key: str) -> dict[str, Any] | None:
        """Provenance of the key, or None; a damaged blob counts as missing, so that it is recomputed."""
        with self._lock(fcntl.LOCK_SH):
            record = _read_record(self._key_path(key))
            if record is None or self._explain_damage(key, record):
                return None
            with contextlib.suppress(OSError):  # the store may be read-only
                os.utime(self._key_path(key))  # `sweep` counts age from the last use
            return record

    def _explain_damage(self, key: str, record: Mapping[str, Any]) -> str:
        """What is wrong with a key's record or its blob; empty where nothing is."""
        if not _is_sealed(key, record):
            return "its record is damaged or that of another key"
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
        return os.path.lexists(self._key_path(key)) and self.find(key) is None

    def claim(self, key: str, on_wait: Callable[[str], None]) -> contextlib.AbstractContextManager[None]:
        """A block in which no other process makes the key's result; where one does, it waits and calls `on_wait` with who that is."""
        return hold_claim(self.root / "claims" / key[:2] / key, on_wait)

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
        with contextlib.suppress(OSError):  # the write reports it
            self.root.mkdir(parents=True, exist_ok=True)
        with self._lock(fcntl.LOCK_SH):
            ref, size = self._put_blob(artefact)
            record = {**provenance, "kind": ref.kind, "digest": ref.digest, "bytes": size}
            record[SEAL] = compute_seal(key, record)
            self._write(self._key_path(key), json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False).encode())
        return ref

    def put_unkeyed(self, artefact: A) -> Ref[A]:
        """Stores an artefact that no later build may find: `sweep` removes it after GRACE_S."""
        return self._put_blob(artefact)[0]

    def _put_blob(self, artefact: A) -> tuple[Ref[A], int]:
        data = encode_artefact(artefact)
        digest = sha256(data)
        self._write(self._blob_path(digest), data)
        return Ref(artefact.kind, digest), len(data)

    def _write(self, path: Path, data: bytes) -> None:
        """Writes a file of the store; what a damaged file system has put into its place, e.g. a folder, is removed first."""
        with contextlib.suppress(OSError):
            if path.is_dir():
                _remove(path)
            if os.path.lexists(path.parent) and not path.parent.is_dir():
                _remove(path.parent)
        write_atomic(path, data)

    def list_records(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """(key, provenance) of every result; those whose record is damaged are left out."""
        for path in sorted(self.root.glob("keys/*/*.json")):
            if (record := _read_record(path)) is not None and _is_sealed(path.stem, record):
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
            if age > GRACE_S and (old or (keep_bytes is not None and total > keep_bytes)) and self._remove_unused(use.path, use.last_used):
                total -= use.bytes
                dropped[use.digest] = use.last_used
                removed += 1
        remove_abandoned_claims(self.root / "claims")
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
                intact = record if _is_sealed(path.stem, record) else {}
                yield _KeyUse(path, status.st_mtime, intact.get("digest", ""), intact.get("bytes", 0))

    def _sweep_blobs(self, dropped: Mapping[str, float]) -> tuple[int, int]:
        """Removes the blobs of the keys just dropped (digest -> last use), and older ones without a key."""
        files = size = 0
        for path, status in self.find_orphans():
            # A key is written after its blob: a newer blob is from another build, which may still have to write its key.
            limit = max(time.time() - GRACE_S, dropped.get(path.name, 0.0))
            if status.st_mtime <= limit and self._remove_unused(path, limit):
                files, size = files + 1, size + status.st_size
        return files, size

    def _remove_unused(self, path: Path, last_used: float) -> bool:
        """Removes the file unless it was used or written after that time: a build may have come first since the files were listed."""
        with self._lock(fcntl.LOCK_EX):
            status = _stat(path)
            if status is None or status.st_mtime > last_used:
                return False
            _remove(path)
            return True


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
        return path.lstat()
    except FileNotFoundError:
        return None


def _remove(path: Path) -> None:
    """Removes a file that another process may just have removed, or the folder that a damaged file system has put into its place."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def compute_seal(key: str, record: Mapping[str, Any]) -> str:
    """Digest of a key and its record: one under another name, with another blob or with any other byte does not match."""
    return sha256_json([key, {name: value for name, value in record.items() if name != SEAL}])


def _is_sealed(key: str, record: Mapping[str, Any]) -> bool:
    """Whether the record is, byte for byte, the one that was written under this key."""
    try:
        return bool(record) and record.get(SEAL) == compute_seal(key, record)
    except ValueError:  # not one that we wrote: it holds NaN, infinity or half a Unicode character
        return False


def _read_record(path: Path) -> dict[str, Any] | None:
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    is_record = isinstance(value, dict) and all(isinstance(value.get(name), str) for name in ("kind", "digest"))
    return value if is_record else None
