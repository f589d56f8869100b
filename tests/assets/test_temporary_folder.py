"""Temporary folders end with their owner, also with one that was killed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from assets.temporary_folder import PREFIX, open_temporary_folder

OWNER = """
from assets.temporary_folder import open_temporary_folder
with open_temporary_folder() as folder:
    (folder / "avatar.glb").write_bytes(b"x")
    print(folder, flush=True)
    input()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def start_owner() -> tuple[subprocess.Popen[str], Path]:
    """Another process, in its temporary folder, which is older than the folders that are spared as new."""
    owner = subprocess.Popen([sys.executable, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert owner.stdout
    folder = Path(owner.stdout.readline().strip())
    os.utime(folder, (0, 0))
    return owner, folder


def test_the_folder_is_removed_with_the_block(temporary: Path) -> None:
    with open_temporary_folder() as folder:
        (folder / "avatar.glb").write_bytes(b"x")
    assert list(temporary.iterdir()) == []


def test_the_folder_of_a_killed_process_is_removed_by_the_next(temporary: Path) -> None:
    """A build that was killed in its gates left its avatars in TMPDIR for ever."""
    owner, folder = start_owner()
    owner.kill()
    owner.wait()
    assert folder.exists()
    with open_temporary_folder():
        assert not folder.exists()


def test_the_folder_of_a_living_process_stays(temporary: Path) -> None:
    owner, folder = start_owner()
    with open_temporary_folder():
        assert (folder / "avatar.glb").exists()
    owner.communicate("\n")
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("name", ["fenshen-mine", f"{PREFIX}link"])
def test_what_is_not_ours_stays(temporary: Path, name: str) -> None:
    mine = temporary / "mine"
    mine.mkdir()
    (mine / "diary.txt").write_text("private")
    if name.startswith(PREFIX):
        (temporary / name).symlink_to(mine)
    else:
        mine.rename(temporary / name)
    os.utime(temporary / name, (0, 0))
    with open_temporary_folder():
        assert (temporary / name / "diary.txt").exists()
