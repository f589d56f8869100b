"""Prefect's temporary server, for builds that have none to talk to.

Prefect starts one by itself, but imports the whole server into the build before it does, and then waits: 4 s of a build that
has 20. Here it boots on one core while the build's own imports use the other.
"""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from assets.errors import BackendError, Finding

if TYPE_CHECKING:
    from prefect import Task

P = ParamSpec("P")
R = TypeVar("R")

EPHEMERAL_URL_VARIABLE = "FENSHEN_SERVER"
"""Set to the address while the API is a temporary server's, whose pages nobody sees."""
POLL_S = 0.05
# What Prefect's own start of `create_app` sets: no pages, and services for one client alone.
_EPHEMERAL_SETTINGS = {"PREFECT_UI_ENABLED": "0", "PREFECT__SERVER_EPHEMERAL": "1", "PREFECT__SERVER_FINAL": "1"}
_UVICORN_ARGUMENTS = ("-m", "uvicorn", "--factory", "prefect.server.api.server:create_app", "--log-level", "error", "--lifespan", "on")


@dataclass(frozen=True)
class EphemeralServer:
    """A server that is booting."""

    process: subprocess.Popen[Any]
    url: str

    def is_ready(self) -> bool:
        """Whether it has booted."""
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=5):
                return True
        except (urllib.error.URLError, OSError):
            return False

    def warm_up(self) -> None:
        """Asks for what takes the server half a second the first time, as soon as it has booted: a run would have to wait for it."""
        while self.process.poll() is None and not self.is_ready():
            time.sleep(POLL_S)
        with suppress(OSError), urllib.request.urlopen(f"{self.url}/admin/version", timeout=5):
            pass

    def wait_until_ready(self) -> None:
        """Returns once it answers; raises BackendError where it ended or Prefect's start-up time is over."""
        left = float(os.environ["PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"])
        until = time.monotonic() + left
        while time.monotonic() < until and self.process.poll() is None:
            if self.is_ready():
                return
            time.sleep(POLL_S)
        code = self.process.poll()
        told = f"did not answer within {left:g} s" if code is None else f"ended with code {code}"
        fix = "run `prefect server start` to see why, or set PREFECT_API_URL to a server that runs"
        raise BackendError(Finding("build/server", f"Prefect's temporary server {told}", fix=fix))


def start_server() -> EphemeralServer | None:
    """A temporary server, and Prefect told of it; None where an environment or profile names a server."""
    if os.environ.get("PREFECT_API_URL"):
        return None
    # Prefect needs a second to say whether a profile names a server; most have none, so ours boots meanwhile.
    server = _launch_server()
    from prefect.context import refresh_global_settings_context
    from prefect.settings import PREFECT_API_URL

    if PREFECT_API_URL.value():
        server.process.kill()
        server.process.wait()
        return None
    os.environ["PREFECT_API_URL"] = os.environ[EPHEMERAL_URL_VARIABLE] = server.url
    refresh_global_settings_context()
    threading.Thread(target=server.warm_up, daemon=True).start()
    return server


def _launch_server() -> EphemeralServer:
    port = _find_free_port()
    command = [sys.executable, *_UVICORN_ARGUMENTS, "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, env={**os.environ, **_EPHEMERAL_SETTINGS}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    atexit.register(process.terminate)
    return EphemeralServer(process, f"http://127.0.0.1:{port}/api")


def has_persistent_server() -> bool:
    """Whether somebody can look at this run: its server outlives it."""
    from prefect.settings import PREFECT_API_URL

    return bool(PREFECT_API_URL.value()) and PREFECT_API_URL.value() != os.environ.get(EPHEMERAL_URL_VARIABLE)


def add_tags(task: Task[P, R], *tags: str) -> Task[P, R]:
    """The task with `fenshen` and these tags; as it is for the temporary server, whose pages nobody sees.

    That one asks SQLite for every tag's limit while events are written, and "database is locked" makes a task wait 2 s.
    """
    return task.with_options(tags=["fenshen", *tags]) if has_persistent_server() else task


def _find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
