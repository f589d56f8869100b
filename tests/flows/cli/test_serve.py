"""`fenshen serve`: what it refuses, what its options mean, and that a signal ends it cleanly."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from flows.cli.serve import make_options
from flows.live.limits import OPEN_LIMITS, Limits
from tests.flows.cli.command import run_fenshen

sys.path.insert(0, str(Path(__file__).parent.parent / "live"))
from live_bundle import write_live_bundle


def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    assert "error[bundle/manifest] cannot read manifest.json" in run_fenshen("serve", str(tmp_path), code=2)


def test_a_bundle_without_a_dialogue_is_refused(tmp_path: Path) -> None:
    folder = write_live_bundle(tmp_path / "ada")
    (folder / "dialogue.json").write_text('{"lines": []}')
    assert "error[live/dialogue] dialogue.json is not the dialogue of a bundle" in run_fenshen("serve", str(folder), code=2)
    (folder / "dialogue.json").unlink()
    assert "error[live/not-talking] the bundle has no dialogue.json" in run_fenshen("serve", str(folder), code=2)


def test_two_bundles_of_one_name_are_refused(tmp_path: Path) -> None:
    folders = [str(write_live_bundle(tmp_path / parent / "ada")) for parent in ("a", "b")]
    assert "error[live/two-bundles] two bundles are in a folder called ada" in run_fenshen("serve", *folders, code=2)


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        message = run_fenshen("serve", str(write_live_bundle(tmp_path / "ada")), "--port", port, code=4)
    assert f"error[live/port] cannot listen on 127.0.0.1:{port}: Address already in use" in message


@pytest.mark.parametrize(("option", "value", "code"), [
    ("--origin", "museum.example", "live/origin"), ("--origin", "https://museum.example/page", "live/origin"),
    ("--token", "short", "live/token"),
])  # fmt: skip
def test_a_wrong_option_is_one_sentence(tmp_path: Path, option: str, value: str, code: str) -> None:
    assert f"error[{code}]" in run_fenshen("serve", str(write_live_bundle(tmp_path / "ada")), option, value, code=2)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--writer", "http://127.0.0.1:1/v1"), "--writer is an address without --writer-name; add the model's name there"),
        (("--writer-name", "m"), "--writer-name belongs to an address, and --writer is left out; remove it, or set --writer to an address"),
        (("--writer", "http://127.0.0.1:1/v1", "--writer-name", "m", "--writer-key", "NO_SUCH_VARIABLE_HERE"),
         "the environment variable NO_SUCH_VARIABLE_HERE is not set"),
    ],
)  # fmt: skip
def test_a_writer_that_cannot_be_used_is_one_sentence(tmp_path: Path, options: tuple[str, ...], sentence: str) -> None:
    assert sentence in run_fenshen("serve", str(write_live_bundle(tmp_path / "ada")), *options, code=2)


def test_a_writer_that_is_not_here_is_known_before_the_server_starts(tmp_path: Path) -> None:
    found = run_fenshen("serve", str(write_live_bundle(tmp_path / "ada")), "--writer", "nobody/nothing-of-this-name", code=4)
    assert "the model nobody/nothing-of-this-name is neither a folder nor in the local cache" in found


def test_loopback_needs_no_token_and_any_other_address_does() -> None:
    closed = make_options("localhost", "", [], None, None, allow_say=False)
    opened = make_options("0.0.0.0", "", ["https://museum.example/"], None, None, allow_say=False)
    assert (closed.access.is_open, closed.limits) == (False, Limits())
    assert (opened.access.is_open, opened.limits) == (True, OPEN_LIMITS)
    assert len(opened.access.token) >= 32
    assert opened.access.origins == ("https://museum.example",)
    assert make_options("127.0.0.1", "x" * 16, [], None, None, allow_say=False).access.token == "x" * 16
    assert make_options("0.0.0.0", "", [], 1, None, allow_say=False).limits.sessions_per_client == 1


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_code_0(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "flows.cli.app", "serve", str(write_live_bundle(tmp_path / "ada")), "--port", "0"]
    command[2:3] = ["flows"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        line = process.stdout.readline()
        assert line.startswith("Ada: http://127.0.0.1:"), process.stderr.read() if process.stderr else ""
        with urllib.request.urlopen(line.split()[-1] + "health", timeout=60) as answer:
            assert answer.status == 200
        process.send_signal(number)
        out, err = process.communicate(timeout=120)
    assert (process.returncode, out, err) == (0, "stopped\n", "")
