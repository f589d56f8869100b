"""Losses, penalties and the moving average of weights do what their papers say."""

from __future__ import annotations

import copy
import math

import pytest
import torch

from stages.nets.losses import ADVERSARIAL_LOSSES, compute_gradient_penalty, compute_path_lengths, compute_r1_penalty, update_average


def make_generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_r1_of_a_linear_critic_is_half_gamma_times_its_squared_weight() -> None:
    weight, real = torch.randn(12, generator=make_generator(0)), torch.randn(5, 12, generator=make_generator(1))
    assert torch.isclose(compute_r1_penalty(lambda x: x @ weight, real, gamma=5.0), 2.5 * weight.square().sum())


def test_the_gradient_penalty_of_a_linear_critic_is_gamma_times_its_squared_distance_from_slope_one() -> None:
    # The gradient is the weight everywhere: its norm 3 differs from 1 by 2, so the penalty is 10 * 2**2.
    weight = torch.tensor([1.0, 2.0, 2.0])
    real, fake = torch.randn(7, 3, generator=make_generator(0)), torch.randn(7, 3, generator=make_generator(1))
    assert float(compute_gradient_penalty(lambda x: x @ weight, real, fake, gamma=10.0)) == pytest.approx(40.0)


def test_a_critic_of_slope_one_has_no_gradient_penalty() -> None:
    real, fake = torch.randn(7, 2, generator=make_generator(0)), torch.randn(7, 2, generator=make_generator(1))
    assert float(compute_gradient_penalty(lambda x: x[:, 0], real, fake, gamma=10.0)) == pytest.approx(0.0, abs=1e-9)


def test_path_lengths_grow_with_the_generators_slope() -> None:
    styles = torch.randn(4, 2, 3, generator=make_generator(0)).requires_grad_(True)
    torch.manual_seed(0)
    short = compute_path_lengths(styles.sum((1, 2))[:, None, None, None].expand(4, 1, 8, 8), styles)
    torch.manual_seed(0)
    long = compute_path_lengths(3 * styles.sum((1, 2))[:, None, None, None].expand(4, 1, 8, 8), styles)
    assert torch.allclose(long, 3 * short)


@pytest.mark.parametrize("name", sorted(ADVERSARIAL_LOSSES))
def test_every_loss_is_lower_for_the_critic_when_it_is_right_and_for_the_generator_when_it_is_wrong(name: str) -> None:
    game, high, low = ADVERSARIAL_LOSSES[name], torch.full((4,), 0.8), torch.full((4,), -0.8)
    assert game.critic(high, low, 0.0) < game.critic(low, high, 0.0)
    assert game.generator(high) < game.generator(low)


def test_cross_entropy_of_an_undecided_critic_is_log_two_for_each_side() -> None:
    zero = torch.zeros(3)
    assert float(ADVERSARIAL_LOSSES["bce"].critic(zero, zero, 0.1)) == pytest.approx(2 * math.log(2))
    assert float(ADVERSARIAL_LOSSES["bce"].generator(zero)) == pytest.approx(math.log(2))


def test_label_smoothing_penalises_an_overconfident_critic() -> None:
    high, low = torch.full((3,), 9.0), torch.full((3,), -9.0)
    assert ADVERSARIAL_LOSSES["bce"].critic(high, low, 0.1) > 50 * ADVERSARIAL_LOSSES["bce"].critic(high, low, 0.0)


def test_the_average_moves_by_one_minus_the_decay_and_copies_buffers() -> None:
    average, model = torch.nn.BatchNorm1d(2), torch.nn.BatchNorm1d(2)
    with torch.no_grad():
        model.weight += 1
    model.running_mean += 5
    before = copy.deepcopy(average.weight.detach())
    update_average(average, model, 0.9)
    assert torch.allclose(average.weight, 0.9 * before + 0.1 * model.weight)
    assert torch.equal(average.running_mean, model.running_mean)
