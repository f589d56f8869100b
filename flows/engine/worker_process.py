"""A process beside the flow's, for stages that hold Python for long: a language model's small steps leave the flow's threads none of it.

It is asked for one stage after the other, and what it has loaded stays loaded. Only references travel, as between tasks. It ends
when its standard input does: with the build, also with one that was killed, whose stage at hand it still brings to the store.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from assets.artefact import Ref
from assets.store import LocalStore
from flows.pipeline.definition import STAGES
from flows.pipeline.plan import PlannedStage
from stages.execute import Job, Outcome, execute

Preloader = Callable[[], object]


@dataclass(frozen=True)
class StageRequest:
    """A stage to run."""

    name: str
    job: Job
    store_root: str
    """Of the store."""
    force: bool
    refs: Mapping[str, Ref[Any]]
    requested_at: float = field(default_factory=time.monotonic)
    """The machine's clock: a stage's seconds count from here, those in which the process still loads what it needs included."""


@dataclass
class StageWorker:
    """The process as its owner sees it; started when it is needed, and again where it is gone."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _process: subprocess.Popen[bytes] | None = None
    pending_preloaders: list[Preloader] = field(default_factory=list)
    """What this process loads ahead while it waits for an answer, each once."""

    def start(self, warm: Iterable[tuple[str, str]] = ()) -> subprocess.Popen[bytes]:
        """Starts it and returns at once; it loads ahead what these stages need with these backends."""
        if self._process is None or self._process.poll() is not None:
            where = os.pathsep.join(filter(None, (str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH"))))
            command = [sys.executable, "-m", __name__, *(":".join(pair) for pair in warm)]
            # A group of its own: a Ctrl-C in the terminal is for the build, which ends its children.
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": where}, process_group=0
            )
        return self._process

    def prepare(self, planned: Sequence[PlannedStage]) -> tuple[list[Preloader], list[Preloader]]:
        """What this process must load before its stages run, and what it may; starts the one beside where a stage runs there.

        Before threads need it torch is loaded whole: scipy asks the half-imported module of another thread for its tensors, and fails.
        Where all that runs first runs beside, there is time for that, and for the rest, until its answer comes.
        """
        runs = [(STAGES[step.stage], step.backend, step.waits) for step in planned if step.run]
        torch: list[Preloader] = [partial(importlib.import_module, "torch")] if runs else []
        here = [load for stage, backend, _ in runs if not stage.is_isolated(backend) for load in stage.preloaders(backend)]
        there = [(stage.name, backend or "") for stage, backend, _ in runs if stage.is_isolated(backend)]
        if not there:
            return torch, here
        self.start(there)
        at_once = any(not waits and not stage.is_isolated(backend) for stage, backend, waits in runs)
        self.pending_preloaders = here if at_once else [*torch, *here]
        return torch if at_once else [], []

    def execute(self, request: StageRequest) -> Outcome:
        """What `stages.execute.execute` returns or raises there.

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
                made, told = pickle.load(process.stdout)
            except (EOFError, BrokenPipeError) as error:
                raise ChildProcessError(f"the process of {request.name} ended with code {process.wait()}") from error
        if not made:
            raise told
        outcome: Outcome = told
        return outcome


STAGE_WORKER = StageWorker()
"""This process's one companion."""


def _try_preload(ahead: Preloader) -> None:
    with contextlib.suppress(Exception):  # what cannot be loaded is told by the stage that needs it
        ahead()


def handle_request(request: StageRequest) -> tuple[bool, Outcome | Exception]:
    """Whether the stage was found or made, and its outcome or what it raised."""
    try:
        store = LocalStore(Path(request.store_root))
        return True, execute(STAGES[request.name], request.job, store, request.refs, force=request.force, requested_at=request.requested_at)
    except Exception as error:
        error.add_note("".join(traceback.format_exception(error)))  # where it was raised does not travel by itself
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:
            return False, RuntimeError("\n".join([str(error), *error.__notes__]))
        return False, error


def serve_requests(warm: Iterable[str], asked: BinaryIO, told: BinaryIO) -> None:
    """Loads ahead what the stages "NAME:BACKEND" need, then answers requests until there are no more."""
    for stage, _, backend in (text.partition(":") for text in warm):
        for load in STAGES[stage].preloaders(backend):
            _try_preload(load)
    while True:
        try:
            request = pickle.load(asked)
        except EOFError:
            return
        pickle.dump(handle_request(request), told)
        told.flush()


def main() -> None:
    """Answers on what was the standard output, which libraries may print to: that goes to the standard error."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    told = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with contextlib.suppress(BrokenPipeError):  # nobody waits for the answer any more
        serve_requests(sys.argv[1:], sys.stdin.buffer, told)


if __name__ == "__main__":
    main()
