"""Adversarial losses by name, gradient penalties for the critic, and the moving average of weights."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn


@dataclass(frozen=True)
class AdversarialLoss:
    """The two losses of an adversarial game, each a scalar of the critic's scores (b,)."""

    critic: Callable[[Tensor, Tensor, float], Tensor]
    """Of the scores of real and generated samples and the label smoothing (0 for none)."""
    generator: Callable[[Tensor], Tensor]
    """Of the scores of generated samples."""
    centred: bool = True
    """Whether a score of 0 separates real samples from generated ones."""


def _compute_logistic_loss(real: Tensor, fake: Tensor, smooth: float) -> Tensor:
    """With one-sided label smoothing (Salimans et al. 2016): the label of real samples is 1 - smooth."""
    return (1 - smooth) * F.softplus(-real).mean() + smooth * F.softplus(real).mean() + F.softplus(fake).mean()


ADVERSARIAL_LOSSES: dict[str, AdversarialLoss] = {
    # Goodfellow et al. 2014, the non-saturating form: binary cross-entropy on logits.
    "bce": AdversarialLoss(_compute_logistic_loss, lambda fake: F.softplus(-fake).mean()),
    # Mao et al. 2017 with targets 1 for real and -1 for generated samples, so that 0 separates them.
    "lsgan": AdversarialLoss(
        lambda real, fake, smooth: 0.5 * ((real - 1 + smooth).square().mean() + (fake + 1).square().mean()),
        lambda fake: 0.5 * (fake - 1).square().mean(),
    ),
    # Lim and Ye 2017.
    "hinge": AdversarialLoss(lambda real, fake, _: F.relu(1 - real).mean() + F.relu(1 + fake).mean(), lambda fake: -fake.mean()),
    # Arjovsky et al. 2017; needs `compute_gradient_penalty`.
    "wgan": AdversarialLoss(lambda real, fake, _: fake.mean() - real.mean(), lambda fake: -fake.mean(), centred=False),
}


def compute_r1_penalty(score: Callable[[Tensor], Tensor], real: Tensor, gamma: float) -> Tensor:
    """Scalar: R1 (Mescheder et al. 2018), gamma/2 times the mean squared gradient norm of the score at real samples."""
    real = real.detach().requires_grad_(True)
    # create_graph: the penalty itself is differentiated. The sum gives each sample its own gradient.
    (gradient,) = torch.autograd.grad(score(real).sum(), real, create_graph=True)
    return 0.5 * gamma * gradient.square().flatten(1).sum(1).mean()


def compute_gradient_penalty(score: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, gamma: float) -> Tensor:
    """Scalar: gamma times the mean of (gradient norm - 1)^2 at random points between real and fake (Gulrajani et al. 2017)."""
    share = torch.rand(len(real), *[1] * (real.ndim - 1), device=real.device)
    between = (share * real.detach() + (1 - share) * fake.detach()).requires_grad_(True)
    (gradient,) = torch.autograd.grad(score(between).sum(), between, create_graph=True)
    return gamma * (gradient.flatten(1).norm(dim=1) - 1).square().mean()


def compute_path_lengths(images: Tensor, styles: Tensor) -> Tensor:
    """(b,) change of the images per unit of style (b,layers,styles): path length regularisation (Karras et al. 2020)."""
    # Divided by the root of the pixels, as in the paper, so that lengths do not depend on the resolution.
    noise = torch.randn_like(images) / math.sqrt(images.shape[2] * images.shape[3])
    (gradient,) = torch.autograd.grad((images * noise).sum(), styles, create_graph=True)
    return gradient.square().sum(2).mean(1).sqrt()


def update_average(average: torch.nn.Module, model: torch.nn.Module, decay: float) -> None:
    """Updates the averaged weights: average = decay * average + (1 - decay) * model; buffers are copied."""
    with torch.no_grad():
        # Not swa_utils.AveragedModel: its first update copies the model, and it renames the keys of the state in checkpoints.
        get_ema_multi_avg_fn(decay)(list(average.parameters()), list(model.parameters()), 0)
        for averaged, current in zip(average.buffers(), model.buffers(), strict=True):
            averaged.copy_(current)
