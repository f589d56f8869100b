"""The gate of Blender's importer, a second, independent reader of glTF next to three.js; it runs where Blender is installed."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from assets.conventions import JOINTS, find_frame_axes
from assets.errors import BackendError, Finding, FormatError, Location, Severity
from assets.paths import find_program
from assets.temporary_folder import open_temporary_folder
from stages.verify.bundle_view import BundleView, Glb
from stages.verify.clip_poses import measure_angles
from stages.verify.gate import gate
from stages.verify.posed_vertices import compute_moment

_CODE = "engine/blender"
_SCRIPT = Path(__file__).resolve().parent.parent / "load_blender.py"
_TIMEOUT_S = 120
_HEIGHT_TOLERANCE_M = 0.005
"""Between the heights of Blender's mesh and the file's, and between joints: rounding errs by less than 0.1 mm, the curves between keys
by a millimetre, a wrong transform by centimetres."""
_MAX_BONE_DEGREES = 3.0
LIMB_BONES = tuple((joint, end) for joint in JOINTS if (end := find_frame_axes(joint)[0]) in JOINTS)
"""Joint -> the joint at which its bone points."""


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
    bones: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = field(default_factory=dict)
    """Joint -> (3,) where its bone begins and where it ends, metres, +Y up."""
    pose: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    """Joint -> (3,) where it is at the requested moment."""


def find_blender() -> str | None:
    """FENSHEN_BLENDER (a Blender binary, or a Python that has bpy), else `blender` on PATH, else None."""
    return os.environ.get("FENSHEN_BLENDER") or find_program("blender")


def load_in_blender(glb: bytes, program: str, moment: tuple[str, float] = ("", 0.0), picture: Path | None = None) -> BlenderImport:
    """The file as Blender imports it, with its pose at a moment of a clip and a PNG of that pose where a path is given.

    Raises:
        BackendError: the program does not start, does not finish in time, or ends without a word.
        FormatError: it cannot import the file.
    """
    with open_temporary_folder() as folder:
        file = Path(folder) / "avatar.glb"
        file.write_bytes(glb)
        python = Path(program).name.startswith("python")
        arguments = [str(file), moment[0], str(moment[1]), *([str(picture.absolute())] if picture else [])]
        command = [program, str(_SCRIPT), *arguments] if python else [
            program, "--background", "--factory-startup", "--python-exit-code", "1", "--python", str(_SCRIPT), "--", *arguments,
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
        **lists, meshes=row["meshes"], shape_keys=keys, low=row["low"], high=row["high"], version=row["version"], warnings=warnings,
        bones=row.get("bones", {}), pose=row.get("pose", {}),
    )  # fmt: skip


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


def find_crooked_bones(found: BlenderImport) -> Iterator[str]:
    """One sentence for each bone of a limb that does not end where the next one begins, give or take."""
    for joint, end in LIMB_BONES:
        if joint in found.bones and end in found.bones:
            start, tail = (np.array(point) for point in found.bones[joint])
            degrees = float(measure_angles(tail - start, np.array(found.bones[end][0]) - start))
            if degrees > _MAX_BONE_DEGREES:
                yield f"Blender's bone {joint} points {degrees:.0f} degrees away from {end}"


def find_pose_differences(found: BlenderImport, glb: Glb, moment: tuple[str, float]) -> Iterator[str]:
    """A sentence for the joint that is farthest from where the file puts it, if that is too far."""
    true = compute_moment(glb, *moment).joints if found.pose else {}
    distances = {name: float(np.linalg.norm(np.array(found.pose[name]) - place)) for name, place in true.items() if name in found.pose}
    farthest = max(distances, key=lambda name: distances[name], default="")
    if farthest and distances[farthest] > _HEIGHT_TOLERANCE_M:
        yield f"at {moment[1]:.2f} s of {moment[0]}, Blender puts the joint {farthest} {1000 * distances[farthest]:.0f} mm away"


def choose_moment(glb: Glb) -> tuple[str, float]:
    """Two fifths into the clip after the idle, in which arms move."""
    clip = next((name for name in (*list(glb.clips)[1:], *glb.clips) if glb.get_clip_length(name)), "")
    return (clip, round(0.4 * glb.get_clip_length(clip), 4)) if clip else ("", 0.0)


def _measure_heights(glb: Glb) -> tuple[float, float]:
    """Heights of the lowest and the highest vertex in the bind pose, metres."""
    # Y is up in glTF and Z in Blender, whose importer turns the axes: compare Y here with Z in load_blender.py.
    bounds = [glb.json["accessors"][p["attributes"]["POSITION"]] for p in glb.primitives]
    return min(float(b["min"][1]) for b in bounds), max(float(b["max"][1]) for b in bounds)


@gate(
    _CODE,
    claim="Blender imports all of avatar.glb, its bones lie along the limbs, and a clip poses them as the file says",
    source="Blender io_scene_gltf2",
)
def blender_opens_the_glb(bundle: BundleView) -> Iterator[Finding]:
    glb, program, location = bundle.glb, find_blender(), Location("avatar.glb")
    if "avatar.glb" not in bundle.files:
        return
    if program is None:
        fix = "install Blender, or `pip install bpy` in a separate venv and set FENSHEN_BLENDER to its Python"
        yield Finding(_CODE, "not checked: Blender is not installed", Severity.INFO, location, fix=fix)
        return
    try:
        moment = choose_moment(glb) if glb else ("", 0.0)
        found = load_in_blender(bundle.files["avatar.glb"], program, moment)
    except FormatError as error:
        yield from (Finding(_CODE, f.message, location=location) for f in error.findings)
        return
    if glb is not None:
        sentences = (*find_differences(found, glb), *find_crooked_bones(found), *find_pose_differences(found, glb, moment))
        yield from (Finding(_CODE, sentence, location=location) for sentence in sentences)
