"""Layers that the autoencoder and the denoiser of latent diffusion share: residual blocks and self-attention.

Attribute names are state-dict keys of the shipped weights, and the order of construction is the order of random draws.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class ResidualBlock(nn.Module):  # type: ignore[misc]
    """Residual block without a condition."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.GroupNorm(8, width), nn.GroupNorm(8, width)
        self.conv1, self.conv2 = nn.Conv2d(width, width, 3, padding=1), nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.conv2.weight)

    def forward(self, x: Tensor) -> Tensor:
        """(b,width,h,w)."""
        return x + self.conv2(F.silu(self.norm2(self.conv1(F.silu(self.norm1(x))))))


class ConditionalResidualBlock(nn.Module):  # type: ignore[misc]
    """Residual block: norm, SiLU, convolution twice; the embedding scales and shifts between them."""

    def __init__(self, inputs: int, outputs: int, embedding: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.GroupNorm(8, inputs), nn.GroupNorm(8, outputs)
        self.conv1, self.conv2 = nn.Conv2d(inputs, outputs, 3, padding=1), nn.Conv2d(outputs, outputs, 3, padding=1)
        self.tell, self.dropout = nn.Linear(embedding, 2 * outputs), nn.Dropout(dropout)
        self.skip = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(self.conv2.bias)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        """(b,outputs,h,w)."""
        y = self.norm2(self.conv1(F.silu(self.norm1(x))))
        scale, shift = self.tell(embedding)[:, :, None, None].chunk(2, 1)
        return self.skip(x) + self.conv2(self.dropout(F.silu(y * (1 + scale) + shift)))


class Attention(nn.Module):  # type: ignore[misc]
    """Self-attention over all places of a feature map, added to it; its layers are linear so that LoRA finds them."""

    def __init__(self, width: int, heads: int = 4) -> None:
        super().__init__()
        self.heads, self.norm = heads, nn.GroupNorm(8, width)
        self.query_key_value, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(b,c,h,w)."""
        b, c, h, w = x.shape
        tokens = self.norm(x).flatten(2).transpose(1, 2)
        parts = self.query_key_value(tokens).reshape(b, h * w, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(*parts).transpose(1, 2).reshape(b, h * w, c)
        return x + self.out(mixed).transpose(1, 2).reshape(b, c, h, w)
