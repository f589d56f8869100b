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
from flows.engine.publish import publish_bundle, slugify
from flows.engine.task import TaskSubmitter
from flows.engine.worker_process import STAGE_WORKER
from flows.pipeline.bundle_writer import BuiltBundle, export_bundle
from flows.pipeline.definition import STAGES, walk_pipeline
from flows.pipeline.plan import ResolvedRequest, plan_build
from flows.pipeline.preflight import run_preflight
from flows.pipeline.request import BuildRequest, resolve_request
from stages.execute import Outcome

# A thread a stage: those that wait for their inputs hold one as well. How many work at once is flows.engine.task's affair.
STAGE_RUNNER: Any = ThreadPoolTaskRunner(max_workers=len(STAGES) + 1)


def _make_run_name() -> str:
    """`kofi`: the run's name in Prefect's pages."""
    return Path(flow_run.parameters["spec"]).stem


@flow(name="assemble-avatar", task_runner=STAGE_RUNNER, log_prints=False, persist_result=False, flow_run_name=_make_run_name)
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
    build = BuildRequest(spec, folder_asked, target, seed, frozenset(force or ()), frozenset(allow or ()), outside, store_asked)
    order, file, folder = resolve_request(build)
    planned = plan_build(order)
    run_preflight(planned, order.store.root, folder)
    for load in STAGE_WORKER.prepare(planned)[0]:
        load()
    key = slugify(file.path.stem)
    outcomes = _gather_outcomes(walk_pipeline(TaskSubmitter(order, key), order.spec), key)
    # An asset of its own: Prefect's lineage leads from the bundle back to the stages that it was made from.
    lay = materialize(f"fenshen://{key}/bundle", by="fenshen", persist_result=False)(export_bundle_task)
    built = lay.with_options(task_run_name=f"bundle · {order.spec.name}")(order, file.text, outcomes, folder, build.allow)
    publish_bundle(built, key)
    return str(built.folder)


def _gather_outcomes(futures: dict[str, PrefectFuture[Outcome]], key: str) -> dict[str, Outcome]:
    """Stage name -> outcome, the run's progress artifact moving on with each."""
    progress: Any = create_progress_artifact(0.0, key=f"{key}-progress", description=f"Stages done of {len(STAGES)}")
    outcomes: dict[str, Outcome] = {}
    for name in STAGES:
        outcomes[name] = futures[name].result()
        update_progress_artifact(progress, 100 * len(outcomes) / len(STAGES))
    return outcomes


def export_bundle_task(
    order: ResolvedRequest, text: bytes, outcomes: dict[str, Outcome], folder: Path, allow: frozenset[str]
) -> BuiltBundle:
    """Lays the bundle out, once every stage is there."""
    return export_bundle(order.spec, text, outcomes, order.store, folder, allow)
