"""Gates of avatar.meshopt.glb, which a bundle has where the spec sets package.compress: its bytes, and what engines make of it."""

from __future__ import annotations

from collections.abc import Iterator

from assets.bundle import COMPRESSED_FILE
from assets.errors import Finding, FormatError, Location, Severity
from assets.paths import find_program
from assets.spec.packaging import BUDGETS
from stages.verify.bundle_view import BundleView
from stages.verify.gate import gate
from stages.verify.gates.babylon import choose_moments, find_differences, load_in_babylon
from stages.verify.gates.engines import count_in_three, find_chromium

_FILE = Location(COMPRESSED_FILE)


@gate(
    "budget/meshopt",
    claim="avatar.meshopt.glb, where the bundle has it, is not larger than the target allows",
    source="the target's budget, assets/spec/packaging.py BUDGETS",
)
def compressed_bytes_fit(bundle: BundleView) -> Iterator[Finding]:
    size, limit = len(bundle.files.get(COMPRESSED_FILE, b"")), BUDGETS[bundle.target].compressed_bytes
    if size > limit:
        message = f"the file has {size} bytes; {bundle.target} allows {limit}"
        yield Finding("budget/meshopt", message, location=_FILE, value=size, limit=limit)


@gate(
    "engine/meshopt",
    claim="three.js and Babylon.js load avatar.meshopt.glb with all meshes, morphs and clips, and every vertex is where avatar.glb has it",
    source="MeshoptDecoder in three GLTFLoader and @babylonjs/loaders; 2 mm, as for engine/babylon",
)
def engines_decode_the_file(bundle: BundleView) -> Iterator[Finding]:
    if COMPRESSED_FILE not in bundle.files:
        return
    yield from _check_three(bundle)
    yield from _check_babylon(bundle)


def _check_three(bundle: BundleView) -> Iterator[Finding]:
    if find_chromium() is None:
        yield Finding("engine/meshopt", "not checked in three.js: Chromium is not installed", Severity.INFO, _FILE)
        return
    counts = count_in_three(bundle)
    if "failed" in counts[COMPRESSED_FILE]:
        yield Finding("engine/meshopt", f"three.js cannot load the file: {counts[COMPRESSED_FILE]['failed']}", location=_FILE)
        return
    for key, expected in counts.get("avatar.glb", {}).items():
        if counts[COMPRESSED_FILE].get(key) != expected:
            message = f"three.js finds {counts[COMPRESSED_FILE].get(key)} {key}, in avatar.glb {expected}"
            yield Finding("engine/meshopt", message, location=_FILE, value=counts[COMPRESSED_FILE].get(key), limit=expected)


def _check_babylon(bundle: BundleView) -> Iterator[Finding]:
    glb = bundle.glb
    if glb is None or find_program("node") is None:
        yield Finding("engine/meshopt", "not compared in Babylon.js: it needs node and an avatar.glb", Severity.INFO, _FILE)
        return
    try:
        found = load_in_babylon(bundle.files[COMPRESSED_FILE], choose_moments(glb))
    except FormatError as error:
        yield from (Finding("engine/meshopt", f"Babylon.js cannot load the file: {f.message}", location=_FILE) for f in error.findings)
        return
    for message, metres in find_differences(found, glb):
        yield Finding("engine/meshopt", message, location=_FILE, value=round(1000 * metres, 2))
