"""A Prefect server, work pool, deployment and workers in a folder of their own, as the README sets them up; to break them on purpose.

Used by bench.lost_machine and by tests/flows/engine/test_lost_machine.py.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil
from prefect.settings import PREFECT_API_URL, temporary_settings

from assets.paths import PROJECT_ROOT, get_home
from flows.engine.automations import read_automations, register_automations

T = TypeVar("T")
POOL = "fenshen"
DEPLOYMENT = "assemble-batch/nightly"
ALIVE = ("RUNNING", "PENDING", "CANCELLING", "SCHEDULED")
"""Types of states that something must still happen to."""
SHORT_S = {"fenshen lost runs": 75, "fenshen retries": 10, "fenshen runs that never started": 180, "fenshen cancelled runs": 20}
"""Intervals for trials; a busy machine needs a minute to start a run. Prefect sends no heartbeat more often than every 30 s."""


@dataclass
class Farm:
    """The processes of one farm; PREFECT_HOME, store and bundles are in its folder."""

    folder: Path
    within_s: Mapping[str, float] = field(default_factory=lambda: SHORT_S)
    url: str = ""
    server: subprocess.Popen[bytes] | None = None
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """That of every process of the farm."""
        home = self.folder / "home"
        private = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        return private | {
            "FENSHEN_HOME": str(home),
            "PREFECT_HOME": str(home / "prefect"),
            "FENSHEN_ROOT": str(PROJECT_ROOT),
            "PREFECT_API_URL": self.url,
            "PREFECT_UI_API_URL": self.url,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
            "PYTHONPATH": str(PROJECT_ROOT),
        }

    def open(self) -> None:
        """Starts the server and registers the automations."""
        home = self.folder / "home"
        home.mkdir(parents=True)
        for name in ("baked", "node"):
            (home / name).symlink_to((get_home() / name).resolve())
        self.url = f"http://127.0.0.1:{find_free_port()}/api"
        self.start_server()
        with temporary_settings({PREFECT_API_URL: self.url}):
            register_automations([self._shorten(automation) for automation in read_automations()])

    def deploy(self) -> None:
        """Makes the pool and the deployment `nightly`."""
        self._call("work-pool", "create", POOL, "--type", "process")
        self._call("--no-prompt", "deploy", "--name", "nightly")

    def _shorten(self, automation: dict[str, Any]) -> dict[str, Any]:
        within = self.within_s.get(automation["name"], automation["trigger"]["within"])
        return automation | {"trigger": automation["trigger"] | {"within": within}}

    def start_server(self) -> None:
        """Starts it, on the same port and database as before, and waits until it answers."""
        port = self.url.split(":")[2].partition("/")[0]
        self.server = self._start("server", "start", "--host", "127.0.0.1", "--port", port, log="server.log")
        wait_for(lambda: httpx.get(f"{self.url}/health", timeout=20).status_code == 200)

    def kill_server(self) -> None:
        """Ends the server without a word to anybody."""
        assert self.server
        kill_tree(self.server.pid)
        self.server = None

    def start_worker(self) -> subprocess.Popen[bytes]:
        """A worker of the pool, which looks for runs every second."""
        self.workers.append(self._start("worker", "start", "--pool", POOL, log="worker.log"))
        return self.workers[-1]

    def _start(self, *words: str, log: str) -> subprocess.Popen[bytes]:
        environment = self.environment | {"PREFECT_WORKER_QUERY_SECONDS": "2"}
        with (self.folder / log).open("ab") as stream:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", "prefect", *words], env=environment, cwd=PROJECT_ROOT, stdout=stream, stderr=stream,
                start_new_session=True,
            )  # fmt: skip

    def _call(self, *words: str) -> None:
        command = [sys.executable, "-P", "-m", "prefect", *words]
        subprocess.run(command, env=self.environment, cwd=PROJECT_ROOT, check=True, capture_output=True)

    def post(self, path: str, content: Any) -> Any:
        """The server's answer; tries again where SQLite was too busy for it (status 503)."""
        return wait_for(lambda: (httpx.post(f"{self.url}/{path}", json=content, timeout=60).raise_for_status(),))[0].json()

    def request_run(self, specs: Path, name: str) -> str:
        """Id of a new run of the nightly deployment, for the specs of that folder, with a store and bundles of its own."""
        deployment = httpx.get(f"{self.url}/deployments/name/{DEPLOYMENT}", timeout=20).json()["id"]
        parameters = {"folder": str(specs), "out": str(self.folder / name / "out"), "store": str(self.get_store(name))}
        return str(self.post(f"deployments/{deployment}/create_flow_run", {"parameters": parameters})["id"])

    def get_store(self, name: str) -> Path:
        """The store of the run that was requested under that name."""
        return self.folder / name / "store"

    def read_run(self, run: str) -> dict[str, Any]:
        """The run as the server knows it."""
        found: dict[str, Any] = httpx.get(f"{self.url}/flow_runs/{run}", timeout=20).raise_for_status().json()
        return found

    def list_states(self, run: str) -> list[str]:
        """The names of all states of the run, oldest first."""
        states = httpx.get(f"{self.url}/flow_run_states/", params={"flow_run_id": run}, timeout=20).raise_for_status().json()
        return [state["name"] for state in sorted(states, key=lambda state: state["timestamp"])]

    def list_unfinished(self) -> list[str]:
        """`name: state` of every run, those inside other runs too, that nobody has ended; none that the schedule has planned."""
        runs = self.post("flow_runs/filter", {})
        return [f"{run['name']}: {run['state_name']}" for run in runs if run["state_type"] in ALIVE and not run["auto_scheduled"]]

    def cancel(self, run: str) -> None:
        """Asks for the end of a run, as the button of the UI does."""
        self.post(f"flow_runs/{run}/set_state", {"state": {"type": "CANCELLING", "name": "Cancelling"}})

    def close(self) -> None:
        """Ends every process of the farm."""
        for process in (*self.workers, *filter(None, [self.server])):
            kill_tree(process.pid)
        for left in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if left.environ().get("FENSHEN_HOME") == str(self.folder / "home"):
                    left.kill()


@contextlib.contextmanager
def open_farm(folder: Path, within_s: Mapping[str, float] = SHORT_S) -> Iterator[Farm]:
    """A farm that works; nothing of it runs after the block."""
    farm = Farm(folder, within_s)
    try:
        farm.open()
        yield farm
    finally:
        farm.close()


def kill_tree(pid: int) -> list[int]:
    """Kills a process and all that it has started, as a power cut would; returns their ids."""
    try:
        process = psutil.Process(pid)
        processes = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
    for one in processes:
        with contextlib.suppress(psutil.Error):
            one.send_signal(signal.SIGSTOP)  # none may notice that another ends
    for one in processes:
        with contextlib.suppress(psutil.Error):
            one.kill()
    psutil.wait_procs(processes, timeout=10)
    return [one.pid for one in processes]


def find_run_processes(worker: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """The processes of the worker's flow run: two where the worker reports the end of one after it has started the next."""
    return [child for child in psutil.Process(worker.pid).children() if "resource_tracker" not in " ".join(child.cmdline())]


def count_stages(store: Path) -> int:
    """Finished stages; the store has keys of parts of stages as well."""
    return sum("stage" in json.loads(path.read_text("utf-8")) for path in store.glob("keys/*/*.json"))


def wait_for(condition: Callable[[], T], seconds: float = 600) -> T:
    """The first true answer of the condition, looked for four times a second; a server that is busy or away may fail to answer."""
    pause, end = threading.Event(), time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(httpx.HTTPError):
            if answer := condition():
                return answer
        pause.wait(0.25)
    raise TimeoutError(f"it did not happen within {seconds:g} s")


def find_free_port() -> int:
    """A port of loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
