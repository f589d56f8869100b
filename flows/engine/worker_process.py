"""A worker process for stages that hold Python's lock for long: a language model's many small steps would starve the flow's threads.

It runs one stage after the other and keeps its models loaded. Only references travel, as between tasks. It ends when its standard
input is closed: with its owner, also with one that was killed; the stage that it is running then still reaches the store.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from logging.handlers import QueueHandler
from pathlib import Path
from typing import Any, BinaryIO

from assets.artefact import Ref
from assets.child_process import make_python_environment
from assets.store import LocalStore
from flows.pipeline.definition import STAGES, find_stage
from flows.pipeline.plan import PlannedStage
from stages.execute import LOGGER, Job, Outcome, execute
from stages.stage import Preloader


@dataclass(frozen=True)
class StageRequest:
    """A stage to run."""

    name: str
    job: Job
    store_root: str
    force: bool
    refs: Mapping[str, Ref[Any]]
    requested_at: float = field(default_factory=time.monotonic)
    """On the machine's clock: a stage's seconds count from here and include those in which the process still loads a model."""


@dataclass(frozen=True)
class StageReply:
    """What became of a request: an outcome or an error, and what the stage logged."""

    outcome: Outcome | None = None
    error: Exception | None = None
    logs: tuple[logging.LogRecord, ...] = ()


@dataclass
class StageWorker:
    """The process as its owner sees it; started on first use, and again where it has ended."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _process: subprocess.Popen[bytes] | None = None
    pending_preloaders: list[Preloader] = field(default_factory=list)
    """What the owner loads while it waits for the first reply, each once."""

    def start(self, preloads: Iterable[tuple[str, str]] = ()) -> subprocess.Popen[bytes]:
        """Starts it and returns at once; it preloads what these (stage, backend) pairs need."""
        if self._process is None or self._process.poll() is not None:
            command = [sys.executable, "-P", "-m", __name__, *(":".join(pair) for pair in preloads)]
            # A process group of its own: Ctrl-C in the terminal goes to the build, which ends its children.
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=make_python_environment(), process_group=0
            )
        return self._process

    def close(self) -> None:
        """Ends the process as soon as it is idle; does not wait for that."""
        self.pending_preloaders = []
        if self._process:
            for pipe in (self._process.stdin, self._process.stdout):
                assert pipe, "it was opened with pipes"
                with contextlib.suppress(OSError):
                    pipe.close()
            # Collects its exit code: a process whose owner does not would stay a zombie until a long-lived owner ends.
            threading.Thread(target=self._process.wait, name="fenshen-worker-end", daemon=True).start()
        self._process = None

    def prepare(self, planned: Sequence[PlannedStage]) -> tuple[list[Preloader], list[Preloader]]:
        """What this process must load before its stages run, and what it may; starts the worker process where a stage needs it.

        torch must be loaded whole before threads use it: scipy asks a half-imported torch for its tensors, and fails. Where all
        stages that run first are isolated, there is time for torch and the rest until the first reply.
        """
        runs = [(STAGES[step.stage], step.backend, step.waits) for step in planned if step.run]
        torch: list[Preloader] = [partial(importlib.import_module, "torch")] if runs else []
        local = [load for stage, backend, _ in runs if not stage.is_isolated(backend) for load in stage.preloaders(backend)]
        remote = [(stage.name, backend or "") for stage, backend, _ in runs if stage.is_isolated(backend)]
        if not remote:
            return torch, local
        self.start(remote)
        at_once = any(not waits and not stage.is_isolated(backend) for stage, backend, waits in runs)
        self.pending_preloaders = local if at_once else [*torch, *local]
        return torch if at_once else [], []

    def execute(self, request: StageRequest) -> Outcome:
        """Returns or raises what `stages.execute.execute` does there.

        Raises:
            ChildProcessError: the process ended; another try starts a new one.
        """
        with self._lock:
            process = self.start()
            assert process.stdin, "it was opened with pipes"
            assert process.stdout
            try:
                pickle.dump(request, process.stdin)
                process.stdin.flush()
                while self.pending_preloaders:
                    _try_preload(self.pending_preloaders.pop(0))
                reply: StageReply = pickle.load(process.stdout)
            except (EOFError, BrokenPipeError) as error:
                raise ChildProcessError(f"the worker process of {request.name} ended with code {process.wait()}") from error
        for record in reply.logs:
            if LOGGER.isEnabledFor(record.levelno):
                LOGGER.handle(record)
        if reply.error:
            raise reply.error
        assert reply.outcome
        return reply.outcome


def _try_preload(load: Preloader) -> None:
    with contextlib.suppress(Exception):  # the stage that needs it reports what cannot be loaded
        load()


class _RecordCollector(QueueHandler):
    """Collects log records in a form that can be pickled."""

    def __init__(self, records: list[logging.LogRecord]) -> None:
        super().__init__(records)  # type: ignore[arg-type]
        self.records = records

    def enqueue(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@contextlib.contextmanager
def _collect_logs() -> Iterator[list[logging.LogRecord]]:
    """What is logged in the block, kept for the owner instead of being printed."""
    records: list[logging.LogRecord] = []
    handler = _RecordCollector(records)
    LOGGER.addHandler(handler)
    try:
        yield records
    finally:
        LOGGER.removeHandler(handler)


def handle_request(request: StageRequest) -> StageReply:
    """Finds or makes the stage's result; an error becomes part of the reply."""
    with _collect_logs() as logs:
        try:
            store = LocalStore(Path(request.store_root))
            stage = find_stage(request.name)
            outcome = execute(stage, request.job, store, request.refs, force=request.force, requested_at=request.requested_at)
        except Exception as error:
            return StageReply(error=_make_picklable(error), logs=tuple(logs))
    return StageReply(outcome, logs=tuple(logs))


def _make_picklable(error: Exception) -> Exception:
    """The error with its traceback as a note; a RuntimeError of the same text where it cannot be pickled."""
    error.add_note("".join(traceback.format_exception(error)))
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError("\n".join([str(error), *error.__notes__]))
    return error


def serve_requests(preloads: Iterable[str], requests: BinaryIO, replies: BinaryIO) -> None:
    """Preloads what the stages "NAME:BACKEND" need, then answers requests until there are no more."""
    LOGGER.setLevel(logging.DEBUG)  # the owner decides what it shows
    LOGGER.propagate = False
    for stage, _, backend in (text.partition(":") for text in preloads):
        for load in find_stage(stage).preloaders(backend):
            _try_preload(load)
    while True:
        try:
            request = pickle.load(requests)
        except EOFError:
            return
        pickle.dump(handle_request(request), replies)
        replies.flush()


def main() -> None:
    """Replies on what was the standard output; what libraries print there goes to the standard error."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with contextlib.suppress(BrokenPipeError):  # the owner has ended
        serve_requests(sys.argv[1:], sys.stdin.buffer, replies)


if __name__ == "__main__":
    # Under its import name: replies of `__main__` could not be unpickled by the owner.
    importlib.import_module("flows.engine.worker_process").main()
