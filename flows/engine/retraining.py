"""Continual re-training as a flow: a challenger is trained, measured against the champion, and accepted or refused."""

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
from flows.engine.lost_worker import outlive_worker
from flows.engine.publish import slugify
from flows.engine.run_records import end_lost_tasks
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
def measure_task(folder: str, title: str, data: str, classifier: str | None) -> dict[str, float]:
    """Every measure of the weights of that title, on the validation split."""
    from stages.train.evaluation.evaluate import evaluate_weights

    entry = read_weights_index(Path(folder))[title]
    file, sha256 = Path(folder) / str(entry["file"]), str(entry["sha256"])
    classifier_file = Path(classifier) if classifier else None

    def measure() -> dict[str, float]:
        return dict(evaluate_weights(file, Path(data), classifier=classifier_file, sha256=sha256, split="validation").values)

    return run_with_events("measure", measure)


@flow(name="retrain-generator", persist_result=False, flow_run_name=_make_run_name, on_running=[outlive_worker, end_lost_tasks])
def retrain_generator(
    net: str = "unet",
    data: str | None = None,
    registry: str = "build/champions",
    minutes: float = 60,
    steps: int | None = None,
    seed: int | None = None,
    changes: dict[str, Any] | None = None,
    from_scratch: bool = False,
) -> Any:
    """Trains a challenger of the champion's size, which replaces the champion only if no measure is worse.

    Args:
        data: folder of a data set; our own skins by default.
        registry: folder of champions; it starts with the committed weights.
        seed: of the training; by default the number of trials so far, so that no two trials are the same.
        from_scratch: train new nets instead of starting from the champion's.
    """
    folder, champions = data or str(ensure_skin_set()), Path(registry)
    number = len(read_history(champions))
    title = _ensure_champion(net, folder, champions)
    table = read_weights_index(champions)
    champion = champions / str(table[title]["file"]) if title in table else None
    trained = get_challenger_folder(champions, str(flow_run.id))
    size, settings = read_net_settings(champion, make_family(net), from_scratch=from_scratch) if champion else (None, {})
    seed = _choose_seed(get_run_folder(trained, title), number) if seed is None else seed
    plan = Plan(budget_s=minutes * 60, steps=steps, seed=seed, size=size)
    refuse_unmeasurable(title, champions, Path(folder), size)  # before the training rather than after it
    start = None if from_scratch else find_start(champions, title)
    add_tags(train_task, "gpu")(net, folder, str(trained), plan, settings | (changes or {}), "auto", str(start) if start else None)
    source = find_feature_source(title, champions).file
    classifier = str(source) if source else None
    measure = add_tags(measure_task, "gpu")
    challenger_values = measure(str(trained), title, folder, classifier)
    champion_values = measure(str(champions), title, folder, classifier) if champion else None
    trial = challenge(champions, title, trained, champion_values, challenger_values)
    _publish_trial(trial, net)
    return make_trial_state(trial, title)


def make_trial_state(trial: ChampionTrial, title: str) -> State[dict[str, Any]]:
    """The run's final state, Accepted or Refused, with the reason, for Prefect's list of runs."""
    end = "accepted" if trial.accepted else "refused"
    message = f"challenger {trial.number} of {title} {end}: {trial.why}"
    return Completed(name=end.capitalize(), message=message, data=asdict(trial))


def get_challenger_folder(registry: Path, run: str) -> Path:
    """The folder in which a flow run trains its challenger: a retry of the run resumes there, another run does not.

    It needs the whole id: Prefect's ids start with the time, and runs that are scheduled together share the first half.
    """
    return registry / CHALLENGERS_FOLDER / run


def _choose_seed(folder: Path, default: int) -> int:
    """The seed of the checkpoint in that folder, if there is one: other trials may have ended since that run started."""
    from stages.train.loop.lineage import parse_lineage

    file = find_newest_checkpoint(folder)
    lineage = parse_lineage(read_header(file)) if file else None
    return lineage.seed if lineage else default


def _ensure_champion(net: str, data: str, registry: Path) -> str:
    """The title of the net's weights; installs the committed ones and their classifier if the registry has none."""
    from assets import weights as committed
    from stages.train.champions import install
    from stages.train.stage import make_weights_title

    title = make_weights_title(make_family(net), Path(data))
    for name in (title, f"{title.partition('-')[0]}-classifier"):
        if name not in read_weights_index(registry) and name in read_weights_index(committed.WEIGHTS_FOLDER):
            install(committed.WEIGHTS_FOLDER, registry, name)
    return title


def _publish_trial(trial: ChampionTrial, net: str) -> None:
    rows = format_rows(asdict(trial)["rows"])
    description = f"{'accepted' if trial.accepted else 'refused'}: {trial.why}"
    create_table_artifact(table=rows or [{"measure": "", "holds": trial.why}], key=f"challenge-{slugify(net)}", description=description)
