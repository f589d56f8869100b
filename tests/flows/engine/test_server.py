"""The temporary server: what a run leaves out where nobody can look at it."""

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
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.engine.batch import build_one
from flows.engine.server import EPHEMERAL_URL_VARIABLE, EphemeralServer, add_tags, has_persistent_server
from flows.engine.training import train_task

URL = "http://127.0.0.1:1/api"


@pytest.fixture
def named() -> Iterator[None]:
    """Prefect is told of a server."""
    with temporary_settings({PREFECT_API_URL: URL}):
        yield


@pytest.mark.usefixtures("named")
def test_a_server_of_ones_own_sees_tags_and_can_limit_by_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(EPHEMERAL_URL_VARIABLE, raising=False)
    assert has_persistent_server()
    assert add_tags(train_task, "gpu").tags == {"fenshen", "gpu"}
    assert add_tags(build_one).tags == {"fenshen"}


@pytest.mark.usefixtures("named")
def test_the_temporary_server_is_asked_for_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each tag cost a task two seconds of waiting for SQLite."""
    monkeypatch.setenv(EPHEMERAL_URL_VARIABLE, URL)
    assert not has_persistent_server()
    assert add_tags(train_task, "gpu").tags == set()
    assert add_tags(build_one).tags == set()


def test_a_server_that_a_profile_names_is_taken_and_ours_does_not_stay(tmp_path: Path) -> None:
    """Ours boots before Prefect can say that there is another."""
    (tmp_path / "profiles.toml").write_text(f'active = "mine"\n[profiles.mine]\nPREFECT_API_URL = "{URL}"\n')
    program = """
from flows import server
launched = []
server._launched = lambda whole=server._launched: launched.append(whole()) or launched[0]
print(server.begin(), launched[0].process.poll() is not None)
"""
    env = {name: value for name, value in os.environ.items() if name not in ("PREFECT_API_URL", EPHEMERAL_URL_VARIABLE)}
    env["PREFECT_HOME"] = str(tmp_path)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=env, timeout=120, check=False)
    assert done.stdout.split() == ["None", "True"], done.stderr


class _Booting(BaseHTTPRequestHandler):
    """Says twice that it is not ready."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(503 if len(self.asked) < 3 else 200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_a_server_is_woken_once_it_has_booted() -> None:
    with HTTPServer(("127.0.0.1", 0), _Booting) as web, subprocess.Popen(["sleep", "60"]) as process:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        EphemeralServer(process, f"http://127.0.0.1:{web.server_port}").warm_up()
        web.shutdown()
        process.kill()
    assert _Booting.asked == ["/health", "/health", "/health", "/admin/version"]
