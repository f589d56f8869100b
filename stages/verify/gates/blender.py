"""The gate of Blender's importer, a second, independent reader of glTF next to three.js; it runs where Blender is installed."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assets.errors import BackendError, Finding, FormatError, Location, Severity
from assets.paths import find_program
from stages.verify.bundle_view import BundleView, Glb
from stages.verify.gate import gate

_CODE = "engine/blender"
_SCRIPT = Path(__file__).resolve().parent.parent / "load_blender.py"
_TIMEOUT_S = 120
_HEIGHT_TOLERANCE_M = 0.005
"""Between the heights of Blender's mesh and the file's: int16 positions err by less than 0.1 mm, a wrong transform by centimetres."""


@dataclass(frozen=True)
class BlenderImport:
    """What Blender imported from a file."""

    joints: tuple[str, ...]
    meshes: int
    shape_keys: dict[str, tuple[str, ...]]
    """Object -> its shape keys but the basis."""
    actions: tuple[str, ...]
    materials: tuple[str, ...]
    images: tuple[str, ...]
    """Those whose pixels could be decoded."""
    low: float
    """Height of the lowest vertex in the bind pose, metres."""
    high: float
    """Height of the highest vertex, metres."""
    version: str
    warnings: tuple[str, ...]


def find_blender() -> str | None:
    """FENSHEN_BLENDER (a Blender binary, or a Python that has bpy), else `blender` on PATH, else None."""
    return os.environ.get("FENSHEN_BLENDER") or find_program("blender")


def load_in_blender(glb: bytes, program: str) -> BlenderImport:
    """The file as Blender imports it.

    Raises:
        BackendError: the program does not start, does not finish in time, or ends without a word.
        FormatError: it cannot import the file.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "avatar.glb"
        file.write_bytes(glb)
        python = Path(program).name.startswith("python")
        command = [program, str(_SCRIPT), str(file)] if python else [
            program, "--background", "--factory-startup", "--python-exit-code", "1", "--python", str(_SCRIPT), "--", str(file),
        ]  # fmt: skip
        try:
            # This process's PYTHONPATH would mislead the other Python.
            clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
            done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False, env=clean, cwd=folder)
        except subprocess.TimeoutExpired as cause:
            raise BackendError(Finding(_CODE, f"Blender did not finish within {_TIMEOUT_S} s")) from cause
        except OSError as cause:
            fix = "set FENSHEN_BLENDER to a Blender binary or to a Python that has bpy"
            raise BackendError(Finding(_CODE, f"cannot run {program}: {cause.strerror}", fix=fix)) from cause
    return _parse_output(done)


def _parse_output(done: subprocess.CompletedProcess[str]) -> BlenderImport:
    lines = (done.stdout + "\n" + done.stderr).splitlines()
    summary = next((line for line in lines if line.startswith("FENSHEN ")), None)
    if summary is None:
        raise _explain_failure(done.returncode, next((line.strip() for line in reversed(lines) if line.strip()), ""))
    row: dict[str, Any] = json.loads(summary.removeprefix("FENSHEN "))
    warnings = tuple(line.split("|", 1)[1].strip() for line in lines if "| WARNING:" in line or "| ERROR:" in line)
    keys = {name: tuple(keys) for name, keys in row["shape_keys"].items()}
    lists = {name: tuple(row[name]) for name in ("joints", "actions", "materials", "images")}
    return BlenderImport(
        **lists, meshes=row["meshes"], shape_keys=keys, low=row["low"], high=row["high"], version=row["version"], warnings=warnings
    )


def _explain_failure(code: int, last_line: str) -> BackendError | FormatError:
    """An error of the file where Blender says so, else of Blender: it was killed, said nothing, or has no bpy."""
    # A negative code is the signal that killed it, such as for memory: that says nothing about the file.
    if code < 0 or not last_line or "No module named" in last_line:
        return BackendError(Finding(_CODE, f"Blender ended with code {code}: {last_line or 'no output'}"))
    return FormatError(Finding(_CODE, f"Blender cannot import the file: {last_line}"))


def find_differences(found: BlenderImport, glb: Glb) -> Iterator[str]:
    """One sentence for each difference between Blender's import and the file."""
    names = {
        "joints": (found.joints, glb.joint_names),
        "actions": (found.actions, tuple(glb.clips)),
        "materials": (found.materials, tuple(m.get("name", "") for m in glb.json.get("materials", []))),
        "images": (found.images, tuple(i.get("name", "") for i in glb.json.get("images", []))),
    }
    for kind, (imported, expected) in names.items():
        # Only what is lost: Blender may add objects of its own.
        if lost := sorted(set(expected) - set(imported)):
            yield f"Blender does not import the {kind} {', '.join(lost)}"
    head = glb.head
    targets = glb.get_target_names(head) if head else ()
    if head and found.shape_keys.get(str(head.get("name"))) != targets:
        keys = found.shape_keys.get(str(head.get("name")), ())
        yield f"Blender imports {len(keys)} shape keys on {head.get('name')}, but the file has {len(targets)}"
    low, high = _measure_heights(glb)
    if abs(found.low - low) > _HEIGHT_TOLERANCE_M or abs(found.high - high) > _HEIGHT_TOLERANCE_M:
        yield f"Blender's mesh reaches from {found.low:.3f} to {found.high:.3f} m, the file's from {low:.3f} to {high:.3f} m"
    yield from (f"Blender warns: {warning}" for warning in found.warnings)


def _measure_heights(glb: Glb) -> tuple[float, float]:
    """Heights of the lowest and the highest vertex in the bind pose, metres."""
    # Y is up in glTF and Z in Blender, whose importer turns the axes: compare Y here with Z in load_blender.py.
    bounds = [glb.json["accessors"][p["attributes"]["POSITION"]] for p in glb.primitives]
    return min(float(b["min"][1]) for b in bounds), max(float(b["max"][1]) for b in bounds)


@gate(_CODE, claim="Blender imports avatar.glb with its joints, shape keys, actions, materials and images", source="Blender io_scene_gltf2")
def blender_opens_the_glb(bundle: BundleView) -> Iterator[Finding]:
    glb, program, location = bundle.glb, find_blender(), Location("avatar.glb")
    if "avatar.glb" not in bundle.files:
        return
    if program is None:
        fix = "install Blender, or `pip install bpy` in a separate venv and set FENSHEN_BLENDER to its Python"
        yield Finding(_CODE, "not checked: Blender is not installed", Severity.INFO, location, fix=fix)
        return
    try:
        found = load_in_blender(bundle.files["avatar.glb"], program)
    except FormatError as error:
        yield from (Finding(_CODE, f.message, location=location) for f in error.findings)
        return
    if glb is not None:
        yield from (Finding(_CODE, sentence, location=location) for sentence in find_differences(found, glb))
