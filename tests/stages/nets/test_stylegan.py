"""The generator's parts against what their papers promise."""

from __future__ import annotations

import copy

import torch

from stages.nets import losses
from stages.nets.stylegan import Discriminator, Generator, batch_deviation, modulated


def test_r1_of_a_linear_critic_is_half_gamma_times_its_squared_weight() -> None:
    weight = torch.randn(12, generator=torch.Generator().manual_seed(0))
    real = torch.randn(5, 12, generator=torch.Generator().manual_seed(1))
    penalty = losses.gradient_penalty(lambda x: x @ weight, real, gamma=5.0)
    assert torch.isclose(penalty, 2.5 * weight.square().sum())


def test_a_modulated_convolution_keeps_unit_variance_whatever_the_style() -> None:
    noise = torch.Generator().manual_seed(0)
    x, weight = torch.randn(4, 32, 32, 32, generator=noise), torch.randn(16, 32, 3, 3, generator=noise)
    for scale in (0.1, 1.0, 30.0):
        y = modulated(x, weight, torch.rand(4, 32, generator=noise) * scale + 0.01)
        assert 0.85 < float(y[:, :, 2:-2, 2:-2].std()) < 1.15


def test_without_demodulation_the_style_scales_the_result() -> None:
    x, weight = torch.ones(1, 1, 3, 3), torch.ones(1, 1, 1, 1)
    assert torch.allclose(modulated(x, weight, torch.full((1, 1), 3.0), demodulate=False), torch.full((1, 1, 3, 3), 3.0))


def test_the_average_moves_by_one_minus_the_decay() -> None:
    kept, fresh = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
    before = copy.deepcopy(kept.weight.detach())
    losses.update_average(kept, fresh, 0.9)
    assert torch.allclose(kept.weight, 0.9 * before + 0.1 * fresh.weight)


def test_shifts_move_pictures_by_whole_pixels_only() -> None:
    ramp = torch.arange(16.0).expand(3, 1, 16, 16)
    moved = losses.shift(ramp, torch.Generator().manual_seed(3), share=0.1)
    assert moved.shape == ramp.shape
    assert set(moved.unique().tolist()) <= set(range(16))


def test_equal_pictures_have_no_batch_deviation() -> None:
    assert float(batch_deviation(torch.ones(4, 3, 4, 4)).max()) < 1e-3


def test_critic_scores_every_resolution_and_generator_fills_its_size() -> None:
    condition = torch.full((2, 3), 0.5)
    net, critic = Generator(size=16, components=4), Discriminator(size=16)
    made = net(torch.zeros(2, net.latent), condition)
    assert made.shape == (2, 6, 16, 16)
    assert critic(made, condition).shape == (2,)
    assert critic(torch.nn.functional.avg_pool2d(made, 2), condition).shape == (2,)


def test_full_fade_equals_the_grown_critic_and_none_the_small_one() -> None:
    torch.manual_seed(0)
    critic, condition, x = Discriminator(size=16), torch.full((4, 3), 0.5), torch.randn(4, 6, 16, 16)
    small = critic(torch.nn.functional.avg_pool2d(x, 2), condition)
    assert torch.allclose(critic(x, condition, fade=0.0), small, atol=1e-5)
    assert torch.allclose(critic(x, condition, fade=1.0), critic(x, condition))
