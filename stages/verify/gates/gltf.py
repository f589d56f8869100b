"""Gates of the files as glTF: container, the Khronos validator, names."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assets.errors import Finding, FormatError, Location
from assets.paths import get_node_modules
from stages.verify.bundle_view import BundleView, Glb
from stages.verify.gate import gate

_SCRIPT = Path(__file__).resolve().parent.parent / "validate_gltf.mjs"
_GLTF_SUFFIXES = (".glb", ".vrm", ".vrma")
_ROOT_NODE = "Armature"


@gate("gltf/container", why="avatar.glb is there and every glTF file is a whole GLB 2 container", source="glTF 2.0, 4.4 GLB file format")
def files_are_glb(reading: BundleView) -> Iterator[Finding]:
    if "avatar.glb" not in reading.files:
        yield Finding("gltf/container", "the bundle has no avatar.glb", where=Location("avatar.glb"))
    for path in (p for p in sorted(reading.files) if p.endswith(_GLTF_SUFFIXES)):
        try:
            Glb.parse(path, reading.files[path])
        except FormatError as error:
            yield from error.findings


@gate(
    "gltf/validator",
    why="Khronos glTF-Validator: 0 errors, 0 warnings on GLB, VRM and VRMA",
    source="KhronosGroup/glTF-Validator 2.0.0-dev.3.10",
)
def validator_reports_nothing(reading: BundleView) -> Iterator[Finding]:
    missing = _describe_missing_tools()
    if missing:
        yield Finding("gltf/validator", missing, fix="install Node and run npm ci")
        return
    for path, report in _run_validator({p: reading.files[p] for p in sorted(reading.files) if p.endswith(_GLTF_SUFFIXES)}).items():
        if report["errors"] or report["warnings"]:
            said = "; ".join(report["messages"])
            message = f"the validator counts {report['errors']} errors and {report['warnings']} warnings: {said}"
            yield Finding("gltf/validator", message, where=Location(path), value=report["errors"] + report["warnings"], limit=0)


def _describe_missing_tools() -> str:
    if shutil.which("node") is None:
        return "node is not on this machine, so the Khronos validator could not run"
    if not (get_node_modules() / "gltf-validator").is_dir():
        return "the npm package gltf-validator is not installed, so the Khronos validator could not run"
    return ""


def _run_validator(files: dict[str, bytes]) -> dict[str, dict[str, Any]]:
    """Report by path; one node process for all files."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {str(Path(folder) / f"{i}{Path(p).suffix}"): p for i, p in enumerate(files)}
        for place, path in paths.items():
            Path(place).write_bytes(files[path])
        command = ["node", str(_SCRIPT), str(get_node_modules()), *paths]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        return {path: {"errors": 1, "warnings": 0, "messages": [done.stderr[-300:]]} for path in files}
    return {paths[place]: report for place, report in json.loads(done.stdout).items()}


@gate(
    "gltf/names",
    why="the root node is Armature, no two nodes share a name and no two animations",
    source="engines look nodes and clips up by name; glTF 2.0 itself would let names repeat",
)
def names_are_unique(reading: BundleView) -> Iterator[Finding]:
    if (glb := reading.glb) is None:
        return
    names = [node.get("name", "") for node in glb.nodes]
    roots = [names[i] for i in range(len(names)) if i not in glb.parents]
    if _ROOT_NODE not in roots:
        yield Finding("gltf/names", f"no root node is named {_ROOT_NODE}", value=", ".join(roots), limit=_ROOT_NODE)
    for kind, given in (("nodes", names), ("animations", glb.animation_names)):
        if twice := sorted({name for name in given if given.count(name) > 1}):
            yield Finding("gltf/names", f"{kind} share the names {', '.join(twice)}", value=len(twice), limit=0)
