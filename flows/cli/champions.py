"""`fenshen retrain` and `fenshen champion`: challengers against the weights in use."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from flows.cli.console import err, findings, out
from flows.cli.train import SetOption, seconds_of, settings_of

champion = typer.Typer(no_args_is_help=True, help="Who is champion, who was refused, and the way back.")
LadderOption = Annotated[Path, typer.Option("--ladder", help="Folder of the champions; FENSHEN_WEIGHTS=FOLDER makes builds use them.")]
LADDER = Path("build/champions")


def retrain(
    net: Annotated[str, typer.Argument(metavar="NET", help="A family of docs/training.md.")],
    data: Annotated[Path | None, typer.Option(help="Folder of a data set; our own skins without one.")] = None,
    ladder: LadderOption = LADDER,
    budget: Annotated[str, typer.Option(help="Of the training: 90s, 60m, 2h.")] = "60m",
    steps: Annotated[int | None, typer.Option(min=1, help="Stop after so many steps.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of the training; the number of trials so far by default.")] = None,
    anew: Annotated[bool, typer.Option("--anew", help="Train from nothing rather than from the champion.")] = False,
    given: SetOption = None,
) -> None:
    """Train a challenger; it takes the champion's place only where no measure is worse.

    Example: `fenshen retrain unet --data sets/skins128 --budget 60m`
    """

    with findings():
        from flows.engine.run_flow import run_training

        changes = settings_of(given)
        _refuse_early(net, data, ladder, changes)
        told = (net, str(data) if data else None, str(ladder), seconds_of(budget) / 60, steps, seed, changes, anew)
        trial: dict[str, Any] = run_training("flows.engine.retraining:retrain_generator", told, err)
        out.print(_measures(trial))
        out.print(f"{'accepted' if trial['accepted'] else 'refused'}: {trial['why']}")


def _refuse_early(net: str, data: Path | None, ladder: Path, changes: Mapping[str, Any]) -> None:
    """Raises, before a server boots, where there is no such net, setting or data set, or nothing that reads what the net would make."""
    from stages.train.evaluation.compare import refuse_unmeasurable
    from stages.train.families.registry import family_of
    from stages.train.stage import changed, weights_name

    family = changed(family_of(net), changes)
    if data is not None:
        refuse_unmeasurable(weights_name(family, data), ladder, data)


@champion.command("ls")
def listed(ladder: LadderOption = LADDER) -> None:
    """Every trial and rollback of a ladder.

    Example: `fenshen champion ls`
    """
    from stages.train.champions import trials_of

    with findings():
        table = Table("trial", "when", "weights", "challenger", "", "why", box=None)
        for record in trials_of(ladder):
            told = "accepted" if record["accepted"] else "rolled back" if "undoes" in record else "refused"
            table.add_row(str(record["number"]), record["when"], record["title"], record["challenger"][:12], told, record["why"])
        out.print(table)


@champion.command()
def rollback(
    title: Annotated[str, typer.Argument(metavar="WEIGHTS", help="As in weights.json: skin-unet.")], ladder: LadderOption = LADDER
) -> None:
    """Put the champion before the present one back.

    Example: `fenshen champion rollback skin-unet`
    """
    from stages.train.champions import roll_back

    with findings():
        trial = roll_back(ladder, title)
        out.print(f"{title}: {trial.why}")


def _measures(trial: dict[str, Any]) -> Table:
    from stages.train.champions import told

    table = Table("measure", "champion", "challenger", "as good", box=None)
    for row in told(trial["rows"]):
        table.add_row(*row.values())
    return table


def register(app: typer.Typer) -> None:
    """Adds the commands to the command line."""
    app.command()(retrain)
    app.add_typer(champion, name="champion")
