"""CLIP (Radford et al. 2021): a text encoder and an image encoder whose vectors of a picture and of its caption are alike.

Differences: both encoders are small enough for one core. A token is an English word or a Chinese character, embedded as the mean of its
hashed character n-grams (Bojanowski et al. 2017), so that misspelt words and words of other forms stay near those of the training. A
batch norm before each last layer spreads the vectors from the first step on: without it, they were nearly the same for sixty steps.
"""

from __future__ import annotations

import math
import re
import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from stages.nets.ranges import Count, FractionBelowOne, GroupedWidth, NonNegativeCount, check_multiple

_TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)?|\d|[㐀-鿿]")
MAX_GRAMS = 10
"""N-grams of a word; of longer words the first ones."""
_NGRAMS = (3, 4)
_FIRST_SCALE, _MAX_SCALE = 1 / 0.07, 100.0
"""Inverse temperature at first and at most, as in the paper."""
_GRID = 4
"""Cells a side in which an image's features are gathered: a hat is above, a collar below."""


@dataclass(frozen=True)
class Shape:
    """What both encoders are built from."""

    size: int = 64
    """Pixels a side, a multiple of `fold`."""
    channels: Count = 3
    conditions: NonNegativeCount = 0
    """None: an encoder has no conditions."""
    embedding: Count = 128
    """Length of the vectors that are compared."""
    width: GroupedWidth = 24
    """Channels at the image's full size; doubled, tripled, quadrupled at each halving."""
    buckets: Count = 8192
    """Rows of the table of n-grams; row 0 is padding."""
    text_width: GroupedWidth = 96
    text_layers: Count = 2
    text_heads: Count = 4
    text_length: Count = 48
    """Tokens of a text; later ones are cut off."""
    dropout: FractionBelowOne = 0.1
    """In the text encoder."""

    def __post_init__(self) -> None:
        check_multiple(self.size, self.fold)
        if self.size < 16:
            raise ValueError(f"size must be at least 16, not {self.size}")
        if self.text_width % self.text_heads:
            raise ValueError(f"text_width must be a multiple of text_heads, {self.text_heads}, not {self.text_width}")

    @property
    def fold(self) -> int:
        """Pixels a side that are folded into channels, so that images of every size cost about the same."""
        return max(1, self.size // 64)

    @property
    def latent(self) -> int:
        """Length of what `generate` takes as latents, since this net generates no images."""
        return self.embedding


@lru_cache(maxsize=50_000)  # words of a training run
def _hash_token(token: str, buckets: int) -> tuple[int, ...]:
    """Rows of the table for a token: the whole, and its n-grams between marks of its ends."""
    marked = f"<{token}>"
    grams = [marked, *(marked[i : i + n] for n in _NGRAMS for i in range(len(marked) - n + 1))] if len(token) > 1 else [marked]
    return tuple(zlib.crc32(gram.encode()) % (buckets - 1) + 1 for gram in grams[:MAX_GRAMS])


def tokenize(texts: Sequence[str], shape: Shape) -> NDArray[np.int64]:
    """(n,t,MAX_GRAMS) rows of the table of n-grams; 0 where there is no token or no further n-gram."""
    found = np.zeros((len(texts), shape.text_length, MAX_GRAMS), np.int64)
    for row, text in enumerate(texts):
        plain = unicodedata.normalize("NFKC", text).lower()
        for place, token in enumerate(_TOKEN.findall(plain)[: shape.text_length]):
            grams = _hash_token(token, shape.buckets)
            found[row, place, : len(grams)] = grams
    return found


class TextEncoder(nn.Module):  # type: ignore[misc]
    """Tokens (b,t,g) to vectors (b,embedding)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.grams = nn.Embedding(shape.buckets, shape.text_width, padding_idx=0)
        self.places = nn.Parameter(torch.randn(shape.text_length, shape.text_width) * 0.02)
        layer = nn.TransformerEncoderLayer(
            shape.text_width, shape.text_heads, 2 * shape.text_width, shape.dropout, F.gelu, batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, shape.text_layers, enable_nested_tensor=False)
        self.norm, self.out = nn.LayerNorm(shape.text_width), nn.Linear(shape.text_width, shape.embedding, bias=False)
        self.spread = nn.BatchNorm1d(shape.text_width)
        nn.init.normal_(self.grams.weight, 0, 0.05)
        with torch.no_grad():
            self.grams.weight[0] = 0

    def forward(self, tokens: Tensor) -> Tensor:
        """(b,embedding) of (b,t,g)."""
        used = (tokens > 0).any(2)
        # A text of no known token is the vector of its first, empty place.
        used = used | (torch.arange(tokens.shape[1], device=tokens.device) == 0)[None]
        count = (tokens > 0).sum(2, keepdim=True).clamp(min=1)
        x = self.grams(tokens).sum(2) / count + self.places
        x = self.norm(self.layers(x, src_key_padding_mask=~used))
        weight = used[..., None].to(x.dtype)
        return self.out(self.spread((x * weight).sum(1) / weight.sum(1)))


class ImageEncoder(nn.Module):  # type: ignore[misc]
    """Images (b,c,s,s) in -1..1 to vectors (b,embedding)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        fold, width = shape.fold, shape.width
        layers: list[nn.Module] = [nn.PixelUnshuffle(fold)] if fold > 1 else []
        before = shape.channels * fold**2
        for wide in (width, 2 * width, 3 * width, 4 * width):
            layers += [nn.Conv2d(before, wide, 3, padding=1), nn.GroupNorm(8, wide), nn.SiLU(), nn.AvgPool2d(2)]
            before = wide
        self.trunk = nn.Sequential(*layers, nn.Conv2d(before, before, 3, padding=1), nn.GroupNorm(8, before), nn.SiLU())
        self.cells = nn.AdaptiveAvgPool2d(_GRID)
        self.gather, self.spread = nn.Linear(before * _GRID**2, 2 * shape.embedding), nn.BatchNorm1d(2 * shape.embedding)
        self.out = nn.Linear(2 * shape.embedding, shape.embedding, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(b,embedding)."""
        return self.out(F.silu(self.spread(self.gather(self.cells(self.trunk(x)).flatten(1)))))


class Clip(nn.Module):  # type: ignore[misc]
    """Both encoders and their temperature."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.image, self.text = ImageEncoder(shape), TextEncoder(shape)
        self.log_scale = nn.Parameter(torch.tensor(math.log(_FIRST_SCALE)))

    @property
    def scale(self) -> Tensor:
        """Inverse temperature."""
        return self.log_scale.clamp(max=math.log(_MAX_SCALE)).exp()

    def embed_images(self, x: Tensor) -> Tensor:
        """(b,embedding) unit vectors."""
        return F.normalize(self.image(x), dim=1)

    def embed_tokens(self, tokens: Tensor) -> Tensor:
        """(b,embedding) unit vectors."""
        return F.normalize(self.text(tokens), dim=1)


def compute_contrastive_loss(images: Tensor, texts: Tensor, scale: Tensor | float) -> Tensor:
    """Scalar: the mean of both cross-entropies of finding the right one of a batch: the text of each image, the image of each text.

    Args:
        images, texts: (b,d) unit vectors; rows belong together.
    """
    logits = scale * images @ texts.T
    right = torch.arange(len(logits), device=logits.device)
    return 0.5 * (F.cross_entropy(logits, right) + F.cross_entropy(logits.T, right))


def build_nets(shape: Shape) -> dict[str, nn.Module]:
    """The net that a weights file holds."""
    return {"clip": Clip(shape)}


def generate(nets: dict[str, nn.Module], latents: Tensor, conditions: Tensor, noise: torch.Generator | None = None) -> Tensor:
    """(b,embedding) unit vectors of random images: if all are equal, training has collapsed."""
    clip = nets["clip"]
    size, channels = _find_input(clip)
    count = channels * size**2
    pixels = torch.tanh(latents).repeat(1, -(-count // latents.shape[1]))[:, :count]
    vectors: Tensor = clip.embed_images(pixels.view(-1, channels, size, size))
    return vectors


def _find_input(clip: nn.Module) -> tuple[int, int]:
    """Pixels a side and channels of the smallest images that it takes."""
    fold = next((int(layer.downscale_factor) for layer in clip.image.trunk if isinstance(layer, nn.PixelUnshuffle)), 1)
    first = next(layer for layer in clip.image.trunk if isinstance(layer, nn.Conv2d))
    return 16 * fold, first.in_channels // fold**2
