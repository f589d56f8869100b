"""The mean image of given conditions: a net that starts from it only has to learn what the conditions do not explain.

All skins share one uv layout, so the mean skin of an age, a gender and a tone is itself a sharp skin. It is a least squares
fit that is computed before training and stays fixed; the net adds how people of the same conditions differ.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def expand_conditions(conditions: Tensor) -> Tensor:
    """(b,1+2k) regressors: one, the conditions (b,k) and their squares."""
    return torch.cat([torch.ones_like(conditions[:, :1]), conditions, conditions.square()], 1)


class ConditionalMean(nn.Module):  # type: ignore[misc]
    """Conditions to their mean image; mid-grey until it is fitted."""

    def __init__(self, conditions: int, channels: int, size: int) -> None:
        super().__init__()
        self.register_buffer("answer", torch.zeros(1 + 2 * conditions, channels, size, size))

    def forward(self, conditions: Tensor, size: int) -> Tensor:
        """(b,c,size,size) in -1..1, averaged down from the size of the fit."""
        answer = self.answer
        if size < answer.shape[-1]:
            answer = F.adaptive_avg_pool2d(answer, size)
        return torch.einsum("bk,kchw->bchw", expand_conditions(conditions), answer)
