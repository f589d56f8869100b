"""Homes of Prefect for tests: their tables are copied from the database that set-up made, as creating them takes 12 s of computing."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from assets.paths import get_home

_SOURCE = get_home() / "prefect" / "prefect.db"
"""Found when the suite begins: tests have homes of their own."""
_MAX_BYTES = 50_000_000
"""A larger database, of somebody who has built a lot, takes longer to copy and empty than a new one to create."""
_VERSION_TABLE = "alembic_version"


def fill_prefect_home(folder: Path) -> Path:
    """The folder, made where it is missing, with an empty Prefect database; without one where set-up has not made any."""
    folder.mkdir(parents=True, exist_ok=True)
    if not _SOURCE.is_file() or _SOURCE.stat().st_size > _MAX_BYTES:
        return folder
    partial = folder / "prefect.part"
    with closing(sqlite3.connect(f"{_SOURCE.as_uri()}?mode=ro", uri=True)) as original, closing(sqlite3.connect(partial)) as copy:
        original.backup(copy)
        _delete_rows(copy)
    os.replace(partial, folder / "prefect.db")
    return folder


def _delete_rows(database: sqlite3.Connection) -> None:
    """Deletes the rows of the user's own runs, and keeps the tables with their version."""
    with database:
        database.execute("PRAGMA foreign_keys = OFF")
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").fetchall():
            if name != _VERSION_TABLE:
                database.execute(f'DELETE FROM "{name}"')
