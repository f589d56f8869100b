"""Prefect's temporary server, for runs without a server of their own.

Prefect would start one itself, but it imports the whole server into the build first and then waits: 4 s of a build that has 20.
Here it starts on one core while the build's own imports use the other.
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

from assets.child_process import make_python_environment
from assets.errors import BackendError, Finding
from assets.paths import PROJECT_ROOT
from flows.engine.api_check import check_api
from flows.engine.database import sweep_own_database

if TYPE_CHECKING:
    from prefect import Task

P = ParamSpec("P")
R = TypeVar("R")

API_URL_VARIABLE = "PREFECT_API_URL"
EPHEMERAL_URL_VARIABLE = "FENSHEN_SERVER"
"""Holds the address while the API is a temporary server's, whose pages nobody sees."""
POLL_S = 0.05
# The settings of Prefect's own `create_app` for a temporary server: no pages, and only the services that one client needs.
_EPHEMERAL_SETTINGS = {"PREFECT_UI_ENABLED": "0", "PREFECT__SERVER_EPHEMERAL": "1", "PREFECT__SERVER_FINAL": "1"}
_UVICORN_ARGUMENTS = ("uvicorn", "--factory", "prefect.server.api.server:create_app", "--log-level", "error", "--lifespan", "on")
_WATCHED = ("-P", "-m", "flows.engine.watched_process")


@dataclass(frozen=True)
class EphemeralServer:
    """A server that is starting or running."""

    process: subprocess.Popen[Any]
    url: str

    def is_ready(self) -> bool:
        """Whether it answers."""
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=5):
                return True
        except (urllib.error.URLError, OSError):
            return False

    def warm_up(self) -> None:
        """Requests, as soon as it answers, what takes the server half a second the first time: a run would have to wait for it."""
        while self.process.poll() is None and not self.is_ready():
            time.sleep(POLL_S)
        with suppress(OSError), urllib.request.urlopen(f"{self.url}/admin/version", timeout=5):
            pass

    def wait_until_ready(self) -> None:
        """Returns once it answers; raises BackendError where it has ended or Prefect's start-up timeout is over."""
        timeout_s = float(os.environ["PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"])
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and self.process.poll() is None:
            if self.is_ready():
                return
            time.sleep(POLL_S)
        code = self.process.poll()
        reason = f"did not answer within {timeout_s:g} s" if code is None else f"ended with code {code}"
        fix = "run `prefect server start` to see why, or set PREFECT_API_URL to a running server"
        raise BackendError(Finding("build/server", f"Prefect's temporary server {reason}", fix=fix))


_START_LOCK = threading.Lock()
_RUNNING: list[EphemeralServer] = []
"""The temporary server of this process, which all its runs share; at most one."""


def start_server() -> EphemeralServer | None:
    """A temporary server that Prefect knows of; None where the environment or a profile names a server.

    Raises:
        BackendError: the named server does not answer, or it is not a Prefect API.
    """
    with _START_LOCK:
        if _RUNNING and os.environ.get(API_URL_VARIABLE) == _RUNNING[0].url:
            if _RUNNING[0].process.poll() is None:
                return _RUNNING[0]
            del os.environ[API_URL_VARIABLE]  # it has ended, by whatever hand: this run starts another
        _RUNNING.clear()
        if url := os.environ.get(API_URL_VARIABLE):
            check_api(url, API_URL_VARIABLE)
            return None
        # Prefect needs a second to know whether a profile names a server; most do not, so ours starts meanwhile.
        server = _launch_server()
        if url := _read_profile_url():
            server.process.kill()
            server.process.wait()
            check_api(url, f"{API_URL_VARIABLE} of Prefect's profile")
            return None
        _announce_server(server)
        return server


def _read_profile_url() -> str | None:
    from prefect.context import refresh_global_settings_context
    from prefect.settings import PREFECT_API_URL

    refresh_global_settings_context()  # without the address of a temporary server that has ended
    url: str | None = PREFECT_API_URL.value()
    return url


def _announce_server(server: EphemeralServer) -> None:
    """Makes the server this process's API."""
    from prefect.context import refresh_global_settings_context

    os.environ[API_URL_VARIABLE] = os.environ[EPHEMERAL_URL_VARIABLE] = server.url
    refresh_global_settings_context()
    _RUNNING.append(server)
    threading.Thread(target=server.warm_up, daemon=True).start()


def _launch_server() -> EphemeralServer:
    sweep_own_database()
    port = _find_free_port()
    # Without --app-dir uvicorn itself puts the current folder first on Python's path.
    command = [sys.executable, *_WATCHED, *_UVICORN_ARGUMENTS, "--app-dir", str(PROJECT_ROOT), "--host", "127.0.0.1", "--port", str(port)]
    environment = make_python_environment(_EPHEMERAL_SETTINGS)
    quiet = subprocess.DEVNULL
    # Its standard input is never written: the server ends when the pipe does, with this process.
    process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet)
    atexit.register(process.terminate)
    return EphemeralServer(process, f"http://127.0.0.1:{port}/api")


def has_persistent_server() -> bool:
    """Whether the run's server outlives it, so that somebody can look at its pages."""
    from prefect.settings import PREFECT_API_URL

    return bool(PREFECT_API_URL.value()) and PREFECT_API_URL.value() != os.environ.get(EPHEMERAL_URL_VARIABLE)


def add_tags(task: Task[P, R], *tags: str) -> Task[P, R]:
    """The task with `fenshen` and these tags; unchanged for the temporary server, whose pages nobody sees.

    That server looks up every tag's limit in SQLite while it writes events, and "database is locked" makes a task wait 2 s.
    """
    return task.with_options(tags=["fenshen", *tags]) if has_persistent_server() else task


def _find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
