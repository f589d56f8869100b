"""On a GPU: every family takes its steps there, samples are those of the CPU, a resumed run goes on where it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from stages.nets.weights_io import export_net, load_net
from stages.train.families.registry import make_family
from stages.train.files import find_newest_checkpoint
from stages.train.loop.device import Device, find_device
from stages.train.loop.loop import Plan, Run, begin_run, resume_run, train
from stages.train.stage import apply_settings
from tests.stages.train.tiny import examples, tiny_gan

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")

SMALL: dict[str, dict[str, Any]] = {
    "dcgan": {"batch": 8, "width": 16},
    "dcgan-wgan-gp": {"batch": 8, "width": 16},
    "stylegan": {"batch": 8, "width": 8, "grow": [2], "grow_fade": 2, "patch": 1},
    "vae": {"batch": 8, "width": 16},
    "diffusion": {"batch": 8, "autoencoder_steps": 3, "width": 32, "autoencoder_width": 16},
}


def run_of(name: str, folder: Path, machine: Device, steps: int = 6) -> Run:
    chosen = {key: tuple(value) if isinstance(value, list) else value for key, value in SMALL[name].items()}
    family = apply_settings(make_family(name), chosen)
    held = examples(16, 32, seed=1)
    return begin_run(family, Plan(steps=steps, validate_every=3, log_every=1, seed=3), examples(64, 32), held, folder, machine)


@pytest.mark.parametrize("name", SMALL)
def test_every_family_trains_on_the_gpu_and_ships_nets_that_a_cpu_runs_alike(tmp_path: Path, name: str) -> None:
    machine = find_device()
    assert machine.half
    assert torch.device(machine.torch_device).type == "cuda"
    run = train(run_of(name, tmp_path, machine))
    assert run.state.step == 6
    assert np.isfinite(run.counters.best)
    own = run.to_trained_net()
    (tmp_path / "w.safetensors").write_bytes(export_net(own, {}))
    told = run.validation.conditions[:4]
    latents = np.random.default_rng(0).standard_normal((4, own.shape.latent)).astype(np.float32)
    there, here = own.generate(latents, told), load_net(tmp_path / "w.safetensors").generate(latents, told)
    assert np.abs(there - here).max() < 0.02, "products in TF32 differ by a grey level or two of 255"


def test_a_run_resumed_on_the_gpu_is_the_run_that_never_stopped(tmp_path: Path) -> None:
    def tiny(folder: Path, steps: int) -> Run:
        family = replace(tiny_gan(real_gamma=0.1))
        return begin_run(family, Plan(steps=steps, validate_every=4, seed=3), examples(), examples(16, seed=1), folder, find_device())

    whole = train(tiny(tmp_path / "whole", 12))
    train(tiny(tmp_path / "parts", 7))
    resumed = tiny(tmp_path / "parts", 12)
    resume_run(resumed, find_newest_checkpoint(tmp_path / "parts"))
    assert resumed.state.step == 7
    train(resumed)
    pairs = [(a, resumed.state.nets["generator"].state_dict()[k]) for k, a in whole.state.nets["generator"].state_dict().items()]
    assert all(torch.equal(a, b) for a, b in pairs)
