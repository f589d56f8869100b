"""Differentiable augmentation of what the critic sees, the same for real and generated images.

Adaptive discriminator augmentation (Karras et al. 2020 b): each transform is applied with probability p. As long as p is
below 0.8, the unchanged image stays the most likely one and the generator does not learn to make augmented images.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Augmentation:
    """The largest amount of each transform; 0 turns it off."""

    flip: bool = False
    """Left-right; for images whose mirror image is as likely."""
    rotation: float = 0.0
    """Radians in either direction."""
    shift: float = 0.0
    """Share of the image's side."""
    scale: float = 0.0
    """Natural logarithm of the largest factor."""
    brightness: float = 0.0
    """On the -1..1 scale."""
    contrast: float = 0.0
    """Natural logarithm of the largest factor."""

    def __call__(self, x: Tensor, p: float = 1.0) -> Tensor:
        """(b,c,h,w) images, each with its own random transforms, from torch's global generator."""
        if p <= 0:
            return x
        if self.flip or self.rotation or self.shift or self.scale:
            x = self._transform(x, p)
        if self.brightness:
            x = x + self.brightness * _draw_amounts(x, p)[:, None, None, None]
        if self.contrast:
            mean = x.mean((1, 2, 3), keepdim=True)
            x = mean + (x - mean) * torch.exp(self.contrast * _draw_amounts(x, p))[:, None, None, None]
        return x

    def _transform(self, x: Tensor, p: float) -> Tensor:
        angle, log_scale = self.rotation * _draw_amounts(x, p), self.scale * _draw_amounts(x, p)
        # Half of the flips that are applied leave the image as it is, as a flip drawn from two states does.
        mirror = torch.where(torch.rand(len(x), device=x.device) < 0.5 * p * self.flip, -1.0, 1.0)
        # affine_grid maps output to input, so a larger image needs a smaller factor.
        factor = torch.exp(-log_scale)
        matrix = torch.zeros(len(x), 2, 3, device=x.device)
        matrix[:, 0, 0], matrix[:, 0, 1] = torch.cos(angle) * factor * mirror, -torch.sin(angle) * factor
        matrix[:, 1, 0], matrix[:, 1, 1] = torch.sin(angle) * factor * mirror, torch.cos(angle) * factor
        matrix[:, 0, 2], matrix[:, 1, 2] = (self._draw_shift(x, p, side) for side in (x.shape[3], x.shape[2]))
        grid = F.affine_grid(matrix, list(x.shape), align_corners=False)
        return F.grid_sample(x, grid.to(x.dtype), mode="bilinear", padding_mode="reflection", align_corners=False)

    def _draw_shift(self, x: Tensor, p: float, side: int) -> Tensor:
        """(b,) shifts by whole pixels: a fraction of a pixel would blur the image, and the critic would notice."""
        # Grid coordinates run from -1 to 1: a side has length 2.
        return torch.round(self.shift * _draw_amounts(x, p) * side) * 2 / side


def _draw_amounts(x: Tensor, p: float) -> Tensor:
    """(b,) uniform in -1..1 with probability p, else 0."""
    drawn = torch.rand(2, len(x), device=x.device)
    return torch.where(drawn[0] < p, drawn[1] * 2 - 1, torch.zeros_like(drawn[1]))


PORTRAITS = Augmentation(flip=True, rotation=math.radians(8), shift=0.08, scale=0.1, brightness=0.15, contrast=0.15)
SKINS = Augmentation(shift=0.06, scale=0.06, brightness=0.08, contrast=0.1)
"""Skins share a fixed uv layout, and the body tile's left and right differ: no flip and no rotation."""

PROBABILITY_STEP = 0.02
MAX_PROBABILITY = 0.7
"""Beyond 0.8 augmentation leaks (Karras et al. 2020 b, figure 3)."""


def adapt_probability(p: float, sign: float, target: float = 0.6) -> float:
    """The next probability: one step up if the mean sign of the critic's scores of real images exceeds the target, else down."""
    return min(max(p + math.copysign(PROBABILITY_STEP, sign - target), 0.0), MAX_PROBABILITY)
