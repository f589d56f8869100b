"""Several processes are one run: gradients are averaged, so all hold the same nets; one CPU needs none of it."""

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
from stages.train.loop.device import Device, find_device
from stages.train.loop.loop import Plan, Run, begin_run, train
from tests.stages.train.tiny import examples, tiny_gan

ROOT = Path(__file__).resolve().parents[4]


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
    length = Device(clip=1.0).backpropagate(optimiser, (weight * 100).sum())
    assert length == pytest.approx(200.0)
    assert float(weight.detach().norm()) == pytest.approx(1.0, rel=1e-4)


def test_one_machine_agrees_with_itself() -> None:
    machine = Device()
    assert machine.reduce_mean(0.25) == 0.25
    assert machine.reduce_losses({"a": 1.0}) == {"a": 1.0}


def test_bfloat16_is_taken_where_it_is_asked_for_or_where_the_machine_has_tiles_for_it() -> None:
    tiles = torch.cuda.is_available() or torch.cpu.get_capabilities().get("amx_bf16", False)
    assert find_device("bfloat16").half
    assert not find_device("float32").half
    assert find_device().half == tiles


def test_mixed_precision_keeps_weights_whole_learns_alike_and_repeats_itself(tmp_path: Path) -> None:
    def trained(name: str, half: bool) -> Run:
        plan = Plan(steps=60, validate_every=30, seed=3)
        return train(begin_run(tiny_gan(real_gamma=0.1), plan, examples(), examples(16, seed=1), tmp_path / name, Device(half=half)))

    mixed, again, whole = trained("mixed", True), trained("again", True), trained("whole", False)
    states = [run.state.nets["generator"].state_dict() for run in (mixed, again, whole)]
    assert {str(value.dtype) for value in states[0].values() if value.is_floating_point()} == {"torch.float32"}
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    assert any(not torch.equal(states[0][key], states[2][key]) for key in states[0])
    assert mixed.counters.best == pytest.approx(whole.counters.best, rel=0.25)


def test_a_gradient_penalty_hardly_differs_in_mixed_precision() -> None:
    torch.manual_seed(0)
    critic = dcgan.Critic(dcgan.Shape(size=16, width=8))
    real, told = torch.randn(8, 3, 16, 16), torch.rand(8, 3)
    machines = Device(half=True), Device()
    found = []
    for machine in machines:
        with machine.autocast():
            found.append(float(compute_r1_penalty(lambda x: critic(x, told).float(), real, 1.0).detach()))
    assert found[0] == pytest.approx(found[1], rel=0.05)
    assert found[0] != found[1]
