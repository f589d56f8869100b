"""DCGAN (Radford, Metz and Chintala 2016), conditional: transposed and strided convolutions, batch normalisation, no pooling.

Differences: conditions are appended to the latent; the critic takes them by projection (Miyato and Koyama 2018); the critic
has no batch normalisation, because a gradient penalty is computed per image and must not depend on the rest of the batch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stages.nets.ranges import Count, FractionBelowOne, NonNegativeCount, Width, check_power_of_two


@dataclass(frozen=True)
class Shape:
    """What the nets are built from."""

    size: int = 64
    """Pixels a side, a power of two, at least 8."""
    channels: Count = 3
    conditions: NonNegativeCount = 3
    latent: Count = 100
    width: Width = 32
    """Channels at half size; doubled at every halving, up to `widest`."""
    widest: Width = 256
    dropout: FractionBelowOne = 0.0
    """In the critic."""

    def __post_init__(self) -> None:
        check_power_of_two(self.size, minimum=8)

    def widths(self) -> list[int]:
        """Channels of each level, from 4 px up to half the size."""
        levels = int(math.log2(self.size)) - 2
        return [min(self.width * 2 ** (levels - 1 - i), self.widest) for i in range(levels)]


class Generator(nn.Module):  # type: ignore[misc]
    """Latents and conditions to images."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        widths = shape.widths()
        self.enter = nn.ConvTranspose2d(shape.latent + shape.conditions, widths[0], 4, bias=False)
        self.first = nn.BatchNorm2d(widths[0])
        # Kernel 4, stride 2, padding 1 doubles the side exactly. No bias: the batch norm that follows would remove it.
        self.grow = nn.ModuleList([nn.ConvTranspose2d(a, b, 4, 2, 1, bias=False) for a, b in pairwise(widths)])
        self.norm = nn.ModuleList([nn.BatchNorm2d(b) for b in widths[1:]])
        self.leave = nn.ConvTranspose2d(widths[-1], shape.channels, 4, 2, 1)
        self.apply(init_weights)

    def forward(self, z: Tensor, conditions: Tensor) -> Tensor:
        """(b,c,s,s) in -1..1 of (b,latent) and (b,conditions)."""
        x = F.relu(self.first(self.enter(torch.cat([z, conditions * 2 - 1], 1)[..., None, None])))
        for grow, norm in zip(self.grow, self.norm, strict=True):
            x = F.relu(norm(grow(x)))
        return torch.tanh(self.leave(x))


class Critic(nn.Module):  # type: ignore[misc]
    """Images and conditions to scores."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        widths = [shape.channels, *reversed(shape.widths())]
        self.shrink = nn.ModuleList([nn.Conv2d(a, b, 4, 2, 1) for a, b in pairwise(widths)])
        self.dropout = nn.Dropout2d(shape.dropout)
        self.out = nn.Linear(widths[-1] * 16, 1)
        self.project = nn.Linear(shape.conditions, widths[-1], bias=False) if shape.conditions else None
        self.apply(init_weights)

    def forward(self, x: Tensor, conditions: Tensor) -> Tensor:
        """(b,) of (b,c,s,s) and (b,conditions)."""
        for layer in self.shrink:
            x = self.dropout(F.leaky_relu(layer(x), 0.2))
        score = self.out(x.flatten(1))[:, 0]
        if self.project is not None:
            score = score + (x.mean((2, 3)) * self.project(conditions * 2 - 1)).sum(1)
        return score


def init_weights(layer: nn.Module) -> None:
    """Weights from N(0, 0.02), as the paper draws them."""
    if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
        nn.init.normal_(layer.weight, 0, 0.02)
    elif isinstance(layer, nn.BatchNorm2d):
        # Not in the paper; the authors' Torch code initialises batch norm so.
        nn.init.normal_(layer.weight, 1, 0.02)


def build_nets(shape: Shape) -> dict[str, Any]:
    """The nets that a weights file holds."""
    return {"generator": Generator(shape)}


def generate(nets: dict[str, Any], latents: Tensor, conditions: Tensor, noise: torch.Generator | None = None) -> Tensor:
    """(b,c,s,s) images in -1..1; `noise` is unused."""
    images: Tensor = nets["generator"](latents, conditions)
    return images
