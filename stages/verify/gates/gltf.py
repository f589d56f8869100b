"""Gates of the files as glTF: container, the Khronos validator, names."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assets.errors import BackendError, Finding, FormatError, Location
from assets.paths import find_program, get_node_modules
from assets.temporary_folder import open_temporary_folder
from stages.verify.bundle_view import BundleView, Glb
from stages.verify.gate import gate
from stages.verify.requirements import list_missing_validator_parts

_SCRIPT = Path(__file__).resolve().parent.parent / "validate_gltf.mjs"
_GLTF_SUFFIXES = (".glb", ".vrm", ".vrma")
_TIMEOUT_S = 120
_ROOT_NODE = "Armature"
_GLB = Location("avatar.glb")


@gate("gltf/container", claim="avatar.glb exists and every glTF file is a complete GLB 2 container", source="glTF 2.0, 4.4 GLB file format")
def files_are_glb(bundle: BundleView) -> Iterator[Finding]:
    if "avatar.glb" not in bundle.files:
        yield Finding("gltf/container", "the bundle has no avatar.glb", location=Location("avatar.glb"))
    for path in (p for p in sorted(bundle.files) if p.endswith(_GLTF_SUFFIXES)):
        try:
            Glb.parse(path, bundle.files[path])
        except FormatError as error:
            yield from error.findings


@gate(
    "gltf/validator",
    claim="the Khronos glTF-Validator reports no error and no warning for GLB, VRM and VRMA files",
    source="KhronosGroup/glTF-Validator 2.0.0-dev.3.10",
)
def validator_reports_nothing(bundle: BundleView) -> Iterator[Finding]:
    if missing := list_missing_validator_parts():
        raise BackendError(Finding("gltf/validator", f"the Khronos validator cannot run: {'; '.join(missing)}"))
    for path, report in run_validator({p: bundle.files[p] for p in sorted(bundle.files) if p.endswith(_GLTF_SUFFIXES)}).items():
        if report["errors"] or report["warnings"]:
            details = "; ".join(report["messages"])
            message = f"the Khronos validator reports {report['errors']} errors and {report['warnings']} warnings: {details}"
            yield Finding("gltf/validator", message, location=Location(path), value=report["errors"] + report["warnings"], limit=0)


def run_validator(files: dict[str, bytes]) -> dict[str, dict[str, Any]]:
    """Report by path; one node process for all files.

    Raises:
        BackendError: node ends without a report or does not end in time.
    """
    node = find_program("node") or "node"
    with open_temporary_folder() as folder:
        # Numbered copies: a path of the bundle may hold folders or characters that this file system refuses.
        paths = {str(Path(folder) / f"{i}{Path(p).suffix}"): p for i, p in enumerate(files)}
        for copy, path in paths.items():
            Path(copy).write_bytes(files[path])
        command = [node, str(_SCRIPT), str(get_node_modules().absolute()), *paths]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False, cwd=folder)
        except subprocess.TimeoutExpired as cause:
            raise BackendError(Finding("gltf/validator", f"the Khronos validator did not finish within {_TIMEOUT_S} s")) from cause
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        # node prints the source line and a stack around it: the sentence is the line with Error.
        reason = next((line for line in lines if "Error" in line), lines[-1] if lines else "no output").strip()
        raise BackendError(Finding("gltf/validator", f"the Khronos validator ended with code {done.returncode}: {reason}"))
    return {paths[copy]: report for copy, report in json.loads(done.stdout).items()}


@gate(
    "gltf/names",
    claim="the root node is named Armature; node names and animation names are unique",
    source="engines look up nodes and clips by name, although glTF 2.0 allows duplicates",
)
def names_are_unique(bundle: BundleView) -> Iterator[Finding]:
    if (glb := bundle.glb) is None:
        return
    names = [node.get("name", "") for node in glb.nodes]
    roots = [names[i] for i in range(len(names)) if i not in glb.parents]
    if _ROOT_NODE not in roots:
        yield Finding("gltf/names", f"no root node is named {_ROOT_NODE}", location=_GLB, value=", ".join(roots), limit=_ROOT_NODE)
    for kind, given in (("nodes", names), ("animations", glb.animation_names)):
        if duplicates := sorted({name for name in given if given.count(name) > 1}):
            yield Finding("gltf/names", f"several {kind} are named {', '.join(duplicates)}", location=_GLB, value=len(duplicates), limit=0)
