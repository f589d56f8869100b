"""Running a flow from the command line: its server, a live line per stage, and Prefect's wrapping taken off our errors."""

from __future__ import annotations

import atexit
import gc
import importlib
import logging
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from rich.console import Console

from flows import INTERRUPTED
from flows.cli.live_display import show_live_display
from flows.engine.interrupt import run_interruptible
from flows.engine.server import has_persistent_server, start_server

if TYPE_CHECKING:
    from assets.spec.packaging import Target
    from flows.pipeline.request import BuildRequest

R = TypeVar("R")
Preloader = Callable[[], object]
PreloaderGroups = tuple[Sequence[Preloader], Sequence[Preloader]]
TORCH_PRELOADERS: Sequence[Preloader] = (partial(importlib.import_module, "torch"),)


def run_entry_point(
    entry: str,
    call: Callable[[Any], R],
    console: Console,
    board: AbstractContextManager[None],
    loads: PreloaderGroups = (TORCH_PRELOADERS, ()),
) -> R:
    """What `call` makes of a flow of ours; Ctrl-C ends it at once and tells the server of its run.

    Args:
        entry: where the flow is, "module:name"; imported while the server boots.
        board: shows what happens; up for as long as the flow runs.
        loads: what its stages need loaded before they run, and what they would load else: called as long as the server is not ready.
    """
    runs: list[UUID] = []

    def work() -> R:
        flow = _load_flow(entry, *loads)
        return call(flow.with_options(on_running=[lambda flow, run, state: runs.append(run.id)]))

    return run_interruptible(work, console, board, farewell=lambda: _cancel_flow_runs(runs))


def run_build(build: BuildRequest, console: Console, *, quiet: bool) -> Path:
    """The bundle folder; raises FenshenError as the stage raised it."""
    from flows.engine.worker_process import STAGE_WORKER
    from flows.pipeline.plan import plan_build, read_last_durations
    from flows.pipeline.preflight import run_preflight
    from flows.pipeline.request import resolve_request

    order, _, folder = resolve_request(build)
    planned = plan_build(order)
    # The flow asks again, where it may be another machine: here what is missing is told before a server boots.
    run_preflight(planned, order.store.root, folder)
    loads = STAGE_WORKER.prepare(planned)
    told = (
        build.spec, str(build.out) if build.out else None, build.target, build.seed,
        sorted(build.force), sorted(build.allow), build.outside, str(build.store) if build.store else None,
    )  # fmt: skip
    board = nullcontext() if quiet else show_live_display(console, read_last_durations(order.store))
    return Path(run_entry_point("flows.engine.assemble:assemble_avatar", lambda flow: flow(*told), console, board, loads))


def run_batch(
    folder: Path, out: Path, target: Target | None, console: Console, *, quiet: bool, store: Path | None = None
) -> list[dict[str, str]]:
    """A row per spec of the folder; raises SpecError where it holds none."""
    from flows.pipeline.plan import read_last_durations
    from flows.pipeline.request import find_specs, open_store

    find_specs(folder)
    told = (str(folder), str(out), target, str(store) if store else None)
    board = nullcontext() if quiet else show_live_display(console, read_last_durations(open_store(store)))
    state = run_entry_point("flows.engine.batch:assemble_batch", lambda flow: flow(*told, return_state=True), console, board)
    rows: list[dict[str, str]] = state.result(raise_on_failure=False)
    if isinstance(rows, BaseException):
        raise rows
    return rows


def run_training(entry: str, told: Sequence[Any], console: Console) -> Any:
    """What a training flow returns for these arguments; raises FenshenError as the training raised it."""
    return run_entry_point(entry, lambda flow: flow(*told), console, show_live_display(console, {}))


def _load_flow(entry: str, needed: Sequence[Preloader], useful: Sequence[Preloader]) -> Any:
    """The flow, its server ready; the server boots while the flow and what its stages need are imported."""
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "ERROR")
    os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")
    # For the temporary server, which complains when it is stopped.
    os.environ.setdefault("PREFECT_LOGGING_ROOT_LEVEL", "CRITICAL")
    os.environ.setdefault("PREFECT_SERVER_LOGGING_LEVEL", "CRITICAL")
    atexit.register(gc.freeze)  # a last search for cycles among torch's and Prefect's objects would take 1.7 s of the exit
    server = start_server()
    for load in needed:
        load()
    module, _, name = entry.partition(":")
    flow = getattr(importlib.import_module(module), name)
    _silence_run_loggers()
    for load in useful:
        if server and not server.is_ready():  # one that is ready shall not wait
            load()
    if server:
        server.wait_until_ready()
    return flow


def _cancel_flow_runs(runs: list[UUID]) -> None:
    """Tells a server that outlives us that its runs, and those inside them, were interrupted; they would be shown as running for ever."""
    if not has_persistent_server():
        return
    from prefect.client.orchestration import get_client
    from prefect.client.schemas import StateType
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterParentFlowRunId, FlowRunFilterState, FlowRunFilterStateType
    from prefect.states import Cancelled

    running = FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.RUNNING]))
    inside = FlowRunFilter(parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=runs), state=running)
    with get_client(sync_client=True) as client:
        for run in (*(found.id for found in client.read_flow_runs(flow_run_filter=inside)), *runs):
            client.set_flow_run_state(run, Cancelled(message=INTERRUPTED), force=True)


def _silence_run_loggers() -> None:
    """Runs log to their server alone: on the screen Prefect would show our own errors a second time, as tracebacks."""
    for name in ("prefect.flow_runs", "prefect.task_runs"):
        logger = logging.getLogger(name)
        logger.propagate = False
        if has_persistent_server():
            logger.setLevel(logging.INFO)  # somebody is looking at the run's page
