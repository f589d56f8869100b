"""Conditional variational autoencoder (Kingma and Welling 2014; beta after Higgins et al. 2017) of images or of body vectors.

Differences: the finest level works on patches (space to depth), because a CPU spends most of its time there; the encoder is
part of the weights file, because inversion, the latent of a given image, is where editing a face starts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stages.nets.bodygan import AGE_ANCHORS, encode_age_gender
from stages.nets.conditional_mean import ConditionalMean
from stages.nets.ranges import Count, FractionBelowOne, NonNegativeCount, Patch, Width, check_power_of_two


@dataclass(frozen=True)
class Shape:
    """What the nets are built from."""

    size: int = 128
    """Pixels a side, a power of two, at least four patches; 0 for body vectors."""
    channels: Count = 6
    """Colour planes, or the length of the vectors."""
    conditions: NonNegativeCount = 3
    latent: Count = 64
    width: Width = 48
    """Channels at the finest level (doubled at every halving, up to `widest`), or of the layers for vectors."""
    widest: Width = 128
    patch: Patch = 4
    """Pixels a side that the finest level handles as channels."""
    dropout: FractionBelowOne = 0.0
    """In the encoder."""
    usual: bool = False
    """Images are added to the mean image of their conditions."""
    names: tuple[str, ...] = ()
    """Names of a body vector's components."""

    def __post_init__(self) -> None:
        if self.size:
            check_power_of_two(self.size, self.patch)

    def widths(self) -> list[int]:
        """Channels of each level, from 4 px to the finest."""
        levels = int(math.log2(self.size // self.patch)) - 1
        return [min(self.width * 2 ** (levels - 1 - i), self.widest) for i in range(levels)]


def _make_norm(channels: int) -> nn.Module:
    # The number of groups must divide the channels, and the user chooses the width.
    return nn.GroupNorm(math.gcd(8, channels), channels)


class ImageEncoder(nn.Module):  # type: ignore[misc]
    """Images and conditions to the mean and log variance of their latents."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        widths = list(reversed(shape.widths()))
        self.patch = shape.patch
        self.enter = nn.Conv2d(shape.channels * shape.patch**2, widths[0], 3, padding=1)
        pairs = list(zip(widths, [*widths[1:], widths[-1]], strict=True))
        self.layers = nn.ModuleList([nn.Sequential(_make_norm(a), nn.SiLU(), nn.Conv2d(a, b, 3, padding=1)) for a, b in pairs])
        self.dropout = nn.Dropout(shape.dropout)
        self.out = nn.Linear(widths[-1] * 16 + shape.conditions, 2 * shape.latent)

    def forward(self, x: Tensor, conditions: Tensor) -> tuple[Tensor, Tensor]:
        """(b,latent) twice, of (b,c,s,s) and (b,conditions)."""
        y = self.enter(F.pixel_unshuffle(x, self.patch) if self.patch > 1 else x)
        for i, layer in enumerate(self.layers):
            y = layer(y)
            if i + 1 < len(self.layers):
                y = F.avg_pool2d(y, 2)
        mean, log_variance = self.out(torch.cat([self.dropout(y.flatten(1)), conditions * 2 - 1], 1)).chunk(2, 1)
        # Bounds exp in the divergence: an untrained net could overflow it.
        return mean, log_variance.clamp(-12, 8)


class ImageDecoder(nn.Module):  # type: ignore[misc]
    """Latents and conditions to images."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        widths = shape.widths()
        self.patch, self.start = shape.patch, widths[0]
        self.enter = nn.Linear(shape.latent + shape.conditions, widths[0] * 16)
        pairs = list(zip(widths, [*widths[1:], widths[-1]], strict=True))
        self.layers = nn.ModuleList([nn.Sequential(_make_norm(a), nn.SiLU(), nn.Conv2d(a, b, 3, padding=1)) for a, b in pairs])
        self.out = nn.Sequential(_make_norm(widths[-1]), nn.SiLU(), nn.Conv2d(widths[-1], shape.channels * shape.patch**2, 3, padding=1))
        self.usual = ConditionalMean(shape.conditions, shape.channels, shape.size) if shape.usual else None

    def forward(self, z: Tensor, conditions: Tensor) -> Tensor:
        """(b,c,s,s), about -1..1."""
        y = self.enter(torch.cat([z, conditions * 2 - 1], 1)).reshape(len(z), self.start, 4, 4)
        for i, layer in enumerate(self.layers):
            y = layer(y)
            if i + 1 < len(self.layers):
                y = F.interpolate(y, scale_factor=2, mode="bilinear", align_corners=False)
        y = self.out(y)
        images = F.pixel_shuffle(y, self.patch) if self.patch > 1 else y
        # A sum with the mean image is near its range already; tanh would compress it.
        return torch.tanh(images) if self.usual is None else images + self.usual(conditions, images.shape[-1])


class VectorEncoder(nn.Module):  # type: ignore[misc]
    """Body vectors, age and gender to the mean and log variance of their latents; each component is standardised by its data first."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(shape.channels))
        self.register_buffer("spread", torch.ones(shape.channels))
        self.enter = nn.Linear(shape.channels + AGE_ANCHORS + 1, shape.width)
        self.layers = nn.Sequential(nn.SiLU(), nn.Dropout(shape.dropout), nn.Linear(shape.width, shape.width), nn.SiLU())
        self.out = nn.Linear(shape.width, 2 * shape.latent)

    def forward(self, x: Tensor, conditions: Tensor) -> tuple[Tensor, Tensor]:
        """(b,latent) twice, of (b,d) and (b,2) age/100 and gender."""
        y = self.enter(torch.cat([(x - self.centre) / self.spread, encode_age_gender(conditions)], 1))
        mean, log_variance = self.out(y + self.layers(y)).chunk(2, 1)
        return mean, log_variance.clamp(-12, 8)


class VectorDecoder(nn.Module):  # type: ignore[misc]
    """Latents, age and gender to body vectors within the limits of the training data."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.register_buffer("low", torch.zeros(shape.channels))
        self.register_buffer("high", torch.ones(shape.channels))
        self.enter = nn.Linear(shape.latent + AGE_ANCHORS + 1, shape.width)
        self.layers = nn.Sequential(nn.SiLU(), nn.Linear(shape.width, shape.width), nn.SiLU(), nn.Linear(shape.width, shape.width))
        self.out = nn.Linear(shape.width, shape.channels)

    def forward(self, z: Tensor, conditions: Tensor) -> Tensor:
        """(b,d) of (b,latent) and (b,2) age/100 and gender."""
        y = self.enter(torch.cat([z, encode_age_gender(conditions)], 1))
        return self.low + (self.high - self.low) * torch.sigmoid(self.out(y + self.layers(y)))


def reparametrise(mean: Tensor, log_variance: Tensor) -> Tensor:
    """(b,latent) a sample that gradients pass through (reparametrisation trick), from torch's global generator."""
    return mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """(b,) Kullback-Leibler divergence of N(mean, variance) from N(0, 1), in nats."""
    # Kingma and Welling, appendix B, with the opposite sign: a loss, not a bound.
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)


def build_nets(shape: Shape) -> dict[str, Any]:
    """The nets that a weights file holds: the decoder, and the encoder for inversion."""
    if shape.size == 0:
        return {"decoder": VectorDecoder(shape), "encoder": VectorEncoder(shape)}
    return {"decoder": ImageDecoder(shape), "encoder": ImageEncoder(shape)}


def generate(nets: dict[str, Any], latents: Tensor, conditions: Tensor, noise: torch.Generator | None = None) -> Tensor:
    """(b,c,s,s) images in -1..1, or (b,d) vectors; `noise` is unused."""
    generated: Tensor = nets["decoder"](latents, conditions)
    return generated


def invert_to_latents(nets: dict[str, Any], values: Tensor, conditions: Tensor) -> Tensor:
    """(b,latent) the most likely latents of given images or vectors."""
    mean: Tensor = nets["encoder"](values, conditions)[0]
    return mean
