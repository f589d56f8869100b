"""Prefect's database of the temporary server: swept of old runs before the server starts, because nobody looks at their pages.

It grows by 1.5 MB a build, and Prefect's own vacuum runs only where a server stays up for an hour.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import sqlite3
from pathlib import Path

URL_VARIABLES = ("PREFECT_SERVER_DATABASE_CONNECTION_URL", "PREFECT_API_DATABASE_CONNECTION_URL")
"""Either name the database; the second is Prefect 2's, which Prefect 3 still reads."""
MAX_BYTES = 50_000_000
"""Below that nothing is swept: a sweep rewrites the file."""
KEPT_DAYS = 7
SWEPT_TABLES = {
    "artifact": "created", "artifact_collection": "created", "log": "timestamp", "events": "occurred", "event_resources": "occurred",
    "task_run_state": "timestamp", "task_run": "created", "flow_run_state": "timestamp", "flow_run": "created",
}  # fmt: skip
"""Tables that grow with every run -> the column of their time."""


def get_database_url() -> str:
    """The address of the database that the user has chosen; empty where it is the file in PREFECT_HOME."""
    return next(filter(None, map(os.environ.get, URL_VARIABLES)), "")


def sweep_own_database() -> None:
    """Sweeps the database in PREFECT_HOME; one that the user names elsewhere is not ours."""
    if not get_database_url():
        sweep_database(Path(os.environ["PREFECT_HOME"]) / "prefect.db")


def sweep_database(path: Path, max_bytes: int = MAX_BYTES) -> int:
    """Removes rows older than KEPT_DAYS from a file larger than max_bytes; returns the bytes that it became smaller.

    A database that another process is writing, or that is damaged, is left to Prefect.
    """
    try:
        before = path.stat().st_size
        if before <= max_bytes:
            return 0
        with contextlib.closing(sqlite3.connect(path, timeout=1, isolation_level=None)) as database:
            _delete_old_rows(database)
            database.execute("VACUUM")
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return before - path.stat().st_size
    except (OSError, sqlite3.Error):
        return 0


def _delete_old_rows(database: sqlite3.Connection) -> None:
    limit = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=KEPT_DAYS)
    known = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for table, column in SWEPT_TABLES.items():
        if table in known:
            # SQLAlchemy writes times as text that sorts by time, in UTC.
            database.execute(f"DELETE FROM {table} WHERE {column} < ?", (limit.strftime("%Y-%m-%d %H:%M:%S.%f"),))
