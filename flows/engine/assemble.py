"""The flow: one spec in, one verified bundle out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.assets import materialize
from prefect.futures import PrefectFuture
from prefect.runtime import flow_run
from prefect.task_runners import ThreadPoolTaskRunner

from assets.spec.packaging import Target
from flows.engine.publish import publish, slug
from flows.engine.task import Step
from flows.engine.worker_process import BESIDE
from flows.pipeline.bundle_writer import Built, lay_out
from flows.pipeline.definition import STAGES, assemble
from flows.pipeline.plan import Order, plan
from flows.pipeline.preflight import preflight
from flows.pipeline.request import Build, order_of
from stages.execute import Outcome

# A thread a stage: those that wait for their inputs hold one as well. How many work at once is flows.engine.task's affair.
RUNNER: Any = ThreadPoolTaskRunner(max_workers=len(STAGES) + 1)


def _title() -> str:
    """`kofi`: the run's name in Prefect's pages."""
    return Path(flow_run.parameters["spec"]).stem


@flow(name="assemble-avatar", task_runner=RUNNER, log_prints=False, persist_result=False, flow_run_name=_title)
def assemble_avatar(
    spec: str,
    out: str | None = None,
    target: Target | None = None,
    seed: int | None = None,
    force: list[str] | None = None,
    allow: list[str] | None = None,
    outside: bool = False,
    store: str | None = None,
) -> str:
    """One spec (file or preset name) becomes one bundle; returns its folder.

    Raises:
        FenshenError: with every finding; no bundle is left then.
    """
    folder_asked, store_asked = Path(out) if out else None, Path(store) if store else None
    build = Build(spec, folder_asked, target, seed, frozenset(force or ()), frozenset(allow or ()), outside, store_asked)
    order, file, folder = order_of(build)
    planned = plan(order)
    preflight(planned, order.store.root, folder)
    for load in BESIDE.prepare(planned)[0]:
        load()
    key = slug(file.path.stem)
    outcomes = _gather(assemble(Step(order, key), order.spec), key)
    # An asset of its own: Prefect's lineage leads from the bundle back to the stages that it was made from.
    lay = materialize(f"fenshen://{key}/bundle", by="fenshen", persist_result=False)(bundle)
    built = lay.with_options(task_run_name=f"bundle · {order.spec.name}")(order, file.text, outcomes, folder, build.allow)
    publish(built, key)
    return str(built.folder)


def _gather(futures: dict[str, PrefectFuture[Outcome]], key: str) -> dict[str, Outcome]:
    """Stage name -> outcome, the run's progress artifact moving on with each."""
    progress: Any = create_progress_artifact(0.0, key=f"{key}-progress", description=f"Stages done of {len(STAGES)}")
    outcomes: dict[str, Outcome] = {}
    for name in STAGES:
        outcomes[name] = futures[name].result()
        update_progress_artifact(progress, 100 * len(outcomes) / len(STAGES))
    return outcomes


def bundle(order: Order, text: bytes, outcomes: dict[str, Outcome], folder: Path, allow: frozenset[str]) -> Built:
    """Lays the bundle out, once every stage is there."""
    return lay_out(order.spec, text, outcomes, order.store, folder, allow)
