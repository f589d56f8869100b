"""What the builds of one command share, and share with no other command of the same process: a worker process and CPU slots."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from flows.engine.worker_process import StageWorker


def _make_cpu_slots() -> threading.BoundedSemaphore:
    # Waiting stages cost nothing, working ones a core each: every model keeps to one thread.
    return threading.BoundedSemaphore(max(1, os.cpu_count() or 1))


@dataclass(frozen=True)
class RunContext:
    """The resources of a build, or of all builds of a batch."""

    worker: StageWorker = field(default_factory=StageWorker)
    cpu_slots: threading.BoundedSemaphore = field(default_factory=_make_cpu_slots)


_CURRENT: ContextVar[RunContext | None] = ContextVar("fenshen_run", default=None)


@contextmanager
def open_context() -> Iterator[RunContext]:
    """The context that this block runs in; a new one where there is none, whose worker process ends with the block."""
    if current := _CURRENT.get():
        yield current
        return
    context = RunContext()
    token = _CURRENT.set(context)
    try:
        yield context
    finally:
        _CURRENT.reset(token)
        context.worker.close()
