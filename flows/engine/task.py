"""The one place where Prefect meets a stage: a stage's record becomes a named, tagged, limited, retried task."""

from __future__ import annotations

import ctypes
import logging
import os
import subprocess
import sys
import threading
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prefect.assets import materialize
from prefect.concurrency.sync import concurrency
from prefect.futures import PrefectFuture

from assets.spec.appearance import Section
from assets.store import LocalStore
from flows.engine.events import run_with_events
from flows.engine.server import add_tags
from flows.engine.worker_process import STAGE_WORKER, StageRequest
from flows.pipeline.definition import STAGES
from flows.pipeline.plan import ResolvedRequest
from stages.execute import Job, Outcome, execute, find_outcome
from stages.stage import Stage


def _is_transient(_task: Any, _run: Any, state: Any) -> bool:
    """Only what may go away by itself is tried again: a busy device, a share that was away; never a wrong spec or a bug."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, (OSError, MemoryError, subprocess.SubprocessError))


class _TimeoutNoteFilter(logging.Filter):
    """Prefect warns, at every task, that a thread is not stopped inside a blocking call; `Stage.timeout_s` says so once."""

    def filter(self, record: logging.LogRecord) -> bool:
        return "Timeouts in worker threads" not in str(record.msg)


logging.getLogger("prefect.task_runs").addFilter(_TimeoutNoteFilter())

# Waiting stages cost nothing, working ones a core each: every model keeps to one thread.
_CPU_SLOTS = threading.BoundedSemaphore(max(1, os.cpu_count() or 1))


def run_stage(name: str, job: Job, root: str, force: bool, inputs: dict[str, Outcome]) -> Outcome:
    """Finds or makes one stage's result; only references travel in and out."""
    stage = STAGES[name]
    store = LocalStore(Path(root))
    # `gpu` is a global concurrency limit of the server; without one (laptop) there is nothing to wait for.
    gpu = concurrency("gpu", occupy=1) if stage.gpu else nullcontext()
    refs = {key: value.ref for key, value in inputs.items()}
    beside = stage.is_isolated(job.backend) and (force or not find_outcome(store, stage, job, refs))

    def work() -> Outcome:
        if beside:
            return STAGE_WORKER.execute(StageRequest(name, job, root, force, refs))
        return execute(stage, job, store, refs, force=force)

    # What works beside waits for no lane and holds none: this process hardly notices it, and speech, the longest branch, hangs on it.
    with nullcontext() if beside else _CPU_SLOTS, gpu:
        outcome = run_with_events(name, work, lambda made: "cached" if made.cached else "done")
        trim_memory()
    return outcome


def trim_memory() -> None:
    """Gives the system what has been freed: glibc keeps it, a heap a thread, which was 1 of a build's 4.7 GB (malloc_trim(3))."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim:
        trim(0)


@dataclass
class TaskSubmitter:
    """Submits a stage as a task of the running flow: `speech = step(voice.STAGE, spec.voice, dialogue=dialogue)`."""

    request: ResolvedRequest
    asset_name: str
    """What the avatar is called in the keys of Prefect's assets: the spec file's name, which the bundle's is made of too."""

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
        order = self.request
        named = materialize(
            f"fenshen://{self.asset_name}/{stage.name}",
            by="fenshen",
            name=stage.name,
            persist_result=False,
            retry_condition_fn=_is_transient,
            task_run_name=f"{stage.name} · {order.spec.name}",
            retries=stage.retries,
            retry_delay_seconds=5,
            timeout_seconds=stage.timeout_s,
        )
        task = add_tags(named(run_stage), "gpu" if stage.gpu else "cpu")
        job = order.make_job(stage, options, backend, extra)
        return task.submit(stage.name, job, str(order.store.root), stage.name in order.force, inputs)  # type: ignore[arg-type]
