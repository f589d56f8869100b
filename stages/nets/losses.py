"""Adversarial losses and the augmentation that both real and made pictures pass."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor


def generator_loss(made: Tensor) -> Tensor:
    """Scalar: non-saturating loss of the generator over the critic's scores (b,)."""
    return F.softplus(-made).mean()


def critic_loss(real: Tensor, made: Tensor) -> Tensor:
    """Scalar: non-saturating loss of the critic over its scores (b,) of real and made pictures."""
    return F.softplus(-real).mean() + F.softplus(made).mean()


def gradient_penalty(score: Callable[[Tensor], Tensor], real: Tensor, gamma: float) -> Tensor:
    """Scalar: R1 (Mescheder et al. 2018), gamma/2 times the mean squared gradient norm of the score at real pictures."""
    real = real.detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(score(real).sum(), real, create_graph=True)
    return 0.5 * gamma * slope.square().flatten(1).sum(1).mean()


def shift(x: Tensor, generator: torch.Generator, share: float = 0.08) -> Tensor:
    """(b,c,h,w): every picture moved by its own whole pixels, edges repeated (differentiable augmentation)."""
    b, _, h, w = x.shape
    reach = max(1, round(share * h))
    padded = F.pad(x, (reach,) * 4, mode="replicate")
    offsets = torch.randint(0, 2 * reach + 1, (b, 2), generator=generator).tolist()
    return torch.stack([padded[i, :, r : r + h, c : c + w] for i, (r, c) in enumerate(offsets)])


def update_average(average: torch.nn.Module, model: torch.nn.Module, decay: float) -> None:
    """Moves the averaged weights towards the model's: average = decay * average + (1 - decay) * model."""
    with torch.no_grad():
        for kept, fresh in zip(average.parameters(), model.parameters(), strict=True):
            kept.lerp_(fresh, 1 - decay)
