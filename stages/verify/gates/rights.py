"""Gates of rights, and the check of a bundle folder against its manifest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from assets.bundle import MANIFEST, read_manifest
from assets.digest import sha256, sha256_file
from assets.errors import Finding, FormatError, Location
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
    yield from _compare_names(set(bundle.manifest_entries), set(bundle.files))
    for path in sorted(set(bundle.files) & set(bundle.manifest_entries)):
        data = bundle.files[path]
        yield from _compare_file(path, len(data), partial(sha256, data), *bundle.manifest_entries[path])


def check_folder(folder: Path) -> list[Finding]:
    """How a bundle on disk differs from its manifest.json: digests, sizes, missing and extra files."""
    try:
        rows = read_manifest(folder)["files"]
    except FormatError:
        return [Finding("rights/manifest", "manifest.json is missing or unreadable", location=Location("manifest.json"))]
    # The manifest cannot list its own digest.
    found = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file() and p != folder / MANIFEST}
    listed = {row["path"]: row for row in rows}
    findings = list(_compare_names(set(listed), set(found)))
    for path in sorted(set(listed) & set(found)):
        findings += _compare_file(
            path, found[path].stat().st_size, partial(sha256_file, found[path]), listed[path]["sha256"], listed[path]["bytes"]
        )
    return findings


def _compare_names(listed: set[str], found: set[str]) -> Iterator[Finding]:
    for path in sorted(listed - found):
        yield Finding("rights/missing-file", "the file is listed in manifest.json but missing", location=Location(path))
    for path in sorted(found - listed):
        yield Finding("rights/extra-file", "the file is not listed in manifest.json", location=Location(path))


def _compare_file(path: str, found_size: int, measure: Callable[[], str], expected: str, size: int) -> list[Finding]:
    # Size first: a truncated copy is named as such, not as a foreign digest, and a huge one is not read.
    if found_size != size:
        return [
            Finding(
                "rights/bytes",
                f"the file has {found_size} bytes, but manifest.json lists {size}",
                location=Location(path),
                value=found_size,
                limit=size,
            )
        ]
    found = measure()
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
