"""Package -> Verdict: runs every gate of the target; a gate that raises has not run, and the flow decides which failures stop a build."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

from assets.artefacts.verdict import Check, Verdict
from assets.bundle import Package
from assets.errors import BackendError, Finding, Severity
from assets.paths import find_program
from assets.spec.packaging import PackageSpec
from stages.stage import Stage
from stages.verify.bundle_view import BundleView
from stages.verify.gate import TARGET_GATES, Gate, load_gates
from stages.verify.gate_sources import digest_gate_sources
from stages.verify.gates.blender import find_blender
from stages.verify.gates.engines import find_chromium
from stages.verify.requirements import describe_missing_tools


def make_bundle_view(package: Package, target: str) -> BundleView:
    """The package as the gates see it."""
    files = {file.path: file.data for file in package.files}
    licences = {file.path: (file.licence, tuple(str(s) for s in file.sources)) for file in package.files}
    return BundleView(target, files, licences)


def run_gate(gate: Gate, bundle: BundleView) -> list[Check]:
    """One passed check where the claim holds, else one check per finding; one that has not run where this machine failed."""
    try:
        findings: list[Finding] = list(gate.check(bundle))
    except (BackendError, OSError, subprocess.SubprocessError, MemoryError) as error:
        # Not a verdict on the package: it must not be stored as one (`has_looked`).
        return [Check(gate.code, "error", False, f"not run: {_describe_failure(error)}", ran=False)]
    if not findings:
        return [Check(gate.code, "info", True, gate.claim)]
    return [_to_check(finding) for finding in findings]


def _describe_failure(error: Exception) -> str:
    """Why the gate could not look at the package, in one line."""
    if isinstance(error, BackendError):
        return "; ".join(_format_finding(finding) for finding in error.findings)
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def has_looked(verdict: Verdict) -> bool:
    """Whether no gate was stopped by this machine; what a program that is not installed would say is known to be missing."""
    return all(check.ran or check.ok for check in verdict.checks)


def _to_check(finding: Finding) -> Check:
    value, limit = ("" if v is None else str(v) for v in (finding.value, finding.limit))
    ok = finding.severity is not Severity.ERROR
    return Check(finding.code, str(finding.severity), ok, _format_finding(finding), value, limit, ran=finding.severity is not Severity.INFO)


def _format_finding(finding: Finding) -> str:
    place = f"{finding.location}: " if str(finding.location) else ""
    return f"{place}{finding.message}" + (f"; {finding.fix}" if finding.fix else "")


_SLOWEST_GATES = ("engine/talkinghead", "engine/three", "cover/poke-through", "engine/babylon", "engine/meshopt", "gltf/validator")
"""Longest first."""


def run(package: Package, *, options: PackageSpec, seed: int) -> Verdict:
    """The checks of every gate of the target, in the order of its table."""
    gates = load_gates()
    bundle = make_bundle_view(package, options.target)
    skip = () if options.vrm else ("vrm/", "engine/three-vrm")
    codes = [code for code in TARGET_GATES[options.target] if not (skip and code.startswith(skip))]
    # node and Chromium run as subprocesses: two gates at a time, the slow ones first, keep both cores busy.
    slow_first = sorted(codes, key=lambda code: _SLOWEST_GATES.index(code) if code in _SLOWEST_GATES else len(_SLOWEST_GATES))
    with ThreadPoolExecutor(2) as pool:
        # Each in a copy of this context: it holds the store in which gates cache what they measured of the same geometry.
        futures = {code: pool.submit(copy_context().run, run_gate, gates[code], bundle) for code in slow_first}
    return Verdict(options.target, tuple(check for code in codes for check in futures[code].result()))


def find_programs() -> dict[str, str]:
    """Programs that the gates start: name -> path, empty where it is not installed. With a new one, more gates can judge a package."""
    programs = {"node": find_program("node"), "chromium": find_chromium(), "blender": find_blender()}
    return {name: path or "" for name, path in programs.items()}


STAGE = Stage(
    "verify", 13, run, makes=Verdict, memory_gb=2, timeout_s=300, programs=find_programs, missing_requirements=describe_missing_tools,
    code=digest_gate_sources, is_final=has_looked,
)  # fmt: skip
