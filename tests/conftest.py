"""A store and a Prefect home of their own for every run of the suite; no network, one thread a model."""

from __future__ import annotations

import logging
import os
import socket
import tempfile
from pathlib import Path

from tests.prefect_home import fill_prefect_home

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["PREFECT_HOME"] = str(fill_prefect_home(Path(tempfile.mkdtemp(prefix="fenshen-prefect-"))))
os.environ["PREFECT_LOGGING_LEVEL"] = "ERROR"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["PYOPENGL_PLATFORM"] = "egl"

import pytest

from assets.store import LocalStore

# A flow that a test runs here leaves the root logger at CRITICAL, as the command line wants it: later tests would hear no warning.
logging.getLogger("fenshen").setLevel(logging.WARNING)
_connect = socket.socket.connect


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first: at the end one process would wait for the other, which has taken the longest of them."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any connection that leaves the machine fails the test."""

    def connect(self: socket.socket, address: object) -> None:
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test tried to reach {address}")
        _connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.fixture
def store(tmp_path) -> LocalStore:
    """An empty store."""
    return LocalStore(tmp_path / "store")
