"""`fenshen batch`: every spec of a folder."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from flows.cli.build import print_warnings
from flows.cli.choices import AllowOption, ForceOption, TargetOption, check_target
from flows.cli.console import EXIT_CODES, errors, out, report_findings
from flows.cli.live_display import ConsoleDisplay

if TYPE_CHECKING:
    from flows.pipeline.batch import BatchRow


def batch(
    folder: Annotated[Path, typer.Argument(help="A folder of .yaml and .json specs.")],
    out_dir: Annotated[
        Path, typer.Option("--out", help="Each bundle is written to OUT/ and its spec file's name, with a contact sheet next to them.")
    ] = Path("build"),
    target: TargetOption = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Builds at a time; each already spreads its stages over the cores.")] = 1,
    force: ForceOption = None,
    allow: AllowOption = None,
    strict: Annotated[bool, typer.Option("--strict", help="Build nothing where a spec is wrong.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a row per spec as JSON.")] = False,
) -> None:
    """Build every spec of a folder.

    All specs are read first and all their errors reported; then those that are right are built (none with --strict). A build that
    fails does not stop the others. The exit code is that of the worst error.

    Example: `fenshen batch assets/presets --target crowd`
    """
    from flows.engine.run_flow import run_batch
    from flows.pipeline.batch import BatchRequest, read_batch

    with report_findings(as_json):
        request = BatchRequest(folder, out_dir, check_target(target), frozenset(force or ()), frozenset(allow or ()), jobs)
        read = read_batch(request)
        if not as_json:
            _print_errors(read.rejected)
        stop = strict and bool(read.rejected)
        rows = list(read.rejected) if stop else run_batch(request, ConsoleDisplay(silent=as_json))
    if as_json:
        out.print_json(json.dumps({"ok": not any(row["error"] for row in rows), "specs": rows}, ensure_ascii=False))
    else:
        _print_rows(rows, shown=read.rejected)
        if stop:
            out.print(f"nothing was built: {len(read.rejected)} specs are wrong; fix them or leave out --strict")
    if failed := [EXIT_CODES.get(row["kind"], 1) for row in rows if row["error"]]:
        raise typer.Exit(1 if 1 in failed else max(failed))


def _print_rows(rows: Sequence[BatchRow], shown: Sequence[BatchRow]) -> None:
    """A table of bundles, their warnings, and the errors that were not shown before the builds."""
    table = Table("spec", "bundle", box=None)
    for row in rows:
        table.add_row(row["spec"], row["bundle"] or "failed")
    out.print(table)
    for row in rows:
        print_warnings(_read_warnings(row["bundle"]), f"{Path(row['spec']).name}: ")
    _print_errors([row for row in rows if row not in shown])
    out.print(f"{sum(not row['error'] for row in rows)} of {len(rows)} built")


def _print_errors(rows: Iterable[BatchRow]) -> None:
    for row in rows:
        for line in row["error"].splitlines():
            # Findings of the spec itself begin with its path; those of a stage do not know it.
            errors.print(line if line.startswith(row["spec"]) else f"{row['spec']}: {line}", style="red", highlight=False)


def _read_warnings(bundle: str) -> Iterable[dict[str, str]]:
    """Of its manifest; nothing where it was not built."""
    manifest = json.loads((Path(bundle) / "manifest.json").read_text(encoding="utf-8")) if bundle else {}
    return list(manifest.get("warnings", ()))
