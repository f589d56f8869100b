"""The autoencoder's parts: divergence, the draw, and inversion of what it was trained on."""

from __future__ import annotations

import pytest
import torch

from stages.nets.vae import Shape, build_nets, generate, invert_to_latents, kl_divergence, reparametrise


def test_the_divergence_of_the_prior_is_nothing_and_of_a_moved_one_half_its_square() -> None:
    zero = torch.zeros(2, 5)
    assert torch.equal(kl_divergence(zero, zero), torch.zeros(2))
    assert torch.allclose(kl_divergence(zero + 3, zero), torch.full((2,), 5 * 4.5))


def test_draws_have_the_mean_and_the_deviation_told() -> None:
    torch.manual_seed(0)
    x = reparametrise(torch.full((20000, 1), 2.0), torch.full((20000, 1), 2 * 0.7))
    assert float(x.mean()) == pytest.approx(2.0, abs=0.06)
    assert float(x.std()) == pytest.approx(2.0138, abs=0.06)


BODIES = Shape(size=0, channels=11, conditions=2, width=16, latent=4)


@pytest.mark.parametrize("shape", [Shape(size=16, width=8, widest=16, latent=4), BODIES])
def test_pictures_and_vectors_go_there_and_back(shape: Shape) -> None:
    nets, told = build_nets(shape), torch.full((2, shape.conditions), 0.5)
    made = generate(nets, torch.zeros(2, 4), told)
    assert made.shape == ((2, 6, 16, 16) if shape.size else (2, 11))
    assert invert_to_latents(nets, made, told).shape == (2, 4)
