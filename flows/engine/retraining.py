"""Continual re-training as a flow: a challenger is trained, measured beside the champion, and takes its place or is refused."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from prefect import State, flow, task
from prefect.artifacts import create_table_artifact
from prefect.runtime import flow_run
from prefect.states import Completed

from assets.weights import table_of
from flows.engine.events import telling
from flows.engine.publish import slug
from flows.engine.server import tagged
from flows.engine.training import own_skins, train_task
from stages.train.adapt import settings_of
from stages.train.champions import Trial, challenge, history_of, start_of, told
from stages.train.evaluation.compare import reader_for, refuse_unmeasurable
from stages.train.families.registry import family_of
from stages.train.loop.loop import Plan


def _title() -> str:
    return f"retrain · {flow_run.parameters['net']}"


@task(persist_result=False, task_run_name="measure · {title}")
def measure_task(folder: str, title: str, data: str, reader: str | None) -> dict[str, float]:
    """Every measure of the weights of that title on the validation split."""
    from stages.train.evaluation.evaluate import evaluate

    entry = table_of(Path(folder))[title]
    reading = Path(reader) if reader else None
    file = Path(folder) / str(entry["file"])
    sha256 = str(entry["sha256"])
    return telling("measure", lambda: dict(evaluate(file, Path(data), reader=reading, sha256=sha256, split="validation").values))


@flow(name="retrain-generator", persist_result=False, flow_run_name=_title)
def retrain_generator(
    net: str = "unet",
    data: str | None = None,
    ladder: str = "build/champions",
    minutes: float = 60,
    steps: int | None = None,
    seed: int | None = None,
    changes: dict[str, Any] | None = None,
    anew: bool = False,
) -> Any:
    """Trains a challenger for the ladder's champion, as large as that one, and lets it take the place where no measure is worse.

    Args:
        data: folder of a data set; our own skins without one.
        ladder: folder of champions; a net that has none there begins at the committed weights.
        seed: of the training; without one, the number of trials so far, so that no two trials are the same.
        anew: train from nothing rather than from the champion's weights.
    """
    folder, where = data or str(own_skins()), Path(ladder)
    number = len(history_of(where))
    title = _settled(net, folder, where)
    champion = where / str(table_of(where)[title]["file"]) if title in table_of(where) else None
    made = own_folder(where, str(flow_run.id))
    size, own = settings_of(champion, family_of(net), anew=anew) if champion else (None, {})
    plan = Plan(budget_s=minutes * 60, steps=steps, seed=_seed(made / f"run-{title}", number) if seed is None else seed, size=size)
    refuse_unmeasurable(title, where, Path(folder), size)  # now, for after the training it would be too late
    begun = None if anew else start_of(where, title)
    tagged(train_task, "gpu")(net, folder, str(made), plan, own | (changes or {}), "auto", str(begun) if begun else None)
    read_by = reader_for(title, where).file
    reader = str(read_by) if read_by else None
    measure = tagged(measure_task, "gpu")
    after = measure(str(made), title, folder, reader)
    before = measure(str(where), title, folder, reader) if champion else None
    trial = challenge(where, title, made, before, after)
    _show(trial, net)
    return ending(trial, title)


def ending(trial: Trial, title: str) -> State[dict[str, Any]]:
    """The run's last state: Accepted or Refused, so that Prefect's list of runs tells which, and why."""
    end = "accepted" if trial.accepted else "refused"
    message = f"challenger {trial.number} of {title} {end}: {trial.why}"
    return Completed(name=end.capitalize(), message=message, data=asdict(trial))


def own_folder(ladder: Path, run: str) -> Path:
    """Where a run trains its challenger: a run that is tried again goes on with its own training, and with nobody else's.

    The whole id: Prefect's begin with the time, and runs that were scheduled together share the first half.
    """
    return ladder / "challengers" / run


def _seed(folder: Path, usual: int) -> int:
    """The seed of the run in that folder, where one is: other trials may have ended since it began."""
    from stages.train.loop.checkpoint import header
    from stages.train.loop.lineage import lineage_in
    from stages.train.loop.loop import newest

    file = newest(folder)
    kept = lineage_in(header(file)) if file else None
    return kept.seed if kept else usual


def _settled(net: str, data: str, ladder: Path) -> str:
    """The title of the net's weights, the committed ones and their reader being in the ladder where it has none."""
    from assets import weights as committed
    from stages.train.champions import install
    from stages.train.stage import weights_name

    title = weights_name(family_of(net), Path(data))
    for name in (title, f"{title.partition('-')[0]}-classifier"):
        if name not in table_of(ladder) and name in table_of(committed.FOLDER):
            install(committed.FOLDER, ladder, name)
    return title


def _show(trial: Trial, net: str) -> None:
    rows = told(asdict(trial)["rows"])
    description = f"{'accepted' if trial.accepted else 'refused'}: {trial.why}"
    create_table_artifact(table=rows or [{"measure": "", "holds": trial.why}], key=f"challenge-{slug(net)}", description=description)
