"""Commands that are killed at random moments and run again: builds, batches, sweeps, and sweeps during a build."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from bench.faults.checks import count_runs, find_half_written, take_snapshot
from bench.faults.place import Command, Place
from bench.faults.reference import Reference, check_results, compare_results, remove_bundles
from bench.faults.trial import Trial

KILLS_IN_A_ROW = 3
"""Of one store, before a run may finish."""
ROWS_A_COLD_START = 6
"""One row of kills in so many starts from an empty store; the others lack LACKING stages of a complete one, which takes seconds."""
LACKING = 3
PATIENCE_S = 60.0
"""In which a command must have ended after a signal that it handles; a busy machine may need it to load its libraries."""


@dataclass(frozen=True)
class Kill:
    """One way to end a command."""

    name: str
    send: Callable[[int], None] | None
    """Sends the signal to a process that leads its group; None where the command ends itself at the Nth step of a write."""
    codes: tuple[int, ...]
    """Exit codes that are right; a negative one is the signal before our handler is installed, which a shell shows as 130 or 143 too."""
    moment: str = ""


KILLS = (
    Kill("KILL", lambda pid: os.kill(pid, signal.SIGKILL), (-9,)),
    Kill("group KILL", lambda pid: os.killpg(pid, signal.SIGKILL), (-9,)),
    Kill("TERM", lambda pid: os.kill(pid, signal.SIGTERM), (143, -15)),
    Kill("INT", lambda pid: os.killpg(pid, signal.SIGINT), (130, -2)),
    Kill("KILL at a write", None, (-9,), "kill"),
    Kill("group KILL at a write", None, (-9,), "killgroup"),
)


def end_command(place: Place, kill: Kill, words: list[str], after_s: float, step: int, log: str) -> tuple[Command, str]:
    """The command, ended by that kill unless it was done before; and the moment in words."""
    moment = f"{kill.moment}:{step}" if kill.moment else ""
    command = place.start(*words, moment=moment, log=log)
    if kill.send is None:
        command.process.wait()
        return command, f"step {step}"
    with suppress(subprocess.TimeoutExpired):
        command.process.wait(after_s)
        return command, "done before"
    kill.send(command.process.pid)
    try:
        command.process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        os.killpg(command.process.pid, signal.SIGKILL)
        command.process.wait()
        return command, f"{after_s:.1f} s, and did not end within {PATIENCE_S:g} s"
    return command, f"{after_s:.1f} s"


def run_kills(place: Place, reference: Reference, count: int, rng: random.Random) -> Iterator[Trial]:
    """Kills the command `count` times, a few times in a row on one store, and lets it finish after each row."""
    case = reference.case
    for number in range(count):
        if number % KILLS_IN_A_ROW == 0:
            is_cold = number // KILLS_IN_A_ROW % ROWS_A_COLD_START == ROWS_A_COLD_START - 1
            _start_row(place, reference, is_cold, rng)
            remove_bundles(reference)
        kill = KILLS[number % len(KILLS)] if count >= len(KILLS) else rng.choice(KILLS)
        trial = Trial("kill", f"{case.name}, {kill.name}")
        started = time.monotonic()
        before = take_snapshot(place.store)
        missing = [key for key in reference.stage_seconds if key not in before.inodes]
        after_s = rng.uniform(0.2, reference.estimate_seconds(set(before.inodes)))
        log = place.outputs / "run.log"
        log.unlink(missing_ok=True)
        words = [*case.words, "--verbose", "--log-file", str(log)]
        command, trial.detail = end_command(place, kill, words, after_s, rng.randrange(1, 6 * len(missing) + 8), "killed")
        _check_end(trial, command, kill)
        trial.count("processes", place.end_processes())
        _check_store(trial, place, reference, before.find_lost(take_snapshot(place.store)))
        trial.count("made_twice", (stage for stage, key in count_runs([log]) if key in before.inodes))
        if (number + 1) % KILLS_IN_A_ROW == 0 or number + 1 == count:
            _finish(trial, place, reference)
        trial.seconds = time.monotonic() - started
        yield trial


def _start_row(place: Place, reference: Reference, is_cold: bool, rng: random.Random) -> None:
    """An empty store, or one that lacks a few stages."""
    place.reset_store(None if is_cold else reference.store)
    if not is_cold:
        remove_results(place, reference, LACKING, rng)


def remove_results(place: Place, reference: Reference, count: int, rng: random.Random) -> None:
    """Removes the records of a few stages, rather quick than slow ones."""
    quick = sorted(reference.stage_seconds, key=lambda key: reference.stage_seconds[key] * rng.uniform(0.2, 1))
    for key in quick[:count]:
        (place.store.root / "keys" / key[:2] / f"{key}.json").unlink()


def _check_end(trial: Trial, command: Command, kill: Kill) -> None:
    if command.code not in (0, *kill.codes):
        trial.count("wrong_code", [f"{command.code} after {trial.detail}: {command.get_last_line()[:200]}"])
    elif "Traceback" in command.read():
        trial.count("wrong_code", [f"a traceback after {trial.detail}: {command.get_last_line()[:200]}"])


def _check_store(trial: Trial, place: Place, reference: Reference, lost: list[str]) -> None:
    trial.count("lost", lost)
    trial.count("half_written", find_half_written(place.store, reference.case.bundles))


def _finish(trial: Trial, place: Place, reference: Reference) -> None:
    """Runs the command to its end: it must give what the undisturbed one gave, and keep what was stored."""
    before = take_snapshot(place.store)
    command = place.run(*reference.case.words, log="finish")
    if command.code:
        trial.count("wrong_code", [f"the next run ended with {command.code}: {command.get_last_line()[:200]}"])
        return
    trial.count("processes", place.end_processes())
    _check_store(trial, place, reference, before.find_lost(take_snapshot(place.store)))
    trial.count("differing", compare_results(reference))
    trial.count("temp_files", place.collect_temporary_files())
    siblings = {path.name for bundle in reference.case.bundles for path in bundle.parent.glob(".*")}
    trial.count("temp_files", siblings)


def age_store(place: Place) -> None:
    """Makes every result older than the hour that a sweep spares."""
    long_ago = time.time() - 7200
    for path in (*place.store.root.glob("keys/*/*"), *place.store.root.glob("blobs/*/*")):
        os.utime(path, (long_ago, long_ago))


def run_gc_kills(place: Place, reference: Reference, count: int, rng: random.Random) -> Iterator[Trial]:
    """Kills `fenshen cache gc` while it removes everything; what is left must be whole, and the next sweep must end it."""
    place.reset_store(reference.store)
    age_store(place)
    usual = place.run("cache", "gc", "--days", "0", log="gc")
    usual_s = time.monotonic() - usual.started
    files = len(list(reference.store.glob("*/*/*")))
    for number in range(count):
        kill = KILLS[number % len(KILLS)]
        trial, started = Trial("kill", f"cache gc, {kill.name}"), time.monotonic()
        place.reset_store(reference.store)
        age_store(place)
        words = ["cache", "gc", "--days", "0"]
        command, trial.detail = end_command(place, kill, words, rng.uniform(0.1, usual_s), rng.randrange(1, files), "killed")
        # A sweep has no handler of its own for SIGTERM: it ends at once.
        _check_end(trial, command, kill)
        trial.count("processes", place.end_processes())
        trial.count("half_written", find_half_written(place.store))
        again = place.run(*words, log="gc")
        if again.code:
            trial.count("wrong_code", [f"the next sweep ended with {again.code}: {again.get_last_line()[:200]}"])
        trial.count("temp_files", [str(path) for path in place.store.root.glob("*/*/*")])
        trial.seconds = time.monotonic() - started
        yield trial


def run_gc_in_build(place: Place, reference: Reference, count: int, rng: random.Random) -> Iterator[Trial]:
    """Sweeps everything again and again while a build uses old results and makes new ones: it must not notice."""
    for _ in range(count):
        trial, started = Trial("kill", "cache gc during a build"), time.monotonic()
        place.reset_store(reference.store)
        remove_results(place, reference, LACKING, rng)
        age_store(place)
        remove_bundles(reference)
        build = place.start(*reference.case.words, log="build")
        sweeps = 0
        while build.code is None:
            sweep = place.run("cache", "gc", "--days", "0", "--keep-mb", "0", log="gc")
            sweeps += 1
            if sweep.code:
                trial.count("wrong_code", [f"the sweep ended with {sweep.code}: {sweep.get_last_line()[:200]}"])
        trial.detail = f"{sweeps} sweeps"
        if build.code:
            trial.count("wrong_code", [f"the build ended with {build.code}: {build.get_last_line()[:200]}"])
        check_results(trial, place, reference)
        trial.seconds = time.monotonic() - started
        yield trial
