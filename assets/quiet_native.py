"""Silences what C++ libraries write directly to file descriptor 2, but nothing that Python writes to standard error.

mediapipe logs through absl before its setup, and FFmpeg through its own log; neither obeys an environment variable (tried:
GLOG_minloglevel, TF_CPP_MIN_LOG_LEVEL, ABSL_MIN_LOG_LEVEL), so the descriptor is redirected while they work.
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
"""Held while the descriptor is redirected: it belongs to the whole process."""


@contextlib.contextmanager
def silence_native_stderr() -> Iterator[None]:
    """Context in which only Python reaches standard error: sys.stderr and logging handlers write to a copy of the descriptor."""
    original: Any = sys.stderr
    if not _is_on_descriptor_2(original) or not _LOCK.acquire(blocking=False):
        yield  # a test or a notebook has replaced sys.stderr, or another thread has already silenced it
        return
    original.flush()
    saved = os.dup(2)
    copy = os.fdopen(os.dup(2), "w", buffering=1, encoding=original.encoding, errors=original.errors)
    try:
        _redirect_stderr(original, copy)
        drop_output(2)
        yield
    finally:
        os.dup2(saved, 2)
        _redirect_stderr(copy, original)
        os.close(saved)
        # `copy` is closed with its last reference: another thread may still be writing to it.
        _LOCK.release()


def drop_output(descriptor: int) -> None:
    """Sends what is written to a descriptor to the null device from now on."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, descriptor)
    os.close(null)


def list_log_handlers() -> set[logging.Handler]:
    """The handlers of every logger."""
    loggers = [logging.root, *(logger for logger in logging.root.manager.loggerDict.values() if isinstance(logger, logging.Logger))]
    return {handler for logger in loggers for handler in logger.handlers}


def _is_on_descriptor_2(stream: Any) -> bool:
    try:
        return bool(stream.fileno() == 2)
    except (AttributeError, OSError, ValueError):
        return False


def _redirect_stderr(old: IO[str], new: IO[str]) -> None:
    """Points sys.stderr and every logging handler on it to another stream."""
    sys.stderr = new
    for handler in list_log_handlers():
        if isinstance(handler, logging.StreamHandler) and handler.stream is old:
            handler.setStream(new)
