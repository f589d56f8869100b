"""Weight decay and dropout, which every family has: what they do in training, and that no sample is generated with dropout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from stages.nets import blocks, bodygan, diffusion
from stages.train.adapt import read_net_settings
from stages.train.families.registry import FAMILIES, make_family
from stages.train.files import find_newest_checkpoint
from stages.train.loop.device import Device
from stages.train.loop.loop import Plan, advance_run, begin_run, resume_run, train
from stages.train.stage import apply_settings
from tests.stages.train.tiny import begin_tiny_run, make_tiny_examples, make_tiny_gan

GANS = {"dcgan": 3, "stylegan": 3, "unet": 6}
"""Family -> channels of its images."""


def build_critic(name: str, folder: Path, **settings: Any) -> Any:
    """The critic of a new run on tiny images."""
    torch.set_num_threads(1)
    small = {"unet": {"widths": (8, 8), "components": 4}, "stylegan": {"width": 8, "widest": 8}, "dcgan": {"width": 8, "widest": 8}}[name]
    family = apply_settings(make_family(name), small | settings)
    data = make_tiny_examples(16, 16, GANS[name])
    return begin_run(family, Plan(steps=1, seed=3), data, data, folder, Device()).state.nets["critic"]


@pytest.mark.parametrize("name", GANS)
def test_a_critics_dropout_is_active_in_training_only(name: str, tmp_path: Path) -> None:
    critic = build_critic(name, tmp_path, dropout=0.5)
    x, conditions = torch.randn(4, GANS[name], 16, 16), torch.rand(4, 3)
    with torch.no_grad():
        assert not torch.equal(critic(x, conditions), critic(x, conditions))
        critic.eval()
        assert torch.equal(critic(x, conditions), critic(x, conditions))


@pytest.mark.parametrize("name", GANS)
def test_a_critic_without_dropout_draws_no_random_number(name: str, tmp_path: Path) -> None:
    """Recipes without dropout train as they did before there was one."""
    critic, before = build_critic(name, tmp_path), torch.get_rng_state()
    critic(torch.zeros(4, GANS[name], 16, 16), torch.zeros(4, 3))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_body_critic_and_a_denoiser_have_dropout_too() -> None:
    critic = bodygan.Critic(bodygan.Shape(("height", "weight"), dropout=0.5))
    vectors, conditions = torch.rand(4, 2), torch.rand(4, 2)
    denoiser = diffusion.Denoiser(diffusion.Shape(size=32, width=8, depth=1, latent_channels=4, dropout=0.5))
    torch.nn.init.normal_(denoiser.leave.weight)
    for block in denoiser.modules():
        if isinstance(block, blocks.ConditionalResidualBlock):
            torch.nn.init.normal_(block.conv2.weight)
    noisy, times, attributes = torch.randn(2, 4, 4, 4), torch.rand(2), torch.rand(2, 3)
    for net, given in ((critic, (vectors, conditions)), (denoiser, (noisy, times, attributes))):
        with torch.no_grad():
            assert not torch.equal(net(*given), net(*given))
            net.eval()
            assert torch.equal(net(*given), net(*given))


def test_weight_decay_shrinks_a_critics_weights(tmp_path: Path) -> None:
    norms = []
    for decay in (0.0, 10.0):
        run = begin_tiny_run(tmp_path / str(decay), make_tiny_gan(weight_decay=decay))
        advance_run(run)
        norms.append(float(sum(p.square().sum() for p in run.state.nets["critic"].parameters())))
    assert norms[1] < 0.999 * norms[0]


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_every_family_has_both(name: str) -> None:
    """`fenshen train NET --set weight_decay=0.01 --set dropout=0.1`."""
    dropout = "drop" if name == "classifier" else "dropout"
    apply_settings(make_family(name), {"weight_decay": 0.01, dropout: 0.1})


def test_a_checkpoint_from_before_there_was_dropout_can_be_resumed_and_started_from(tmp_path: Path) -> None:
    whole = train(begin_tiny_run(tmp_path / "whole"))
    train(begin_tiny_run(tmp_path / "old", steps=7))
    old = find_newest_checkpoint(tmp_path / "old")
    assert old is not None
    with safe_open(old, "pt") as opened:
        header = json.loads(opened.metadata()["fenshen"])
    del header["shape"]["dropout"]
    save_file(load_file(old), old, metadata={"fenshen": json.dumps(header)})
    resumed = begin_tiny_run(tmp_path / "old")
    resume_run(resumed, old)
    train(resumed)
    expected, found = (run.state.averaged["generator"].state_dict() for run in (whole, resumed))
    assert all(torch.equal(expected[key], found[key]) for key in expected)
    assert read_net_settings(old, make_tiny_gan())[0] == 16
