"""A clock that is set back: before a build, during a build, and by a store whose results seem to come from the future."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.faults.checks import count_runs, take_snapshot
from bench.faults.kills import LACKING, remove_results
from bench.faults.place import Place
from bench.faults.reference import Reference, check_results, remove_bundles
from bench.faults.trial import Trial

FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
"""Debian's libfaketime. A time namespace does not help: it moves the monotonic clocks only."""
TWO_DAYS_S = 172800.0
QUICK_STAGES = ("identity", "body", "voice", "retarget", "performance")


def make_clock_environment(clock: Path) -> dict[str, str]:
    """Environment of a process whose clock follows a file, e.g. `-2d`; its monotonic clock is the true one."""
    return {
        "LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1",
    }  # fmt: skip


def run_clock_changes(place: Place, reference: Reference, rng: random.Random) -> Iterator[Trial]:
    """Every change of the clock once; without libfaketime only the store's dates are moved."""
    yield _run(place, reference, rng, "results of the future", {})
    if not FAKETIME.exists():
        return
    clock = place.outputs / "clock"
    clock.write_text("-2d\n")
    yield _run(place, reference, rng, "two days back", make_clock_environment(clock))
    names = sorted({record["stage"] for _, record in place.store.list_records() if "stage" in record} & set(QUICK_STAGES))
    for stage in rng.sample(names, 2):
        clock.write_text("+0d\n")
        yield _run(place, reference, rng, "set back during a stage", make_clock_environment(clock), stage)


def _run(place: Place, reference: Reference, rng: random.Random, name: str, environment: Mapping[str, str], stage: str = "") -> Trial:
    """A build of some stages, during one of which the clock may be set back; old results are swept meanwhile and after it."""
    trial, started = Trial("clock", f"{reference.case.name} and cache gc, {name}", stage), time.monotonic()
    moment = f"set-back:{stage}:{place.outputs / 'clock'}" if stage else ""
    place.reset_store(reference.store)
    remove_results(place, reference, LACKING, rng)
    if stage:
        _remove_stage(place, stage)
    if name == "results of the future":
        _move_dates(place, time.time() + TWO_DAYS_S)
    before = take_snapshot(place.store)
    remove_bundles(reference)
    log = place.outputs / "clock.log"
    log.unlink(missing_ok=True)
    words = [*reference.case.words, "--verbose", "--log-file", str(log)]
    build = place.start(*words, moment=moment, environment=environment, log="build")
    while build.code is None:
        _sweep(trial, place, environment)
    if build.code:
        trial.count("wrong_code", [f"{build.code}: {build.get_last_line()[:200]}"])
    after = take_snapshot(place.store)
    _sweep(trial, place, environment)
    trial.count("lost", [*before.find_lost(after), *after.find_lost(take_snapshot(place.store))])
    trial.count("made_twice", (stage for stage, key in count_runs([log]) if key in before.inodes))
    check_results(trial, place, reference)
    trial.seconds = time.monotonic() - started
    return trial


def _remove_stage(place: Place, stage: str) -> None:
    for key, record in place.store.list_records():
        if record.get("stage") == stage:
            (place.store.root / "keys" / key[:2] / f"{key}.json").unlink()


def _sweep(trial: Trial, place: Place, environment: Mapping[str, str]) -> None:
    """`cache gc` of what was not used for a day."""
    sweep = place.run("cache", "gc", "--days", "1", environment=environment, log="gc")
    if sweep.code:
        trial.count("wrong_code", [f"the sweep ended with {sweep.code}: {sweep.get_last_line()[:200]}"])


def _move_dates(place: Place, seconds: float) -> None:
    for path in place.store.root.glob("*/*/*"):
        os.utime(path, (seconds, seconds))
