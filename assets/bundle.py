"""The bundle: the files that leave the house, as one artefact and as one folder that is whole or not there."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from assets.artefact import Artefact
from assets.errors import Finding, FormatError, Location, StoreError
from assets.rights import Source

MANIFEST = "manifest.json"
BUNDLE_SCHEMA = "fenshen/bundle@1"
_MAX_NAMED = 3  # of the files that are in the way: one sentence stays one sentence
_SYSTEM_FILES = (".DS_Store", "Thumbs.db", "desktop.ini")
"""What Finder and Explorer leave in a folder that was looked at: nobody's work."""


@dataclass(frozen=True)
class BundleFile:
    """One file of a bundle."""

    path: str
    """Relative, with forward slashes."""
    data: bytes
    role: str
    """avatar, clip, dialogue, voice, visemes, texture, preview, report or licences."""
    media_type: str
    licence: str
    """SPDX id of the file as it lies here."""
    sources: tuple[str, ...]
    """Names of the sources it rests on."""


@dataclass(frozen=True)
class Package(Artefact):
    """Every file of a bundle but its manifest and report."""

    kind: ClassVar[str] = "package/1"
    files: tuple[BundleFile, ...]
    target: str
    """web, desktop or crowd."""
    triangles: int
    """Of avatar.glb."""
    sources: tuple[Source, ...] = ()


def _build_rows_schema(required: dict[str, str]) -> dict[str, Any]:
    properties = {key: {"type": kind} for key, kind in required.items()}
    return {"type": "array", "items": {"type": "object", "required": list(required), "properties": properties}}


MANIFEST_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "fenshen bundle manifest",
    "type": "object",
    "required": [
        "schema", "name", "target", "seed", "created", "spec_sha256", "generator",
        "files", "stages", "models", "rights", "checks", "skeleton",
    ],
    "properties": {
        "schema": {"const": BUNDLE_SCHEMA},
        "name": {"type": "string", "minLength": 1},
        "target": {"enum": ["web", "desktop", "crowd"]},
        "seed": {"type": "integer", "minimum": 0},
        "created": {"type": "string"},
        "spec_sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "generator": {"type": "object", "required": ["name", "version"]},
        "files": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["path", "sha256", "bytes", "media_type", "role", "licence", "sources"],
                "properties": {
                    "path": {"type": "string", "pattern": "^(?!/)(?!.*\\.\\.)[^\\\\]+$"},
                    "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
                    "bytes": {"type": "integer", "minimum": 0},
                    "media_type": {"type": "string"},
                    "role": {"type": "string"},
                    "licence": {"type": "string", "minLength": 1},
                    "sources": {"type": "array", "minItems": 1, "items": {"type": "string"}},
                },
            },
        },
        "stages": _build_rows_schema({"name": "string", "version": "integer", "key": "string", "cached": "boolean", "seconds": "number"}),
        "models": _build_rows_schema({"name": "string", "sha256": "string", "licence": "string", "source": "string"}),
        "rights": {"type": "object"},
        "checks": _build_rows_schema({"code": "string", "severity": "string", "ok": "boolean", "message": "string"}),
        "skeleton": {"type": "object", "required": ["names", "vrm", "unity", "unreal", "godot"]},
    },
}  # fmt: skip


def _accept(fresh: Path) -> None:
    """Nothing to say against the folder."""


def write_bundle(folder: Path, files: Iterable[BundleFile], manifest: dict[str, Any], check: Callable[[Path], None] = _accept) -> None:
    """Writes the folder whole: built beside its place, synced, then exchanged for what lay there; the last writer wins.

    Raises StoreError, with nothing left behind, where the disk refuses or the folder holds something that no build put there.

    Args:
        check: looks at the written folder before it takes its place, and raises where it must not.
    """
    folder = folder.absolute()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _lock(folder):
            refuse_foreign_files(folder)
            _remove_leftovers(folder)
            fresh = Path(tempfile.mkdtemp(dir=folder.parent, prefix=_get_staging_prefix(folder)))
            try:
                _write_files(fresh, files, manifest)
                check(fresh)
                _exchange(fresh, folder)
            finally:
                shutil.rmtree(fresh, ignore_errors=True)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        fix = "free some disk space or choose another folder" if full else "choose another folder"
        raise StoreError(Finding("bundle/write", f"cannot write {folder}: {error.strerror or error}", fix=fix)) from error


def get_staging_folder(folder: Path) -> Path:
    """Where a bundle is written before it takes the folder's place: a name of that length, in that folder."""
    return folder.absolute().parent / f"{_get_staging_prefix(folder)}{'x' * 8}"  # mkdtemp adds eight letters


def _get_staging_prefix(folder: Path) -> str:
    return f".{folder.name}-new-"


def read_manifest(folder: Path) -> dict[str, Any]:
    """manifest.json of a bundle folder; raises FormatError where it is missing or is not a bundle's."""
    path = folder / MANIFEST
    where = Location(str(path))
    try:
        manifest = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise FormatError(Finding("bundle/manifest", f"{folder} has no readable {MANIFEST}", where=where, fix="build it again")) from error
    except ValueError as error:
        raise FormatError(Finding("bundle/manifest", f"{MANIFEST} is not JSON: {error}", where=where, fix="build it again")) from error
    schema = manifest.get("schema") if isinstance(manifest, dict) else None
    if schema != BUNDLE_SCHEMA:
        message = f"{MANIFEST} is not of a {BUNDLE_SCHEMA} (its schema is {schema!r})"
        raise FormatError(Finding("bundle/manifest", message, where=where, fix="build it again"))
    if not isinstance(manifest.get("files"), list):
        raise FormatError(Finding("bundle/manifest", f"{MANIFEST} has no list of files", where=where, fix="build it again"))
    return dict(manifest)


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """One writer a folder; the kernel lets go when the process dies, and the file is removed."""
    path = folder.parent / f".{folder.name}.lock"
    while True:
        handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
        fcntl.flock(handle, fcntl.LOCK_EX)
        # Whoever held it before us has removed the name: then ours is a file that nobody else will find.
        if path.exists() and os.path.samestat(os.fstat(handle), path.stat()):
            break
        os.close(handle)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(handle)


def refuse_foreign_files(folder: Path) -> None:
    """Raises StoreError where the folder holds what no build put there; nothing of anybody's is ever written over."""
    if not os.path.lexists(folder):
        return
    fix = "choose another folder"
    if folder.is_symlink():
        # It would be replaced, and what it leads to stay as it is: neither is what was asked for.
        message = f"{folder} is a link, which a build would replace"
        raise StoreError(Finding("bundle/link", message, fix="give the folder that it leads to, or another one"))
    if not folder.is_dir():
        raise StoreError(Finding("bundle/not-a-folder", f"{folder} is there and is not a folder", fix=fix))
    if not any(folder.iterdir()):
        return
    try:
        manifest = read_manifest(folder)  # many programs call a file of theirs manifest.json: only the schema tells ours
    except FormatError as error:
        message = f"{folder} holds files and is not a bundle, so it is left alone"
        raise StoreError(Finding("bundle/not-a-bundle", message, fix=fix)) from error
    if strays := _find_foreign_files(folder, manifest):
        named = ", ".join(strays[:_MAX_NAMED]) + (f" and {len(strays) - _MAX_NAMED} more" if len(strays) > _MAX_NAMED else "")
        message = f"{folder} holds {named}, which no build put there and the next one would delete"
        raise StoreError(Finding("bundle/strays", message, fix="move it elsewhere or choose another folder"))


def _find_foreign_files(folder: Path, manifest: dict[str, Any]) -> list[str]:
    """What lies in the bundle, at any depth, and its manifest does not list; what is listed may be missing or changed."""
    listed = {MANIFEST, *(row.get("path") for row in manifest["files"] if isinstance(row, dict))}
    there = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()}
    return sorted(name for name, path in there.items() if name not in listed and path.name not in _SYSTEM_FILES)


def _write_files(fresh: Path, files: Iterable[BundleFile], manifest: dict[str, Any]) -> None:
    fresh.chmod(0o755)  # mkdtemp gives 0700, which a web server could not read
    for file in files:
        pure = PurePosixPath(file.path)
        if pure.is_absolute() or ".." in pure.parts or not pure.parts:
            raise StoreError(Finding("bundle/path", f"{file.path!r} leads out of the bundle"))
        place = fresh / pure
        place.parent.mkdir(parents=True, exist_ok=True)
        _write(place, file.data)
    _write(fresh / MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False).encode())
    for place in (fresh, *(p for p in fresh.rglob("*") if p.is_dir())):
        _sync(place)


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _exchange(fresh: Path, folder: Path) -> None:
    """Puts `fresh` at `folder`; what lay there ends at `fresh` or is gone, and comes back should a rename fail."""
    if not folder.exists():
        os.rename(fresh, folder)
    elif not _swap(fresh, folder):
        old = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-old-"))
        try:
            os.rename(folder, old)  # onto an empty folder: atomic
            try:
                os.rename(fresh, folder)
            except OSError:
                os.rename(old, folder)
                raise
        finally:
            shutil.rmtree(old, ignore_errors=True)
    _sync(folder.parent)


def _swap(a: Path, b: Path) -> bool:
    """Exchanges two folders in one step, so that a reader never finds the place empty; False where the system cannot."""
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE of linux/fs.h
    return rename is not None and rename(here, os.fsencode(a), here, os.fsencode(b), exchange) == 0


def _remove_leftovers(folder: Path) -> None:
    """Removes what a killed build left beside the folder; the lock is held, so nobody is using it."""
    for path in folder.parent.iterdir():
        if path.name.startswith((_get_staging_prefix(folder), f".{folder.name}-old-")) and path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
