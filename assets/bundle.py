"""The bundle: the finished files as one artefact, and as a folder that is either complete or absent."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from assets.artefact import Artefact
from assets.disk_space import FREE_SPACE_FIX, FULL_DISK_ERRORS, describe_shortage
from assets.errors import Finding, FormatError, Location, OutputError, StoreError
from assets.rights import Source
from assets.strict_json import parse_json

MANIFEST = "manifest.json"
COMPRESSED_FILE = "avatar.meshopt.glb"
LOD_FOLDER = "lods/"
JOINED_LODS_FILE = f"{LOD_FOLDER}avatar_lods.glb"
"""All levels in one file, joined by MSFT_lod."""
_MAX_MANIFEST_BYTES = 16_000_000
"""One of a thousand spoken lines has half a megabyte."""
BUNDLE_SCHEMA = "fenshen/bundle@1"
_MAX_NAMED = 3  # files in an error message
_SYSTEM_FILES = (".DS_Store", "Thumbs.db", "desktop.ini")
"""What Finder and Explorer leave in a folder that was opened: no user's work."""


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
    """SPDX id of the file itself."""
    sources: tuple[str, ...]
    """Names of the sources that it is derived from."""


@dataclass(frozen=True)
class Package(Artefact):
    """Every file of a bundle except its manifest and report."""

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


def name_lod_file(number: int) -> str:
    """Path in the bundle of a level of detail, from 1."""
    return f"{LOD_FOLDER}avatar_lod{number}.glb"


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
        "delivery": {"type": "object", "required": ["manner", "voice", "performance"]},
        "checks": _build_rows_schema({"code": "string", "severity": "string", "ok": "boolean", "message": "string"}),
        "skeleton": {"type": "object", "required": ["names", "vrm", "unity", "unreal", "godot"]},
    },
}  # fmt: skip


def _accept(staging: Path) -> None:
    """Accepts every folder."""


def write_bundle(folder: Path, files: Sequence[BundleFile], manifest: dict[str, Any], check: Callable[[Path], None] = _accept) -> None:
    """Writes the folder atomically: in a staging folder next to it, synced, then swapped with the old one; the last writer wins.

    Args:
        check: inspects the staging folder before the swap; the error that it raises prevents it.

    Raises:
        StoreError: the disk refuses, or the folder holds files that no build wrote; nothing is left behind.
    """
    folder = folder.absolute()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _lock(folder):
            refuse_foreign_files(folder)
            _remove_leftovers(folder)
            staging = Path(tempfile.mkdtemp(dir=folder.parent, prefix=_get_staging_prefix(folder)))
            try:
                _write_files(staging, files, manifest)
                check(staging)
                _exchange(staging, folder)
            finally:
                shutil.rmtree(staging, ignore_errors=True)
    except OSError as error:
        full = error.errno in FULL_DISK_ERRORS
        shortage = describe_shortage(folder, sum(len(file.data) for file in files)) if full else ""
        fix = FREE_SPACE_FIX if full else "choose another folder"
        raise StoreError(Finding("bundle/write", f"cannot write {folder}: {error.strerror or error}{shortage}", fix=fix)) from error


def get_staging_folder(folder: Path) -> Path:
    """A path like that of the staging folder of a bundle: same parent, same length of name."""
    return folder.absolute().parent / f"{_get_staging_prefix(folder)}{'x' * 8}"  # mkdtemp adds eight letters


def _get_staging_prefix(folder: Path) -> str:
    return f".{folder.name}-new-"


def read_manifest(folder: Path) -> dict[str, Any]:
    """manifest.json of a bundle folder; raises FormatError where it is missing or not a bundle's."""
    path = folder / MANIFEST
    location = Location(str(path))
    try:
        manifest = parse_json(_read_regular_file(path, _MAX_MANIFEST_BYTES).decode("utf-8"))
    except OSError as error:
        raise FormatError(
            Finding("bundle/manifest", f"cannot read {MANIFEST} in {folder}", location=location, fix="build it again")
        ) from error
    except ValueError as error:
        raise FormatError(
            Finding("bundle/manifest", f"{MANIFEST} is not JSON: {error}", location=location, fix="build it again")
        ) from error
    schema = manifest.get("schema") if isinstance(manifest, dict) else None
    if schema != BUNDLE_SCHEMA:
        message = f"expected the schema {BUNDLE_SCHEMA!r}, found {schema!r}"
        raise FormatError(Finding("bundle/manifest", message, location=location, fix="build it again"))
    if not isinstance(manifest.get("files"), list):
        raise FormatError(Finding("bundle/manifest", f"{MANIFEST} has no list `files`", location=location, fix="build it again"))
    if problem := _find_wrong_field(manifest):
        raise FormatError(Finding("bundle/manifest", f"{MANIFEST}: {problem}", location=location, fix="build it again"))
    return dict(manifest)


def _read_regular_file(path: Path, limit: int) -> bytes:
    """The bytes of a file; raises OSError for a pipe, which would be waited for for ever, and ValueError for more than the limit."""
    if not path.is_file():
        raise FileNotFoundError(path)
    with path.open("rb") as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise ValueError(f"it is larger than {limit // 1_000_000} MB")
    return data


def _find_wrong_field(manifest: dict[str, Any]) -> str:
    """What the fields that commands read should be and are not; empty where nothing is wrong."""
    if not isinstance(manifest.get("name"), str):
        return "name is not a text"
    for number, row in enumerate(manifest["files"]):
        if not isinstance(row, dict):
            return f"files.{number} is not an object"
        if wrong := [key for key in ("path", "sha256", "role", "licence") if not isinstance(row.get(key), str)]:
            return f"files.{number}.{wrong[0]} is not a text"
        if type(row.get("bytes")) is not int:
            return f"files.{number}.bytes is not a whole number"
    return ""


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """One writer per folder; the kernel releases the lock when the process dies, and its file is removed."""
    path = folder.parent / f".{folder.name}.lock"
    while True:
        handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o644)
        fcntl.flock(handle, fcntl.LOCK_EX)
        # If the previous holder has removed the file, this lock is on a file that no other process can open: try again.
        if path.exists() and os.path.samestat(os.fstat(handle), path.stat()):
            break
        os.close(handle)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(handle)


def refuse_foreign_files(folder: Path) -> None:
    """Raises OutputError where the folder holds files that no build wrote: a user's files are never overwritten."""
    if not os.path.lexists(folder):
        return
    fix = "choose another folder"
    if folder.is_symlink():
        # The link would be replaced and its target left as it is, neither of which the user expects.
        message = f"{folder} is a symbolic link, which a build would replace"
        raise OutputError(Finding("bundle/link", message, fix="use the folder that it points to, or another one"))
    if not folder.is_dir():
        raise OutputError(Finding("bundle/not-a-folder", f"{folder} exists and is not a folder", fix=fix))
    if not any(folder.iterdir()):
        return
    try:
        manifest = read_manifest(folder)  # many programs write a manifest.json: only the schema identifies a bundle
    except FormatError as error:
        message = f"{folder} holds files and is not a bundle, so nothing is written there"
        raise OutputError(Finding("bundle/not-a-bundle", message, fix=fix)) from error
    if strays := _find_foreign_files(folder, manifest):
        named = ", ".join(strays[:_MAX_NAMED]) + (f" and {len(strays) - _MAX_NAMED} more" if len(strays) > _MAX_NAMED else "")
        message = f"{folder} holds {named}, which no build wrote and the next one would delete"
        raise OutputError(Finding("bundle/strays", message, fix="move it elsewhere or choose another folder"))


def _find_foreign_files(folder: Path, manifest: dict[str, Any]) -> list[str]:
    """Files in the bundle, at any depth, that its manifest does not list; listed files may be missing or changed."""
    listed = {MANIFEST, *(row.get("path") for row in manifest["files"] if isinstance(row, dict))}
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()}
    return sorted(name for name, path in found.items() if name not in listed and path.name not in _SYSTEM_FILES)


def _write_files(staging: Path, files: Iterable[BundleFile], manifest: dict[str, Any]) -> None:
    staging.chmod(0o755)  # mkdtemp gives 0700, which a web server could not read
    for file in files:
        pure = PurePosixPath(file.path)
        if pure.is_absolute() or ".." in pure.parts or not pure.parts:
            raise StoreError(Finding("bundle/path", f"the path {file.path!r} is outside the bundle"))
        target = staging / pure
        target.parent.mkdir(parents=True, exist_ok=True)
        _write(target, file.data)
    _write(staging / MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False).encode())
    for directory in (staging, *(p for p in staging.rglob("*") if p.is_dir())):
        _sync(directory)


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


def _exchange(staging: Path, folder: Path) -> None:
    """Moves `staging` to `folder`; the old folder ends at `staging` or is deleted, and is restored if a rename fails."""
    if not folder.exists():
        os.rename(staging, folder)
    elif not _swap(staging, folder):
        old = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-old-"))
        try:
            os.rename(folder, old)  # onto an empty folder: atomic
            try:
                os.rename(staging, folder)
            except OSError:
                os.rename(old, folder)
                raise
        finally:
            shutil.rmtree(old, ignore_errors=True)
    _sync(folder.parent)


def _swap(a: Path, b: Path) -> bool:
    """Swaps two folders atomically, so that a reader always finds one; False where the system does not support it."""
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE of linux/fs.h
    return rename is not None and rename(here, os.fsencode(a), here, os.fsencode(b), exchange) == 0


def _remove_leftovers(folder: Path) -> None:
    """Removes what a killed build left next to the folder; no other process uses it while the lock is held."""
    for path in folder.parent.iterdir():
        if path.name.startswith((_get_staging_prefix(folder), f".{folder.name}-old-")) and path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
