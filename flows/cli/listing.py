"""`fenshen gates`, `backends`, `stages` and `schema`: what this Fenshen can do."""

from __future__ import annotations

import json

import typer
from rich.table import Table

from flows.cli.console import out, report_findings


def gates() -> None:
    """List the gates, why each exists and where its rule comes from.

    Example: `fenshen gates`
    """
    from stages.verify.gate import load_gates

    table = Table("gate", "why", "source", box=None)
    for code, gate in sorted(load_gates().items()):
        table.add_row(code, gate.why, gate.source)
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


def schema() -> None:
    """Print the spec's JSON Schema for editors.

    Example: `fenshen schema > avatar.schema.json`
    """
    from flows.cli.schema import generate_schema

    typer.echo(json.dumps(generate_schema(), indent=1, ensure_ascii=False))
