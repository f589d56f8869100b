"""Losses, penalties and the moving average against what their papers promise."""

from __future__ import annotations

import copy
import math

import pytest
import torch

from stages.nets.losses import ADVERSARIAL_LOSSES, compute_gradient_penalty, compute_path_lengths, compute_r1_penalty, update_average


def seeded(number: int) -> torch.Generator:
    return torch.Generator().manual_seed(number)


def test_r1_of_a_linear_critic_is_half_gamma_times_its_squared_weight() -> None:
    weight, real = torch.randn(12, generator=seeded(0)), torch.randn(5, 12, generator=seeded(1))
    assert torch.isclose(compute_r1_penalty(lambda x: x @ weight, real, gamma=5.0), 2.5 * weight.square().sum())


def test_the_penalty_between_of_a_linear_critic_is_how_far_its_slope_is_from_one() -> None:
    # The slope is the weight everywhere: length 3 lies 2 from 1, so the penalty is 10 * 2**2.
    weight = torch.tensor([1.0, 2.0, 2.0])
    real, made = torch.randn(7, 3, generator=seeded(0)), torch.randn(7, 3, generator=seeded(1))
    assert float(compute_gradient_penalty(lambda x: x @ weight, real, made, gamma=10.0)) == pytest.approx(40.0)


def test_a_critic_of_slope_one_pays_nothing_between() -> None:
    real, made = torch.randn(7, 2, generator=seeded(0)), torch.randn(7, 2, generator=seeded(1))
    assert float(compute_gradient_penalty(lambda x: x[:, 0], real, made, gamma=10.0)) == pytest.approx(0.0, abs=1e-9)


def test_path_lengths_grow_with_the_generators_slope() -> None:
    styles = torch.randn(4, 2, 3, generator=seeded(0)).requires_grad_(True)
    torch.manual_seed(0)
    short = compute_path_lengths(styles.sum((1, 2))[:, None, None, None].expand(4, 1, 8, 8), styles)
    torch.manual_seed(0)
    long = compute_path_lengths(3 * styles.sum((1, 2))[:, None, None, None].expand(4, 1, 8, 8), styles)
    assert torch.allclose(long, 3 * short)


@pytest.mark.parametrize("name", sorted(ADVERSARIAL_LOSSES))
def test_every_loss_falls_for_the_critic_when_it_is_right_and_for_the_generator_when_it_is_wrong(name: str) -> None:
    game, high, low = ADVERSARIAL_LOSSES[name], torch.full((4,), 0.8), torch.full((4,), -0.8)
    assert game.critic(high, low, 0.0) < game.critic(low, high, 0.0)
    assert game.generator(high) < game.generator(low)


def test_cross_entropy_of_scores_without_an_opinion_is_the_logarithm_of_two_each() -> None:
    zero = torch.zeros(3)
    assert float(ADVERSARIAL_LOSSES["bce"].critic(zero, zero, 0.1)) == pytest.approx(2 * math.log(2))
    assert float(ADVERSARIAL_LOSSES["bce"].generator(zero)) == pytest.approx(math.log(2))


def test_label_smoothing_makes_the_surest_critic_pay() -> None:
    sure, no = torch.full((3,), 9.0), torch.full((3,), -9.0)
    assert ADVERSARIAL_LOSSES["bce"].critic(sure, no, 0.1) > 50 * ADVERSARIAL_LOSSES["bce"].critic(sure, no, 0.0)


def test_the_average_moves_by_one_minus_the_decay_and_copies_buffers() -> None:
    kept, fresh = torch.nn.BatchNorm1d(2), torch.nn.BatchNorm1d(2)
    with torch.no_grad():
        fresh.weight += 1
    fresh.running_mean += 5
    before = copy.deepcopy(kept.weight.detach())
    update_average(kept, fresh, 0.9)
    assert torch.allclose(kept.weight, 0.9 * before + 0.1 * fresh.weight)
    assert torch.equal(kept.running_mean, fresh.running_mean)
