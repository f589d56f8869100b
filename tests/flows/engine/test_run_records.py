"""A run whose process was killed does not stay Running: the next command on the same server ends it."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from assets.paths import get_home
from flows.engine import run_records
from flows.engine.run_records import LOST, end_lost_runs, record_runs
from tests.prefect_home import fill_prefect_home

HOLDER = """
import sys
from uuid import UUID
from flows.engine.run_records import record_runs
with record_runs() as record:
    record(UUID(sys.argv[1]))
    print("has", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No record of other tests."""
    monkeypatch.setenv("FENSHEN_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The runs that would be ended on the server."""
    found: list[str] = []

    def crash(runs: list[object]) -> int:
        found.extend(map(str, runs))
        return len(runs)

    monkeypatch.setattr(run_records, "_crash_runs", crash)
    return found


def hold(run: str) -> subprocess.Popen[str]:
    """A process that has started the run."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, run], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "has\n"
    return process


def list_records() -> list[Path]:
    return list((get_home() / "run" / "flow-runs").iterdir())


def test_runs_of_a_killed_process_are_ended_once(ended: list[str]) -> None:
    run = str(uuid4())
    process = hold(run)
    assert end_lost_runs() == 0  # it lives
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert end_lost_runs() == 1
    assert ended == [run]
    assert end_lost_runs() == 0


def test_a_process_that_ends_by_itself_leaves_no_record(ended: list[str]) -> None:
    process = hold(str(uuid4()))
    process.communicate("")
    assert list_records() == []
    with pytest.raises(ZeroDivisionError), record_runs():
        raise ZeroDivisionError
    assert list_records() == []


def test_runs_on_another_server_are_left_to_its_commands(ended: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    process = hold(str(uuid4()))
    process.kill()
    process.communicate()
    here = os.environ["PREFECT_HOME"]
    monkeypatch.setenv("PREFECT_HOME", "/elsewhere")
    assert end_lost_runs() == 0
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", "postgresql+asyncpg://studio:secret@db/prefect")
    assert end_lost_runs() == 0
    monkeypatch.delenv("PREFECT_SERVER_DATABASE_CONNECTION_URL")
    monkeypatch.setenv("PREFECT_HOME", here)
    assert end_lost_runs() == 1


def test_the_address_of_the_database_is_not_written_down(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", "postgresql+asyncpg://studio:secret@db/prefect")
    with record_runs() as record:
        record(uuid4())
        (file,) = list_records()
        assert "secret" not in file.name + file.read_text()


def test_a_line_that_a_kill_has_cut_off_is_not_read(ended: list[str]) -> None:
    run = uuid4()
    with record_runs():
        name = list_records()[0].name
    (get_home() / "run" / "flow-runs" / name).write_text(f"{run}\n{str(uuid4())[:20]}")
    assert end_lost_runs() == 1
    assert ended == [str(run)]


def test_a_home_that_cannot_be_written_stops_no_build(home: Path) -> None:
    (home / "run").write_text("a file")
    with record_runs() as record:
        record(uuid4())


def test_a_server_that_fails_is_tried_again_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    process = hold(str(uuid4()))
    process.kill()
    process.communicate()

    def fail(runs: object) -> int:
        raise OSError("database is locked")

    monkeypatch.setattr(run_records, "_crash_runs", fail)
    with pytest.raises(OSError):
        end_lost_runs()
    assert len(list_records()) == 1


PROGRAM = """
import os, signal, sys
from prefect import flow, task
from flows.engine.run_flow import run_entry_point
@flow
def inner():
    os.kill(os.getpid(), signal.SIGKILL)
@task
def one():
    inner()
@flow
def outer():
    if sys.argv[1] == "die":
        one()
sys.modules["program"] = sys.modules["__main__"]
run_entry_point("program:outer", lambda flow: flow(), preloaders=((), ()))
import threading
[thread.join() for thread in threading.enumerate() if thread.name == "fenshen-lost-runs"]
"""


def read_runs(file: Path) -> list[tuple[str, str, str | None]]:
    """(flow, type of state, message) of every run of a database."""
    query = (
        "SELECT flow.name, flow_run.state_type, flow_run_state.message FROM flow_run JOIN flow ON flow.id = flow_run.flow_id "
        "JOIN flow_run_state ON flow_run_state.id = flow_run.state_id"
    )
    with contextlib.closing(sqlite3.connect(file)) as database:
        return sorted(database.execute(query), key=lambda row: row[:2])


@pytest.mark.slow
@pytest.mark.usefixtures("subreaper")
def test_the_next_build_ends_what_a_killed_one_left_running_on_the_temporary_server(home: Path) -> None:
    """The run and the one inside it were shown as running for ever, in the database that a later server opens. No server is left either."""
    env = {name: value for name, value in os.environ.items() if name not in ("PREFECT_API_URL", "FENSHEN_SERVER")}
    env |= {"PREFECT_HOME": str(fill_prefect_home(home / "prefect"))}
    command, before = [sys.executable, "-c", PROGRAM], psutil.Process().children()
    assert subprocess.run([*command, "die"], env=env, timeout=300, check=False).returncode == -signal.SIGKILL
    _, orphans = psutil.wait_procs([child for child in psutil.Process().children() if child not in before], timeout=20)
    assert [process.cmdline() for process in orphans] == []
    assert [row[:2] for row in read_runs(home / "prefect" / "prefect.db")] == [("inner", "RUNNING"), ("outer", "RUNNING")]
    subprocess.run([*command, "live"], env=env, timeout=300, check=True)
    after = read_runs(home / "prefect" / "prefect.db")
    assert [row[:2] for row in after] == [("inner", "CRASHED"), ("outer", "COMPLETED"), ("outer", "CRASHED")]
    assert [row[2] for row in after if row[1] == "CRASHED"] == [LOST, LOST]
    with contextlib.closing(sqlite3.connect(home / "prefect" / "prefect.db")) as database:
        assert database.execute("SELECT count(*) FROM task_run WHERE state_type = 'RUNNING'").fetchone() == (0,)
