"""Prefect's database stays small: old runs of temporary servers are removed, new ones and other databases are not."""

from __future__ import annotations

import datetime
import sqlite3
from pathlib import Path

import pytest
from prefect.server.database.orm_models import Base

from flows.engine import database
from flows.engine.database import SWEPT_TABLES, sweep_database, sweep_own_database


def fill(path: Path) -> Path:
    """A database with a run of today and one of last year, 100 KB each."""
    now = datetime.datetime.now(datetime.UTC)
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE flow_run (name, created, data)")
        for name, days in (("new", 0), ("old", 365)):
            created = (now - datetime.timedelta(days=days)).strftime("%Y-%m-%d %H:%M:%S.%f")
            made.execute("INSERT INTO flow_run VALUES (?, ?, ?)", (name, created, bytes(100_000)))
    made.close()
    return path


def list_runs(path: Path) -> list[str]:
    with sqlite3.connect(path) as read:
        return [name for (name,) in read.execute("SELECT name FROM flow_run")]


def test_a_large_database_loses_old_runs(tmp_path: Path) -> None:
    """It grew by 1.5 MB a build."""
    path = fill(tmp_path / "prefect.db")
    assert sweep_database(path, 1000) > 90_000
    assert list_runs(path) == ["new"]


def test_a_small_a_missing_and_a_damaged_one_are_left_alone(tmp_path: Path) -> None:
    assert sweep_database(fill(tmp_path / "prefect.db")) == 0
    assert list_runs(tmp_path / "prefect.db") == ["new", "old"]
    assert sweep_database(tmp_path / "none.db", 0) == 0
    (tmp_path / "bad.db").write_bytes(b"no database" * 100)
    assert sweep_database(tmp_path / "bad.db", 0) == 0


@pytest.mark.parametrize("variable", database.URL_VARIABLES)
def test_only_the_database_in_our_home_is_swept(variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prefect 3's own name of the variable was not looked at."""
    swept: list[Path] = []
    monkeypatch.setattr(database, "sweep_database", swept.append)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    monkeypatch.setenv(variable, "postgresql+asyncpg://studio/prefect")
    sweep_own_database()
    assert swept == []
    monkeypatch.delenv(variable)
    sweep_own_database()
    assert swept == [tmp_path / "prefect.db"]


def test_prefect_has_the_tables_that_are_swept() -> None:
    assert all(column in Base.metadata.tables[table].columns for table, column in SWEPT_TABLES.items())
