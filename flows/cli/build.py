"""The command line: parse, call, print findings, exit with a documented code.

Exit codes: 0 done, 1 a bug of ours, 2 bad input, 3 a gate failed, 4 the machine lacks something, 130 interrupted, 143 terminated.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from assets.errors import Finding, FormatError, GateError, SpecError
from flows.cli.champions import register_champions
from flows.cli.console import EXIT_CODES, err, out, report_findings
from flows.cli.data import app as data
from flows.cli.evaluate import evaluate
from flows.cli.new import register_new
from flows.cli.train import register_training

app = typer.Typer(
    no_args_is_help=True, add_completion=False, rich_markup_mode="markdown", pretty_exceptions_enable=False,
    help="One text file in, one validated, talking digital human out.\n\nExit codes: 0 done, 1 a bug of ours, 2 bad input, "
    "3 a gate failed, 4 the machine lacks something, 130 interrupted, 143 terminated.",
)  # fmt: skip
cache = typer.Typer(no_args_is_help=True, help="Look at and tidy the store.")
app.add_typer(cache, name="cache")
app.add_typer(data, name="data")
register_training(app)
register_champions(app)
register_new(app)
app.command()(evaluate)
SEED_LIMIT = 2**32
SpecArgument = Annotated[str, typer.Argument(metavar="SPEC", help="A spec file or a preset's name.")]
TargetOption = Annotated[str | None, typer.Option(help="web, desktop or crowd.")]
SeedOption = Annotated[int | None, typer.Option(min=0, max=SEED_LIMIT - 1, help="Overrides the spec's seed.")]
OutsideOption = Annotated[bool, typer.Option("--allow-outside", help="Media may lie outside the spec's folder.")]


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"fenshen {version('fenshen')}")
        raise typer.Exit


@app.callback()
def fenshen(
    asked: Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and end.")] = False,
) -> None:
    """Holds the options of `fenshen` itself; what the command is for stands in `app`."""


@app.command()
def build(
    spec: SpecArgument,
    out_dir: Annotated[Path | None, typer.Option("--out", help="Bundle folder; by default build/ and the spec file's name.")] = None,
    target: TargetOption = None,
    seed: SeedOption = None,
    only: Annotated[str | None, typer.Option(help="Stop after this stage; no bundle is laid out.")] = None,
    force: Annotated[list[str] | None, typer.Option(help="Make this stage again; may be repeated.")] = None,
    allow: Annotated[list[str] | None, typer.Option(help="Let this gate's code pass; recorded in the manifest.")] = None,
    outside: OutsideOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the manifest, with --only the stage's reference, as JSON.")] = False,
) -> None:
    """Build a bundle.

    Example: `fenshen build kofi --target web`
    """
    from flows.pipeline.request import BuildRequest

    started = time.monotonic()
    with report_findings(as_json):
        request = BuildRequest(spec, out_dir, _check_target(target), seed, frozenset(force or ()), frozenset(allow or ()), outside)
        if only:
            return _build_stage(request, only, as_json)
        folder, manifest = _build_bundle(request, quiet=as_json)
    if as_json:
        out.print_json(json.dumps({"ok": True, "bundle": str(folder), "manifest": manifest}, ensure_ascii=False))
    else:
        _print_build(folder, manifest, time.monotonic() - started)


def _build_stage(request: Any, only: str, as_json: bool) -> None:
    """Makes one stage and prints what it is called in the store."""
    from flows.engine.partial_build import run_partial_build

    made = run_partial_build(request, only, None if as_json else err)
    ref, cached = made.outcome.ref, made.outcome.cached
    if as_json:
        told = {"stage": only, "kind": ref.kind, "digest": ref.digest, "cached": cached, "warnings": made.warnings}
        out.print_json(json.dumps({"ok": True, **told}, ensure_ascii=False))
        return
    out.print(f"{only}: {ref.kind} {ref.digest[:12]} ({'found' if cached else 'made'})")
    _print_warnings(made.warnings)


def _print_warnings(warnings: Iterable[dict[str, str]], of: str = "") -> None:
    for warning in warnings:
        out.print(f"{of}warning ({warning['stage']}): {warning['message']}", style="yellow")


def _read_warnings(bundle: str) -> Iterable[dict[str, str]]:
    """What its manifest tells; nothing where it was not built."""
    told = json.loads((Path(bundle) / "manifest.json").read_text(encoding="utf-8")) if bundle else {}
    return list(told.get("warnings", ()))


def _check_target(target: str | None) -> Any:
    known = ("web", "desktop", "crowd")
    if target is not None and target not in known:
        raise SpecError(Finding("spec/target", f"{target} is not a target", fix=f"take {', '.join(known)}"))
    return target


def _build_bundle(request: Any, *, quiet: bool) -> tuple[Path, dict[str, Any]]:
    from flows.engine.run_flow import run_build
    from flows.pipeline.request import build_from_store

    built = build_from_store(request)
    folder = built.folder if built else run_build(request, err, quiet=quiet)
    return folder, json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


def _print_build(folder: Path, manifest: dict[str, Any], seconds: float) -> None:
    table = Table("stage", "seconds", "backend", "", title=manifest["name"], title_justify="left", box=None)
    for stage in manifest["stages"]:
        table.add_row(stage["name"], f"{stage['seconds']:.1f}", stage["backend"], "found" if stage["cached"] else "made")
    out.print(table)
    from assets.artefacts.verdict import count_checks, has_run

    passed, able, idle = count_checks(manifest["checks"])
    out.print(f"gates: {passed} of {able} passed" + (f", {idle} not run here" if idle else ""))
    for check in manifest["checks"]:
        if not check["ok"]:
            out.print(f"  {check['severity']} [{check['code']}] {check['message']}")
        elif not has_run(check):
            out.print(f"  [{check['code']}] {check['message']}")
    _print_warnings(manifest.get("warnings", ()))
    size = sum(file["bytes"] for file in manifest["files"]) / 1e6
    out.print(f"{folder}/: {len(manifest['files'])} files, {size:.1f} MB, {seconds:.1f} s")
    vrm = "; avatar.vrm in Unity" if any(file["path"] == "avatar.vrm" for file in manifest["files"]) else ""
    out.print(f"look: open {folder}/report.html in a browser; avatar.glb in Blender, three.js, Godot{vrm}")


@app.command()
def batch(
    folder: Annotated[Path, typer.Argument(help="A folder of .yaml and .json specs.")],
    out_dir: Annotated[
        Path, typer.Option("--out", help="Every bundle goes to OUT/ and its spec file's name, a contact sheet beside them.")
    ] = Path("build"),
    target: TargetOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a row per spec as JSON.")] = False,
) -> None:
    """Build every spec of a folder; one that fails does not stop the others, the exit code is that of the worst.

    Example: `fenshen batch assets/presets --target crowd`
    """
    from flows.engine.run_flow import run_batch

    with report_findings(as_json):
        rows = run_batch(folder, out_dir, _check_target(target), err, quiet=as_json)
    if as_json:
        out.print_json(json.dumps({"ok": not any(row["error"] for row in rows), "specs": rows}, ensure_ascii=False))
    else:
        table = Table("spec", "bundle", "what is wrong", box=None)
        for row in rows:
            table.add_row(row["spec"], row["bundle"], row["error"])
        out.print(table)
        for row in rows:
            _print_warnings(_read_warnings(row["bundle"]), f"{Path(row['spec']).name}: ")
        out.print(f"{sum(not row['error'] for row in rows)} of {len(rows)} built")
    if failed := [EXIT_CODES.get(row["kind"], 1) for row in rows if row["error"]]:
        raise typer.Exit(1 if 1 in failed else max(failed))


@app.command()
def plan(spec: SpecArgument, target: TargetOption = None, seed: SeedOption = None, outside: OutsideOption = False) -> None:
    """Show what a build would run, and why.

    Example: `fenshen plan kofi`
    """
    from flows.pipeline.plan import plan_build as walk
    from flows.pipeline.request import BuildRequest, resolve_request

    with report_findings():
        order, _, _ = resolve_request(BuildRequest(spec, target=_check_target(target), seed=seed, outside=outside))
        table = Table("stage", "", "why", box=None)
        for planned in walk(order, explain=True):
            table.add_row(planned.stage, "run" if planned.run else "found", planned.why)
        out.print(table)


@app.command()
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
        _print_warnings((*collect_text_warnings(file.text), *collect_spec_warnings(file.spec)))


@app.command()
def inspect(bundle: Annotated[Path, typer.Argument(help="A bundle folder.")]) -> None:
    """Show what a bundle holds and check every digest.

    Example: `fenshen inspect build/kofi`
    """
    from assets.bundle import read_manifest
    from stages.verify.gates.rights import check_folder

    with report_findings():
        manifest = read_manifest(bundle)
        if found := check_folder(bundle):
            raise GateError(*found)
        table = Table("file", "KB", "role", "licence", box=None)
        for file in manifest["files"]:
            table.add_row(file["path"], f"{file['bytes'] / 1000:.0f}", file["role"], file["licence"])
        out.print(table)
        out.print(f"{manifest['name']}: {len(manifest['files'])} files, every digest right")


@app.command()
def preview(bundle: Annotated[Path, typer.Argument(help="A bundle folder.")]) -> None:
    """Open a bundle's report in the browser, and print its path.

    Example: `fenshen preview build/kofi`
    """
    from assets.bundle import read_manifest

    with report_findings():
        read_manifest(bundle)
        page = (bundle / "report.html").resolve()
        if not page.is_file():
            raise FormatError(Finding("bundle/report", f"{bundle} has no report.html", fix="build it again"))
        out.print(str(page))
        if sys.stdout.isatty():
            typer.launch(page.as_uri())


@app.command()
def gates() -> None:
    """List every gate, why it is there and where the rule comes from.

    Example: `fenshen gates`
    """
    from stages.verify.gate import load_gates

    table = Table("gate", "why", "source", box=None)
    for code, gate in sorted(load_gates().items()):
        table.add_row(code, gate.claim, gate.source)
    out.print(table)


@app.command()
def backends() -> None:
    """List every backend and whether it can run here.

    Example: `fenshen backends`
    """
    from flows.pipeline.definition import STAGES

    with report_findings():
        table = Table("stage", "backend", "", "usable here", box=None)
        for stage in STAGES.values():
            for name in stage.backends or ():
                assert stage.backends is not None
                reason = stage.backends.get(name).unavailable_reason()
                table.add_row(stage.name, name, "default" if name == stage.backends.default else "", reason or "yes")
        out.print(table)


@app.command()
def stages() -> None:
    """Show the production line: each stage, what it takes and makes, its version.

    Example: `fenshen stages`
    """
    from flows.pipeline.definition import STAGES

    table = Table("stage", "version", "takes", "makes", box=None)
    for stage in STAGES.values():
        table.add_row(stage.name, str(stage.version), ", ".join(stage.takes), stage.makes.kind)
    out.print(table)


@app.command()
def schema(
    out_file: Annotated[Path | None, typer.Option("--out", help="Write the schema into this file.")] = None,
) -> None:
    """Print the spec's JSON Schema for editors, or write it into a file.

    Example: `fenshen schema --out avatar.schema.json`
    """
    from flows.cli.schema import format_schema, write_schema

    if out_file is None:
        typer.echo(format_schema(), nl=False)
        return
    with report_findings():
        write_schema(out_file)
    out.print(f"{out_file}: written")


@app.command()
def doctor() -> None:
    """Say what this machine has and lacks; exit code 4 where a build needs what it lacks.

    Example: `fenshen doctor`
    """
    from flows.cli.doctor import check_machine

    table = Table("part", "", "what to do", box=None)
    parts = list(check_machine())
    for part in parts:
        table.add_row(part.name, "yes" if part.present else "NO" if part.required else "no", "" if part.present else part.fix)
    out.print(table)
    if any(part.required and not part.present for part in parts):
        raise typer.Exit(4)


@cache.command("ls")
def cache_ls() -> None:
    """List what the store keeps.

    Example: `fenshen cache ls`
    """
    table = Table("made by", "kind", "KB", "seconds", "key", box=None)
    store = _open_store()
    orphans = sum(status.st_size for _, status in store.find_orphans())
    total = orphans
    for key, record in sorted(store.list_records(), key=lambda item: (_get_maker(item[1]), item[0])):
        total += record.get("bytes", 0)
        seconds = record.get("seconds")
        spent = "" if seconds is None else f"{seconds:.1f}"
        table.add_row(_get_maker(record), record.get("kind", "?"), f"{record.get('bytes', 0) / 1000:.0f}", spent, key[:12])
    out.print(table)
    left = f", {orphans / 1e6:.1f} MB of it of no result: `fenshen cache gc` frees it after an hour" if orphans else ""
    out.print(f"{table.row_count} results, {total / 1e6:.1f} MB{left}")


def _get_maker(record: dict[str, Any]) -> str:
    """The stage, or the part of a stage's work such as one spoken line."""
    part = record.get("part")
    return str(record.get("stage") or (part.get("part") if isinstance(part, dict) else part) or "?")


@cache.command("gc")
def cache_gc(
    days: Annotated[float | None, typer.Option(min=0, help="Drop what was not used for this long.")] = None,
    keep_mb: Annotated[float | None, typer.Option(min=0, help="Drop what was used longest ago until this much stays.")] = None,
) -> None:
    """Drop old results by age, by size, or both.

    Example: `fenshen cache gc --days 30 --keep-mb 2000`
    """
    with report_findings():
        older = None if days is None else days * 86400
        files, size = _open_store().sweep(older_than_s=older, keep_bytes=None if keep_mb is None else int(keep_mb * 1e6))
        out.print(f"removed {files} files, {size / 1e6:.1f} MB")


@cache.command("verify")
def cache_verify() -> None:
    """Check every stored result against its digest; exit code 4 where one is damaged.

    Example: `fenshen cache verify`
    """
    store = _open_store()
    damaged = [key for key, _ in store.list_records() if store.is_damaged(key)]
    for key in damaged:
        out.print(f"damaged: {key}; the next build makes it again")
    out.print(f"{len(damaged)} damaged")
    if damaged:
        raise typer.Exit(4)


def _open_store() -> Any:
    from assets.paths import get_home
    from assets.store import LocalStore

    return LocalStore(get_home() / "store")
