"""A small convolutional net that predicts age, gender and skin tone; its features serve our own distances between image sets.

These are not Inception's features, so the distances are named `fenshen-frechet` and `fenshen-kernel`, never FID or KID.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stages.nets.ranges import Count, FractionBelowOne, GroupedWidth, check_multiple

ATTRIBUTES = ("age", "gender", "tone")
FEATURE_COUNT = 64


@dataclass(frozen=True)
class Shape:
    """What the classifier is built from."""

    size: int = 64
    """Pixels a side, a multiple of `fold`."""
    channels: Count = 3
    """Colour planes."""
    width: GroupedWidth = 24
    features: Count = FEATURE_COUNT
    drop: FractionBelowOne = 0.2
    """Dropout before the output layer."""

    def __post_init__(self) -> None:
        check_multiple(self.size, self.fold)
        if self.size < 16:
            raise ValueError(f"size must be at least 16, not {self.size}")

    @property
    def fold(self) -> int:
        """Pixels a side that are folded into channels, so that images of every size cost about the same."""
        return max(1, self.size // 64)

    @property
    def latent(self) -> int:
        """Length of what `generate` takes as latents: features, since this net generates no images."""
        return self.features


def build_nets(shape: Shape) -> dict[str, nn.Module]:
    """The net that a weights file holds."""
    return {"classifier": AttributeClassifier(shape)}


def generate(nets: dict[str, nn.Module], latents: Tensor, conditions: Tensor, noise: torch.Generator | None = None) -> Tensor:
    """(b,3) attributes in 0..1 of random features (b,64): if all are equal, training has collapsed."""
    attributes: Tensor = torch.sigmoid(nets["classifier"].read(torch.tanh(latents)))
    return attributes


class AttributeClassifier(nn.Module):  # type: ignore[misc]
    """Images (b,c,s,s) in -1..1 to features (b,64) and logits (b,3) of age/100, gender and tone."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        fold, width = shape.fold, shape.width
        widths = (width, 2 * width, 3 * width, 4 * width)
        layers: list[nn.Module] = [nn.PixelUnshuffle(fold)] if fold > 1 else []
        before = shape.channels * fold**2
        for wide in widths:
            layers += [nn.Conv2d(before, wide, 3, padding=1), nn.GroupNorm(8, wide), nn.SiLU(), nn.AvgPool2d(2)]
            before = wide
        self.trunk = nn.Sequential(*layers, nn.Conv2d(before, before, 3, padding=1), nn.GroupNorm(8, before), nn.SiLU())
        self.gather = nn.Linear(2 * before, shape.features)
        self.drop, self.read = nn.Dropout(shape.drop), nn.Linear(shape.features, len(ATTRIBUTES))

    def extract_features(self, x: Tensor) -> Tensor:
        """(b,64): mean and standard deviation of each last feature map, through one layer."""
        y = self.trunk(x).flatten(2)
        # 1e-6 before the root: its slope at 0 is infinite, which a flat feature map would turn into NaN.
        return torch.tanh(self.gather(torch.cat([y.mean(2), (y.var(2, unbiased=False) + 1e-6).sqrt()], 1)))

    def forward(self, x: Tensor) -> Tensor:
        """(b,3) logits."""
        return self.read(self.drop(self.extract_features(x)))


def compute_attribute_loss(logits: Tensor, attributes: Tensor) -> Tensor:
    """Scalar: cross-entropy for gender, Huber loss (beta a tenth of the range) for age and tone."""
    predicted = torch.sigmoid(logits)
    error = F.smooth_l1_loss(predicted[:, [0, 2]], attributes[:, [0, 2]], beta=0.1)
    # Errors of 0..1 values are small next to a cross-entropy: the factor balances them.
    return F.binary_cross_entropy_with_logits(logits[:, 1], attributes[:, 1]) + 10 * error
