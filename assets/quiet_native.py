"""Keeps the notes that C++ libraries write straight to file descriptor 2 off the user's screen, and nothing of Python's.

mediapipe writes through absl before its set-up and FFmpeg through its own log: neither heeds an environment variable (tried:
GLOG_minloglevel, TF_CPP_MIN_LOG_LEVEL, ABSL_MIN_LOG_LEVEL), so the descriptor is taken away while they work.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from collections.abc import Iterator
from typing import IO, Any

_LOCK = threading.Lock()


@contextlib.contextmanager
def silence_native_stderr() -> Iterator[None]:
    """Inside, only Python reaches standard error: sys.stderr and the handlers that hold it write to a copy of the descriptor."""
    held: Any = sys.stderr
    if not _is_on_descriptor_2(held) or not _LOCK.acquire(blocking=False):
        yield  # a test or a notebook has put something else there, or another thread is hushing already
        return
    held.flush()
    kept = os.dup(2)
    copy = os.fdopen(os.dup(2), "w", buffering=1, encoding=held.encoding, errors=held.errors)
    void = os.open(os.devnull, os.O_WRONLY)
    try:
        _redirect_stderr(held, copy)
        os.dup2(void, 2)
        yield
    finally:
        os.dup2(kept, 2)
        _redirect_stderr(copy, held)
        for descriptor in (kept, void):
            os.close(descriptor)
        # `copy` is closed when its last holder lets go: another thread may still be writing to it.
        _LOCK.release()


def _is_on_descriptor_2(stream: Any) -> bool:
    try:
        return bool(stream.fileno() == 2)
    except (AttributeError, OSError, ValueError):
        return False


def _redirect_stderr(old: IO[str], new: IO[str]) -> None:
    """sys.stderr and every logging handler on it write to the other stream from now on."""
    sys.stderr = new
    loggers = [logging.root, *(logger for logger in logging.root.manager.loggerDict.values() if isinstance(logger, logging.Logger))]
    for handler in {handler for logger in loggers for handler in logger.handlers}:
        if isinstance(handler, logging.StreamHandler) and handler.stream is old:
            handler.setStream(new)
