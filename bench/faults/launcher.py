"""The real command line with a fault at an exact moment, for windows that a signal from outside seldom hits.

python -m bench.faults.launcher MOMENT WORDS...     the words are those after `fenshen`

MOMENT is `kill:N`: SIGKILL before the Nth of the calls that make writes atomic and sweeps (fsync, replace, rename, unlink);
`killgroup:N`: to the group;
`full:STAGE:FOLDER`: FOLDER's file system is filled when the stage begins; `set-back:STAGE:FILE`: the clock file of libfaketime is
set two days back when the stage begins.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

FILLER = "filler"
"""The file that fills a disk."""
STEPS = ("fsync", "replace", "rename", "unlink")
"""Functions of `os` that an atomic write or a sweep calls."""


def fill_disk(folder: Path) -> None:
    """Takes all space of the folder's file system: blocks first, then what is left byte by byte."""
    with suppress(OSError), open(folder / FILLER, "ab", buffering=0) as stream:
        size = 64 << 20
        while size:
            try:
                if not stream.write(bytes(size)):
                    raise OSError
            except OSError:
                size //= 4


def _kill_at(number: int, send: Callable[[], None]) -> None:
    """Arms the fault: before the Nth step of an atomic write, in whichever thread."""
    lock, counted = threading.Lock(), [0]

    def arm(step: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*arguments: Any, **options: Any) -> Any:
            with lock:
                counted[0] += 1
                if counted[0] == number:
                    send()
            return step(*arguments, **options)

        return counting

    for name in STEPS:
        setattr(os, name, arm(getattr(os, name)))


def _on_begin(stage: str, act: Callable[[], None]) -> Any:
    """Context in which the act is done when the stage begins, before its first step."""
    from flows.engine.events import Event, listen_to_events

    def listen(event: Event) -> None:
        if event.stage == stage and event.state == "running":
            act()

    return listen_to_events(listen)


def main() -> None:
    """Runs the command line; its exit code is that of `fenshen`."""
    import flows  # noqa: F401 - sets the environment, as `fenshen` does

    kind, _, rest = sys.argv[1].partition(":")
    armed: Any = nullcontext()
    if kind in ("kill", "killgroup"):
        send = (lambda: os.kill(os.getpid(), signal.SIGKILL)) if kind == "kill" else (lambda: os.killpg(os.getpgid(0), signal.SIGKILL))
        _kill_at(int(rest), send)
    elif kind in ("full", "set-back"):
        stage, _, path = rest.partition(":")
        act = (lambda: fill_disk(Path(path))) if kind == "full" else (lambda: Path(path).write_text("-2d\n"))
        armed = _on_begin(stage, act)
    sys.argv[1:] = sys.argv[2:]
    from flows.__main__ import main as run_fenshen

    with armed:
        run_fenshen()


if __name__ == "__main__":
    main()
