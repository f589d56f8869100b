"""Claims: the process that makes a result holds its claim, so that other processes wait for the result instead of making it as well.

STORE/claims/ab/KEY      locked (flock) by its owner, which touches it every HEARTBEAT_S; its text says who that is

The kernel releases the lock when the owner ends, whatever ends it and whatever adopts its orphans. An owner that is alive but does
not run (Ctrl-Z, a frozen container) stops the heartbeat: after STALE_S its claim is taken over, and at worst the same result is
made twice. A claim is the last thing that its owner waits for, so claims cannot wait for each other in a circle.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from assets.file_lock import try_lock

POLL_S = 0.1
HEARTBEAT_S = 5.0
STALE_S = 60.0
"""Without a heartbeat for so long, a claim no longer counts; a busy machine may delay one by some seconds."""


def _ignore(_owner: str) -> None:
    """Reports nothing."""


@contextmanager
def hold_claim(path: Path, on_wait: Callable[[str], None] = _ignore) -> Iterator[None]:
    """Waits while another owner holds the claim, then holds it for the block.

    Where locks do not work (a read-only or full disk, some network folders) the block runs without one: a result that is made twice
    is the same one twice.

    Args:
        on_wait: called once with the owner's own words, where there is a wait; an owner whose disk is full has none.
    """
    handle = _acquire(path, on_wait)
    if handle is None:
        yield
        return
    ended = threading.Event()
    heart = threading.Thread(target=_beat, args=(handle, ended), name="fenshen-claim", daemon=True)
    heart.start()
    try:
        yield
    finally:
        ended.set()
        heart.join()  # the handle's number may belong to another file once it is closed
        _release(path, handle)


def remove_abandoned_claims(folder: Path) -> int:
    """Deletes the files that killed owners have left; returns how many."""
    removed = 0
    for path in folder.glob("*/*"):
        with suppress(OSError):
            if (handle := _try_lock(path, create=False)) is not None:
                _release(path, handle)
                removed += 1
    return removed


@dataclass
class _Heartbeat:
    """The last sign of life that was seen of an owner; by the watcher's own clock, since clocks of machines differ and are set back."""

    seen: tuple[int, int] | None = None
    """File and time of the heartbeat."""
    since: float = 0.0

    def is_stale(self, status: os.stat_result) -> bool:
        """Whether the claim's file has not changed for STALE_S."""
        if self.seen != (status.st_ino, status.st_mtime_ns):
            self.seen, self.since = (status.st_ino, status.st_mtime_ns), time.monotonic()
        return time.monotonic() - self.since > STALE_S


def _acquire(path: Path, on_wait: Callable[[str], None]) -> int | None:
    """The locked file's handle; None where locks do not work here."""
    heartbeat, is_reported = _Heartbeat(), False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        while (handle := _try_lock(path)) is None:
            with suppress(FileNotFoundError):  # its owner has just finished
                if heartbeat.is_stale(path.stat()):
                    path.unlink()  # the owner keeps its lock on a file that no other process can open any more
                # The owner writes its words after it has the lock, so the first looks may find none.
                if not is_reported and (owner := path.read_text(errors="replace")):
                    on_wait(owner)
                    is_reported = True
            threading.Event().wait(POLL_S)
    except OSError:
        return None
    with suppress(OSError):  # a full disk: the lock works without the words
        os.write(handle, f"process {os.getpid()} on {socket.gethostname()}".encode())
    return handle


def _try_lock(path: Path, *, create: bool = True) -> int | None:
    """The locked file's handle; None where another owner holds it. Raises OSError where locks do not work."""
    while True:
        handle = os.open(path, (os.O_CREAT if create else 0) | os.O_RDWR | os.O_NOFOLLOW, 0o644)
        try:
            if not try_lock(handle):
                os.close(handle)
                return None
            if _is_at(path, handle):
                os.ftruncate(handle, 0)
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # the previous owner removed the file between the two calls


def _is_at(path: Path, handle: int) -> bool:
    """Whether the path still names the open file."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(handle), path.stat())
    return False


def _release(path: Path, handle: int) -> None:
    with suppress(OSError):
        if _is_at(path, handle):  # not another's, that has taken the claim over
            path.unlink()
    os.close(handle)


def _beat(handle: int, ended: threading.Event) -> None:
    while not ended.wait(HEARTBEAT_S):
        with suppress(OSError):
            os.utime(handle)
