"""Prefect's side: a scheduled run really happens, and the deployments say what they should."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest
import yaml

from tests.prefect_home import fill_prefect_home

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]

# Serves a flow on a two-second schedule; the batch of an empty folder is over in a moment. One run at a time: a busy machine needs
# longer than two seconds to start one, and waiting runs would pile up.
SERVE = """
import datetime
from prefect import serve
from flows.engine.batch import assemble_batch
serve(assemble_batch.to_deployment("often", interval=datetime.timedelta(seconds=2), parameters={"folder": "FOLDER"}), limit=1)
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition, seconds: float = 240):
    """The first true answer of the condition, polled four times a second; a busy server may fail to answer."""
    pause = threading.Event()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(httpx.HTTPError):
            if answer := condition():
                return answer
        pause.wait(0.25)
    raise AssertionError("it did not happen in time")


def start(command: list[str], env: dict[str, str]) -> subprocess.Popen[bytes]:
    """The command in a session of its own, so that its children can be stopped with it."""
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, env=env, cwd=ROOT, stdout=quiet, stderr=quiet, start_new_session=True)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ends the process and its children: a runner in the middle of a flow would take its time."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=30)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """URL of the API of a Prefect server of its own."""
    port = free_port()
    env = {**os.environ, "PREFECT_HOME": str(fill_prefect_home(tmp_path_factory.mktemp("server")))}
    command = [sys.executable, "-m", "prefect", "server", "start", "--port", str(port)]
    process = start(command, env)
    url = f"http://127.0.0.1:{port}/api"

    def healthy() -> bool:
        return httpx.get(f"{url}/health", timeout=20).status_code == 200

    try:
        wait_for(healthy)
        yield url
    finally:
        stop(process)


def test_a_scheduled_run_happens(server, tmp_path):
    (tmp_path / "specs").mkdir()
    env = {**os.environ, "PREFECT_HOME": str(tmp_path / "prefect"), "PREFECT_API_URL": server}
    code = SERVE.replace("FOLDER", str(tmp_path / "specs"))
    process = start([sys.executable, "-c", code], env)

    def list_ended():
        runs = httpx.post(f"{server}/flow_runs/filter", json={}, timeout=20).json()
        return [run for run in runs if run["auto_scheduled"] and run["state_type"] in ("COMPLETED", "FAILED")]

    try:
        runs = wait_for(list_ended)
    finally:
        stop(process)
    # The folder holds no spec: the run fails with our message, which shows that it was our flow that ran.
    assert "contains no spec" in runs[0]["state"]["message"]


# A batch of one spec, interrupted as soon as its identity is there.
INTERRUPTED = """
import os, signal, sys, threading
signal.signal(signal.SIGINT, signal.default_int_handler)
from pathlib import Path
from flows.engine.events import listen_to_events
from flows.engine.run_flow import run_batch
from flows.pipeline.batch import BatchRequest
def end(event):
    if event.stage == "identity" and event.state == "done":
        os.kill(os.getpid(), signal.SIGINT)
        threading.Event().wait()  # a stage that never ends
place = Path(sys.argv[1])
with listen_to_events(end):
    run_batch(BatchRequest(place / "evening", place / "out", store=place / "store"))
"""


def test_an_interrupted_batch_is_shown_as_cancelled_with_the_builds_in_it(server, tmp_path):
    """The batch was, but the build inside it was shown as running for ever."""
    (tmp_path / "evening").mkdir()
    (tmp_path / "evening" / "interrupted.yaml").write_text("name: A")
    env = {**os.environ, "PREFECT_HOME": str(tmp_path / "prefect"), "PREFECT_API_URL": server}
    done = subprocess.run([sys.executable, "-c", INTERRUPTED, str(tmp_path)], env=env, cwd=ROOT, timeout=300, check=False)
    assert done.returncode == 130
    states = {run["name"]: run["state_type"] for run in httpx.post(f"{server}/flow_runs/filter", json={}, timeout=20).json()}
    assert {name: states[name] for name in ("batch · evening", "interrupted")} == {
        "batch · evening": "CANCELLED",
        "interrupted": "CANCELLED",
    }


def test_the_deployments_point_at_flows_and_the_nightly_one_has_its_schedule():
    deployments = {item["name"]: item for item in yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]}
    for item in deployments.values():
        path, _, flow = item["entrypoint"].partition(":")
        assert f"def {flow}(" in (ROOT / path).read_text()
        assert item["work_pool"]["name"] == "fenshen"
    assert deployments["nightly"]["schedules"][0]["cron"] == "0 3 * * *"
