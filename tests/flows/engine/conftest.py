"""The tiny spec, built once for all tests of this folder; and a test's process as the init of its orphans."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from flows.engine.run_flow import run_build
from flows.pipeline.request import BuildRequest
from tests.flows.cli.command import TINY


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(bundle, store) of the tiny spec; tests that change the store take a copy."""
    folder = tmp_path_factory.mktemp("built")
    return run_build(BuildRequest(str(TINY), folder / "tiny", store=folder / "store")), folder / "store"


PR_SET_CHILD_SUBREAPER = 36
"""prctl(2)."""


@pytest.fixture
def subreaper() -> Iterator[None]:
    """Makes the test's process adopt orphans, as systemd --user, tini and a container's init do."""
    if sys.platform != "linux":
        pytest.skip("subreapers are Linux's")
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    before = {child.pid for child in psutil.Process().children()}
    try:
        yield
    finally:
        libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
        psutil.wait_procs([child for child in psutil.Process().children() if child.pid not in before], timeout=5)
