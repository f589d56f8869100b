"""On a GPU: every family trains there, its weights give the same samples on a CPU, a resumed run equals an uninterrupted one."""

from __future__ import annotations

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
from tests.stages.train.tiny import make_tiny_examples, make_tiny_gan

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")

SMALL: dict[str, dict[str, Any]] = {
    "dcgan": {"batch": 8, "width": 16},
    "dcgan-wgan-gp": {"batch": 8, "width": 16},
    "stylegan": {"batch": 8, "width": 8, "grow": (2,), "grow_fade": 2, "patch": 1},
    "vae": {"batch": 8, "width": 16},
    "diffusion": {"batch": 8, "autoencoder_steps": 3, "width": 32, "autoencoder_width": 16},
}


def begin_family_run(name: str, folder: Path, device: Device) -> Run:
    family = apply_settings(make_family(name), SMALL[name])
    plan = Plan(steps=6, validate_every=3, log_every=1, seed=3)
    return begin_run(family, plan, make_tiny_examples(64, 32), make_tiny_examples(16, 32, seed=1), folder, device)


@pytest.mark.parametrize("name", SMALL)
def test_every_family_trains_on_the_gpu_and_its_weights_give_the_same_samples_on_a_cpu(tmp_path: Path, name: str) -> None:
    device = find_device()
    assert device.half
    assert torch.device(device.torch_device).type == "cuda"
    run = train(begin_family_run(name, tmp_path, device))
    assert run.state.step == 6
    assert np.isfinite(run.counters.best)
    nets = run.to_trained_net()
    (tmp_path / "w.safetensors").write_bytes(export_net(nets, {}))
    conditions = run.validation.conditions[:4]
    latents = np.random.default_rng(0).standard_normal((4, nets.shape.latent)).astype(np.float32)
    on_gpu, on_cpu = nets.generate(latents, conditions), load_net(tmp_path / "w.safetensors").generate(latents, conditions)
    assert np.abs(on_gpu - on_cpu).max() < 0.02, "products in TF32 differ by a grey level or two of 255"


def test_a_run_resumed_on_the_gpu_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    def begin(folder: Path, steps: int) -> Run:
        plan = Plan(steps=steps, validate_every=4, seed=3)
        family, validation = make_tiny_gan(real_gamma=0.1), make_tiny_examples(16, seed=1)
        return begin_run(family, plan, make_tiny_examples(), validation, folder, find_device())

    whole = train(begin(tmp_path / "whole", 12))
    train(begin(tmp_path / "parts", 7))
    resumed = begin(tmp_path / "parts", 12)
    checkpoint = find_newest_checkpoint(tmp_path / "parts")
    assert checkpoint is not None
    resume_run(resumed, checkpoint)
    assert resumed.state.step == 7
    train(resumed)
    pairs = [(a, resumed.state.nets["generator"].state_dict()[k]) for k, a in whole.state.nets["generator"].state_dict().items()]
    assert all(torch.equal(a, b) for a, b in pairs)
