"""Training and tuning as flows: one at a time on the GPU; samples, curves, card and progress are artifacts of the run."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from prefect import flow, task
from prefect.artifacts import (
    create_image_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.concurrency.sync import concurrency
from prefect.futures import wait

from assets.markdown import quote_code
from flows.engine.events import Event, emit_event, run_with_events
from flows.engine.lost_worker import outlive_worker
from flows.engine.publish import MAX_PICTURE_BYTES, slugify, to_data_url
from flows.engine.run_records import end_lost_tasks
from flows.engine.server import add_tags
from stages.train.files import CURVES_SUFFIX
from stages.train.loop.device import Precision
from stages.train.loop.loop import Plan, TrainingProgress
from stages.train.stage import train_net

SKIN_SET_SHAPE = (3600, 128)
"""Items, and pixels a side, of the skins that the identity net trains on."""


def ensure_skin_set() -> Path:
    """The folder of the skins that the identity net trains on; makes them on first use."""
    from assets.paths import get_home
    from stages.datasets.make import DatasetRequest, make_dataset

    folder = get_home() / "data" / f"skins{SKIN_SET_SHAPE[1]}"
    if not (folder / "dataset.json").exists():
        make_dataset(DatasetRequest("skins", folder, *SKIN_SET_SHAPE, 0))
    return folder


class TrainingReporter:
    """Emits a run's step and remaining time as events, and publishes progress, sample sheets and rollbacks as Prefect artifacts."""

    def __init__(self, net: str, plan: Plan) -> None:
        self.net, self.plan = net, plan
        emit_event(Event(net, "running", note="starts"))
        self.progress: UUID = create_progress_artifact(0.0, key=f"training-{slugify(net)}", description=f"{net}: starts")  # type: ignore[assignment]

    def __call__(self, progress: TrainingProgress) -> None:
        """Handles one report of the loop."""
        share = 100 * progress.seconds / max(progress.seconds + progress.eta_s, 1e-9)
        left = f"step {progress.step}, {progress.eta_s / 60:.0f} min left"
        emit_event(Event(self.net, "running", note=left))
        update_progress_artifact(self.progress, min(share, 100.0), description=f"{self.net}: {left}")
        if progress.event:
            create_markdown_artifact(markdown=progress.event, key=f"training-{slugify(self.net)}-events", description="rolled back")
        if progress.samples is not None and progress.samples.ndim == 4:
            from stages.train.loop.tensorboard import draw_sample_sheet

            _publish_image(draw_sample_sheet(progress.samples), f"training-{slugify(self.net)}-samples", f"step {progress.step}")


def _publish_image(image: Any, key: str, description: str) -> None:
    """Publishes the image as a JPEG artifact, scaled down until it fits."""
    import cv2

    data = cv2.imencode(".jpg", image[..., ::-1])[1].tobytes()
    while len(data) > MAX_PICTURE_BYTES:
        image = cv2.resize(image, None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)
        data = cv2.imencode(".jpg", image[..., ::-1])[1].tobytes()
    create_image_artifact(image_url=to_data_url(data, "image/jpeg"), key=key, description=description)


@task(persist_result=False, task_run_name="train · {net}")
def train_task(net: str, data: str, out: str, plan: Plan, changes: Mapping[str, Any], resume: str, start: str | None) -> str:
    """The weights file, which is next to its card."""
    start_file = Path(start) if start else None

    def work() -> str:
        reporter = TrainingReporter(net, plan)
        file = train_net(net, Path(data), Path(out), plan=plan, changes=changes, resume=resume, start=start_file, on_progress=reporter)
        return str(file)

    with concurrency("gpu", occupy=1):
        return run_with_events(net, work)


@flow(name="train-generator", persist_result=False, on_running=[outlive_worker, end_lost_tasks])
def train_generator(
    net: str = "stylegan",
    data: str | None = None,
    out: str = "build/weights",
    minutes: float = 60,
    steps: int | None = None,
    seed: int = 0,
    changes: dict[str, Any] | None = None,
    resume: str = "auto",
    start: str | None = None,
    size: int | None = None,
    precision: Precision = "auto",
) -> str:
    """Trains a net on the data set in the folder DATA (our own skins by default) into the folder OUT; returns the weights file."""
    folder = data or str(ensure_skin_set())
    plan = Plan(budget_s=minutes * 60, steps=steps, seed=seed, size=size, precision=precision)
    weights = Path(add_tags(train_task, "gpu")(net, folder, out, plan, changes or {}, resume, start))
    card = weights.with_suffix(".md").read_text("utf-8")
    create_markdown_artifact(markdown=card, key="training", description=quote_code(str(weights)))
    curves = weights.with_name(f"{weights.stem}{CURVES_SUFFIX}")
    if curves.exists():
        import cv2

        _publish_image(np.asarray(cv2.imread(str(curves)))[..., ::-1], f"training-{slugify(net)}-curves", "losses and metrics over steps")
    return str(weights)


@task(persist_result=False, task_run_name="score · {net}, fold {fold}")
def score_task(net: str, data: str, settings: Mapping[str, Any], fold: int, folds: int, plan: Plan) -> float:
    """The score of one fold of one trial."""
    from stages.train.tune import score_fold

    with concurrency("gpu", occupy=1):
        return score_fold(net, Path(data), settings, fold, folds, plan)


@flow(name="tune-generator", persist_result=False, on_running=[outlive_worker, end_lost_tasks])
def tune_generator(
    net: str, data: str, trials: int = 12, folds: int = 3, minutes: float = 2, steps: int | None = None, seed: int = 0, width: int = 2
) -> list[dict[str, Any]]:
    """Searches a net's recipe, `width` trials at a time, each cross-validated over people; returns a row per trial, the best first."""
    from stages.train.tune import Search, SearchTrial, rank_trials

    search, done = Search(net, seed), list[SearchTrial]()
    plan = Plan(budget_s=minutes * 60, steps=steps, seed=seed, validate_every=max((steps or 400) // 4, 1))
    while len(done) < trials:
        proposals = [search.propose() for _ in range(min(width, trials - len(done)))]
        started_at = time.monotonic()
        for number, _ in proposals:
            emit_event(Event(f"trial {number}", "running"))
        pairs = [(settings, fold) for _, settings in proposals for fold in range(folds)]
        futures = add_tags(score_task, "gpu").map([net] * len(pairs), data, [s for s, _ in pairs], [f for _, f in pairs], folds, plan)
        wait(futures)
        scores = [future.result() for future in futures]
        for i, (number, settings) in enumerate(proposals):
            trial = SearchTrial(number, settings, tuple(scores[i * folds : (i + 1) * folds]))
            search.record(trial)
            emit_event(Event(f"trial {number}", "done", time.monotonic() - started_at))
            done.append(trial)
    rows = rank_trials(done)
    create_table_artifact(table=rows, key=f"tuning-{slugify(net)}", description=f"{trials} trials, {folds} folds by person")
    return rows
