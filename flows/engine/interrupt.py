"""Ctrl-C and SIGTERM end a run at once: Prefect alone would wait for every running stage.

Every file is written under another name and renamed, so the process may end at any moment without damage. This module makes it
end politely: one sentence, a server that knows that its run was cancelled, no child process left behind.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, wait
from contextvars import copy_context
from types import FrameType
from typing import Any, NoReturn, TypeVar

from assets.quiet_native import drop_output
from flows.engine.display import Display

R = TypeVar("R")
WAKE_S = 0.25
"""The main thread wakes this often to run the handler of a signal that came between two waits."""
GRACE_S = 3.0
"""Seconds in which the server is notified; a stage inside C++ code cannot be stopped and ends with the process."""
SHUTDOWN_S = 30.0
"""Seconds in which the server gets the last lines of the log. A server whose disk is full answers each with an error, and Prefect
tries again for many minutes, in which the command had printed its error and did not end."""


def _ignore() -> None:
    """Does nothing."""


def run_interruptible(
    work: Callable[[], R],
    display: Display,
    expected: Mapping[str, float | None],
    notify_server: Callable[[], None] = _ignore,
    check: Callable[[], None] = _ignore,
) -> R:
    """Returns or raises what `work` does; it runs in a thread while the main thread shows its events and waits for signals.

    In the main thread Prefect would replace our signal handlers, and Ctrl-C would wait until every stage is done.
    SIGINT and SIGTERM end the process with 128 + their number, GRACE_S after they arrived at the latest.

    Args:
        check: called meanwhile, several times a second; what it raises is raised here, and the work is left alone.
    """
    if threading.current_thread() is not threading.main_thread():
        with display.show_events(expected):
            return work()  # only the main thread receives signals
    done: Future[R] = Future()
    shown = contextlib.ExitStack()
    # The handlers first: a signal while the display starts would leave the cursor hidden.
    with _handle_signals(display, shown.close, notify_server), shown:
        shown.enter_context(display.show_events(expected))
        # A copy of this context, so that the thread's events reach the listeners of this one.
        thread = threading.Thread(target=copy_context().run, args=(_run_into_future, work, done), daemon=True)
        thread.start()
        # A signal that arrives just before a lock is waited for interrupts no wait: the handler runs when this thread wakes.
        while not wait([done], timeout=WAKE_S).done:
            check()
        return done.result()


def _run_into_future(work: Callable[[], R], done: Future[R]) -> None:
    # Children inherit the mask: Prefect's temporary server must not report a Ctrl-C that was meant for us.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        done.set_result(work())
    except BaseException as error:
        done.set_exception(error)


@contextlib.contextmanager
def _handle_signals(display: Display, close_display: Callable[[], None], notify_server: Callable[[], None]) -> Iterator[None]:
    """On SIGINT or SIGTERM: closes the display, prints the last line, notifies the server, ends the process and its children."""

    def end(number: int, frame: FrameType | None) -> None:
        for other in before:
            signal.signal(other, signal.SIG_IGN)
        timer = threading.Timer(GRACE_S, _end_process, (128 + number,))
        timer.daemon = True
        timer.start()
        with contextlib.suppress(Exception):
            close_display()
        display.report_interruption()
        drop_output(2)  # what threads print while they are cut off
        with contextlib.suppress(Exception):
            notify_server()
        _end_process(128 + number)

    # A parent that started us with a signal ignored (nohup, a shell's background job) wants it to stay ignored.
    signals: list[int] = [number for number in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(number) is not signal.SIG_IGN]
    before: dict[int, Any] = {number: signal.getsignal(number) for number in signals}
    for number in signals:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def limit_shutdown(code: int) -> None:
    """Ends a process that is shutting down at the latest after SHUTDOWN_S, with this exit code."""

    def end() -> None:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        _end_process(code)

    timer = threading.Timer(SHUTDOWN_S, end)
    timer.daemon = True
    timer.start()


def _end_process(code: int) -> NoReturn:
    """Ends this process and its children: Prefect's temporary server, the worker process, node."""
    import psutil

    children = psutil.Process().children(recursive=True)
    for child in children:
        with contextlib.suppress(psutil.Error):
            child.kill()
    psutil.wait_procs(children, timeout=1)
    os._exit(code)
