"""A wrong PREFECT_API_URL is one sentence with the address and the variable."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from assets.errors import BackendError
from flows.engine.api_check import check_api, hide_credentials
from tests.flows.cli.command import TINY

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
START = "start it with `prefect server start`, or unset PREFECT_API_URL to use a temporary server"
ONE = "start one with `prefect server start`, or unset PREFECT_API_URL to use a temporary server"
WRITE = "write it like http://127.0.0.1:4200/api"


def read_message(url: str, timeout_s: float = 10.0) -> str:
    """The error about PREFECT_API_URL; empty where the address is right."""
    try:
        check_api(url, "PREFECT_API_URL", timeout_s)
    except BackendError as error:
        return str(error)
    return ""


class _Answers(BaseHTTPRequestHandler):
    """The first part of the path chooses the answer."""

    def do_GET(self) -> None:
        status, body = {"api": (200, b"true"), "page": (200, b"<html>"), "boom": (503, b""), "key": (401, b"")}.get(
            self.path.split("/")[1], (404, b"")
        )
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    """host:port of a web server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{web.server_port}"
        web.shutdown()


@pytest.mark.parametrize("path", ["api", "api/", "key"])
def test_a_prefect_api_and_one_that_wants_a_key_pass(host: str, path: str) -> None:
    assert read_message(f"http://{host}/{path}") == ""


@pytest.mark.parametrize(("path", "problem", "fix"), [
    ("/page", "is the address of a server that is not a Prefect API", "the address of a Prefect API ends in /api: http://{host}/api"),
    ("", "answers with HTTP status 404", "the address of a Prefect API ends in /api: http://{host}/api"),
    ("/page/api", "is the address of a server that is not a Prefect API", ONE),
    ("/gone/api", "answers with HTTP status 404", ONE),
    ("/boom", "answers with HTTP status 503", "see the server's own log"),
])  # fmt: skip
def test_something_else_than_a_prefect_api(host: str, path: str, problem: str, fix: str) -> None:
    url = f"http://{host}{path}"
    assert read_message(url) == f"error[build/server] PREFECT_API_URL is {url}, which {problem}; {fix.format(host=host)}"


def test_nothing_listens_there() -> None:
    sentence = f"PREFECT_API_URL is http://127.0.0.1:1/api, which does not answer: connection refused; {START}"
    assert read_message("http://127.0.0.1:1/api") == f"error[build/server] {sentence}"


def test_a_server_that_never_answers() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/api"
        sentence = f"PREFECT_API_URL is {url}, which does not answer: no reply within 0.2 s; {START}"
        assert read_message(url, 0.2) == f"error[build/server] {sentence}"


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/api", "127.0.0.1:4200/api", "http:///api", "http://127.0.0.1:port/api", "here", "http://[::1"]
)
def test_what_is_no_address(url: str) -> None:
    sentence = f"PREFECT_API_URL is {url}, which is not an http or https address; {WRITE}"
    assert read_message(url) == f"error[build/server] {sentence}"


def test_a_password_in_the_address_is_not_printed() -> None:
    assert hide_credentials("http://ada:secret@127.0.0.1:1/api") == "http://127.0.0.1:1/api"
    assert "secret" not in read_message("http://ada:secret@127.0.0.1:1/api")


def test_a_build_with_a_dead_server_ends_with_exit_code_4_and_one_line(tmp_path: Path) -> None:
    """It was exit code 1 and 157 lines of traceback."""
    url = "http://127.0.0.1:1/api"
    env = {**os.environ, "PREFECT_API_URL": url, "PREFECT_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "flows", "build", str(TINY), "--force", "verify", "--out", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, env=env, cwd=ROOT, timeout=120, check=False)
    sentence = f"error[build/server] PREFECT_API_URL is {url}, which does not answer: connection refused; {START}\n"
    assert (done.returncode, done.stdout, done.stderr) == (4, "", sentence)
