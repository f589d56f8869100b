"""Gates of rights, and the check of a bundle folder against its manifest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from assets.digest import sha256
from assets.errors import Finding, Location
from stages.verify.bundle_view import BundleView
from stages.verify.gate import gate

_GENERATED_FILES = ("manifest.json", "report.html", "LICENSES.md")


@gate("rights/licences", why="every file names its licence and its sources", source="assets/bundle.py MANIFEST_SCHEMA, files")
def every_file_has_a_licence(reading: BundleView) -> Iterator[Finding]:
    for path in sorted(set(reading.files) - set(_GENERATED_FILES)):
        licence, sources = reading.licences.get(path, ("", ()))
        if not licence:
            yield Finding("rights/licences", f"{path} names no licence", where=Location(path))
        if not sources:
            yield Finding("rights/licences", f"{path} names no sources", where=Location(path))


@gate(
    "rights/digest",
    why="the folder holds every file of its manifest, byte for byte, and no other; looked at as it is written and by `fenshen inspect`",
    source="FIPS 180-4, SHA-256",
)
def files_match_the_manifest(reading: BundleView) -> Iterator[Finding]:
    if reading.manifest_entries is None:
        return
    for path in sorted(set(reading.manifest_entries) - set(reading.files)):
        yield Finding("rights/missing-file", f"{path} is listed but not there", where=Location(path))
    for path in sorted(set(reading.files) - set(reading.manifest_entries)):
        yield Finding("rights/extra-file", f"{path} is there but not listed", where=Location(path))
    for path in sorted(set(reading.files) & set(reading.manifest_entries)):
        yield from _compare_file(path, reading.files[path], *reading.manifest_entries[path])


def check_folder(folder: Path) -> list[Finding]:
    """Findings of a bundle on disk against manifest.json: digests, sizes, missing and extra files."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        listed = {str(entry["path"]): (str(entry["sha256"]), int(entry["bytes"])) for entry in manifest["files"]}
    except (OSError, ValueError, KeyError, TypeError):
        return [Finding("rights/manifest", "manifest.json is missing or unreadable", where=Location("manifest.json"))]
    there = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    files = {path: place.read_bytes() for path, place in there.items() if path != "manifest.json"}
    return list(files_match_the_manifest(BundleView("", files, manifest_entries=listed)))


def _compare_file(path: str, data: bytes, expected: str, size: int) -> list[Finding]:
    if len(data) != size:
        return [
            Finding(
                "rights/bytes", f"{path} has {len(data)} bytes, the manifest says {size}", where=Location(path), value=len(data), limit=size
            )
        ]
    found = sha256(data)
    if found != expected:
        return [Finding("rights/digest", f"{path} is not the file of the manifest", where=Location(path), value=found, limit=expected)]
    return []
