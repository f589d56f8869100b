"""A lock on an open file that ends with its process, whatever ends it: who finds it free knows that the owner is gone."""

from __future__ import annotations

import fcntl
from typing import IO


def try_lock(file: int | IO[bytes]) -> bool:
    """Locks an open file for this process alone; False where another process holds it.

    Raises:
        OSError: its file system has no locks.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
