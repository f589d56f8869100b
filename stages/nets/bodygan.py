"""Body vectors by WGAN-GP (Gulrajani et al. 2017): latent, age and gender to phenotype axes and local changes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stages.nets.ranges import Count, FractionBelowOne, Width

BODY_LATENT_SIZE = 32
AGE_ANCHORS = 9
"""Hat functions over 0..100 years: growth changes fast in childhood, which a smooth layer alone would blur."""


@dataclass(frozen=True)
class Shape:
    """What a body generator is built from."""

    names: tuple[str, ...]
    """Names of the vector's components: phenotype axes and local changes as stages.body takes them."""
    latent: Count = BODY_LATENT_SIZE
    width: Width = 160
    dropout: FractionBelowOne = 0.0
    """In the critic."""


def build_nets(shape: Shape) -> dict[str, nn.Module]:
    """The nets that a weights file holds."""
    return {"generator": Generator(shape)}


def generate(nets: dict[str, nn.Module], latents: Tensor, conditions: Tensor, noise: torch.Generator | None = None) -> Tensor:
    """(b,d) vectors of latents (b,latent) and conditions (b,2: age/100, gender 0 female .. 1 male); `noise` is unused."""
    vectors: Tensor = nets["generator"](latents, conditions)
    return vectors


def encode_age_gender(condition: Tensor) -> Tensor:
    """(b,10) hat functions of the age, and the gender in -1..1, of conditions (b,2)."""
    # Anchors in hundreds of years, denser where bodies change fast.
    anchors = torch.tensor([0.0, 0.02, 0.06, 0.11, 0.15, 0.19, 0.30, 0.60, 1.0], device=condition.device)
    years = condition[:, :1]
    left = (years - anchors[:-1]) / (anchors[1:] - anchors[:-1])
    rising = torch.cat([torch.ones_like(years), left.clamp(0, 1)], 1)
    falling = torch.cat([1 - left.clamp(0, 1), torch.ones_like(years)], 1)
    return torch.cat([rising * falling, condition[:, 1:] * 2 - 1], 1)


class Generator(nn.Module):  # type: ignore[misc]
    """Latents (b,32) and conditions (b,2) to vectors (b,d) within the limits of the training data."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        size, width, latent = len(shape.names), shape.width, shape.latent
        self.register_buffer("low", torch.zeros(size))
        self.register_buffer("high", torch.ones(size))
        self.layers = nn.ModuleList([nn.Linear(latent + AGE_ANCHORS + 1, width), nn.Linear(width, width), nn.Linear(width, width)])
        self.out = nn.Linear(width, size)

    def forward(self, z: Tensor, condition: Tensor) -> Tensor:
        """(b,d)."""
        y = torch.cat([z, encode_age_gender(condition)], 1)
        for number, layer in enumerate(self.layers):
            # The first layer changes the width, so it has no residual.
            y = F.leaky_relu(layer(y), 0.2) + (y if number else 0)
        return self.low + (self.high - self.low) * torch.sigmoid(self.out(y))


class Critic(nn.Module):  # type: ignore[misc]
    """Vectors (b,d) and conditions (b,2) to scores (b,); each component is standardised by its data first."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        size, width = len(shape.names), shape.width
        self.register_buffer("centre", torch.zeros(size))
        self.register_buffer("spread", torch.ones(size))
        self.dropout = nn.Dropout(shape.dropout)
        self.layers = nn.ModuleList([nn.Linear(size + AGE_ANCHORS + 1, width), nn.Linear(width, width), nn.Linear(width, width)])
        self.out = nn.Linear(width, 1)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """(b,)."""
        y = torch.cat([(x - self.centre) / self.spread, encode_age_gender(condition)], 1)
        for number, layer in enumerate(self.layers):
            y = self.dropout(F.leaky_relu(layer(y), 0.2)) + (y if number else 0)
        return self.out(y)[:, 0]
