"""Runs the application with uvicorn until Ctrl-C or SIGTERM; conversations end with a word, and the process with code 0."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator

import uvicorn
from fastapi import FastAPI

from assets.errors import BackendError, Finding
from flows.live.protocol import MAX_FRAME

SHUTDOWN_S = 3
"""Seconds in which connections may end by themselves."""


class _Server(uvicorn.Server):
    """uvicorn raises the signal again once it has ended, so that a clean end would look like a crash; this one just ends."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def run_server(app: FastAPI, host: str, port: int, on_ready: Callable[[str], None], on_stop: Callable[[], None] = lambda: None) -> None:
    """Serves until a signal comes.

    Args:
        port: 0 for any free port.
        on_ready: gets the address, once connections are accepted.
        on_stop: called on the event loop when a signal comes, so that requests that take long can end.

    Raises:
        BackendError: the port is taken, or the host is no address of this machine.
    """
    listener = open_listener(host, port)
    asyncio.run(_serve(make_server(app), listener, on_ready, on_stop, f"http://{format_host(host)}:{listener.getsockname()[1]}"))


def make_server(app: FastAPI) -> uvicorn.Server:
    """A server whose frames, headers and waiting messages are bounded."""
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, ws_max_size=MAX_FRAME, ws_max_queue=16, ws_ping_interval=20, ws_ping_timeout=20,
        timeout_graceful_shutdown=SHUTDOWN_S, h11_max_incomplete_event_size=16_384, server_header=False, lifespan="on", proxy_headers=False,
    )  # fmt: skip
    return _Server(config)


def open_listener(host: str, port: int) -> socket.socket:
    """A bound socket; raises BackendError where it cannot be bound."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        fix = "choose another --port, or 0 for any free one" if port else "choose another --host"
        raise BackendError(Finding("live/port", f"cannot listen on {host}:{port}: {reason}", fix=fix)) from error
    return listener


def format_host(host: str) -> str:
    """The host as it is written in an address; every interface is shown as this machine's name."""
    shown = socket.gethostname() if host in ("0.0.0.0", "::") else host
    return f"[{shown}]" if ":" in shown else shown


async def _serve(
    server: uvicorn.Server, listener: socket.socket, on_ready: Callable[[str], None], on_stop: Callable[[], None], address: str
) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        on_stop()
        server.force_exit, server.should_exit = server.should_exit, True  # a second signal does not wait

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    if server.started:
        on_ready(address)
    await serving
