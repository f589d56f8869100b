"""Full disks: which errors say so, and the clause that every such message has: how much is needed, how much is free."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from assets.errors import Finding
from assets.paths import find_existing_ancestor

FULL_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT)
MIN_FREE_BYTES = 300_000_000
"""Of disk space for a build: its results and its bundle take about 100 MB."""
FREE_SPACE_FIX = "free some disk space, e.g. by `fenshen cache gc --days 30`, or choose another folder"
_FULL_BYTES = 1_000_000
"""A disk with less than this is full for Prefect's database, for a library's temporary file, for whatever was written last."""


def describe_shortage(path: Path, needed_bytes: int | None = None) -> str:
    """` (it needs 1.3 MB, 0.1 MB are free)`; without a size, what a whole build needs."""
    need = f"a build needs {MIN_FREE_BYTES / 1e6:.0f} MB" if needed_bytes is None else f"it needs {_format_mb(needed_bytes)} MB"
    free = measure_free_bytes(path)
    return f" ({need})" if free is None else f" ({need}, {_format_mb(free)} MB are free)"


def _format_mb(size: int) -> str:
    """Megabytes with one decimal, rounded up: 0.1 for a file of 40 bytes, which needs space too."""
    return f"{-(-size // 100_000) / 10:.1f}"


def measure_free_bytes(path: Path) -> int | None:
    """Of the path's file system; None where that cannot be known."""
    with suppress(OSError):
        return shutil.disk_usage(find_existing_ancestor(path)).free
    return None


def find_full_disk(folders: Iterable[Path]) -> Finding | None:
    """The finding for the first of these folders whose disk is full."""
    for folder in folders:
        free = measure_free_bytes(folder)
        if free is not None and free < _FULL_BYTES:
            return Finding("store/no-space", f"the disk of {folder} is full{describe_shortage(folder)}", fix=FREE_SPACE_FIX)
    return None
