"""The tiny spec, built once for all tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.engine.run_flow import run_build
from flows.pipeline.request import BuildRequest
from tests.flows.cli.command import TINY


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(bundle, store) of the tiny spec; tests that change the store take a copy."""
    folder = tmp_path_factory.mktemp("built")
    return run_build(BuildRequest(str(TINY), folder / "tiny", store=folder / "store")), folder / "store"
