"""Stages take only the memory that the machine has, whichever build they belong to."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from assets.paths import PROJECT_ROOT
from flows.engine import memory
from flows.engine.memory import has_room, reserve_memory
from flows.pipeline.definition import STAGES

HOLDER = """
import sys
from flows.engine.memory import reserve_memory
with reserve_memory("a", 4):
    print("has", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of 8 GB and a home of its own."""
    monkeypatch.setenv("FENSHEN_HOME", str(tmp_path))
    monkeypatch.setattr(memory, "_read_cgroup_limit", lambda: 8_000_000_000)
    monkeypatch.setattr(memory, "POLL_S", 0.01)


def take(size_gb: float, done: list[float]) -> threading.Thread:
    def work() -> None:
        with reserve_memory("b", size_gb):
            done.append(size_gb)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_a_stage_waits_until_its_memory_is_free() -> None:
    """Six late runs of 4 GB started at once."""
    done: list[float] = []
    with reserve_memory("a", 4):
        waiting, small = take(4, done), take(2, done)
        small.join(10)
        assert done == [2]
    waiting.join(10)
    assert done == [2, 4]


def test_a_stage_that_is_alone_never_waits() -> None:
    with reserve_memory("a", 1000):
        pass


def test_a_build_that_was_killed_frees_what_it_had_reserved() -> None:
    done: list[float] = []
    holder = subprocess.Popen([sys.executable, "-c", HOLDER], cwd=PROJECT_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout
    assert holder.stdout.readline() == "has\n"
    waiting = take(4, done)
    waiting.join(0.2)
    assert done == []
    holder.kill()
    holder.wait()
    waiting.join(10)
    assert done == [4]


def test_the_limit_of_a_container_counts() -> None:
    assert has_room(3, 2)
    assert not has_room(6, 2)
    assert not has_room(0, 100_000)


def test_every_stage_says_what_it_takes() -> None:
    assert all(0 < stage.memory_gb <= 4 for stage in STAGES.values())


def test_a_full_disk_is_no_reason_not_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stage failed with OSError before it began, and was tried again."""

    def fail(handle: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(memory.os, "write", fail)
    with reserve_memory("a", 4):
        ran = True
    assert ran
