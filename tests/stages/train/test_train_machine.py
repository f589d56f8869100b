"""Several processes are one run: gradients are averaged, so all hold the same nets; one CPU needs none of it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from stages.train.machine import Machine

ROOT = Path(__file__).resolve().parents[3]


def test_two_processes_hold_the_same_nets_and_write_one_checkpoint(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    shared = {**os.environ, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "ACCELERATE_USE_CPU": "1"}
    command = [sys.executable, "-m", "tests.stages.train.two_processes", str(tmp_path)]
    pair = [
        subprocess.Popen(command, cwd=ROOT, env={**shared, "RANK": str(r), "LOCAL_RANK": str(r)}, stdout=subprocess.PIPE, text=True)
        for r in (0, 1)
    ]
    told = [process.communicate(timeout=300)[0].strip().splitlines()[-1] for process in pair]
    assert told[0] == told[1]
    assert told[0].startswith("2 6 ")
    assert (tmp_path / "last.safetensors").exists()


def test_a_step_cuts_gradients_that_are_too_long() -> None:
    weight = torch.nn.Parameter(torch.zeros(4))
    optimiser = torch.optim.SGD([weight], lr=1.0)
    length = Machine(clip=1.0).descend(optimiser, (weight * 100).sum())
    assert length == pytest.approx(200.0)
    assert float(weight.detach().norm()) == pytest.approx(1.0, rel=1e-4)


def test_one_machine_agrees_with_itself() -> None:
    machine = Machine()
    assert machine.agree(0.25) == 0.25
    assert machine.agree_on({"a": 1.0}) == {"a": 1.0}
