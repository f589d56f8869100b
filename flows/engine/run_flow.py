"""Running a flow from the command line: its server, its display, Ctrl-C, and errors without Prefect's wrapping."""

from __future__ import annotations

import atexit
import gc
import importlib
import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from assets.errors import BackendError, Finding
from flows import INTERRUPTED
from flows.engine.api_check import hide_credentials
from flows.engine.database import get_database_url
from flows.engine.display import SILENT, Display
from flows.engine.events import listen_to_events
from flows.engine.interrupt import run_interruptible
from flows.engine.run_records import end_lost_runs, record_runs
from flows.engine.server import API_URL_VARIABLE, has_persistent_server, start_server
from flows.engine.stalled_run import StallWatch

if TYPE_CHECKING:
    from flows.pipeline.batch import BatchRequest, BatchRow
    from flows.pipeline.request import BuildRequest
    from flows.pipeline.talk import TalkRequest
    from stages.stage import Preloader

R = TypeVar("R")
PreloaderGroups = tuple[Sequence["Preloader"], Sequence["Preloader"]]
TORCH_PRELOADERS: Sequence[Preloader] = (partial(importlib.import_module, "torch"),)


def run_entry_point(
    entry: str,
    call: Callable[[Any], R],
    display: Display = SILENT,
    expected: Mapping[str, float | None] | None = None,
    preloaders: PreloaderGroups = (TORCH_PRELOADERS, ()),
) -> R:
    """Returns what `call` makes of a flow; Ctrl-C ends it at once and cancels its run on the server.

    Args:
        entry: the flow, "module:name"; imported while the server starts.
        expected: seconds that each stage took the last time.
        preloaders: what the stages need loaded before they run, and what else they would load: called until the server is ready.
    """
    from flows.pipeline.preflight import report_full_disk

    runs: list[UUID] = []

    def work() -> R:
        flow = _load_flow(entry, *preloaders)
        threading.Thread(target=_end_lost_runs, name="fenshen-lost-runs", daemon=True).start()
        with _map_server_errors(), record_runs() as record:

            def note(flow: Any, run: Any, state: Any) -> None:
                runs.append(run.id)
                record(run.id)

            return call(flow.with_options(on_running=[note]))

    watch = StallWatch(has_database_here=not has_persistent_server() and not get_database_url())
    with report_full_disk(), listen_to_events(watch.note):
        return run_interruptible(work, display, expected or {}, lambda: _cancel_flow_runs(runs), watch.check)


def run_build(build: BuildRequest, display: Display = SILENT) -> Path:
    """Builds a bundle; returns its folder, or raises FenshenError as the stage raised it."""
    from flows.engine.context import open_context
    from flows.pipeline.plan import plan_build, read_last_durations
    from flows.pipeline.preflight import run_preflight
    from flows.pipeline.request import resolve_request

    request, _, folder = resolve_request(build)
    planned = plan_build(request)
    # The flow checks again, where it may run on another machine; here what is missing is reported before a server starts.
    run_preflight(planned, request.store.root, folder)
    arguments = (
        build.spec, str(build.out) if build.out else None, build.target, build.seed,
        sorted(build.force), sorted(build.allow), build.outside, str(build.store) if build.store else None, build.compress,
    )  # fmt: skip
    with open_context() as context:
        preloaders = context.worker.prepare(planned)
        expected = read_last_durations(request.store)
        return Path(run_entry_point("flows.engine.assemble:assemble_avatar", lambda flow: flow(*arguments), display, expected, preloaders))


def run_batch(batch: BatchRequest, display: Display = SILENT) -> list[BatchRow]:
    """Builds every spec of a folder; returns a row per spec. Raises SpecError where the folder holds none."""
    from flows.engine.context import open_context
    from flows.pipeline.batch import read_batch
    from flows.pipeline.plan import read_last_durations
    from flows.pipeline.request import open_store

    plan = read_batch(batch)
    if not plan.builds:
        return list(plan.rejected)
    arguments = {
        "folder": str(batch.folder), "out": str(batch.out), "target": batch.target, "store": str(batch.store) if batch.store else None,
        "force": sorted(batch.force), "allow": sorted(batch.allow), "jobs": batch.jobs,
    }  # fmt: skip
    expected = read_last_durations(open_store(batch.store))
    with open_context():
        state = run_entry_point("flows.engine.batch:assemble_batch", lambda flow: flow(**arguments, return_state=True), display, expected)
    rows: list[BatchRow] = state.result(raise_on_failure=False)
    if isinstance(rows, BaseException):
        raise rows
    return rows


def run_presentation(request: TalkRequest, display: Display = SILENT) -> dict[str, Any]:
    """Films a talk; returns what a FilmSummary holds. A wrong bundle or script raises FenshenError before a server starts."""
    from flows.engine.context import open_context
    from flows.pipeline.talk import check_machine, resolve_talk

    resolve_talk(request)
    check_machine(request)
    arguments = {
        "bundle": str(request.bundle), "script": str(request.script), "out": str(request.out),
        "audio": str(request.audio) if request.audio else None, "height": request.options.height,
        "store": str(request.store) if request.store else None,
    }  # fmt: skip
    with open_context():
        made: dict[str, Any] = run_entry_point("flows.engine.present:present_talk", lambda flow: flow(**arguments), display)
    return made


def run_training(entry: str, arguments: Sequence[Any], display: Display = SILENT) -> Any:
    """Returns what a training flow makes of these arguments; raises FenshenError as the training raised it."""
    return run_entry_point(entry, lambda flow: flow(*arguments), display)


def _load_flow(entry: str, required: Sequence[Preloader], optional: Sequence[Preloader]) -> Any:
    """The flow, with its server ready; the server starts while the flow and what its stages need are imported."""
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "ERROR")
    os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")
    # For the temporary server, which complains when it is stopped.
    os.environ.setdefault("PREFECT_LOGGING_ROOT_LEVEL", "CRITICAL")
    os.environ.setdefault("PREFECT_SERVER_LOGGING_LEVEL", "CRITICAL")
    atexit.register(gc.freeze)  # a last search for cycles among torch's and Prefect's objects would take 1.7 s of the exit
    server = start_server()
    for load in required:
        load()
    module, _, name = entry.partition(":")
    flow = getattr(importlib.import_module(module), name)
    _silence_run_loggers()
    for load in optional:
        if server and not server.is_ready():  # one that is ready must not wait
            load()
    if server:
        server.wait_until_ready()
    return flow


@contextmanager
def _map_server_errors() -> Iterator[None]:
    """Maps a lost or refused connection to Prefect's server to a BackendError."""
    import httpx

    try:
        yield
    except (httpx.HTTPError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "Failed to reach API" not in str(error):
            raise
        url = hide_credentials(os.environ.get(API_URL_VARIABLE, ""))
        reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
        fix = "see the server's own log, or unset PREFECT_API_URL to use a temporary server"
        raise BackendError(Finding("build/server", f"the Prefect server at {url} failed: {reason}", fix=fix)) from error


def _end_lost_runs() -> None:
    """Ends runs of killed processes while this one works; the next command tries again where that fails."""
    with suppress(Exception):
        end_lost_runs()


def _cancel_flow_runs(runs: list[UUID]) -> None:
    """Cancels the runs, and those inside them, on a server that outlives us; it would show them as running for ever."""
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
    """Runs log to their server alone: in the terminal Prefect would show our own errors again, as tracebacks."""
    for name in ("prefect.flow_runs", "prefect.task_runs"):
        logger = logging.getLogger(name)
        logger.propagate = False
        if has_persistent_server():
            logger.setLevel(logging.INFO)  # the run's page shows its log
