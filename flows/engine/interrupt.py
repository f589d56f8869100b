"""Ctrl-C and SIGTERM end a run at once: Prefect would wait for every running stage, and the store needs no goodbye.

Everything on the disk is written aside and renamed, so a process may end at any moment; this only makes it end politely:
one sentence, the run told to its server as cancelled, no child left behind.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager
from types import FrameType
from typing import Any, NoReturn, TypeVar

from rich.console import Console

from flows import INTERRUPTED

R = TypeVar("R")
GRACE_S = 3.0
"""For the farewell to a server; a stage inside C++ code cannot be stopped and ends with the process."""
_PARENT_VARIABLE = "FENSHEN_PARENT"


def run_interruptible(
    work: Callable[[], R], console: Console, board: AbstractContextManager[None], farewell: Callable[[], None] = lambda: None
) -> R:
    """What `work` returns or raises, run in a thread of its own while this one shows the board and waits for signals.

    In the main thread Prefect puts a handler of its own in our handler's place, and Ctrl-C waits until every stage is done.
    SIGINT and SIGTERM end the process with 128 + their number, at the latest GRACE_S after they came.
    """
    if threading.current_thread() is not threading.main_thread():
        with board:
            return work()  # only the main thread receives signals
    os.environ[_PARENT_VARIABLE] = str(os.getpid())
    kill_orphan_servers()
    done: Future[R] = Future()
    thread = threading.Thread(target=_run_into_future, args=(work, done), daemon=True)
    shown = contextlib.ExitStack()
    # The handlers first: a signal that came while the board is put up would leave the cursor hidden.
    with _handle_signals(console, shown.close, farewell), shown:
        shown.enter_context(board)
        thread.start()
        return done.result()


def _run_into_future(work: Callable[[], R], done: Future[R]) -> None:
    # Children inherit the mask: Prefect's temporary server shall not tell of a Ctrl-C that was meant for us.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        done.set_result(work())
    except BaseException as error:
        done.set_exception(error)


@contextlib.contextmanager
def _handle_signals(console: Console, curtain: Callable[[], None], farewell: Callable[[], None]) -> Iterator[None]:
    """Inside, SIGINT and SIGTERM draw the curtain, say the sentence and the farewell, and end this process and its children."""

    def end(number: int, frame: FrameType | None) -> None:
        for other in before:
            signal.signal(other, signal.SIG_IGN)
        timer = threading.Timer(GRACE_S, _exit_process, (number,))
        timer.daemon = True
        timer.start()
        with contextlib.suppress(Exception):
            curtain()
        console.show_cursor()  # hidden by a board that was not up yet
        console.print(INTERRUPTED)
        _mute_stderr()
        with contextlib.suppress(Exception):
            farewell()
        _exit_process(number)

    # Who started us with a signal ignored (nohup, a shell's background job) wants it ignored.
    ours: list[int] = [number for number in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(number) is not signal.SIG_IGN]
    before: dict[int, Any] = {number: signal.getsignal(number) for number in ours}
    for number in ours:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _mute_stderr() -> None:
    """From here on threads that are cut off complain to nobody."""
    void = os.open(os.devnull, os.O_WRONLY)
    os.dup2(void, 2)
    os.close(void)


def _exit_process(number: int) -> NoReturn:
    """Ends this process and its children: Prefect's temporary server, node."""
    import psutil

    children = psutil.Process().children(recursive=True)
    for child in children:
        with contextlib.suppress(psutil.Error):
            child.kill()
    psutil.wait_procs(children, timeout=1)
    os._exit(128 + number)


def kill_orphan_servers() -> None:
    """Ends the temporary Prefect servers that builds killed with SIGKILL left behind; they would run for ever."""
    import psutil

    for process in psutil.process_iter(["ppid"]):
        with contextlib.suppress(psutil.Error):
            if process.info["ppid"] != 1:
                continue
            told = process.environ()
            parent = told.get(_PARENT_VARIABLE, "")
            if told.get("PREFECT__SERVER_EPHEMERAL") and parent.isdigit() and not psutil.pid_exists(int(parent)):
                process.kill()
