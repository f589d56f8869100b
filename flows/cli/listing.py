"""`fenshen gates`, `backends`, `stages` and `schema`: what this Fenshen can do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from flows.cli.console import out, report_findings


def gates() -> None:
    """List the gates: what each checks and where its limit comes from.

    Example: `fenshen gates`
    """
    from stages.verify.gate import load_gates

    table = Table("gate", "claim", "source", box=None)
    for code, gate in sorted(load_gates().items()):
        table.add_row(code, gate.claim, gate.source)
    out.print(table)


def backends() -> None:
    """List the backends and whether each can run on this machine.

    Example: `fenshen backends`
    """
    from flows.pipeline.definition import STAGES

    with report_findings():
        table = Table("stage", "backend", "", "usable here", box=None)
        for stage in STAGES.values():
            registry = stage.backends
            for name in registry or ():
                assert registry is not None
                reason = registry.get(name).unavailable_reason()
                table.add_row(stage.name, name, "default" if name == registry.default else "", f"no: {reason}" if reason else "yes")
        out.print(table)


def stages() -> None:
    """List the stages of the pipeline, what each takes and makes, and its version.

    Example: `fenshen stages`
    """
    from flows.pipeline.definition import STAGES

    table = Table("stage", "version", "takes", "makes", box=None)
    for stage in STAGES.values():
        table.add_row(stage.name, str(stage.version), ", ".join(stage.takes), stage.makes.kind)
    out.print(table)


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
