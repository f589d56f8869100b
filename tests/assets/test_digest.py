"""A folder's digest follows the names and the bytes in it, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

from assets.digest import sha256_folder


def test_a_changed_added_or_renamed_file_changes_the_digest(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.json").write_text("1")
    (tmp_path / "deep" / "b.bin").write_bytes(b"2")
    seen = [sha256_folder(tmp_path)]
    (tmp_path / "deep" / "b.bin").write_bytes(b"33")
    seen.append(sha256_folder(tmp_path))
    (tmp_path / "c.txt").write_text("")
    seen.append(sha256_folder(tmp_path))
    (tmp_path / "c.txt").rename(tmp_path / "d.txt")
    seen.append(sha256_folder(tmp_path))
    assert len(set(seen)) == 4


def test_times_places_and_hidden_files_do_not_count(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.json").write_text("1")
    os.utime(tmp_path / "two" / "a.json", (1, 1))
    (tmp_path / "two" / ".cache").mkdir()
    (tmp_path / "two" / ".cache" / "x").write_text("x")
    assert sha256_folder(tmp_path / "one") == sha256_folder(tmp_path / "two")
