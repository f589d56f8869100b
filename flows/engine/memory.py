"""Memory for the stages of this machine: each waits until what it needs is free, whichever build or worker it belongs to.

Six late runs of 4 GB started at once and were killed by the kernel. A running stage holds a file under FENSHEN_HOME/run/memory by a
lock that ends with its process, so a killed build frees what it had reserved.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from assets.file_lock import try_lock
from assets.paths import get_home
from stages.execute import LOGGER

POLL_S = 0.25
_SYSTEM_GB = 1.0
"""Left to everything else on the machine, the Prefect server included."""
_CGROUP_FILES = ("memory.max", "memory/memory.limit_in_bytes")


@contextmanager
def reserve_memory(name: str, size_gb: float) -> Iterator[None]:
    """Waits until the stage may take that much memory; a stage that is alone on the machine never waits."""
    folder = get_home() / "run" / "memory"
    with ExitStack() as stack:
        with suppress(OSError):  # a home that is full or cannot be written: nothing is known of other builds
            folder.mkdir(parents=True, exist_ok=True)
            _wait_for_memory(folder, name, size_gb, stack)
        yield


def _wait_for_memory(folder: Path, name: str, size_gb: float, stack: ExitStack) -> None:
    is_reported = False
    while not _try_reserve(folder, size_gb, stack):
        if not is_reported:
            LOGGER.info("%s: waits for %.1f GB of memory", name, size_gb)
            is_reported = True
        threading.Event().wait(POLL_S)


def _try_reserve(folder: Path, size_gb: float, stack: ExitStack) -> bool:
    """Reserves it until the stack is closed, if there is room."""
    with _lock(folder.with_suffix(".lock")):
        reserved_gb = list(_read_reservations(folder))
        if reserved_gb and not has_room(sum(reserved_gb), size_gb):
            return False
        path = folder / secrets.token_hex(8)
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        stack.callback(os.close, handle)
        stack.callback(path.unlink, missing_ok=True)
        os.write(handle, f"{size_gb}".encode())
        fcntl.flock(handle, fcntl.LOCK_EX)
    return True


def has_room(reserved_gb: float, size_gb: float) -> bool:
    """Whether a stage of this size fits next to running stages that have reserved so much."""
    import psutil

    memory = psutil.virtual_memory()
    limit_gb = min(memory.total, _read_cgroup_limit() or memory.total) / 1e9 - _SYSTEM_GB
    return bool(reserved_gb + size_gb <= limit_gb and size_gb <= memory.available / 1e9)


def _read_cgroup_limit(root: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Bytes that this container may use; None where there is no limit."""
    for name in _CGROUP_FILES:
        with suppress(OSError, ValueError):
            return int((root / name).read_text())
    return None


def _read_reservations(folder: Path) -> Iterator[float]:
    """GB of every stage that is running; removes what killed processes have left."""
    for path in folder.iterdir():
        with suppress(OSError, ValueError), path.open("rb") as stream:
            if try_lock(stream):
                path.unlink(missing_ok=True)
            else:
                yield float(stream.read())


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """One process or thread at a time."""
    handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
