"""Continual re-training as a flow: a challenger is trained, measured beside the champion, and takes its place or is refused."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from prefect import State, flow, task
from prefect.artifacts import create_table_artifact
from prefect.runtime import flow_run
from prefect.states import Completed

from assets.weights import read_weights_index
from flows.engine.events import run_with_events
from flows.engine.publish import slugify
from flows.engine.server import add_tags
from flows.engine.training import ensure_skin_set, train_task
from stages.train.adapt import read_net_settings
from stages.train.champions import ChampionTrial, challenge, find_start, format_rows, read_history
from stages.train.evaluation.compare import find_feature_source, refuse_unmeasurable
from stages.train.families.registry import make_family
from stages.train.files import CHALLENGERS_FOLDER, find_newest_checkpoint, get_run_folder, read_header
from stages.train.loop.loop import Plan


def _make_run_name() -> str:
    return f"retrain · {flow_run.parameters['net']}"


@task(persist_result=False, task_run_name="measure · {title}")
def measure_task(folder: str, title: str, data: str, reader: str | None) -> dict[str, float]:
    """Every measure of the weights of that title on the validation split."""
    from stages.train.evaluation.evaluate import evaluate_weights

    entry = read_weights_index(Path(folder))[title]
    reading = Path(reader) if reader else None
    file = Path(folder) / str(entry["file"])
    sha256 = str(entry["sha256"])
    return run_with_events(
        "measure", lambda: dict(evaluate_weights(file, Path(data), reader=reading, sha256=sha256, split="validation").values)
    )


@flow(name="retrain-generator", persist_result=False, flow_run_name=_make_run_name)
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
    folder, where = data or str(ensure_skin_set()), Path(ladder)
    number = len(read_history(where))
    title = _ensure_champion(net, folder, where)
    champion = where / str(read_weights_index(where)[title]["file"]) if title in read_weights_index(where) else None
    made = get_challenger_folder(where, str(flow_run.id))
    size, own = read_net_settings(champion, make_family(net), anew=anew) if champion else (None, {})
    plan = Plan(
        budget_s=minutes * 60, steps=steps, seed=_choose_seed(get_run_folder(made, title), number) if seed is None else seed, size=size
    )
    refuse_unmeasurable(title, where, Path(folder), size)  # now, for after the training it would be too late
    begun = None if anew else find_start(where, title)
    add_tags(train_task, "gpu")(net, folder, str(made), plan, own | (changes or {}), "auto", str(begun) if begun else None)
    read_by = find_feature_source(title, where).file
    reader = str(read_by) if read_by else None
    measure = add_tags(measure_task, "gpu")
    after = measure(str(made), title, folder, reader)
    before = measure(str(where), title, folder, reader) if champion else None
    trial = challenge(where, title, made, before, after)
    _publish_trial(trial, net)
    return make_trial_state(trial, title)


def make_trial_state(trial: ChampionTrial, title: str) -> State[dict[str, Any]]:
    """The run's last state: Accepted or Refused, so that Prefect's list of runs tells which, and why."""
    end = "accepted" if trial.accepted else "refused"
    message = f"challenger {trial.number} of {title} {end}: {trial.why}"
    return Completed(name=end.capitalize(), message=message, data=asdict(trial))


def get_challenger_folder(ladder: Path, run: str) -> Path:
    """Where a run trains its challenger: a run that is tried again goes on with its own training, and with nobody else's.

    The whole id: Prefect's begin with the time, and runs that were scheduled together share the first half.
    """
    return ladder / CHALLENGERS_FOLDER / run


def _choose_seed(folder: Path, usual: int) -> int:
    """The seed of the run in that folder, where one is: other trials may have ended since it began."""
    from stages.train.loop.lineage import parse_lineage

    file = find_newest_checkpoint(folder)
    kept = parse_lineage(read_header(file)) if file else None
    return kept.seed if kept else usual


def _ensure_champion(net: str, data: str, ladder: Path) -> str:
    """The title of the net's weights, the committed ones and their reader being in the ladder where it has none."""
    from assets import weights as committed
    from stages.train.champions import install
    from stages.train.stage import make_weights_title

    title = make_weights_title(make_family(net), Path(data))
    for name in (title, f"{title.partition('-')[0]}-classifier"):
        if name not in read_weights_index(ladder) and name in read_weights_index(committed.WEIGHTS_FOLDER):
            install(committed.WEIGHTS_FOLDER, ladder, name)
    return title


def _publish_trial(trial: ChampionTrial, net: str) -> None:
    rows = format_rows(asdict(trial)["rows"])
    description = f"{'accepted' if trial.accepted else 'refused'}: {trial.why}"
    create_table_artifact(table=rows or [{"measure": "", "holds": trial.why}], key=f"challenge-{slugify(net)}", description=description)
