"""A small convolutional reader of age, gender and skin tone, whose features our own distances are measured on.

Never to be taken for Inception: distances on these features are named `fenshen-frechet` and `fenshen-kernel`.
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
    """What a reader is built from."""

    size: int = 64
    """Pixels of a picture's side."""
    channels: Count = 3
    """Colour planes."""
    width: GroupedWidth = 24
    features: Count = FEATURE_COUNT
    drop: FractionBelowOne = 0.2
    """Dropout before the readings."""

    def __post_init__(self) -> None:
        check_multiple(self.size, self.fold)
        if self.size < 16:
            raise ValueError(f"its pictures are {self.size} px a side, 16 at least are needed")

    @property
    def fold(self) -> int:
        """Pixels a side that are folded into channels: pictures of every size cost about the same."""
        return max(1, self.size // 64)

    @property
    def latent(self) -> int:
        """It makes no pictures: what it is handed as a latent are features."""
        return self.features


def build_nets(shape: Shape) -> dict[str, nn.Module]:
    """The net that reads pictures."""
    return {"classifier": AttributeClassifier(shape)}


def generate(nets: dict[str, nn.Module], latents: Tensor, conditions: Tensor, grain: torch.Generator | None = None) -> Tensor:
    """(b,3) readings of features (b,64): all readings alike would mean that training has collapsed."""
    readings: Tensor = torch.sigmoid(nets["classifier"].read(torch.tanh(latents)))
    return readings


class AttributeClassifier(nn.Module):  # type: ignore[misc]
    """(b,c,s,s) pictures in -1..1 to features (b,64) and readings (b,3: age/100, gender, tone) in 0..1."""

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
        """(b,64): mean and deviation of the last maps, through one layer."""
        y = self.trunk(x).flatten(2)
        return torch.tanh(self.gather(torch.cat([y.mean(2), (y.var(2, unbiased=False) + 1e-6).sqrt()], 1)))

    def forward(self, x: Tensor) -> Tensor:
        """(b,3) readings before the sigmoid."""
        return self.read(self.drop(self.extract_features(x)))


def compute_attribute_loss(readings: Tensor, condition: Tensor) -> Tensor:
    """Scalar: gender by cross-entropy; age and tone by how far off they are (Huber, a tenth of the range)."""
    read = torch.sigmoid(readings)
    far = F.smooth_l1_loss(read[:, [0, 2]], condition[:, [0, 2]], beta=0.1)
    return F.binary_cross_entropy_with_logits(readings[:, 1], condition[:, 1]) + 10 * far
