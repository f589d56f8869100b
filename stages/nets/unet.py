"""Image-to-image translation (Isola et al. 2017, BicycleGAN of Zhu et al. 2017): geometry maps and attributes to skin.

The input of the U-Net gives each texel's position on the body, its body part and the person's attributes; a VGG-style critic
scores patches. The latent enters as a coarse noise field and as a style; in training an encoder ties it to real skins.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stages.nets.conditional_mean import expand_conditions
from stages.nets.ranges import Count, FractionBelowOne, GroupedWidths, NonNegativeCount, check_multiple

CONDITION_COUNT = 3
"""age/100, gender, tone."""
COLOURS = 6
WIDTHS = (32, 64, 96, 128)
"""Channels at a half, a quarter, an eighth and a sixteenth of the tile's side."""
NOISE_FIELD = (4, 8)
"""Channels and side of the noise field that a latent is mapped to."""
CONDITION_FEATURES = 2 * CONDITION_COUNT + 1
"""Length of expand_conditions' result."""


@dataclass(frozen=True)
class Shape:
    """What the nets are built from."""

    size: int = 128
    """Pixels of a tile's side."""
    maps: Count = 14
    """Geometry maps: positions and part masks of both tiles."""
    latent: Count = 64
    styles: Count = 96
    widths: GroupedWidths = WIDTHS
    components: NonNegativeCount = 16
    """Principal components of the residual of the regression on the conditions; the first numbers of the latent weigh them."""
    dropout: FractionBelowOne = 0.0
    """Of the critic's last features."""

    def __post_init__(self) -> None:
        check_multiple(self.size, max(4, 2 ** len(self.widths)))
        if self.components > self.latent:
            raise ValueError(f"components must be at most latent ({self.latent}), not {self.components}")

    @property
    def channels(self) -> int:
        """Colour planes of the output, which is always a skin."""
        return COLOURS


def build_nets(shape: Shape) -> dict[str, nn.Module]:
    """The nets that a weights file holds."""
    return {"generator": Generator(shape)}


def generate(nets: dict[str, nn.Module], latents: Tensor, conditions: Tensor, noise: torch.Generator | None = None) -> Tensor:
    """(b,6,s,s) skins of latents (b,latent) and conditions (b,3: age/100, gender, tone); `noise` is unused."""
    skins: Tensor = nets["generator"](latents, conditions)
    return skins


class ConditionLayer(nn.Module):  # type: ignore[misc]
    """Convolution, instance norm scaled and shifted by the style, leaky ReLU."""

    def __init__(self, inputs: int, outputs: int, styles: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm = nn.GroupNorm(8, outputs)
        self.tell = nn.Linear(styles, 2 * outputs)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """(b,outputs,h,w)."""
        scale, shift = self.tell(style)[:, :, None, None].chunk(2, 1)
        return F.leaky_relu(self.norm(self.conv(x)) * (1 + scale) + shift, 0.2)


class LinearBaseline(nn.Module):  # type: ignore[misc]
    """What the U-Net adds detail to: a regression of skins on their conditions, and principal components of its residual."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.register_buffer("told", torch.zeros(CONDITION_FEATURES, COLOURS, shape.size, shape.size))
        self.register_buffer("basis", torch.zeros(shape.components, COLOURS, shape.size, shape.size))

    def forward(self, z: Tensor, features: Tensor) -> Tensor:
        """(b,6,s,s) skins of latents (b,latent) and expanded conditions (b,7)."""
        mean = torch.einsum("bk,kchw->bchw", features, self.told)
        return mean + torch.einsum("bk,kchw->bchw", z[:, : len(self.basis)], self.basis)

    def fit_coefficients(self, x: Tensor, features: Tensor) -> Tensor:
        """(b,components) the latent's first numbers that come nearest to skins x (b,6,s,s) of expanded conditions (b,7)."""
        residual = x - torch.einsum("bk,kchw->bchw", features, self.told)
        flat = self.basis.flatten(1)
        return residual.flatten(1) @ flat.T / flat.square().sum(1).clamp(min=1e-9)


class Generator(nn.Module):  # type: ignore[misc]
    """Latent (b,latent) and conditions (b,3: age/100, gender, tone) to head and body tiles (b,6,s,s) in -1..1."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        size, maps, latent, styles, widths = shape.size, shape.maps, shape.latent, shape.styles, shape.widths
        self.size, self.latent = size, latent
        # Not learned: the maps come from the base mesh, the linear part from a regression on the training data. They are stored
        # with the weights so that a weights file is complete.
        self.register_buffer("maps", torch.zeros(maps, size, size))
        self.linear = LinearBaseline(shape)
        self.field = nn.Linear(latent, NOISE_FIELD[0] * NOISE_FIELD[1] ** 2)
        self.style = nn.Sequential(
            nn.Linear(latent + CONDITION_FEATURES, styles), nn.LeakyReLU(0.2), nn.Linear(styles, styles), nn.LeakyReLU(0.2)
        )
        self.enter = nn.Conv2d(4 * (maps + CONDITION_COUNT + NOISE_FIELD[0]), widths[0], 1)
        self.down = nn.ModuleList([ConditionLayer(a, b, styles) for a, b in zip((widths[0], *widths), widths, strict=False)])
        lower = widths[:-1][::-1]
        self.up = nn.ModuleList([ConditionLayer(above + b, b, styles) for above, b in zip(widths[:0:-1], lower, strict=True)])
        self.last = ConditionLayer(widths[0], widths[0], styles)
        self.leave = nn.Conv2d(widths[0], 4 * COLOURS, 3, padding=1)
        self.shade = nn.Linear(styles, COLOURS)
        for layer in (self.leave, self.shade):
            nn.init.normal_(layer.weight, std=1e-3)
            nn.init.zeros_(layer.bias)

    def build_input_planes(self, z: Tensor, condition: Tensor) -> Tensor:
        """(b,maps+3+4,s,s): geometry maps, attribute planes and the latent's noise field."""
        b, s = len(z), self.size
        planes = (condition * 2 - 1)[:, :, None, None].expand(-1, -1, s, s)
        low = self.field(z).reshape(b, NOISE_FIELD[0], NOISE_FIELD[1], NOISE_FIELD[1])
        return torch.cat([self.maps.expand(b, -1, -1, -1), planes, F.interpolate(low, size=(s, s), mode="bicubic")], 1)

    def forward(self, z: Tensor, condition: Tensor) -> Tensor:
        """(b,6,s,s)."""
        features = expand_conditions(condition)
        style = self.style(torch.cat([z, features], 1))
        x = self.enter(F.pixel_unshuffle(self.build_input_planes(z, condition), 2))
        skips: list[Tensor] = []
        for layer in self.down:
            # The first level is at half of the tile's side already, by the unshuffle.
            if skips:
                x = F.avg_pool2d(x, 2)
            x = layer(x, style)
            skips.append(x)
        skips.pop()
        for layer in self.up:
            x = layer(torch.cat([F.interpolate(x, scale_factor=2, mode="bilinear"), skips.pop()], 1), style)
        detail = F.pixel_shuffle(self.leave(self.last(x, style)), 2)
        return self.linear(z, features) + self.shade(style)[:, :, None, None] + detail


class Encoder(nn.Module):  # type: ignore[misc]
    """Skins (b,6,s,s) to the mean and log variance (b,latent) of their latents; used in training only.

    The mean starts from the skin's coefficients in the generator's linear part.
    """

    def __init__(self, shape: Shape, width: int = 32) -> None:
        super().__init__()
        latent = shape.latent
        self.trunk = nn.Sequential(
            nn.PixelUnshuffle(4), nn.Conv2d(16 * COLOURS, width, 1), nn.LeakyReLU(0.2),
            nn.Conv2d(width, width, 3, stride=2, padding=1), nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 3, stride=2, padding=1), nn.LeakyReLU(0.2),
            nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(32 * width, 2 * latent),
        )  # fmt: skip

        nn.init.zeros_(self.trunk[-1].weight)
        with torch.no_grad():
            # Log variance -3 (a deviation of 0.22): at first the latent says nearly what the encoder found.
            self.trunk[-1].bias.copy_(torch.cat([torch.zeros(latent), torch.full((latent,), -3.0)]))

    def forward(self, x: Tensor, start: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance (b,latent) of skins whose linear coefficients are `start` (b,components)."""
        mean, log_variance = self.trunk(x).chunk(2, 1)
        return mean + F.pad(start, (0, mean.shape[1] - start.shape[1])), log_variance.clamp(-8, 4)


class Critic(nn.Module):  # type: ignore[misc]
    """VGG-style (Simonyan and Zisserman 2015): pairs of 3x3 convolutions and pooling; one score per patch."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        widths = shape.widths
        self.register_buffer("maps", torch.zeros(shape.maps, shape.size, shape.size))
        self.enter = nn.Conv2d(4 * (COLOURS + shape.maps), widths[0], 1)
        pairs = zip((widths[0], *widths), widths, strict=False)
        self.blocks = nn.ModuleList([nn.ModuleList([nn.Conv2d(a, b, 3, padding=1), nn.Conv2d(b, b, 3, padding=1)]) for a, b in pairs])
        self.dropout = nn.Dropout2d(shape.dropout)
        self.out = nn.Conv2d(widths[-1], 1, 1)
        self.project = nn.Linear(CONDITION_FEATURES, widths[-1])
        # There is no normalisation: with torch's default init, activations shrink to a hundredth over nine layers.
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, a=0.2)
                nn.init.zeros_(layer.bias)

    def extract_features(self, x: Tensor) -> list[Tensor]:
        """(b,width,h,w) the output of each block, from fine to coarse."""
        y = F.pixel_unshuffle(torch.cat([x, self.maps.expand(len(x), -1, -1, -1)], 1), 2)
        y, features = F.leaky_relu(self.enter(y), 0.2), []
        for number, (first, second) in enumerate(self.blocks):
            y = F.avg_pool2d(y, 2) if number else y
            y = F.leaky_relu(second(F.leaky_relu(first(y), 0.2)), 0.2)
            features.append(y)
        return features

    def score(self, features: list[Tensor], condition: Tensor) -> Tensor:
        """(b,h,w) scores of the patches; conditions enter by projection."""
        projected, coarse = self.project(expand_conditions(condition))[:, :, None, None], self.dropout(features[-1])
        return self.out(coarse)[:, 0] + (coarse * projected).mean(1)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """(b,) mean score of each image's patches."""
        return self.score(self.extract_features(x), condition).mean((1, 2))


def compute_feature_matching_loss(real: list[Tensor], fake: list[Tensor]) -> Tensor:
    """Scalar: mean L1 distance of the critic's features of real and generated skins (Wang et al. 2018), the real ones detached."""
    return torch.stack([F.l1_loss(f, r.detach()) for r, f in zip(real, fake, strict=True)]).mean()
