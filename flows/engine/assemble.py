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

from assets.spec.packaging import Compression, Target
from flows.engine.context import open_context
from flows.engine.lost_worker import outlive_worker
from flows.engine.publish import escape_run_name, publish_bundle, slugify
from flows.engine.run_records import end_lost_tasks
from flows.engine.task import TaskSubmitter
from flows.pipeline.bundle_writer import BuiltBundle, export_bundle
from flows.pipeline.definition import STAGES, walk_pipeline
from flows.pipeline.plan import plan_build
from flows.pipeline.preflight import report_full_disk, run_preflight
from flows.pipeline.request import BuildRequest, ResolvedRequest, resolve_request
from stages.execute import Outcome

# A thread per stage, since stages that wait for their inputs hold one too. RunContext.cpu_slots limits how many work at once.
STAGE_RUNNER: Any = ThreadPoolTaskRunner(max_workers=len(STAGES) + 1)


def _make_run_name() -> str:
    """`kofi`: the run's name in Prefect's pages."""
    return Path(flow_run.parameters["spec"]).stem


@flow(
    name="assemble-avatar",
    task_runner=STAGE_RUNNER,
    log_prints=False,
    persist_result=False,
    flow_run_name=_make_run_name,
    on_running=[outlive_worker, end_lost_tasks],
)
def assemble_avatar(
    spec: str,
    out: str | None = None,
    target: Target | None = None,
    seed: int | None = None,
    force: list[str] | None = None,
    allow: list[str] | None = None,
    outside: bool = False,
    store: str | None = None,
    compress: Compression | None = None,
) -> str:
    """Builds one spec (file or preset name) into one bundle; returns the bundle's folder.

    Raises:
        FenshenError: with every finding; no bundle is written then.
    """
    out_path, store_path = Path(out) if out else None, Path(store) if store else None
    build = BuildRequest(spec, out_path, target, seed, frozenset(force or ()), frozenset(allow or ()), outside, store_path, compress)
    request, file, folder = resolve_request(build)
    planned = plan_build(request)
    run_preflight(planned, request.store.root, folder)
    with report_full_disk(request.store.root, folder), open_context() as context:
        for load in context.worker.prepare(planned)[0]:
            load()
        key = slugify(file.path.stem)
        outcomes = _gather_outcomes(walk_pipeline(TaskSubmitter(request, key), request.spec), key)
    # The bundle is an asset of its own: Prefect's lineage leads from it to the stages that it was made from.
    export = materialize(f"fenshen://{key}/bundle", by="fenshen", persist_result=False)(export_bundle_task)
    named = export.with_options(task_run_name=f"bundle · {escape_run_name(request.spec.name)}")
    built = named(request, file.text, outcomes, folder, build.allow)
    publish_bundle(built, key)
    return str(built.folder)


def _gather_outcomes(futures: dict[str, PrefectFuture[Outcome]], key: str) -> dict[str, Outcome]:
    """Stage name -> outcome; the run's progress artifact is updated after each."""
    progress: Any = create_progress_artifact(0.0, key=f"{key}-progress", description=f"Stages done of {len(STAGES)}")
    outcomes: dict[str, Outcome] = {}
    for name in STAGES:
        outcomes[name] = futures[name].result()
        update_progress_artifact(progress, 100 * len(outcomes) / len(STAGES))
    return outcomes


def export_bundle_task(
    request: ResolvedRequest, text: bytes, outcomes: dict[str, Outcome], folder: Path, allow: frozenset[str]
) -> BuiltBundle:
    """Writes the bundle once every stage is done."""
    return export_bundle(request.spec, text, outcomes, request.store, folder, allow)
