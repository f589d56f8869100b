"""The variational autoencoder: divergence, sampling, and inversion."""

from __future__ import annotations

import pytest
import torch

from stages.nets.vae import Shape, build_nets, generate, invert_to_latents, kl_divergence, reparametrise


def test_the_divergence_is_zero_for_the_prior_and_half_the_squared_shift_for_a_shifted_one() -> None:
    zero = torch.zeros(2, 5)
    assert torch.equal(kl_divergence(zero, zero), torch.zeros(2))
    assert torch.allclose(kl_divergence(zero + 3, zero), torch.full((2,), 5 * 4.5))


def test_samples_have_the_given_mean_and_deviation() -> None:
    torch.manual_seed(0)
    x = reparametrise(torch.full((20000, 1), 2.0), torch.full((20000, 1), 2 * 0.7))
    assert float(x.mean()) == pytest.approx(2.0, abs=0.06)
    assert float(x.std()) == pytest.approx(2.0138, abs=0.06)


BODIES = Shape(size=0, channels=11, conditions=2, width=16, latent=4)


@pytest.mark.parametrize("shape", [Shape(size=16, width=8, widest=16, latent=4), BODIES])
def test_images_and_vectors_are_generated_and_inverted(shape: Shape) -> None:
    nets, conditions = build_nets(shape), torch.full((2, shape.conditions), 0.5)
    generated = generate(nets, torch.zeros(2, 4), conditions)
    assert generated.shape == ((2, 6, 16, 16) if shape.size else (2, 11))
    assert invert_to_latents(nets, generated, conditions).shape == (2, 4)


@pytest.mark.parametrize(("size", "message"), [
    (20, "size must be a power of two and at least 16, not 20"), (8, "size must be a power of two and at least 16, not 8"),
])  # fmt: skip
def test_a_size_that_cannot_be_halved_down_to_four_patches_is_refused(size: int, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        Shape(size=size, patch=4)
