"""The gate of Babylon.js, a loader independent of three.js: it must put joints and vertices where the file says they are."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from assets.errors import BackendError, Finding, FormatError, Location, Severity
from assets.paths import find_program, get_baked_path
from assets.temporary_folder import open_temporary_folder
from stages.verify.bundle_view import BundleView, Glb
from stages.verify.gate import gate
from stages.verify.posed_vertices import Moment, compute_moment

_CODE = "engine/babylon"
_GLB = Location("avatar.glb")
_TIMEOUT_S = 120
_MAX_CLIPS = 4
_VERTEX_STEP = 40
"""Every 40th vertex of each mesh is compared: a wrong skin or morph shows in all of them."""
_TOLERANCE_M = 0.002
"""Babylon interpolates rotations on the sphere, our reader along the chord, and WEIGHTS_0 in float32."""


def load_in_babylon(glb: bytes, moments: list[tuple[str, float]]) -> dict[str, Any]:
    """{clips: names, moments: [{clip, seconds, joints: {name: xyz}, vertices: {mesh: flat list}}]} as Babylon.js poses the file.

    Raises:
        BackendError: node does not start or does not end in time.
        FormatError: Babylon.js cannot load the file.
    """
    node = find_program("node")
    if node is None:
        raise BackendError(Finding(_CODE, "node is not installed"))
    with open_temporary_folder() as folder:
        file = Path(folder) / "avatar.glb"
        file.write_bytes(glb)
        command = [node, str(get_baked_path("load_babylon.mjs").absolute()), str(file), str(_VERTEX_STEP)]
        try:
            done = subprocess.run(
                command, input=json.dumps(moments), capture_output=True, text=True, timeout=_TIMEOUT_S, check=False, cwd=folder
            )
        except subprocess.TimeoutExpired as cause:
            raise BackendError(Finding(_CODE, f"Babylon.js did not finish within {_TIMEOUT_S} s")) from cause
    # Its log comes first, on lines of their own.
    line = next((line for line in reversed(done.stdout.splitlines()) if line.startswith('{"clips"')), "")
    if not line:
        reason = next((line.strip() for line in done.stderr.splitlines() if "rror" in line), f"node ended with code {done.returncode}")
        raise (BackendError if done.returncode < 0 or "Cannot find module" in reason else FormatError)(Finding(_CODE, reason[:300]))
    found: dict[str, Any] = json.loads(line)
    return found


def choose_moments(glb: Glb) -> list[tuple[str, float]]:
    """Two fifths into the first clips that move and into the first that speaks: clips begin and end in the idle pose."""
    lengths = {name: glb.get_clip_length(name) for name in glb.clips}
    moving = [name for name in lengths if lengths[name] and not name.startswith("say_")]
    speaking = [name for name in lengths if name.startswith("say_")]
    return [(name, round(0.4 * lengths[name], 4)) for name in (*moving[: _MAX_CLIPS - 1], *speaking[:1])]


def find_differences(found: dict[str, Any], glb: Glb) -> Iterator[tuple[str, float]]:
    """A sentence and the metres for each moment that Babylon.js shows otherwise than the file says."""
    if lost := sorted(set(glb.clips) - set(found["clips"])):
        yield f"Babylon.js does not load the clips {', '.join(lost)}", float("nan")
    for moment in found["moments"]:
        true = compute_moment(glb, moment["clip"], moment["seconds"])
        for kind, name, metres in _measure_differences(moment, true):
            if not metres < _TOLERANCE_M:
                message = f"at {moment['seconds']:.2f} s of {moment['clip']}, Babylon.js puts the {kind} {name} {1000 * metres:.1f} mm away"
                yield message, metres


def _measure_differences(moment: dict[str, Any], true: Moment) -> Iterator[tuple[str, str, float]]:
    """(kind, name, metres) of the joint and of the mesh that are farthest from their places; what is missing is infinitely far."""
    joints = {
        name: float(np.linalg.norm(np.array(moment["joints"][name]) - place)) if name in moment["joints"] else np.inf
        for name, place in true.joints.items()
    }
    meshes = {}
    for name, places in true.vertices.items():
        shown = np.array(moment["vertices"].get(name, ())).reshape(-1, 3)
        some = places[::_VERTEX_STEP]
        meshes[name] = float(np.linalg.norm(shown - some, axis=1).max()) if len(shown) == len(some) else np.inf
    for kind, distances in (("joint", joints), ("mesh", meshes)):
        if distances:
            farthest = max(distances, key=lambda name: distances[name])
            yield kind, farthest, distances[farthest]


@gate(
    _CODE,
    claim="Babylon.js puts every joint and vertex where the file says, in three clips and a spoken line",
    source="@babylonjs/loaders glTF 2.0, on the NullEngine",
)
def babylon_shows_the_pose(bundle: BundleView) -> Iterator[Finding]:
    glb = bundle.glb
    if "avatar.glb" not in bundle.files:
        return
    if find_program("node") is None:
        yield Finding(_CODE, "not checked: node is not installed", Severity.INFO, _GLB)
        return
    try:
        found = load_in_babylon(bundle.files["avatar.glb"], choose_moments(glb) if glb else [])
    except FormatError as error:
        yield from (Finding(_CODE, f"Babylon.js cannot load the file: {f.message}", location=_GLB) for f in error.findings)
        return
    for message, metres in find_differences(found, glb) if glb else ():
        yield Finding(_CODE, message, location=_GLB, value=round(1000 * metres, 2), limit=1000 * _TOLERANCE_M)
