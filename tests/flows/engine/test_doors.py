"""The processes that a build starts: none runs code of the current folder, goes through a proxy, or outlives its owner."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from assets.paths import PROJECT_ROOT
from tests.prefect_home import fill_prefect_home

pytestmark = pytest.mark.slow

PROGRAM = """
import sys
from flows.engine.server import _launch_server
from flows.engine.worker_process import StageWorker
server, worker = _launch_server(), StageWorker().start()
while not server.is_ready():
    assert server.process.poll() is None, server.process.poll()
print(server.process.pid, worker.pid, flush=True)
sys.stdin.read()
"""
TRAPS = ("uvicorn", "prefect", "runpy", "sqlite3", "numpy", "sitecustomize")
"""Modules that the children import; each of these leaves a file when it is run."""


@pytest.fixture
def trapped(tmp_path: Path) -> Path:
    """A folder such as one that comes with a spec from a stranger."""
    for name in TRAPS:
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'a').write('{name} ')\n")
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "__init__.py").write_text("raise SystemExit(9)")
    return tmp_path


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.usefixtures("subreaper")
def test_children_run_no_foreign_code_and_end_with_a_killed_owner(trapped: Path) -> None:
    """`python -m uvicorn` put the current folder first; orphans that another init than 1 adopts were never ended."""
    proxy = dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY"), "http://192.0.2.1:9")
    env = {
        **os.environ,
        **proxy,
        "PYTHONSAFEPATH": "1",
        "PYTHONPATH": str(PROJECT_ROOT),
        "PREFECT_HOME": str(fill_prefect_home(trapped / "home")),
    }
    owner = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], cwd=trapped, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout
    children = [psutil.Process(int(number)) for number in owner.stdout.readline().split()]
    assert len(children) == 2
    assert not (trapped / "ran").exists()
    for child in children:
        child.suspend()  # long enough to see who adopts it
    owner.kill()
    owner.wait()
    assert [child.ppid() for child in children] == [os.getpid()] * 2
    for child in children:
        child.resume()
    _, alive = psutil.wait_procs(children, timeout=20)
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []


def test_a_watched_process_is_the_module_that_it_runs(tmp_path: Path) -> None:
    (tmp_path / "shown.py").write_text("import sys; print(__name__, sys.argv[1:])")
    env = {**os.environ, "PYTHONPATH": f"{PROJECT_ROOT}:{tmp_path}"}
    command = [sys.executable, "-P", "-m", "flows.engine.watched_process", "shown", "a", "--b"]
    with subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.read() == "__main__ ['a', '--b']\n"


def test_a_watched_process_ends_with_its_standard_input(tmp_path: Path) -> None:
    (tmp_path / "endless.py").write_text("import threading; print('up', flush=True); threading.Event().wait()")
    env = {**os.environ, "PYTHONPATH": f"{PROJECT_ROOT}:{tmp_path}"}
    command = [sys.executable, "-P", "-m", "flows.engine.watched_process", "endless"]
    process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdin
    assert process.stdout.readline() == "up\n"
    process.stdin.close()
    assert process.wait(timeout=20) == 0
