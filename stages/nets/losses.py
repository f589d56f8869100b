"""Adversarial losses by name, the penalties that keep a critic smooth, and the moving average of weights."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class AdversarialLoss:
    """One adversarial game: what the critic lowers and what the generator lowers, of scores (b,)."""

    critic: Callable[[Tensor, Tensor, float], Tensor]
    """Scalar of the scores of real and made pictures and of label smoothing (0 for none)."""
    generator: Callable[[Tensor], Tensor]
    """Scalar of the scores of made pictures."""
    centred: bool = True
    """Whether a score of 0 separates real from made."""


def _compute_logistic_loss(real: Tensor, made: Tensor, smooth: float) -> Tensor:
    """One-sided label smoothing (Salimans et al. 2016): real pictures are right with 1 - smooth."""
    return (1 - smooth) * F.softplus(-real).mean() + smooth * F.softplus(real).mean() + F.softplus(made).mean()


ADVERSARIAL_LOSSES: dict[str, AdversarialLoss] = {
    # Goodfellow et al. 2014, the non-saturating form: binary cross entropy on logits.
    "bce": AdversarialLoss(_compute_logistic_loss, lambda made: F.softplus(-made).mean()),
    # Mao et al. 2017, real pictures aim at 1 and made ones at -1, so that 0 lies between.
    "lsgan": AdversarialLoss(
        lambda real, made, smooth: 0.5 * ((real - 1 + smooth).square().mean() + (made + 1).square().mean()),
        lambda made: 0.5 * (made - 1).square().mean(),
    ),
    # Lim and Ye 2017.
    "hinge": AdversarialLoss(lambda real, made, _: F.relu(1 - real).mean() + F.relu(1 + made).mean(), lambda made: -made.mean()),
    # Arjovsky et al. 2017; needs `interpolated_penalty`.
    "wgan": AdversarialLoss(lambda real, made, _: made.mean() - real.mean(), lambda made: -made.mean(), centred=False),
}


def compute_r1_penalty(score: Callable[[Tensor], Tensor], real: Tensor, gamma: float) -> Tensor:
    """Scalar: R1 (Mescheder et al. 2018), gamma/2 times the mean squared gradient norm of the score at real pictures."""
    real = real.detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(score(real).sum(), real, create_graph=True)
    return 0.5 * gamma * slope.square().flatten(1).sum(1).mean()


def compute_gradient_penalty(score: Callable[[Tensor], Tensor], real: Tensor, made: Tensor, gamma: float) -> Tensor:
    """Scalar: gamma times the mean squared distance from 1 of the gradient norm between real and made (Gulrajani et al. 2017)."""
    share = torch.rand(len(real), *[1] * (real.ndim - 1), device=real.device)
    between = (share * real.detach() + (1 - share) * made.detach()).requires_grad_(True)
    (slope,) = torch.autograd.grad(score(between).sum(), between, create_graph=True)
    return gamma * (slope.flatten(1).norm(dim=1) - 1).square().mean()


def compute_path_lengths(pictures: Tensor, styles: Tensor) -> Tensor:
    """(b,) how far pictures move per unit of style (b,layers,styles) (Karras et al. 2020, path length regularisation)."""
    noise = torch.randn_like(pictures) / math.sqrt(pictures.shape[2] * pictures.shape[3])
    (slope,) = torch.autograd.grad((pictures * noise).sum(), styles, create_graph=True)
    return slope.square().sum(2).mean(1).sqrt()


def update_average(average: torch.nn.Module, model: torch.nn.Module, decay: float) -> None:
    """Moves the averaged weights towards the model's: average = decay * average + (1 - decay) * model; buffers are copied."""
    with torch.no_grad():
        for kept, fresh in zip(average.parameters(), model.parameters(), strict=True):
            kept.lerp_(fresh, 1 - decay)
        for kept, fresh in zip(average.buffers(), model.buffers(), strict=True):
            kept.copy_(fresh)
