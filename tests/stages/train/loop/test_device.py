"""Devices: several processes train one net, gradients are clipped, mixed precision keeps the weights in float32."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from stages.nets import dcgan
from stages.nets.losses import compute_r1_penalty
from stages.train.files import LAST_CHECKPOINT
from stages.train.loop.device import Device, find_device
from stages.train.loop.loop import Plan, Run, begin_run, train
from tests.stages.train.tiny import make_tiny_examples, make_tiny_gan

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[4]


def test_two_processes_train_the_same_nets_and_write_one_checkpoint(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    shared = {**os.environ, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "ACCELERATE_USE_CPU": "1"}
    command = [sys.executable, "-m", "tests.stages.train.two_processes", str(tmp_path)]
    pair = [
        subprocess.Popen(command, cwd=ROOT, env={**shared, "RANK": str(r), "LOCAL_RANK": str(r)}, stdout=subprocess.PIPE, text=True)
        for r in (0, 1)
    ]
    lines = [process.communicate(timeout=300)[0].strip().splitlines()[-1] for process in pair]
    assert lines[0] == lines[1]
    assert lines[0].startswith("2 6 ")
    assert (tmp_path / LAST_CHECKPOINT).exists()


def test_a_step_clips_long_gradients() -> None:
    weight = torch.nn.Parameter(torch.zeros(4))
    optimiser = torch.optim.SGD([weight], lr=1.0)
    norm = Device(clip=1.0).backpropagate(optimiser, (weight * 100).sum())
    assert norm == pytest.approx(200.0)
    assert float(weight.detach().norm()) == pytest.approx(1.0, rel=1e-4)


def test_a_single_process_reduces_nothing() -> None:
    device = Device()
    assert device.reduce_mean(0.25) == 0.25
    assert device.reduce_losses({"a": 1.0}) == {"a": 1.0}


def test_bfloat16_is_used_if_requested_or_if_the_hardware_supports_it() -> None:
    supported = torch.cuda.is_available() or torch.cpu.get_capabilities().get("amx_bf16", False)
    assert find_device("bfloat16").half
    assert not find_device("float32").half
    assert find_device().half == supported


def test_mixed_precision_keeps_float32_weights_learns_as_well_and_is_reproducible(tmp_path: Path) -> None:
    def train_tiny(name: str, half: bool) -> Run:
        plan = Plan(steps=60, validate_every=30, seed=3)
        training, validation = make_tiny_examples(), make_tiny_examples(16, seed=1)
        return train(begin_run(make_tiny_gan(real_gamma=0.1), plan, training, validation, tmp_path / name, Device(half=half)))

    mixed, again, full = train_tiny("mixed", True), train_tiny("again", True), train_tiny("full", False)
    states = [run.state.nets["generator"].state_dict() for run in (mixed, again, full)]
    assert {str(value.dtype) for value in states[0].values() if value.is_floating_point()} == {"torch.float32"}
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    assert any(not torch.equal(states[0][key], states[2][key]) for key in states[0])
    assert mixed.counters.best == pytest.approx(full.counters.best, rel=0.25)


def test_a_gradient_penalty_hardly_differs_in_mixed_precision() -> None:
    torch.manual_seed(0)
    critic = dcgan.Critic(dcgan.Shape(size=16, width=8))
    real, conditions = torch.randn(8, 3, 16, 16), torch.rand(8, 3)
    penalties = []
    for device in (Device(half=True), Device()):
        with device.autocast():
            penalties.append(float(compute_r1_penalty(lambda x: critic(x, conditions).float(), real, 1.0).detach()))
    assert penalties[0] == pytest.approx(penalties[1], rel=0.05)
    assert penalties[0] != penalties[1]
