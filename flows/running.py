"""Running the flow from the command line: a live line per stage, and Prefect's wrapping taken off our errors."""

from __future__ import annotations

import atexit
import gc
import importlib
import logging
import os
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from rich.console import Console

from flows.interrupt import SENTENCE, apart
from flows.server import begin, watched

if TYPE_CHECKING:
    from assets.spec.ship import Target
    from flows.order import Build

R = TypeVar("R")


def run_flow(build: Build, console: Console, *, quiet: bool) -> Path:
    """The bundle folder; raises FenshenError as the stage raised it."""
    from flows.board import watching
    from flows.line import STAGES
    from flows.order import order_of
    from flows.plan import latest, plan

    order, _, _ = order_of(build)
    needed = [module for planned in plan(order) if planned.run for module in STAGES[planned.stage].imports]
    expected = {stage: record.get("seconds") for stage, record in latest(order.store).items()}

    def load() -> Any:
        from flows.assemble import assemble_avatar

        return assemble_avatar

    def call(flow: Any) -> str:
        told: str = flow(
            build.spec, str(build.out) if build.out else None, build.target, build.seed,
            sorted(build.force), sorted(build.allow), build.outside, str(build.store) if build.store else None,
        )  # fmt: skip
        return told

    with nullcontext() if quiet else watching(console, expected):
        return Path(_interruptible(load, call, console, needed))


def run_batch(
    folder: Path, out: Path, target: Target | None, console: Console, *, quiet: bool, store: Path | None = None
) -> list[dict[str, str]]:
    """A row per spec of the folder; raises SpecError where it holds none."""
    from flows.board import watching
    from flows.order import specs_of

    specs_of(folder)

    def load() -> Any:
        from flows.batch import assemble_batch

        return assemble_batch

    def call(flow: Any) -> Any:
        return flow(str(folder), str(out), target, str(store) if store else None, return_state=True)

    with nullcontext() if quiet else watching(console, {}):
        state = _interruptible(load, call, console)
    rows: list[dict[str, str]] = state.result(raise_on_failure=False)
    if isinstance(rows, BaseException):
        raise rows
    return rows


def _interruptible(load: Callable[[], Any], call: Callable[[Any], R], console: Console, needed: Sequence[str] = ()) -> R:
    """What `call` makes of the flow that `load` imports; Ctrl-C ends it at once and tells the server of its run."""
    runs: list[UUID] = []

    def work() -> R:
        flow = _awake(load, needed)
        return call(flow.with_options(on_running=[lambda flow, run, state: runs.append(run.id)]))

    return apart(work, console, farewell=lambda: _cancelled(runs))


def _awake(load: Callable[[], Any], needed: Sequence[str]) -> Any:
    """The flow, its server ready; the server boots while the flow, torch and the needed modules are imported."""
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "ERROR")
    os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")
    # For the temporary server, which complains when it is stopped.
    os.environ.setdefault("PREFECT_LOGGING_ROOT_LEVEL", "CRITICAL")
    os.environ.setdefault("PREFECT_SERVER_LOGGING_LEVEL", "CRITICAL")
    atexit.register(gc.freeze)  # a last search for cycles among torch's and Prefect's objects would take 1.7 s of the exit
    server = begin()
    importlib.import_module("torch")
    flow = load()
    _quiet()
    for module in needed:
        if server and not server.answers():  # one that is ready shall not wait; the stage imports what it needs
            importlib.import_module(module)
    if server:
        server.ready()
    return flow


def _cancelled(runs: list[UUID]) -> None:
    """Tells a server that outlives us that its runs were interrupted; they would be shown as running for ever."""
    if not watched():
        return
    from prefect.client.orchestration import get_client
    from prefect.states import Cancelled

    with get_client(sync_client=True) as client:
        for run in runs:
            client.set_flow_run_state(run, Cancelled(message=SENTENCE), force=True)


def _quiet() -> None:
    """Runs log to their server alone: on the screen Prefect would show our own errors a second time, as tracebacks."""
    for name in ("prefect.flow_runs", "prefect.task_runs"):
        logger = logging.getLogger(name)
        logger.propagate = False
        if watched():
            logger.setLevel(logging.INFO)  # somebody is looking at the run's page
