"""Digests of files and folders: a folder's depends on the names and the bytes of its files, and on nothing else."""

from __future__ import annotations

import os
from pathlib import Path

from assets.digest import sha256, sha256_folder, sha256_path


def test_a_changed_added_or_renamed_file_changes_the_digest(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.json").write_text("1")
    (tmp_path / "deep" / "b.bin").write_bytes(b"2")
    digests = [sha256_folder(tmp_path)]
    (tmp_path / "deep" / "b.bin").write_bytes(b"33")
    digests.append(sha256_folder(tmp_path))
    (tmp_path / "c.txt").write_text("")
    digests.append(sha256_folder(tmp_path))
    (tmp_path / "c.txt").rename(tmp_path / "d.txt")
    digests.append(sha256_folder(tmp_path))
    assert len(set(digests)) == 4


def test_times_paths_and_hidden_files_do_not_count(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.json").write_text("1")
    os.utime(tmp_path / "two" / "a.json", (1, 1))
    (tmp_path / "two" / ".cache").mkdir()
    (tmp_path / "two" / ".cache" / "x").write_text("x")
    assert sha256_folder(tmp_path / "one") == sha256_folder(tmp_path / "two")


def test_the_name_of_a_file_counts_only_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    assert sha256_path(tmp_path / "a") == sha256(b"x")
    whole = sha256_path(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    assert sha256_path(tmp_path) != whole
    (tmp_path / "b").rename(tmp_path / "a")
    assert sha256_path(tmp_path) == whole
