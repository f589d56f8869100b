"""The temporary server: what a run leaves out where nobody can look at it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.batch import build_one
from flows.server import TEMPORARY, tagged, watched
from flows.train import train_task

URL = "http://127.0.0.1:1/api"


@pytest.fixture
def named() -> Iterator[None]:
    """Prefect is told of a server."""
    with temporary_settings({PREFECT_API_URL: URL}):
        yield


@pytest.mark.usefixtures("named")
def test_a_server_of_ones_own_sees_tags_and_can_limit_by_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TEMPORARY, raising=False)
    assert watched()
    assert tagged(train_task, "gpu").tags == {"fenshen", "gpu"}
    assert tagged(build_one).tags == {"fenshen"}


@pytest.mark.usefixtures("named")
def test_the_temporary_server_is_asked_for_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each tag cost a task two seconds of waiting for SQLite."""
    monkeypatch.setenv(TEMPORARY, URL)
    assert not watched()
    assert tagged(train_task, "gpu").tags == set()
    assert tagged(build_one).tags == set()
