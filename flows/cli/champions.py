"""`fenshen retrain` and `fenshen champion`: challengers against the weights in use."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from flows.cli.console import out, report_findings
from flows.cli.live_display import ConsoleDisplay
from flows.cli.train import SetOption, parse_duration, parse_settings

champion = typer.Typer(no_args_is_help=True, help="List the trials of champions and challengers, or restore a champion.")
RegistryOption = Annotated[Path, typer.Option("--registry", help="Folder of the champions; builds use them with FENSHEN_WEIGHTS=FOLDER.")]
CHAMPIONS_FOLDER = Path("build/champions")


def retrain(
    net: Annotated[str, typer.Argument(metavar="NET", help="A family of docs/training.md.")],
    data: Annotated[Path | None, typer.Option(help="Folder of a data set; our own skins by default.")] = None,
    registry: RegistryOption = CHAMPIONS_FOLDER,
    budget: Annotated[str, typer.Option(help="Of the training: 90s, 60m, 2h.")] = "60m",
    steps: Annotated[int | None, typer.Option(min=1, help="Stop after this many steps.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of the training; the number of trials so far by default.")] = None,
    from_scratch: Annotated[bool, typer.Option("--from-scratch", help="Do not start from the champion's nets.")] = False,
    given: SetOption = None,
) -> None:
    """Train a challenger; it replaces the champion only if no measure is worse.

    Example: `fenshen retrain unet --data sets/skins128 --budget 60m`
    """
    with report_findings():
        from flows.engine.run_flow import run_training

        changes = parse_settings(given)
        _check_retraining(net, data, registry, changes)
        arguments = (net, str(data) if data else None, str(registry), parse_duration(budget) / 60, steps, seed, changes, from_scratch)
        trial: dict[str, Any] = run_training("flows.engine.retraining:retrain_generator", arguments, ConsoleDisplay())
        out.print(_make_measures_table(trial))
        out.print(f"{'accepted' if trial['accepted'] else 'refused'}: {trial['why']}")


def _check_retraining(net: str, data: Path | None, registry: Path, changes: Mapping[str, Any]) -> None:
    """Raises, before a server boots, for an unknown net, setting or data set, or samples that no classifier takes."""
    from stages.train.evaluation.compare import refuse_unmeasurable
    from stages.train.families.registry import make_family
    from stages.train.stage import apply_settings, make_weights_title

    family = apply_settings(make_family(net), changes)
    if data is not None:
        refuse_unmeasurable(make_weights_title(family, data), registry, data)


@champion.command("ls")
def champion_ls(registry: RegistryOption = CHAMPIONS_FOLDER) -> None:
    """List every trial and rollback.

    Example: `fenshen champion ls`
    """
    from stages.train.champions import read_trials

    with report_findings():
        table = Table("trial", "when", "weights", "challenger", "", "why", box=None)
        for record in read_trials(registry):
            result = "accepted" if record["accepted"] else "rolled back" if "undoes" in record else "refused"
            table.add_row(str(record["number"]), record["when"], record["title"], record["challenger"][:12], result, record["why"])
        out.print(table)


@champion.command()
def rollback(
    title: Annotated[str, typer.Argument(metavar="WEIGHTS", help="A title of weights.json: skin-unet.")],
    registry: RegistryOption = CHAMPIONS_FOLDER,
) -> None:
    """Restore the previous champion.

    Example: `fenshen champion rollback skin-unet`
    """
    from stages.train.champions import roll_back

    with report_findings():
        trial = roll_back(registry, title)
        out.print(f"{title}: {trial.why}")


def _make_measures_table(trial: dict[str, Any]) -> Table:
    from stages.train.champions import format_rows

    table = Table("measure", "champion", "challenger", "as good", box=None)
    for row in format_rows(trial["rows"]):
        table.add_row(*row.values())
    return table


def register_champions(app: typer.Typer) -> None:
    """Adds the commands to the command line."""
    app.command()(retrain)
    app.add_typer(champion, name="champion")
