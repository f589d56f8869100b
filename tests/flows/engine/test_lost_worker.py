"""A worker that is killed alone: its run, whose console was a pipe to it, continues."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import suppress
from types import SimpleNamespace

import pytest
from prefect.logging.handlers import PrefectConsoleHandler

from flows.engine.lost_worker import outlive_worker


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """Prints into a pipe that nobody reads any more."""
    read, write = os.pipe()
    stream = os.fdopen(write, "w", buffering=1)
    os.close(read)
    logger, handler = logging.getLogger("fenshen.test-lost-worker"), PrefectConsoleHandler(stream)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield logger
    logger.removeHandler(handler)
    with suppress(BrokenPipeError):
        stream.close()


@pytest.fixture
def stdout() -> Iterator[None]:
    """rich puts /dev/null in the place of the process's own standard output."""
    kept = os.dup(1)
    yield
    os.dup2(kept, 1)
    os.close(kept)


@pytest.mark.usefixtures("stdout")
def test_prefect_alone_would_end_the_run(logger: logging.Logger, monkeypatch: pytest.MonkeyPatch) -> None:
    """rich's own answer, and that of a command whose reader has ended."""
    monkeypatch.setattr("sys.stdout", SimpleNamespace(fileno=lambda: 1))
    outlive_worker(None, SimpleNamespace(deployment_id=None), None)
    with pytest.raises(SystemExit):
        logger.info("a line")


def test_a_run_of_a_worker_continues_in_silence(logger: logging.Logger) -> None:
    """The run was Crashed: "Execution was aborted by Python system exit call"."""
    outlive_worker(None, SimpleNamespace(deployment_id="nightly"), None)
    for line in ("a line", "the next one"):
        logger.info(line)
    handler = logger.handlers[0]
    assert isinstance(handler, PrefectConsoleHandler)
    assert os.fstat(handler.stream.fileno()).st_rdev == os.stat(os.devnull).st_rdev
