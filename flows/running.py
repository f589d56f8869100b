"""Running the flow from the command line: a live line per stage, and Prefect's wrapping taken off our errors."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from rich.console import Console

from flows.interrupt import SENTENCE, apart

if TYPE_CHECKING:
    from assets.spec.ship import Target
    from flows.order import Build

R = TypeVar("R")


def run_flow(build: Build, console: Console, *, quiet: bool) -> Path:
    """The bundle folder; raises FenshenError as the stage raised it."""
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "ERROR")
    os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")
    from flows.assemble import assemble_avatar
    from flows.board import watching
    from flows.order import order_of
    from flows.plan import latest

    _quiet()
    order, _, _ = order_of(build)
    expected = {stage: record.get("seconds") for stage, record in latest(order.store).items()}

    def call(flow: Any) -> str:
        told: str = flow(
            build.spec, str(build.out) if build.out else None, build.target, build.seed,
            sorted(build.force), sorted(build.allow), build.outside, str(build.store) if build.store else None,
        )  # fmt: skip
        return told

    with nullcontext() if quiet else watching(console, expected):
        return Path(_interruptible(assemble_avatar, call, console))


def run_batch(
    folder: Path, out: Path, target: Target | None, console: Console, *, quiet: bool, store: Path | None = None
) -> list[dict[str, str]]:
    """A row per spec of the folder; raises SpecError where it holds none."""
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "ERROR")
    from flows.batch import assemble_batch, specs_of
    from flows.board import watching

    _quiet()
    specs_of(folder)

    def call(flow: Any) -> Any:
        return flow(str(folder), str(out), target, str(store) if store else None, return_state=True)

    with nullcontext() if quiet else watching(console, {}):
        state = _interruptible(assemble_batch, call, console)
    rows: list[dict[str, str]] = state.result(raise_on_failure=False)
    if isinstance(rows, BaseException):
        raise rows
    return rows


def _interruptible(flow: Any, call: Callable[[Any], R], console: Console) -> R:
    """What `call` makes of the flow; Ctrl-C ends it at once and tells the server of its run."""
    runs: list[UUID] = []
    watched = flow.with_options(on_running=[lambda flow, run, state: runs.append(run.id)])
    return apart(lambda: call(watched), console, farewell=lambda: _cancelled(runs))


def _cancelled(runs: list[UUID]) -> None:
    """Tells a server that outlives us that its runs were interrupted; they would be shown as running for ever."""
    if not os.environ.get("PREFECT_API_URL"):
        return
    from prefect.client.orchestration import get_client
    from prefect.states import Cancelled

    with get_client(sync_client=True) as client:
        for run in runs:
            client.set_flow_run_state(run, Cancelled(message=SENTENCE), force=True)


def _quiet() -> None:
    """Runs log to their server alone: on the screen Prefect would show our own errors a second time, as tracebacks."""
    # Prefect is imported here by now: these are read by its temporary server alone, which complains when it is stopped.
    os.environ.setdefault("PREFECT_LOGGING_ROOT_LEVEL", "CRITICAL")
    os.environ.setdefault("PREFECT_SERVER_LOGGING_LEVEL", "CRITICAL")
    for name in ("prefect.flow_runs", "prefect.task_runs"):
        logger = logging.getLogger(name)
        logger.propagate = False
        if os.environ.get("PREFECT_API_URL"):
            logger.setLevel(logging.INFO)  # somebody is looking at the run's page
