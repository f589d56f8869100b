"""Weight decay and dropout, which every family has: what they do in training, and that nothing is dropped when pictures are made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from stages.train.families.registry import FAMILIES, make_family
from stages.train.stage import apply_settings
from tests.stages.train.tiny import examples, tiny_run

GANS = {"dcgan": 3, "stylegan": 3, "unet": 6}
"""Family -> colour planes of the pictures that it makes."""


def critic_of(name: str, folder: Path, **settings: Any) -> Any:
    """The critic of a fresh run on tiny pictures."""
    from stages.train.loop.device import Device
    from stages.train.loop.loop import Plan, begin_run

    torch.set_num_threads(1)
    small = {"unet": {"widths": (8, 8), "components": 4}, "stylegan": {"width": 8, "widest": 8}, "dcgan": {"width": 8, "widest": 8}}[name]
    family = apply_settings(make_family(name), small | settings)
    data = examples(16, 16, GANS[name])
    return begin_run(family, Plan(steps=1, seed=3), data, data, folder, Device()).state.nets["critic"]


@pytest.mark.parametrize("name", GANS)
def test_a_critic_with_dropout_hesitates_in_training_and_not_at_rest(name: str, tmp_path: Path) -> None:
    critic = critic_of(name, tmp_path, dropout=0.5)
    x, told = torch.randn(4, GANS[name], 16, 16), torch.rand(4, 3)
    with torch.no_grad():
        assert not torch.equal(critic(x, told), critic(x, told))
        critic.eval()
        assert torch.equal(critic(x, told), critic(x, told))


@pytest.mark.parametrize("name", GANS)
def test_a_critic_without_dropout_draws_no_number(name: str, tmp_path: Path) -> None:
    """Runs that know none of it go as they always went."""
    critic, before = critic_of(name, tmp_path), torch.get_rng_state()
    critic(torch.zeros(4, GANS[name], 16, 16), torch.zeros(4, 3))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_body_critic_and_a_denoiser_drop_too() -> None:
    from stages.nets import blocks, bodygan, diffusion

    critic = bodygan.Critic(bodygan.Shape(("height", "weight"), dropout=0.5))
    vectors, told = torch.rand(4, 2), torch.rand(4, 2)
    denoiser = diffusion.Denoiser(diffusion.Shape(size=32, width=8, depth=1, latent_channels=4, dropout=0.5))
    torch.nn.init.normal_(denoiser.leave.weight)
    for block in denoiser.modules():
        if isinstance(block, blocks.ConditionalResidualBlock):
            torch.nn.init.normal_(block.conv2.weight)
    noisy, times, known = torch.randn(2, 4, 4, 4), torch.rand(2), torch.rand(2, 3)
    for net, given in ((critic, (vectors, told)), (denoiser, (noisy, times, known))):
        with torch.no_grad():
            assert not torch.equal(net(*given), net(*given))
            net.eval()
            assert torch.equal(net(*given), net(*given))


def test_weight_decay_makes_a_critic_smaller(tmp_path: Path) -> None:
    from stages.train.loop.loop import advance_run
    from tests.stages.train.tiny import tiny_gan

    norms = []
    for decay in (0.0, 10.0):
        run = tiny_run(tmp_path / str(decay), tiny_gan(weight_decay=decay))
        advance_run(run)
        norms.append(float(sum(p.square().sum() for p in run.state.nets["critic"].parameters())))
    assert norms[1] < 0.999 * norms[0]


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_every_family_takes_both(name: str) -> None:
    """`fenshen train NET --set weight_decay=0.01 --set dropout=0.1`."""
    dropout = "drop" if name == "classifier" else "dropout"
    apply_settings(make_family(name), {"weight_decay": 0.01, dropout: 0.1})


def test_a_checkpoint_from_before_there_was_dropout_goes_on_and_can_be_started_from(tmp_path: Path) -> None:
    import json

    from safetensors import safe_open
    from safetensors.torch import load_file, save_file
    from stages.train.files import find_newest_checkpoint

    from stages.train.adapt import read_net_settings
    from stages.train.loop.loop import resume_run, train
    from tests.stages.train.tiny import tiny_gan

    whole = train(tiny_run(tmp_path / "whole"))
    train(tiny_run(tmp_path / "old", steps=7))
    old = find_newest_checkpoint(tmp_path / "old")
    assert old is not None
    with safe_open(old, "pt") as opened:
        told = json.loads(opened.metadata()["fenshen"])
    del told["shape"]["dropout"]
    save_file(load_file(old), old, metadata={"fenshen": json.dumps(told)})
    resumed = tiny_run(tmp_path / "old")
    resume_run(resumed, old)
    train(resumed)
    ours, theirs = (run.state.averaged["generator"].state_dict() for run in (whole, resumed))
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)
    assert read_net_settings(old, tiny_gan())[0] == 16
