"""The usual picture of given conditions: where everything that conditions tell comes from, so that a net learns what they do not.

Skins lie in one uv layout, so the mean of all skins of an age, a gender and a tone is itself a sharp skin. It is fitted
by least squares before training and stays as it is; the net paints on it how people of the same conditions differ.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def expand_conditions(conditions: Tensor) -> Tensor:
    """(b,1+2k) one, the conditions (b,k) and their squares."""
    return torch.cat([torch.ones_like(conditions[:, :1]), conditions, conditions.square()], 1)


class ConditionalMean(nn.Module):  # type: ignore[misc]
    """Conditions to their usual picture; grey until it is fitted."""

    def __init__(self, conditions: int, channels: int, size: int) -> None:
        super().__init__()
        self.register_buffer("answer", torch.zeros(1 + 2 * conditions, channels, size, size))

    def forward(self, conditions: Tensor, size: int) -> Tensor:
        """(b,c,size,size) in -1..1, averaged down from its own size."""
        answer = self.answer
        if size < answer.shape[-1]:
            answer = F.adaptive_avg_pool2d(answer, size)
        return torch.einsum("bk,kchw->bchw", expand_conditions(conditions), answer)
