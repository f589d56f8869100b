"""A build whose database is on a full disk ends; Prefect's client would ask its server again for a quarter of an hour."""

from __future__ import annotations

import subprocess
import sys

import pytest

from assets.disk_space import find_full_disk
from assets.errors import Finding, StoreError
from flows.engine import stalled_run
from flows.engine.events import Event
from flows.engine.stalled_run import STALLED_S, StallWatch

FULL = Finding("store/no-space", "the disk of /home/prefect is full")

# A flow that never ends, as one does whose server cannot write its state.
PROGRAM = """
import threading
from assets.errors import FenshenError, Finding, StoreError
from flows.engine.display import SILENT
from flows.engine.interrupt import run_interruptible
def check():
    raise StoreError(Finding("store/no-space", "the disk is full"))
try:
    run_interruptible(threading.Event().wait, SILENT, {}, check=check)
except FenshenError as error:
    print(error)
"""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Its last entry is the time; the disk is full."""
    times = [100.0]
    monkeypatch.setattr(stalled_run.time, "monotonic", lambda: times[-1])
    monkeypatch.setattr(stalled_run, "find_full_disk", lambda folders: FULL)
    return times


def test_a_run_without_room_and_without_an_event_has_stalled(clock: list[float]) -> None:
    watch = StallWatch(has_database_here=True)
    clock.append(100 + STALLED_S)
    watch.check()
    clock.append(101 + STALLED_S)
    with pytest.raises(StoreError, match="is full"):
        watch.check()


def test_a_run_that_advances_has_not(clock: list[float]) -> None:
    watch = StallWatch(has_database_here=True)
    clock.append(90 + STALLED_S)
    watch.note(Event("voice", "running"))
    clock.append(110 + STALLED_S)
    watch.check()


def test_room_that_is_freed_lets_a_run_continue(clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    watch = StallWatch(has_database_here=True)
    clock.append(90 + STALLED_S)
    with monkeypatch.context() as freed:
        freed.setattr(stalled_run, "find_full_disk", find_full_disk)
        watch.check()
    clock.append(110 + STALLED_S)
    watch.check()


def test_the_disk_of_another_servers_database_is_not_ours_to_watch(clock: list[float]) -> None:
    watch = StallWatch(has_database_here=False)
    clock.append(1000.0)
    watch.check()


def test_a_flow_that_never_ends_is_left_alone() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "the disk is full" in done.stdout
