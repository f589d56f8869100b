"""A run continues without the worker that started it.

The worker reads what its run prints through a pipe. Where the worker alone is killed, the next line that Prefect's console handler
prints would end the run: rich answers a broken pipe with SystemExit (rich.console.Console.on_broken_pipe). The server has the log.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Any

from assets.quiet_native import drop_output, list_log_handlers


def outlive_worker(flow: Any, flow_run: Any, state: Any) -> None:
    """A flow's `on_running` hook: a broken pipe silences the console of a run that a worker started, instead of ending the run."""
    if flow_run.deployment_id is None:
        return  # `fenshen build | head` may end with its reader
    from prefect.logging.handlers import PrefectConsoleHandler

    handlers: list[Any] = [handler for handler in list_log_handlers() if isinstance(handler, PrefectConsoleHandler)]
    for handler in handlers:
        handler.console.on_broken_pipe = partial(_silence, handler)


def _silence(handler: Any) -> None:
    handler.console.quiet = True
    with suppress(OSError, ValueError):
        drop_output(handler.stream.fileno())  # what others print there, and the flush at the end of the process
