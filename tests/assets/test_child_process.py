"""What every program that we start gets: no code of the current folder, no telemetry, no proxy to this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from assets.child_process import bypass_proxies, make_child_environment, make_python_environment
from assets.paths import PROJECT_ROOT


@pytest.mark.parametrize("command", [["-m", "json.tool", "--help"], ["-c", "import json"]])
@pytest.mark.parametrize("path", ["", ".", ":/nowhere", "/nowhere:"])
def test_a_child_runs_no_code_of_its_folder(command: list[str], path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `json.py` next to a spec was run: `python -m` puts the current folder first."""
    (tmp_path / "json.py").write_text("open('ran', 'w')")
    monkeypatch.setenv("PYTHONPATH", path)
    subprocess.run([sys.executable, *command], cwd=tmp_path, env=make_child_environment(), check=True, capture_output=True)
    assert not (tmp_path / "ran").exists()


def test_a_child_imports_this_project_wherever_it_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "__init__.py").write_text("raise SystemExit(9)")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    program = [sys.executable, "-c", "import assets; print(assets.__file__)"]
    done = subprocess.run(program, cwd=tmp_path, env=make_python_environment(), check=True, capture_output=True, text=True)
    assert done.stdout.strip() == str(PROJECT_ROOT / "assets" / "__init__.py")


@pytest.mark.parametrize("module", ["assets", "stages", "stages.voice.onnx_outputs", "flows"])
def test_onnxruntime_sends_nothing_because_it_is_set_before_it_is_loaded(module: str) -> None:
    """Version 1.32 queues events for its maker; also where a stage is used in a notebook."""
    env = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    program = f"import {module}, os, sys; print(os.environ['ORT_DISABLE_TELEMETRY'], 'onnxruntime' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT_ROOT, env=env, check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["1", "False"]


@pytest.mark.parametrize(("given", "after"), [
    (None, "127.0.0.1,localhost,::1"), ("intra.example", "intra.example,127.0.0.1,localhost,::1"), ("*", "*"),
    ("localhost, a.example ", "localhost,a.example,127.0.0.1,::1"),
])  # fmt: skip
def test_loopback_never_goes_through_a_proxy(given: str | None, after: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With HTTP_PROXY set no build worked: 127.0.0.1 went to the proxy until a time-out."""
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", given or "")
    bypass_proxies()
    bypass_proxies()
    assert os.environ["no_proxy"] == after
