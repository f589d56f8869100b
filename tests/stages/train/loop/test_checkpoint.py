"""Checkpoints: what a damaged, a foreign or an older file leads to."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from assets.errors import FormatError
from stages.train.files import LAST_CHECKPOINT, read_header
from stages.train.loop.checkpoint import is_checkpoint, read_checkpoint, restore_checkpoint
from stages.train.loop.loop import RENAMED_COUNTERS, resume_run, train
from tests.stages.train.tiny import begin_tiny_run, make_tiny_gan


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a run of four steps."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("run")
    train(begin_tiny_run(folder, steps=4))
    return folder / LAST_CHECKPOINT


def test_a_flipped_bit_is_noticed(checkpoint: Path, tmp_path: Path) -> None:
    content = bytearray(checkpoint.read_bytes())
    content[-100] ^= 4
    file = tmp_path / "last.safetensors"
    file.write_bytes(content)
    with pytest.raises(FormatError) as caught:
        read_checkpoint(file)
    assert str(caught.value) == (
        f"error[train/checkpoint] {file} is damaged: its tensors do not match its digest; "
        "delete it to resume from the checkpoint before it, or choose another --resume"
    )
    assert is_checkpoint(checkpoint)
    assert not is_checkpoint(file)


def test_a_weights_file_is_not_a_checkpoint(tmp_path: Path) -> None:
    file = tmp_path / "weights.safetensors"
    save_file({"x": torch.zeros(1)}, file)
    with pytest.raises(FormatError) as caught:
        read_checkpoint(file)
    assert str(caught.value) == (f"error[train/checkpoint] {file} is not a checkpoint of a training run; choose another --resume")


def test_a_file_of_another_format_is_not_a_checkpoint(tmp_path: Path) -> None:
    file = tmp_path / "pickled.pt"
    torch.save({"a": 1}, file)
    with pytest.raises(FormatError) as caught:
        read_checkpoint(file)
    message = str(caught.value)
    assert message.startswith(f"error[train/checkpoint] {file} cannot be read as a checkpoint: ")
    assert message.endswith("; delete it, or choose another --resume")


def test_nets_of_another_shape_are_refused(checkpoint: Path, tmp_path: Path) -> None:
    other = begin_tiny_run(tmp_path, replace(make_tiny_gan(), changes=(("width", 4),)))
    with pytest.raises(FormatError) as caught:
        restore_checkpoint(other.state, checkpoint)
    assert str(caught.value) == (
        f"error[train/other-run] {checkpoint} holds nets of another shape: {read_header(checkpoint)['shape']}; "
        "choose another --out, or --resume never to start over"
    )


def test_counters_are_restored_under_their_old_names_too(checkpoint: Path, tmp_path: Path) -> None:
    tensors, header = read_checkpoint(checkpoint)
    old_names = {name: old for old, name in RENAMED_COUNTERS.items()}
    assert old_names.keys() == {"lr_backoff", "validations_without_improvement"}
    counters = {**header["counters"], "lr_backoff": 0.25, "validations_without_improvement": 3}
    header["counters"] = {old_names.get(name, name): value for name, value in counters.items()}
    file = tmp_path / "old.safetensors"
    save_file(tensors, file, metadata={"fenshen": json.dumps(header)})
    run = begin_tiny_run(tmp_path)
    resume_run(run, file)
    assert (run.state.step, vars(run.counters)) == (4, counters)
