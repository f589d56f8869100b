"""Runs of a deployment whose machine, process, worker or server is lost in the middle: what Prefect shows, and how each run ends.

python -m bench.lost_machine [EVENT...] [--keep FOLDER]      all events by default; a row of a Markdown table each

A real server on SQLite, the pool, the deployment `nightly`, workers and the automations of automations.yaml, with the intervals of
bench.farm.SHORT_S. Each run builds the spec of tests/data/tiny.yaml, the first from an empty store, the others from a copy of the
first one's store without its last stages. Processes end by SIGKILL, as in a power cut.
Seconds count from the event. `kept` are the stages that were finished when it happened, `found` those of them that the retry found in
the store: the manifest says which stages it took from there.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assets.bundle import MANIFEST
from assets.paths import PROJECT_ROOT
from bench.farm import Farm, count_stages, find_run_processes, kill_tree, open_farm, wait_for

FINAL = ("Completed", "Failed", "Cancelled", "GaveUp")
ENOUGH_STAGES = 3
"""Finished before the first event: identity, body and one of their descendants."""
LAST_STAGES = ("preview", "package", "verify")
"""What the later trials still have to build."""
AFTER_CRASH_S = 120.0
"""A run that is not Running after this time is not started again: a retry follows after 10 s, and a busy worker needs a minute."""
UNFINISHED_S = 180.0
"""After it, a run inside the run that nobody has ended stays for ever."""
AWAY_S = 90.0
"""How long the server stays away: longer than the client of a run keeps trying."""
HEAD = "| event | states, seconds after it | stages kept | found | end | other runs unfinished |\n|---|---|---|---|---|---|"


@dataclass
class Trial:
    """One run, what happens to it, and what became of it."""

    farm: Farm
    specs: Path
    name: str
    run: str = ""
    started_at: float = 0.0
    kept: int = 0
    known: int = 0
    seen: tuple[tuple[float, str], ...] = ()

    def begin(self) -> subprocess.Popen[bytes]:
        """Starts a worker and a run, and waits until a part of its stages is finished; returns the worker."""
        store = self.farm.get_store(self.name)
        stages = count_stages(store) + 1 if store.exists() else ENOUGH_STAGES
        worker = self.farm.start_worker()
        self.run = self.farm.request_run(self.specs, self.name)
        wait_for(lambda: count_stages(store) >= stages)
        return worker

    def mark(self) -> None:
        """The event happens now."""
        self.started_at, self.kept = time.monotonic(), count_stages(self.farm.get_store(self.name))
        self.known = len(self.farm.list_states(self.run))

    def watch(self, is_over: Callable[[list[str]], bool] = lambda states: states[-1] in FINAL, seconds: float = 900) -> None:
        """Notes every new state of the run until it is over."""

        def look() -> bool:
            states = self.farm.list_states(self.run)
            now = time.monotonic() - self.started_at
            self.seen += tuple((now, state) for state in states[self.known + len(self.seen) :])
            return is_over(states)

        wait_for(look, seconds)

    def format_row(self, event: str) -> str:
        """The row of the table."""
        states = ", ".join(f"{state} {seconds:.0f}" for seconds, state in self.seen)
        end = self.farm.read_run(self.run)["state_name"]
        found = self.count_found()
        with contextlib.suppress(TimeoutError):  # Prefect ends what is inside a cancelled run within a minute
            wait_for(lambda: not self.farm.list_unfinished(), UNFINISHED_S)
        unfinished = ", ".join(self.farm.list_unfinished()) or "none"
        return f"| {event} | {states} | {self.kept} | {'' if found is None else found} | {end} | {unfinished} |"

    def count_found(self) -> int | None:
        """Stages of the bundle that came from the store; None without a bundle."""
        manifest = self.farm.folder / self.name / "out" / "tiny" / MANIFEST
        if not manifest.exists():
            return None
        stages: list[dict[str, Any]] = json.loads(manifest.read_text("utf-8"))["stages"]
        return sum(stage["cached"] for stage in stages)


def lose_machine(trial: Trial) -> None:
    """Worker and run are gone; another worker is started."""
    worker = trial.begin()
    trial.mark()
    kill_tree(worker.pid)
    trial.farm.start_worker()
    trial.watch()


def lose_run(trial: Trial) -> None:
    """The process of the run is killed, as the kernel does where memory is short; its worker lives."""
    [run] = find_run_processes(trial.begin())
    trial.mark()
    kill_tree(run.pid)
    trial.watch()


def lose_worker(trial: Trial) -> None:
    """The worker is killed, the process of its run lives."""
    worker = trial.begin()
    trial.mark()
    worker.kill()
    worker.wait()
    trial.watch()


def restart_server(trial: Trial) -> None:
    """The server is killed and started again at once."""
    trial.begin()
    trial.mark()
    trial.farm.kill_server()
    trial.farm.start_server()
    trial.watch()


def stop_server(trial: Trial) -> None:
    """The server is away for longer than the run waits for it; workers are started again, as a supervisor does."""
    trial.begin()
    trial.mark()
    trial.farm.kill_server()
    time.sleep(AWAY_S)
    trial.farm.start_server()
    trial.farm.start_worker()
    trial.watch()


def cancel_lost(trial: Trial) -> None:
    """A run is cancelled whose machine was lost a moment ago."""
    worker = trial.begin()
    trial.mark()
    kill_tree(worker.pid)
    trial.farm.cancel(trial.run)
    trial.watch()


def lose_before_start(trial: Trial) -> None:
    """The machine is lost after its worker took the run and before the run starts."""
    worker = trial.farm.start_worker()
    trial.run = trial.farm.request_run(trial.specs, trial.name)
    wait_for(lambda: trial.farm.read_run(trial.run)["state_type"] == "PENDING")
    trial.mark()
    kill_tree(worker.pid)
    trial.farm.start_worker()
    trial.watch()


def lose_every_time(trial: Trial) -> None:
    """A run that kills its own machine: it must not do so for ever."""
    worker = trial.begin()
    trial.mark()
    while trial.farm.read_run(trial.run)["state_name"] == "Running":
        for run in find_run_processes(worker):
            kill_tree(run.pid)
        trial.watch(lambda states: states[-1] == "Crashed")  # by the worker, at once
        with contextlib.suppress(TimeoutError):
            trial.watch(lambda states: states[-1] == "Running", AFTER_CRASH_S)


EVENTS: dict[str, Callable[[Trial], None]] = {
    function.__name__.replace("_", "-"): function
    for function in (lose_machine, lose_run, lose_worker, restart_server, stop_server, cancel_lost, lose_before_start, lose_every_time)
}


def copy_store(first: Path, store: Path) -> None:
    """Fills the store from that of the first trial, without the last stages."""
    shutil.copytree(first, store)
    for path in store.glob("keys/*/*.json"):
        if json.loads(path.read_text("utf-8")).get("stage") in LAST_STAGES:
            path.unlink()


def run_trial(farm: Farm, event: str, first: str) -> str:
    """The row of one event; its workers have ended."""
    specs = farm.folder / "specs"
    specs.mkdir(exist_ok=True)
    shutil.copy(PROJECT_ROOT / "tests" / "data" / "tiny.yaml", specs / "tiny.yaml")
    trial = Trial(farm, specs, event)
    if event != first:
        copy_store(farm.get_store(first), farm.get_store(event))
    EVENTS[event](trial)
    row = trial.format_row((EVENTS[event].__doc__ or "").strip().rstrip("."))
    for worker in farm.workers:
        kill_tree(worker.pid)
    farm.workers.clear()
    return row


def main() -> None:
    """Prints a row per event as soon as it is known."""
    parser = argparse.ArgumentParser(prog="bench.lost_machine")
    parser.add_argument("events", nargs="*", metavar="EVENT", help=", ".join(EVENTS))
    parser.add_argument("--keep", type=Path, help="a new folder for the farm, whose database is kept")
    given = parser.parse_args()
    if unknown := set(given.events) - set(EVENTS):
        parser.error(f"unknown event {', '.join(sorted(unknown))}; known: {', '.join(EVENTS)}")
    with tempfile.TemporaryDirectory() as place, open_farm(given.keep or Path(place) / "farm") as farm:
        farm.deploy()
        print(HEAD, flush=True)
        events = list(given.events or EVENTS)
        for event in events:
            print(run_trial(farm, event, events[0]), flush=True)


if __name__ == "__main__":
    sys.exit(main())
