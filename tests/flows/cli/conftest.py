"""What the tests of the command line share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A FENSHEN_HOME with the baked files and node packages of this machine and an empty store."""
    from assets.paths import get_home

    home = tmp_path / "home"
    home.mkdir()
    for name in ("baked", "node"):
        (home / name).symlink_to((get_home() / name).resolve())
    monkeypatch.setenv("FENSHEN_HOME", str(home))
    return home
