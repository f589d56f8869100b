"""A claim: one process makes a result, the others wait for it; an owner that has ended or does not run holds up nobody."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from assets import claim
from assets.claim import hold_claim, remove_abandoned_claims

OWNER = """
import sys
from pathlib import Path
from assets.claim import hold_claim
with hold_claim(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "claims" / "ab" / "key"


def start_owner(path: Path) -> subprocess.Popen[str]:
    """Another process that holds the claim until its standard input is closed."""
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert owner.stdout
    assert owner.stdout.readline() == "held\n"
    return owner


def test_a_released_claim_leaves_no_file(path: Path) -> None:
    with hold_claim(path):
        assert path.read_text().startswith(f"process {os.getpid()} on ")
    assert list(path.parent.iterdir()) == []


def test_a_second_owner_waits_for_the_first(path: Path) -> None:
    owner, waits = start_owner(path), []

    def release(words: str) -> None:
        waits.append(words)
        owner.communicate("")

    with hold_claim(path, release):
        assert waits[0].startswith(f"process {owner.pid} on ")
        assert owner.poll() == 0


def test_an_owner_is_reported_once_its_words_are_there(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between its lock and its words a claim is empty: `waits for , which is making it` was printed then."""
    owner, waits, looks = start_owner(path), [], []
    words = path.read_text()
    path.write_text("")
    read_text = Path.read_text

    def write_words_after_two_looks(self: Path, **options: str) -> str:
        looks.append(self)
        if len(looks) == 3:
            path.write_text(words)
        return read_text(self, **options)

    def release(text: str) -> None:
        waits.append(text)
        owner.communicate("")

    monkeypatch.setattr(Path, "read_text", write_words_after_two_looks)
    with hold_claim(path, release):
        assert waits == [words]


def test_the_claim_of_a_killed_owner_is_free_at_once(path: Path) -> None:
    owner = start_owner(path)
    owner.kill()
    owner.wait()
    assert path.exists()
    with hold_claim(path, lambda words: pytest.fail("it waited")):
        pass
    assert not path.exists()


def test_threads_of_one_process_take_turns(path: Path) -> None:
    inside, most, lock = 0, 0, threading.Lock()

    def work() -> None:
        nonlocal inside, most
        with hold_claim(path):
            with lock:
                inside += 1
                most = max(most, inside)
            with lock:
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_a_claim_without_a_heartbeat_is_taken_over(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its owner is stopped by Ctrl-Z: the lock is held and nobody touches the file. Later it must not delete the new owner's claim."""
    monkeypatch.setattr(claim, "STALE_S", 0.0)
    monkeypatch.setattr(claim, "HEARTBEAT_S", 3600.0)
    with hold_claim(path):
        stopped = path.stat().st_ino
        with hold_claim(path):
            assert path.stat().st_ino != stopped
            first = path
        assert not first.exists()


def test_a_stale_owner_leaves_the_claim_of_the_next(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claim, "STALE_S", 0.0)
    monkeypatch.setattr(claim, "HEARTBEAT_S", 3600.0)
    stale, new = hold_claim(path), hold_claim(path)
    stale.__enter__()
    new.__enter__()
    stale.__exit__(None, None, None)
    assert path.exists()
    new.__exit__(None, None, None)
    assert not path.exists()


def test_an_owner_that_works_is_waited_for_however_its_clock_is_set(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The dates of the file are compared with each other, never with this machine's time."""
    heartbeat = claim._Heartbeat()
    now = [100.0]
    monkeypatch.setattr(claim.time, "monotonic", lambda: now[0])
    path.parent.mkdir(parents=True)
    path.touch()
    for date in (5_000_000_000, 0, 1_000_000_000):
        os.utime(path, (date, date))
        now[0] += claim.STALE_S
        assert not heartbeat.is_stale(path.stat())
    now[0] += claim.STALE_S + 1
    assert heartbeat.is_stale(path.stat())


def test_without_locks_the_block_runs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(handle: int, operation: int) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with hold_claim(path):
        ran = True
    assert ran


def test_a_folder_that_cannot_be_written_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "claims").write_bytes(b"")
    with hold_claim(tmp_path / "claims" / "ab" / "key"):
        ran = True
    assert ran


def test_a_sweep_removes_abandoned_claims_only(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.touch()
    with hold_claim(path.with_name("held")):
        assert remove_abandoned_claims(path.parents[1]) == 1
        assert [left.name for left in path.parent.iterdir()] == ["held"]
