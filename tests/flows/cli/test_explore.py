"""`fenshen explore`: what it refuses, where it writes, and that a signal ends it cleanly."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from assets.paths import get_baked_path
from tests.flows.cli.command import run_fenshen


def test_a_spec_that_does_not_exist_is_refused() -> None:
    assert "error[spec/missing] there is no file adda; did you mean the preset ada?" in run_fenshen("explore", "adda", code=2)


def test_a_wrong_spec_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("name: A\nidentity: {axes: {lip: 1}}\n")
    message = run_fenshen("explore", str(file), code=2)
    assert "error[spec/unknown-name] identity.axes: unknown axis 'lip'; did you mean lips?" in message


@pytest.mark.skipif(not get_baked_path("body.safetensors").exists(), reason="run `fenshen bake` first")
def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        message = run_fenshen("explore", "--port", port, code=4)
    assert f"error[live/port] cannot listen on 127.0.0.1:{port}: Address already in use" in message


@pytest.mark.slow
@pytest.mark.skipif(not get_baked_path("body.safetensors").exists(), reason="run `fenshen bake` first")
def test_it_says_where_the_page_is_and_a_signal_ends_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from flows.cli.app import app; app()", "explore", "ada", "--port", "0"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        address = process.stdout.readline().split()[-1]
        assert "Ada" in urllib.request.urlopen(address, timeout=30).read().decode()
        request = urllib.request.Request(f"{address}portrait", b'{"exact": true}', {"Content-Type": "application/json"})
        with ThreadPoolExecutor(1) as pool:
            drawing = pool.submit(urllib.request.urlopen, request, timeout=60)
            urllib.request.urlopen(f"{address}health", timeout=30).read()  # the request before it has been taken
            process.send_signal(signal.SIGTERM)
            assert isinstance(drawing.exception(60), urllib.error.URLError | ConnectionError)
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0
        assert "Traceback" not in errors, errors
    assert list(tmp_path.iterdir()) == [], "nothing is written before the button is pressed"
