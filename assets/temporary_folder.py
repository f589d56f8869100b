"""Temporary folders of our own: removed with the block, and where their owner was killed, by the next call on this machine."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from assets.file_lock import try_lock

PREFIX = ".fenshen-temporary-"
"""Of nothing else: what has this name and no living owner is deleted."""
_NEW_S = 60.0
"""A folder may be so old, in seconds, before its owner has locked it."""


@contextmanager
def open_temporary_folder() -> Iterator[Path]:
    """An empty folder under TMPDIR, locked as long as its owner lives."""
    _remove_abandoned(Path(tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks: nobody takes it for abandoned, since nobody can lock it
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def _remove_abandoned(parent: Path) -> None:
    """Removes the folders that killed processes of this user have left."""
    for folder in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):
            status = folder.lstat()
            if status.st_uid != os.getuid() or abs(time.time() - status.st_mtime) < _NEW_S:
                continue
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                if try_lock(handle):
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(handle)
