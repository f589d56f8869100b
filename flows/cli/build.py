"""`fenshen build`, `plan` and `check`: one spec."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from flows.cli.choices import (
    AllowOption,
    CompressOption,
    ForceOption,
    JsonOption,
    OnlyOption,
    OutsideOption,
    SeedOption,
    SpecArgument,
    TargetOption,
    check_compression,
    check_target,
)
from flows.cli.console import out, report_findings
from flows.cli.live_display import ConsoleDisplay

if TYPE_CHECKING:
    from flows.pipeline.request import BuildRequest


def build(
    spec: SpecArgument,
    out_dir: Annotated[Path | None, typer.Option("--out", help="Bundle folder; by default build/ and the spec file's name.")] = None,
    target: TargetOption = None,
    seed: SeedOption = None,
    only: OnlyOption = None,
    force: ForceOption = None,
    allow: AllowOption = None,
    outside: OutsideOption = False,
    compress: CompressOption = None,
    as_json: JsonOption = False,
) -> None:
    """Build a bundle.

    Example: `fenshen build kofi --target web`
    """
    from flows.pipeline.request import BuildRequest

    started = time.monotonic()
    with report_findings(as_json):
        request = BuildRequest(
            spec, out_dir, check_target(target), seed, frozenset(force or ()), frozenset(allow or ()), outside,
            compress=check_compression(compress),
        )  # fmt: skip
        if only:
            return _build_stage(request, only, as_json)
        folder = _build_bundle(request, as_json)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    if as_json:
        out.print_json(json.dumps({"ok": True, "bundle": str(folder), "manifest": manifest}, ensure_ascii=False))
    else:
        print_build(folder, manifest, time.monotonic() - started)
        _print_voice_terms(request)


def _build_stage(request: BuildRequest, only: str, as_json: bool) -> None:
    """Builds one stage and prints its reference in the store."""
    from flows.engine.partial_build import run_partial_build

    made = run_partial_build(request, only, ConsoleDisplay(silent=as_json))
    ref, cached = made.outcome.ref, made.outcome.cached
    if as_json:
        result = {"ok": True, "stage": only, "kind": ref.kind, "digest": ref.digest, "cached": cached, "warnings": made.warnings}
        out.print_json(json.dumps(result, ensure_ascii=False))
        return
    out.print(f"{only}: {ref.kind} {ref.digest[:12]} ({'found' if cached else 'made'})")
    print_warnings(made.warnings)


def _build_bundle(request: BuildRequest, as_json: bool) -> Path:
    from flows.engine.run_flow import run_build
    from flows.pipeline.bundle_writer import build_from_store

    built = build_from_store(request)
    return built.folder if built else run_build(request, ConsoleDisplay(silent=as_json))


def print_warnings(warnings: Iterable[dict[str, str]], prefix: str = "") -> None:
    """A line per warning of a manifest."""
    for warning in warnings:
        out.print(f"{prefix}warning ({warning['stage']}): {warning['message']}", style="yellow")


def print_build(folder: Path, manifest: dict[str, Any], seconds: float) -> None:
    """Stages, gates, warnings, and what to open."""
    table = Table("stage", "seconds", "backend", "", title=manifest["name"], title_justify="left", box=None)
    for stage in manifest["stages"]:
        table.add_row(stage["name"], f"{stage['seconds']:.1f}", stage["backend"], "found" if stage["cached"] else "made")
    out.print(table)
    _print_gates(manifest["checks"])
    print_warnings(manifest.get("warnings", ()))
    size = sum(file["bytes"] for file in manifest["files"]) / 1e6
    out.print(f"{folder}/: {len(manifest['files'])} files, {size:.1f} MB, {seconds:.1f} s")
    vrm = "; avatar.vrm in Unity" if any(file["path"] == "avatar.vrm" for file in manifest["files"]) else ""
    out.print(f"next: open {folder}/report.html in a browser; avatar.glb in Blender, three.js, Godot{vrm}")


def _print_voice_terms(request: BuildRequest) -> None:
    """The last line of a build whose voice may not be sold."""
    from flows.pipeline.request import resolve_request
    from stages.voice.default_voice import describe_voice_terms

    if terms := describe_voice_terms(resolve_request(request)[0].spec):
        out.print(terms)


def _print_gates(checks: list[dict[str, Any]]) -> None:
    from assets.artefacts.verdict import count_checks, has_run

    passed, able, idle = count_checks(checks)
    out.print(f"gates: {passed} of {able} passed" + (f", {idle} not run here" if idle else ""))
    for check in checks:
        if not check["ok"]:
            out.print(f"  {check['severity']} [{check['code']}] {check['message']}")
        elif not has_run(check):
            out.print(f"  [{check['code']}] {check['message']}")


def plan(spec: SpecArgument, target: TargetOption = None, seed: SeedOption = None, outside: OutsideOption = False) -> None:
    """Show what a build would run, and why.

    Example: `fenshen plan kofi`
    """
    from flows.pipeline.plan import plan_build
    from flows.pipeline.request import BuildRequest, resolve_request

    with report_findings():
        request, _, _ = resolve_request(BuildRequest(spec, target=check_target(target), seed=seed, outside=outside))
        table = Table("stage", "", "why", box=None)
        for planned in plan_build(request, explain=True):
            table.add_row(planned.stage, "run" if planned.run else "found", planned.why)
        out.print(table)


def check(spec: SpecArgument, outside: OutsideOption = False) -> None:
    """Read a spec and report every error in one pass.

    Example: `fenshen check avatar.yaml`
    """
    from assets.spec.read import read_spec
    from flows.pipeline.bundle_writer import collect_spec_warnings, collect_text_warnings
    from flows.pipeline.spec_choices import collect_spec_choices

    with report_findings():
        file = read_spec(spec, allow_outside=outside, constraints=collect_spec_choices())
        out.print(f"{file.path}: OK")
        print_warnings((*collect_text_warnings(file.text), *collect_spec_warnings(file.spec)))
