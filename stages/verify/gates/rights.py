"""Gates of rights, and the check of a bundle folder against its manifest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from assets.digest import sha256
from assets.errors import Finding, Location
from stages.verify.bundle_view import BundleView
from stages.verify.gate import gate

# Written by the flow about the bundle itself; they have no sources of their own.
_GENERATED_FILES = ("manifest.json", "report.html", "LICENSES.md")


@gate("rights/licences", claim="every file states its licence and its sources", source="assets/bundle.py MANIFEST_SCHEMA, files")
def every_file_has_a_licence(bundle: BundleView) -> Iterator[Finding]:
    for path in sorted(set(bundle.files) - set(_GENERATED_FILES)):
        licence, sources = bundle.licences.get(path, ("", ()))
        if not licence:
            yield Finding("rights/licences", "the file states no licence", location=Location(path))
        if not sources:
            yield Finding("rights/licences", "the file states no sources", location=Location(path))


@gate(
    "rights/digest",
    claim="the folder holds exactly the files of its manifest, byte for byte; checked when it is written and by `fenshen inspect`",
    source="FIPS 180-4, SHA-256",
)
def files_match_the_manifest(bundle: BundleView) -> Iterator[Finding]:
    if bundle.manifest_entries is None:
        return
    for path in sorted(set(bundle.manifest_entries) - set(bundle.files)):
        yield Finding("rights/missing-file", "the file is listed in manifest.json but missing", location=Location(path))
    for path in sorted(set(bundle.files) - set(bundle.manifest_entries)):
        yield Finding("rights/extra-file", "the file is not listed in manifest.json", location=Location(path))
    for path in sorted(set(bundle.files) & set(bundle.manifest_entries)):
        yield from _compare_file(path, bundle.files[path], *bundle.manifest_entries[path])


def check_folder(folder: Path) -> list[Finding]:
    """How a bundle on disk differs from its manifest.json: digests, sizes, missing and extra files."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        listed = {str(entry["path"]): (str(entry["sha256"]), int(entry["bytes"])) for entry in manifest["files"]}
    except (OSError, ValueError, KeyError, TypeError):
        return [Finding("rights/manifest", "manifest.json is missing or unreadable", location=Location("manifest.json"))]
    found = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    # The manifest cannot list its own digest.
    files = {path: place.read_bytes() for path, place in found.items() if path != "manifest.json"}
    return list(files_match_the_manifest(BundleView("", files, manifest_entries=listed)))


def _compare_file(path: str, data: bytes, expected: str, size: int) -> list[Finding]:
    # Size first: a truncated copy is named as such, not as a foreign digest.
    if len(data) != size:
        return [
            Finding(
                "rights/bytes",
                f"the file has {len(data)} bytes, but manifest.json lists {size}",
                location=Location(path),
                value=len(data),
                limit=size,
            )
        ]
    found = sha256(data)
    if found != expected:
        return [
            Finding(
                "rights/digest",
                "the sha256 of the file differs from the one in manifest.json",
                location=Location(path),
                value=found,
                limit=expected,
            )
        ]
    return []
