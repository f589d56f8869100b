"""The temporary server: started once per process, and without what nobody can look at."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from prefect.context import refresh_global_settings_context
from prefect.settings import PREFECT_API_URL, temporary_settings

from assets.errors import BackendError
from flows.engine import server
from flows.engine.batch import build_one
from flows.engine.server import EPHEMERAL_URL_VARIABLE, EphemeralServer, add_tags, has_persistent_server
from flows.engine.training import train_task

pytestmark = pytest.mark.slow

URL = "http://127.0.0.1:1/api"


@pytest.fixture
def named() -> Iterator[None]:
    """Prefect knows a server."""
    with temporary_settings({PREFECT_API_URL: URL}):
        yield


@pytest.mark.usefixtures("named")
def test_a_persistent_server_sees_tags_and_can_limit_by_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(EPHEMERAL_URL_VARIABLE, raising=False)
    assert has_persistent_server()
    assert add_tags(train_task, "gpu").tags == {"fenshen", "gpu"}
    assert add_tags(build_one).tags == {"fenshen"}


@pytest.mark.usefixtures("named")
def test_the_temporary_server_looks_up_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each tag cost a task two seconds of waiting for SQLite."""
    monkeypatch.setenv(EPHEMERAL_URL_VARIABLE, URL)
    assert not has_persistent_server()
    assert add_tags(train_task, "gpu").tags == set()
    assert add_tags(build_one).tags == set()


def test_a_server_that_a_profile_names_is_used_and_ours_is_stopped(tmp_path: Path) -> None:
    """Ours starts before Prefect can say that there is another."""
    (tmp_path / "profiles.toml").write_text(f'active = "mine"\n[profiles.mine]\nPREFECT_API_URL = "{URL}"\n')
    program = """
from flows.engine import server
launched, checked = [], []
launch_server = server._launch_server
server._launch_server = lambda: launched.append(launch_server()) or launched[0]
server.check_api = lambda url, variable: checked.append((url, variable))
print(server.start_server(), launched[0].process.poll() is not None, *checked[0], sep="|")
"""
    env = {name: value for name, value in os.environ.items() if name not in ("PREFECT_API_URL", EPHEMERAL_URL_VARIABLE)}
    env["PREFECT_HOME"] = str(tmp_path)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=env, timeout=120, check=False)
    assert done.stdout.strip().split("|") == ["None", "True", URL, "PREFECT_API_URL of Prefect's profile"], done.stderr


def test_two_runs_of_one_process_share_a_server_and_a_dead_one_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second of two runs at once took a server that was still starting for a persistent one."""
    started: list[EphemeralServer] = []

    def launch() -> EphemeralServer:
        process = subprocess.Popen(["sleep", "60"])
        started.append(EphemeralServer(process, f"http://127.0.0.1:{len(started) + 1}/api"))
        return started[-1]

    for variable in (server.API_URL_VARIABLE, EPHEMERAL_URL_VARIABLE):
        monkeypatch.setenv(variable, "")
    monkeypatch.setattr(server, "_RUNNING", [])
    monkeypatch.setattr(server, "_launch_server", launch)
    monkeypatch.setattr(server, "_read_profile_url", lambda: None)
    monkeypatch.setattr(EphemeralServer, "warm_up", lambda self: None)
    try:
        assert server.start_server() is server.start_server() is started[0]
        started[0].process.kill()
        started[0].process.wait()
        assert server.start_server() is started[1]
        assert os.environ[server.API_URL_VARIABLE] == started[1].url
    finally:
        for one in started:
            one.process.kill()
            one.process.wait()
        monkeypatch.undo()
        refresh_global_settings_context()


def test_a_server_that_does_not_answer_in_time_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "0")
    with subprocess.Popen(["sleep", "60"]) as process:
        with pytest.raises(BackendError) as caught:
            EphemeralServer(process, URL).wait_until_ready()
        process.kill()
    assert str(caught.value) == (
        "error[build/server] Prefect's temporary server did not answer within 0 s; run `prefect server start` to see why, or set "
        "PREFECT_API_URL to a running server"
    )


def test_a_server_that_ends_while_it_starts_is_one_sentence() -> None:
    with subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"]) as process:
        process.wait()
        with pytest.raises(BackendError) as caught:
            EphemeralServer(process, URL).wait_until_ready()
    assert str(caught.value) == (
        "error[build/server] Prefect's temporary server ended with code 3; run `prefect server start` to see why, or set PREFECT_API_URL "
        "to a running server"
    )


class _Booting(BaseHTTPRequestHandler):
    """Says twice that it is not ready."""

    requested: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.requested.append(self.path)
        self.send_response(503 if len(self.requested) < 3 else 200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_a_server_is_warmed_up_once_it_answers() -> None:
    with HTTPServer(("127.0.0.1", 0), _Booting) as web, subprocess.Popen(["sleep", "60"]) as process:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        EphemeralServer(process, f"http://127.0.0.1:{web.server_port}").warm_up()
        web.shutdown()
        process.kill()
    assert _Booting.requested == ["/health", "/health", "/health", "/admin/version"]
