"""The `fenshen` command: every group of commands, in the order of `--help`.

Exit codes: 0 done, 1 a bug in Fenshen, 2 bad input, 3 a gate failed, 4 the machine lacks something, 130 interrupted, 143 terminated.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from typing import Annotated

import typer
from typer.models import CommandInfo

from flows.cli.ask import ask
from flows.cli.bake import bake
from flows.cli.batch import batch
from flows.cli.build import build, check, plan
from flows.cli.bundle import inspect, preview
from flows.cli.cache import cache
from flows.cli.champions import register_champions
from flows.cli.console import expand_home_paths
from flows.cli.data import app as data
from flows.cli.describe import describe
from flows.cli.doctor import doctor
from flows.cli.evaluate import evaluate
from flows.cli.explore import explore
from flows.cli.lineup import lineup
from flows.cli.listing import backends, gates, schema, stages
from flows.cli.new import new
from flows.cli.output import add_output_options
from flows.cli.portrait import portrait
from flows.cli.present import present
from flows.cli.serve import serve
from flows.cli.train import register_training

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode="markdown", pretty_exceptions_enable=False,
    help="One text file in, one validated, talking digital human out.\n\nExit codes: 0 done, 1 a bug in Fenshen, 2 bad input, "
    "3 a gate failed, 4 the machine lacks something, 130 interrupted, 143 terminated.",
)  # fmt: skip


def _print_version(requested: bool) -> None:
    if requested:
        typer.echo(f"fenshen {version('fenshen')}")
        raise typer.Exit


@app.callback()
def fenshen(
    show_version: Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Holds the options of `fenshen` itself; its help text is that of `app`."""


def _register_commands() -> None:
    """Adds every command; those that work for a while get `--quiet`, `--verbose` and `--log-file`."""
    app.command()(new)
    app.command()(describe)
    app.command()(add_output_options(build))
    app.command()(add_output_options(batch))
    app.command()(add_output_options(lineup))
    app.command()(add_output_options(portrait))
    app.command()(add_output_options(present))
    for command in (plan, check, inspect, preview, ask, serve, explore, gates, backends, stages, schema, doctor):
        app.command()(command)
    app.add_typer(cache, name="cache")
    app.command()(add_output_options(bake))
    for made in data.registered_commands:
        assert made.callback
        made.callback = add_output_options(made.callback)
    app.add_typer(data, name="data")
    before = len(app.registered_commands)
    register_training(app)
    register_champions(app)
    app.command()(evaluate)
    for trained in app.registered_commands[before:]:
        assert trained.callback
        trained.callback = add_output_options(trained.callback)
    for info in _iterate_commands(app):
        assert info.callback
        info.callback = expand_home_paths(info.callback)


def _iterate_commands(group: typer.Typer) -> Iterator[CommandInfo]:
    """Every command, those of the groups included."""
    yield from group.registered_commands
    for info in group.registered_groups:
        assert info.typer_instance
        yield from _iterate_commands(info.typer_instance)


_register_commands()
