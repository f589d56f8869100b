"""The gate of Blender's importer, where a Blender is there: a program that reads glTF by other code than three.js."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assets.errors import BackendError, Finding, Location, Severity
from stages.verify.bundle_view import BundleView, Glb
from stages.verify.gate import gate

_CODE = "engine/blender"
_SCRIPT = Path(__file__).resolve().parent.parent / "load_blender.py"
_LIMIT_S = 120
_SOLE_M = 0.005
"""As rig/soles: what stands on the floor may miss it by half a centimetre."""


@dataclass(frozen=True)
class BlenderImport:
    """What Blender made of a file."""

    joints: tuple[str, ...]
    meshes: int
    shape_keys: dict[str, tuple[str, ...]]
    """Object -> its keys without the basis."""
    actions: tuple[str, ...]
    materials: tuple[str, ...]
    images: tuple[str, ...]
    """Those whose pixels could be read."""
    low: float
    """Metres over the floor of the bind's lowest point."""
    high: float
    version: str
    warnings: tuple[str, ...]


def find_blender() -> str | None:
    """The Blender of this machine: FENSHEN_BLENDER (a binary, or a Python that has bpy), else `blender` on PATH, else None."""
    return os.environ.get("FENSHEN_BLENDER") or shutil.which("blender")


def load_in_blender(glb: bytes, program: str) -> BlenderImport:
    """What the program's importer makes of the file.

    Raises:
        BackendError: the program is not there, does not end in time, or Blender refuses the file.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "avatar.glb"
        file.write_bytes(glb)
        python = Path(program).name.startswith("python")
        command = [program, str(_SCRIPT), str(file)] if python else [
            program, "--background", "--factory-startup", "--python-exit-code", "1", "--python", str(_SCRIPT), "--", str(file),
        ]  # fmt: skip
        try:
            # Our own PYTHONPATH means nothing to another Python.
            clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
            done = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT_S, check=False, env=clean)
        except subprocess.TimeoutExpired as cause:
            raise BackendError(Finding(_CODE, f"Blender did not answer within {_LIMIT_S} s")) from cause
        except OSError as cause:
            fix = "set FENSHEN_BLENDER to a Blender, or to a Python that has bpy"
            raise BackendError(Finding(_CODE, f"{program} cannot be run: {cause.strerror}", fix=fix)) from cause
    return _parse_output(done.stdout, done.stderr)


def _parse_output(out: str, err: str) -> BlenderImport:
    lines = (out + "\n" + err).splitlines()
    told = next((line for line in lines if line.startswith("FENSHEN ")), None)
    if told is None:
        reason = next((line for line in reversed(lines) if line.strip()), "it said nothing")
        raise BackendError(Finding(_CODE, f"Blender could not import it: {reason.strip()}"))
    row: dict[str, Any] = json.loads(told.removeprefix("FENSHEN "))
    warnings = tuple(line.split("|", 1)[1].strip() for line in lines if "| WARNING:" in line or "| ERROR:" in line)
    keys = {name: tuple(found) for name, found in row["shape_keys"].items()}
    lists = {name: tuple(row[name]) for name in ("joints", "actions", "materials", "images")}
    return BlenderImport(
        **lists, meshes=row["meshes"], shape_keys=keys, low=row["low"], high=row["high"], version=row["version"], warnings=warnings
    )


def find_differences(found: BlenderImport, glb: Glb) -> Iterator[str]:
    """One sentence for each thing that Blender does not see as the file has it."""
    names = {
        "joints": (found.joints, glb.joint_names),
        "actions": (found.actions, tuple(glb.clips)),
        "materials": (found.materials, tuple(m.get("name", "") for m in glb.json.get("materials", []))),
        "images": (found.images, tuple(i.get("name", "") for i in glb.json.get("images", []))),
    }
    for what, (seen, meant) in names.items():
        if lost := sorted(set(meant) - set(seen)):
            yield f"Blender does not see the {what} {', '.join(lost)}"
    head = glb.head
    wanted = glb.target_names(head) if head else ()
    if head and found.shape_keys.get(str(head.get("name"))) != wanted:
        seen = found.shape_keys.get(str(head.get("name")), ())
        yield f"Blender sees {len(seen)} shape keys on {head.get('name')}, the file has {len(wanted)}"
    low, high = _measure_heights(glb)
    if abs(found.low - low) > _SOLE_M or abs(found.high - high) > _SOLE_M:
        yield f"Blender's mesh stands from {found.low:.3f} to {found.high:.3f} m, the file's from {low:.3f} to {high:.3f} m"
    yield from (f"Blender warns: {warning}" for warning in found.warnings)


def _measure_heights(glb: Glb) -> tuple[float, float]:
    """Metres of the lowest and the highest vertex in the bind."""
    bounds = [glb.json["accessors"][p["attributes"]["POSITION"]] for p in glb.primitives]
    return min(float(b["min"][1]) for b in bounds), max(float(b["max"][1]) for b in bounds)


@gate(
    _CODE, why="avatar.glb opens in Blender with its joints, shape keys, actions, materials and pictures", source="Blender io_scene_gltf2"
)
def blender_opens_the_glb(reading: BundleView) -> Iterator[Finding]:
    glb, program, where = reading.glb, find_blender(), Location("avatar.glb")
    if "avatar.glb" not in reading.files:
        return
    if program is None:
        fix = "pip install bpy in a venv of its own and set FENSHEN_BLENDER to its Python"
        yield Finding(_CODE, "not run: there is no Blender on this machine", Severity.INFO, where, fix=fix)
        return
    try:
        found = load_in_blender(reading.files["avatar.glb"], program)
    except BackendError as error:
        yield from (Finding(_CODE, f.message, where=where, fix=f.fix) for f in error.findings)
        return
    if glb is not None:
        yield from (Finding(_CODE, sentence, where=where) for sentence in find_differences(found, glb))
