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
from flows.pipeline.plan import Planned
from stages.execute import Job, Outcome, execute

Load = Callable[[], object]


@dataclass(frozen=True)
class Request:
    """A stage to run."""

    name: str
    job: Job
    root: str
    """Of the store."""
    force: bool
    refs: Mapping[str, Ref[Any]]
    asked: float = field(default_factory=time.monotonic)
    """The machine's clock: a stage's seconds count from here, those in which the process still loads what it needs included."""


@dataclass
class Beside:
    """The process as its owner sees it; started when it is needed, and again where it is gone."""

    _turn: threading.Lock = field(default_factory=threading.Lock)
    _process: subprocess.Popen[bytes] | None = None
    meanwhile: list[Load] = field(default_factory=list)
    """What this process loads ahead while it waits for an answer, each once."""

    def begin(self, warm: Iterable[tuple[str, str]] = ()) -> subprocess.Popen[bytes]:
        """Starts it and returns at once; it loads ahead what these stages need with these backends."""
        if self._process is None or self._process.poll() is not None:
            where = os.pathsep.join(filter(None, (str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH"))))
            command = [sys.executable, "-m", __name__, *(":".join(pair) for pair in warm)]
            # A group of its own: a Ctrl-C in the terminal is for the build, which ends its children.
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": where}, process_group=0
            )
        return self._process

    def prepare(self, planned: Sequence[Planned]) -> tuple[list[Load], list[Load]]:
        """What this process must load before its stages run, and what it may; starts the one beside where a stage runs there.

        Before threads need it torch is loaded whole: scipy asks the half-imported module of another thread for its tensors, and fails.
        Where all that runs first runs beside, there is time for that, and for the rest, until its answer comes.
        """
        runs = [(STAGES[step.stage], step.backend, step.waits) for step in planned if step.run]
        torch: list[Load] = [partial(importlib.import_module, "torch")] if runs else []
        here = [load for stage, backend, _ in runs if not stage.apart(backend) for load in stage.warmers(backend)]
        there = [(stage.name, backend or "") for stage, backend, _ in runs if stage.apart(backend)]
        if not there:
            return torch, here
        self.begin(there)
        at_once = any(not waits and not stage.apart(backend) for stage, backend, waits in runs)
        self.meanwhile = here if at_once else [*torch, *here]
        return torch if at_once else [], []

    def execute(self, request: Request) -> Outcome:
        """What `stages.execute.execute` returns or raises there.

        Raises:
            ChildProcessError: the process ended; another try starts a new one.
        """
        with self._turn:
            process = self.begin()
            assert process.stdin, "it was opened with pipes"
            assert process.stdout
            try:
                pickle.dump(request, process.stdin)
                process.stdin.flush()
                while self.meanwhile:
                    _load(self.meanwhile.pop(0))
                made, told = pickle.load(process.stdout)
            except (EOFError, BrokenPipeError) as error:
                raise ChildProcessError(f"the process of {request.name} ended with code {process.wait()}") from error
        if not made:
            raise told
        outcome: Outcome = told
        return outcome


BESIDE = Beside()
"""This process's one companion."""


def _load(ahead: Load) -> None:
    with contextlib.suppress(Exception):  # what cannot be loaded is told by the stage that needs it
        ahead()


def answer(request: Request) -> tuple[bool, Outcome | Exception]:
    """Whether the stage was found or made, and its outcome or what it raised."""
    try:
        store = LocalStore(Path(request.root))
        return True, execute(STAGES[request.name], request.job, store, request.refs, force=request.force, asked=request.asked)
    except Exception as error:
        error.add_note("".join(traceback.format_exception(error)))  # where it was raised does not travel by itself
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:
            return False, RuntimeError("\n".join([str(error), *error.__notes__]))
        return False, error


def serve(warm: Iterable[str], asked: BinaryIO, told: BinaryIO) -> None:
    """Loads ahead what the stages "NAME:BACKEND" need, then answers requests until there are no more."""
    for stage, _, backend in (text.partition(":") for text in warm):
        for load in STAGES[stage].warmers(backend):
            _load(load)
    while True:
        try:
            request = pickle.load(asked)
        except EOFError:
            return
        pickle.dump(answer(request), told)
        told.flush()


def main() -> None:
    """Answers on what was the standard output, which libraries may print to: that goes to the standard error."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    told = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with contextlib.suppress(BrokenPipeError):  # nobody waits for the answer any more
        serve(sys.argv[1:], sys.stdin.buffer, told)


if __name__ == "__main__":
    main()
