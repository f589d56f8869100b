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

champion = typer.Typer(no_args_is_help=True, help="Who is champion, who was refused, and the way back.")
ChampionsOption = Annotated[Path, typer.Option("--ladder", help="Folder of the champions; FENSHEN_WEIGHTS=FOLDER makes builds use them.")]
CHAMPIONS_FOLDER = Path("build/champions")


def retrain(
    net: Annotated[str, typer.Argument(metavar="NET", help="A family of docs/training.md.")],
    data: Annotated[Path | None, typer.Option(help="Folder of a data set; our own skins without one.")] = None,
    ladder: ChampionsOption = CHAMPIONS_FOLDER,
    budget: Annotated[str, typer.Option(help="Of the training: 90s, 60m, 2h.")] = "60m",
    steps: Annotated[int | None, typer.Option(min=1, help="Stop after so many steps.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of the training; the number of trials so far by default.")] = None,
    anew: Annotated[bool, typer.Option("--anew", help="Train from nothing rather than from the champion.")] = False,
    given: SetOption = None,
) -> None:
    """Train a challenger; it takes the champion's place only where no measure is worse.

    Example: `fenshen retrain unet --data sets/skins128 --budget 60m`
    """

    with report_findings():
        from flows.engine.run_flow import run_training

        changes = parse_settings(given)
        _check_retraining(net, data, ladder, changes)
        told = (net, str(data) if data else None, str(ladder), parse_duration(budget) / 60, steps, seed, changes, anew)
        trial: dict[str, Any] = run_training("flows.engine.retraining:retrain_generator", told, ConsoleDisplay())
        out.print(_make_measures_table(trial))
        out.print(f"{'accepted' if trial['accepted'] else 'refused'}: {trial['why']}")


def _check_retraining(net: str, data: Path | None, ladder: Path, changes: Mapping[str, Any]) -> None:
    """Raises, before a server boots, where there is no such net, setting or data set, or nothing that reads what the net would make."""
    from stages.train.evaluation.compare import refuse_unmeasurable
    from stages.train.families.registry import make_family
    from stages.train.stage import apply_settings, make_weights_title

    family = apply_settings(make_family(net), changes)
    if data is not None:
        refuse_unmeasurable(make_weights_title(family, data), ladder, data)


@champion.command("ls")
def champion_ls(ladder: ChampionsOption = CHAMPIONS_FOLDER) -> None:
    """Every trial and rollback of a ladder.

    Example: `fenshen champion ls`
    """
    from stages.train.champions import read_trials

    with report_findings():
        table = Table("trial", "when", "weights", "challenger", "", "why", box=None)
        for record in read_trials(ladder):
            told = "accepted" if record["accepted"] else "rolled back" if "undoes" in record else "refused"
            table.add_row(str(record["number"]), record["when"], record["title"], record["challenger"][:12], told, record["why"])
        out.print(table)


@champion.command()
def rollback(
    title: Annotated[str, typer.Argument(metavar="WEIGHTS", help="As in weights.json: skin-unet.")],
    ladder: ChampionsOption = CHAMPIONS_FOLDER,
) -> None:
    """Put the champion before the present one back.

    Example: `fenshen champion rollback skin-unet`
    """
    from stages.train.champions import roll_back

    with report_findings():
        trial = roll_back(ladder, title)
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
