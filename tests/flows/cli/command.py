"""Runs `fenshen` commands inside the tests' process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import typer
from typer.testing import CliRunner, Result

from flows.cli.app import app

TINY = Path(__file__).resolve().parents[2] / "data" / "tiny.yaml"
"""The spec of the smallest character."""


def invoke(*words: str, code: int = 0) -> Result:
    """The result of `fenshen WORDS`, which must end with that exit code and without a traceback."""
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result


def run_fenshen(*words: str, code: int = 0) -> str:
    """What `fenshen WORDS` prints on both streams, spaces squeezed."""
    return " ".join(invoke(*words, code=code).output.split())


def read_help(*words: str) -> str:
    """The help text of a command without its frame."""
    return " ".join(invoke(*words, "--help").output.replace("│", " ").split())


def list_commands(group: typer.Typer, *words: str) -> Iterator[tuple[str, ...]]:
    """Every command, as the words after `fenshen`."""
    for command in group.registered_commands:
        assert command.callback
        yield (*words, command.name or command.callback.__name__.replace("_", "-"))
    for child in group.registered_groups:
        assert child.typer_instance
        assert child.name
        yield from list_commands(child.typer_instance, *words, child.name)
