"""`fenshen train` and `fenshen tune`: any net on any data set."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assets.errors import Finding, SpecError
from flows.cli.console import err, out, report_findings
from flows.cli.live_display import ConsoleDisplay
from stages.train.loop.device import Precision

if TYPE_CHECKING:
    from stages.train.loop.loop import Plan

DataOption = Annotated[Path | None, typer.Option("--data", help="Folder of a data set (`fenshen data`); identity makes its own.")]
SeedOption = Annotated[int, typer.Option(min=0, help="Seed of the nets and of the data's order.")]
SetOption = Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A setting of recipe or net; may be repeated.")]
NetArgument = Annotated[str, typer.Argument(metavar="NET", help="A family, or identity for the skin StyleGAN.")]
StepsOption = Annotated[int | None, typer.Option(min=1, help="Stop after this many steps.")]


def parse_duration(budget: str) -> float:
    """Seconds of 90s, 60m, 2h or a number of minutes; raises SpecError for anything else."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", budget.strip())
    if not found or float(found[1]) <= 0:
        raise SpecError(Finding("train/budget", f"{budget!r} is not a length of time", fix="write 90s, 60m or 2h"))
    return float(found[1]) * {"s": 1, "m": 60, "h": 3600, "": 60}[found[2]]


def parse_settings(given: list[str] | None) -> dict[str, Any]:
    """Name -> value of NAME=VALUE; a value that is not JSON is a string."""
    settings: dict[str, Any] = {}
    for pair in given or ():
        name, sign, text = pair.partition("=")
        if not sign:
            raise SpecError(Finding("train/setting", f"{pair!r} is not a setting", fix="write --set NAME=VALUE"))
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = text
        settings[name.strip()] = tuple(value) if isinstance(value, list) else value
    return settings


def train(
    net: NetArgument,
    data: DataOption = None,
    budget: Annotated[str, typer.Option(help="Stop after this time, including earlier calls: 90s, 60m, 2h.")] = "60m",
    minutes: Annotated[float | None, typer.Option(min=0.01, help="The budget in minutes.")] = None,
    steps: StepsOption = None,
    out_dir: Annotated[Path, typer.Option("--out", help="Folder of weights, card, checkpoints and samples.")] = Path("build/weights"),
    seed: SeedOption = 0,
    resume: Annotated[str, typer.Option(help="auto, never, or a checkpoint; one is written every minute.")] = "auto",
    start: Annotated[Path | None, typer.Option(help="Weights or a checkpoint to fine-tune.")] = None,
    size: Annotated[int | None, typer.Option(min=16, help="Pixels a side to train at; the data set's own by default.")] = None,
    precision: Annotated[Precision, typer.Option(help="auto uses bfloat16 on GPUs and on CPUs with AMX.")] = "auto",
    few_shot: Annotated[
        bool, typer.Option("--few-shot", help="Freeze layers, for a start and ten to fifty images; needs --start.")
    ] = False,
    given: SetOption = None,
) -> None:
    """Train a net on a data set; run the same command again to resume.

    Example: `fenshen train stylegan --data sets/skins128 --budget 60m --out build/weights`

    Several GPUs: `accelerate launch --multi_gpu -m flows train stylegan --data sets/skins128`
    """
    from stages.train.families.registry import make_family
    from stages.train.loop.lineage import refuse_missing_start
    from stages.train.stage import refuse_missing_checkpoint

    with report_findings():
        refuse_missing_checkpoint(resume)
        refuse_missing_start(start)
        seconds = minutes * 60 if minutes is not None else parse_duration(budget)
        settings = parse_settings(given)
        family = "stylegan" if net == "identity" else net
        make_family(family)
        few = _get_few_shot_settings(family, start) if few_shot else {}
        folder = _check_data_set(net, data)
        changes = {**_match_start(family, start, folder, size), **few, **settings}
        _check_training(family, folder, size, changes)
        _print_warnings(family, folder, few_shot=few_shot)
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            from stages.train.loop.loop import Plan

            plan = Plan(budget_s=seconds, steps=steps, seed=seed, size=size, precision=precision)
            out.print(_train_distributed(family, folder, out_dir, plan, changes, resume, start))
            return
        from flows.engine.run_flow import run_training

        data_name, start_name = str(folder) if folder else None, str(start) if start else None
        arguments = (family, data_name, str(out_dir), seconds / 60, steps, seed, changes, resume, start_name, size, precision)
        out.print(run_training("flows.engine.training:train_generator", arguments, ConsoleDisplay()))


def _get_few_shot_settings(net: str, start: Path | None) -> dict[str, Any]:
    from stages.train.adapt import FEW_SHOT_SETTINGS
    from stages.train.families.registry import make_family

    if start is None:
        raise SpecError(Finding("train/few-shot", "--few-shot adapts trained weights", fix="give them as --start"))
    base = make_family(net).net
    if base not in FEW_SHOT_SETTINGS:
        raise SpecError(
            Finding("train/few-shot", f"{net} has no few-shot recipe", fix=f"the nets with one are {', '.join(FEW_SHOT_SETTINGS)}")
        )
    return dict(FEW_SHOT_SETTINGS[base])


def _check_training(net: str, data: Path | None, size: int | None, changes: dict[str, Any]) -> None:
    """Raises now what the run would raise half a minute later, inside Prefect's traceback."""
    from stages.train.families.registry import make_family
    from stages.train.loop.examples import refuse_unfit
    from stages.train.stage import apply_settings

    family = apply_settings(make_family(net), changes)
    if data is not None:
        refuse_unfit(family, data, size)


def _print_warnings(net: str, data: Path | None, *, few_shot: bool) -> None:
    from stages.train.adapt import check_few_shot_size
    from stages.train.families.registry import make_family
    from stages.train.loop.examples import check_conditions

    if data is not None:
        for warning in (check_few_shot_size(data) if few_shot else None, check_conditions(data, make_family(net))):
            if warning:
                err.print(str(warning), highlight=False)


def _match_start(net: str, start: Path | None, data: Path | None, size: int | None) -> dict[str, Any]:
    """Settings for nets of the start's shape, if it is for images of the training size."""
    from stages.train.adapt import read_start_settings
    from stages.train.families.registry import make_family

    return read_start_settings(start, make_family(net), size or _read_image_size(data)) if start is not None else {}


def _read_image_size(data: Path | None) -> int:
    from stages.datasets.shards import read_index

    if data is not None:
        return int(read_index(data)["size"])
    from flows.engine.training import SKIN_SET_SHAPE  # imports Prefect, so for identity only

    return SKIN_SET_SHAPE[1]


def _check_data_set(net: str, data: Path | None) -> Path | None:
    """The data set, which must exist; None for identity, which makes its own."""
    from stages.datasets.shards import read_index

    if data is not None:
        read_index(data)
    elif net != "identity":
        raise SpecError(Finding("train/data", f"{net} needs a data set", fix="give --data FOLDER; `fenshen data` makes one"))
    return data


def _train_distributed(
    net: str,
    data: Path | None,
    out_dir: Path,
    plan: Plan,
    changes: dict[str, Any],
    resume: str,
    start: Path | None,
) -> str:
    """Trains in one of the processes of `accelerate launch`, without Prefect: each process would start a flow of its own."""
    from flows.engine.training import ensure_skin_set
    from stages.train.stage import train_net

    return str(train_net(net, data or ensure_skin_set(), out_dir, plan=plan, changes=changes, resume=resume, start=start))


def tune(
    net: NetArgument,
    data: Annotated[Path, typer.Option("--data", help="Folder of a data set (`fenshen data`).")],
    trials: Annotated[int, typer.Option(min=1, help="Settings to try.")] = 12,
    folds: Annotated[int, typer.Option(min=2, help="Parts of the training people; each is held out once.")] = 3,
    budget: Annotated[str, typer.Option(help="Of each training: 90s, 2m.")] = "2m",
    steps: StepsOption = None,
    seed: SeedOption = 0,
) -> None:
    """Search a net's learning rates and weights by cross-validation over people.

    Example: `fenshen tune vae --data sets/skins128 --trials 12 --budget 2m`
    """
    from rich.table import Table

    from flows.engine.run_flow import run_training
    from stages.train.tune import refuse_untunable

    with report_findings():
        _check_data_set(net, data)
        refuse_untunable(net, data, folds)
        arguments = (net, str(data), trials, folds, parse_duration(budget) / 60, steps, seed)
        rows: list[dict[str, Any]] = run_training("flows.engine.training:tune_generator", arguments, ConsoleDisplay())
        table = Table(*rows[0], box=None)
        for row in rows:
            table.add_row(*(str(value) for value in row.values()))
        out.print(table)
        best = "".join(f" --set {name}={value}" for name, value in rows[0].items() if name not in ("trial", "score"))
        out.print(f"fenshen train {net} --data {data}{best}")


def register_training(app: typer.Typer) -> None:
    """Adds both commands to the command line."""
    app.command()(train)
    app.command()(tune)
