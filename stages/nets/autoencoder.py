"""The first stage of latent diffusion (Rombach et al. 2022): a small KL autoencoder with attention at its lowest resolution.

Both halves work on the difference from the data's mean image, which is stored with the weights: skins share a uv layout, so
the mean is most of what a decoder would otherwise have to learn first.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from stages.nets.blocks import Attention, ResidualBlock

DOWNSAMPLING = 8
"""Side of an image over the side of its latent."""


class Autoencoder(nn.Module):  # type: ignore[misc]
    """Images (b,c,s,s) in -1..1 to latents (b,channels,s/8,s/8) of about unit standard deviation, and back."""

    def __init__(self, colours: int = 6, size: int = 128, channels: int = 8, width: int = 32) -> None:
        super().__init__()
        self.channels, wide, top = channels, 2 * width, 3 * width
        self.register_buffer("mean", torch.zeros(colours, size, size))
        self.register_buffer("scale", torch.ones(()))
        self.encoder = nn.Sequential(
            nn.PixelUnshuffle(4), nn.Conv2d(16 * colours, wide, 3, padding=1), ResidualBlock(wide),
            nn.Conv2d(wide, top, 3, stride=2, padding=1),
            ResidualBlock(top), Attention(top), nn.GroupNorm(8, top), nn.SiLU(), nn.Conv2d(top, 2 * channels, 1),
        )  # fmt: skip
        self.decoder = nn.Sequential(
            nn.Conv2d(channels, top, 3, padding=1), ResidualBlock(top), Attention(top), ResidualBlock(top),
            nn.Upsample(scale_factor=2), nn.Conv2d(top, wide, 3, padding=1), ResidualBlock(wide),
            nn.Upsample(scale_factor=2), nn.Conv2d(wide, width, 3, padding=1), ResidualBlock(width),
            nn.GroupNorm(8, width), nn.SiLU(), nn.Conv2d(width, 4 * colours, 3, padding=1), nn.PixelShuffle(2),
        )  # fmt: skip

    def encode_moments(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance of the latent's normal distribution, before scaling."""
        mean, log_variance = self.encoder(x - self.mean).chunk(2, 1)
        return mean, log_variance.clamp(-20, 10)

    def encode(self, x: Tensor) -> Tensor:
        """The most likely latent, scaled to about unit standard deviation."""
        return self.encode_moments(x)[0] * self.scale

    def decode(self, latent: Tensor) -> Tensor:
        """The image of a scaled latent."""
        return self.decode_unscaled(latent / self.scale)

    def decode_unscaled(self, latent: Tensor) -> Tensor:
        """The image of an unscaled latent."""
        return self.mean + self.decoder(latent)


def mean_kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Scalar: divergence of N(mean, exp(log_variance)) from N(0, 1), averaged over all components."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean()
