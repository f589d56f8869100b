"""The one place where Prefect meets a stage: a stage's record becomes a named, tagged, limited, retried task."""

from __future__ import annotations

import ctypes
import logging
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prefect.assets import materialize
from prefect.concurrency.sync import concurrency
from prefect.futures import PrefectFuture

from assets.spec.appearance import Section
from assets.store import LocalStore
from flows.engine.context import open_context
from flows.engine.events import describe_outcome, run_with_events
from flows.engine.memory import reserve_memory
from flows.engine.publish import escape_run_name
from flows.engine.server import add_tags
from flows.engine.worker_process import StageRequest
from flows.pipeline.definition import find_stage
from flows.pipeline.request import ResolvedRequest
from stages.execute import Job, Outcome, execute, find_outcome
from stages.stage import Stage


def _is_transient(_task: Any, _run: Any, state: Any) -> bool:
    """Only what may pass is tried again: a busy device, a network share that was away; never a wrong spec or a bug."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, (OSError, MemoryError, subprocess.SubprocessError))


class _TimeoutNoteFilter(logging.Filter):
    """Prefect warns at every task that a thread is not stopped inside a blocking call; `Stage.timeout_s` says so once."""

    def filter(self, record: logging.LogRecord) -> bool:
        return "Timeouts in worker threads" not in str(record.msg)


logging.getLogger("prefect.task_runs").addFilter(_TimeoutNoteFilter())


def run_stage(name: str, job: Job, root: str, force: bool, inputs: dict[str, Outcome]) -> Outcome:
    """Finds or makes one stage's result; only references travel in and out."""
    stage = find_stage(name)
    store = LocalStore(Path(root))
    # `gpu` is a global concurrency limit of the server; without one (laptop) there is nothing to wait for.
    gpu = concurrency("gpu", occupy=1) if stage.gpu else nullcontext()
    refs = {key: value.ref for key, value in inputs.items()}
    is_stored = not force and find_outcome(store, stage, job, refs) is not None
    isolated = stage.is_isolated(job.backend) and not is_stored
    memory = nullcontext() if is_stored else reserve_memory(name, stage.memory_gb)
    with open_context() as context:

        def work() -> Outcome:
            if isolated:
                return context.worker.execute(StageRequest(name, job, root, force, refs))
            return execute(stage, job, store, refs, force=force)

        # An isolated stage holds no slot: this process hardly notices it, and speech, on the critical path, depends on it.
        with nullcontext() if isolated else context.cpu_slots, gpu, memory:
            outcome = run_with_events(name, work, lambda made: describe_outcome(name, made))
            trim_memory()
    return outcome


def trim_memory() -> None:
    """Returns freed memory to the system: glibc keeps a heap per thread, which was 1 of a build's 4.7 GB (malloc_trim(3))."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim:
        trim(0)


@dataclass
class TaskSubmitter:
    """A walker of the pipeline that submits each stage as a task of the running flow."""

    request: ResolvedRequest
    asset_name: str
    """The avatar's name in the keys of Prefect's assets: made from the spec file's name, as in the bundle's key."""

    def __call__(
        self,
        stage: Stage[Any],
        options: Section,
        *,
        backend: str | None = None,
        extra: dict[str, Any] | None = None,
        **inputs: PrefectFuture[Outcome],
    ) -> PrefectFuture[Outcome]:
        """The future of the stage's outcome."""
        request = self.request
        named = materialize(
            f"fenshen://{self.asset_name}/{stage.name}",
            by="fenshen",
            name=stage.name,
            persist_result=False,
            retry_condition_fn=_is_transient,
            task_run_name=f"{stage.name} · {escape_run_name(request.spec.name)}",
            retries=stage.retries,
            retry_delay_seconds=5,
            timeout_seconds=stage.timeout_s,
        )
        task = add_tags(named(run_stage), "gpu" if stage.gpu else "cpu")
        job = request.make_job(stage, options, backend, extra)
        return task.submit(stage.name, job, str(request.store.root), stage.name in request.force, inputs)  # type: ignore[arg-type]
