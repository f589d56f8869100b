"""The layout of a run's folder: which checkpoint is resumed from, what a header holds, what a full disk leaves."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from assets import disk_space, store
from assets.errors import StoreError
from stages.train.files import (
    LAST_CHECKPOINT,
    NEXT_CHECKPOINT,
    PREVIOUS_CHECKPOINT,
    find_newest_checkpoint,
    get_run_folder,
    read_header,
    write_run_file,
)


@pytest.mark.parametrize(
    ("present", "newest"),
    [
        ((), None),
        ((PREVIOUS_CHECKPOINT,), PREVIOUS_CHECKPOINT),
        ((PREVIOUS_CHECKPOINT, LAST_CHECKPOINT), LAST_CHECKPOINT),
        ((PREVIOUS_CHECKPOINT, NEXT_CHECKPOINT), NEXT_CHECKPOINT),
    ],
)
def test_a_run_resumes_from_its_newest_checkpoint(tmp_path: Path, present: tuple[str, ...], newest: str | None) -> None:
    for name in present:
        (tmp_path / name).touch()
    assert find_newest_checkpoint(tmp_path) == (tmp_path / newest if newest else None)


def test_the_run_of_a_title_is_next_to_its_weights(tmp_path: Path) -> None:
    assert get_run_folder(tmp_path, "skin-vae") == tmp_path / "run-skin-vae"


def test_a_header_is_our_metadata_and_empty_for_any_other_file(tmp_path: Path) -> None:
    half = torch.zeros(2, dtype=torch.bfloat16)
    save_file({"x": half}, tmp_path / "ours.safetensors", metadata={"fenshen": json.dumps({"step": 4})})
    save_file({"x": half}, tmp_path / "other.safetensors")
    (tmp_path / "notes.txt").write_text("notes")
    headers = [read_header(tmp_path / name) for name in ("ours.safetensors", "other.safetensors", "notes.txt", "gone.safetensors")]
    assert headers == [{"step": 4}, {}, {}, {}]


def test_a_file_in_the_folders_place_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("dear diary")
    file = tmp_path / "out" / "a.safetensors"
    with pytest.raises(StoreError) as caught:
        write_run_file(file, b"x")
    assert str(caught.value) == (
        f"error[train/disk] cannot write {file}: File exists; nothing was written earlier; "
        "free some disk space and run the same command; training resumes"
    )


def test_a_full_disk_leaves_the_earlier_files_intact_and_no_partial_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def raise_full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    file = tmp_path / LAST_CHECKPOINT
    write_run_file(file, b"before")
    monkeypatch.setattr(store.os, "fsync", raise_full)
    monkeypatch.setattr(disk_space, "measure_free_bytes", lambda path: 0)
    with pytest.raises(StoreError) as caught:
        write_run_file(file, b"after")
    assert str(caught.value) == (
        f"error[train/disk] cannot write {file}: No space left on device (it needs 0.1 MB, 0.0 MB are free); "
        "files written earlier are intact; "
        "free some disk space and run the same command; training resumes"
    )
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {LAST_CHECKPOINT: b"before"}
