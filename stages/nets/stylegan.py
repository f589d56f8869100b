"""StyleGAN2 (Karras et al. 2020) small enough for one CPU core, with AdaIN (Karras et al. 2019) as an option.

Differences: conditions are appended to the latent, and the critic takes them by projection (Miyato and Koyama 2018). Styles
scale a layer's input and the demodulation scales its output, which equals scaling the kernel but needs no kernel per sample.
The finest levels can work on patches (space to depth), because a CPU spends most of its time there. Both nets can grow level
by level (Karras et al. 2018), which learns the layout at a tenth of the cost.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stages.nets.conditional_mean import ConditionalMean
from stages.nets.ranges import Count, Fraction, FractionBelowOne, NonNegativeCount, Patch, Width, check_power_of_two

TRUNCATION_SAMPLES = 32
"""Latents whose mean style is the centre of truncation."""
ACTIVATION_GAIN = math.sqrt(2)
"""Keeps the variance of features through a leaky ReLU; applied in the layer before it, which saves a pass over memory."""


@dataclass(frozen=True)
class Shape:
    """What the nets are built from."""

    size: int = 128
    """Pixels a side, a power of two, at least four patches."""
    channels: Count = 6
    conditions: NonNegativeCount = 3
    latent: Count = 64
    styles: Count = 96
    mapping: Count = 3
    """Layers of the mapping network."""
    width: Width = 24
    """Channels at the finest level; doubled at every halving, up to `widest`."""
    widest: Width = 96
    patch: Patch = 2
    """Pixels a side that the finest level handles as channels."""
    blend: bool = False
    """Pixels are blended with their neighbours, which removes the two-pixel grid that patches leave."""
    adain: bool = False
    """Styles by adaptive instance normalisation in place of modulated weights."""
    usual: bool = False
    """Images are added to the mean image of their conditions."""
    truncation: Fraction = 1.0
    """Truncation psi of generated images: 1 keeps a style, 0 replaces it by the mean style of its conditions."""
    dropout: FractionBelowOne = 0.0
    """Of the critic's last features."""

    def __post_init__(self) -> None:
        check_power_of_two(self.size, self.patch)

    def levels(self) -> list[int]:
        """Resolution of each level, in patches a side, from 4 to the finest."""
        return [2**i for i in range(2, int(math.log2(self.size // self.patch)) + 1)]

    def widths(self) -> list[int]:
        """Channels of each level."""
        levels = self.levels()
        return [min(self.width * 2 ** (len(levels) - 1 - i), self.widest) for i in range(len(levels))]


class EqualLinear(nn.Module):  # type: ignore[misc]
    """A linear layer whose weights are initialised with unit variance and scaled at run time (equalised learning rate)."""

    def __init__(self, inputs: int, outputs: int, bias: float = 0.0, lr: float = 1.0) -> None:
        super().__init__()
        # Divided by lr here and multiplied in `gain`: the first output is unchanged, only the steps are smaller.
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / lr)
        self.bias = nn.Parameter(torch.full((outputs,), bias / lr))
        self.gain, self.lr = lr / math.sqrt(inputs), lr

    def forward(self, x: Tensor) -> Tensor:
        """(b,outputs) of (b,inputs)."""
        return F.linear(x, self.weight * self.gain, self.bias * self.lr)


class EqualConv(nn.Module):  # type: ignore[misc]
    """A convolution with "same" padding and equalised learning rate."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, bias: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.gain, self.padding = 1 / math.sqrt(inputs * kernel * kernel), kernel // 2

    def forward(self, x: Tensor, scale: float = 1.0) -> Tensor:
        """(b,outputs,h,w), times `scale`, of (b,inputs,h,w)."""
        bias = None if self.bias is None else self.bias * scale
        return F.conv2d(x, self.weight * (self.gain * scale), bias, padding=self.padding)


def convolve_modulated(x: Tensor, weight: Tensor, style: Tensor, demodulate: bool = True, scale: float = 1.0) -> Tensor:
    """(b,o,h,w): x (b,i,h,w) convolved with weight (o,i,k,k) scaled by style (b,i) per sample; demodulated to a std of `scale`."""
    y = F.conv2d(x * _to_planes(style, x), weight, padding=weight.shape[-1] // 2)
    if not demodulate:
        return y
    # Equation 3 of the paper, for all samples at once: the sum over inputs and taps of (style * weight)^2.
    power = style.square() @ weight.square().sum((2, 3)).T
    return y * _to_planes(scale * torch.rsqrt(power + 1e-8), y)


def _to_planes(values: Tensor, x: Tensor) -> Tensor:
    """(b,c,1,1) of (b,c), in the dtype of x: float32 values would promote all of x to float32."""
    return values[:, :, None, None].to(x.dtype)


def adain(x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """(b,c,h,w): each channel of each sample normalised to standard deviation `scale` and mean `shift`, both (b,c) (Huang 2017)."""
    mean, deviation = x.mean((2, 3), keepdim=True), (x.var((2, 3), keepdim=True, unbiased=False) + 1e-8).sqrt()
    return (x - mean) / deviation * scale[:, :, None, None] + shift[:, :, None, None]


class StyledConv(nn.Module):  # type: ignore[misc]
    """Modulated convolution, noise, leaky ReLU."""

    def __init__(self, inputs: int, outputs: int, styles: int, use_adain: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 3, 3))
        self.affine = EqualLinear(styles, 2 * outputs if use_adain else inputs, bias=0.0 if use_adain else 1.0)
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.strength = nn.Parameter(torch.zeros(()))
        self.gain, self.adain = 1 / math.sqrt(inputs * 9), use_adain

    def forward(self, x: Tensor, style: Tensor, noise: Tensor | None) -> Tensor:
        """(b,outputs,h,w); `noise` is (b,1,h,w) or None for none."""
        modulation = self.affine(style)
        weight = self.weight * self.gain
        if self.adain:
            y = ACTIVATION_GAIN * F.conv2d(x, weight, padding=1)
        else:
            y = convolve_modulated(x, weight, modulation, scale=ACTIVATION_GAIN)
        y = y + _to_planes(ACTIVATION_GAIN * self.bias[None], y)
        if noise is not None:
            y = y + (ACTIVATION_GAIN * self.strength * noise).to(y.dtype)
        y = F.leaky_relu(y, 0.2)
        if self.adain:
            scale, shift = modulation.chunk(2, 1)
            y = adain(y, 1 + scale, shift)
        return y


class ToColour(nn.Module):  # type: ignore[misc]
    """Features to the colour planes of the skip path.

    All pixels of a patch start with the same weights (Aitken et al. 2017): otherwise the patches show as a grid.
    """

    def __init__(self, inputs: int, styles: int, colours: int, patch: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(0.02 * torch.randn(colours, inputs, 1, 1).repeat_interleave(patch**2, 0))
        self.bias = nn.Parameter(torch.zeros(colours * patch**2))
        self.affine = EqualLinear(styles, inputs, bias=1.0)
        self.gain = 1 / math.sqrt(inputs)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """(b,colours,h,w)."""
        colours = convolve_modulated(x, self.weight * self.gain, self.affine(style), demodulate=False)
        return colours.float() + self.bias[None, :, None, None]  # colours are summed over levels: in bfloat16 they would band


class Generator(nn.Module):  # type: ignore[misc]
    """Latents and conditions to images, through styles."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.told = EqualLinear(shape.conditions + 1, shape.latent) if shape.conditions else None
        ends = [shape.latent * (2 if shape.conditions else 1), *[shape.styles] * shape.mapping]
        self.mapping = nn.ModuleList([EqualLinear(a, shape.styles, lr=0.1) for a in ends[:-1]])
        widths = shape.widths()
        self.const = nn.Parameter(torch.randn(1, widths[0], 4, 4))
        inputs = [widths[0], *widths[:-1]]
        self.first = nn.ModuleList([StyledConv(a, b, shape.styles, shape.adain) for a, b in zip(inputs, widths, strict=True)])
        self.second = nn.ModuleList([StyledConv(b, b, shape.styles, shape.adain) for b in widths])
        self.colour = nn.ModuleList([ToColour(b, shape.styles, shape.channels, shape.patch) for b in widths])
        self.usual = ConditionalMean(shape.conditions, shape.channels, shape.size) if shape.usual else None
        self.register_buffer("grown", torch.tensor([float(len(widths)), 1.0]))
        """Number of levels in use, and the weight of the newest level's colours (0..1)."""

    @property
    def layers(self) -> int:
        """Number of layers that take a style."""
        return 2 * len(self.first)

    def map_style(self, z: Tensor, conditions: Tensor) -> Tensor:
        """(b,styles)."""
        x = _normalise_rows(z)
        if self.told is not None:  # normalised, so that conditions count as much as the latent
            x = torch.cat([x, _normalise_rows(self.told(torch.cat([torch.ones_like(z[:, :1]), conditions * 2 - 1], 1)))], 1)
        for layer in self.mapping:
            x = F.leaky_relu(layer(x), 0.2) * ACTIVATION_GAIN
        return x

    def map_styles(self, z: Tensor, conditions: Tensor) -> Tensor:
        """(b,layers,styles), the same style for every layer; style mixing replaces some layers by another latent's."""
        return self.map_style(z, conditions)[:, None].repeat(1, self.layers, 1)

    def truncate_styles(self, styles: Tensor, conditions: Tensor, share: float) -> Tensor:
        """(b,layers,styles) moved towards the mean style of their own conditions (truncation trick); `share` 1 keeps them."""
        if share == 1:
            return styles
        # A fixed seed: the same conditions always have the same centre.
        z = torch.randn(TRUNCATION_SAMPLES, self.shape.latent, generator=torch.Generator().manual_seed(0)).to(styles.device)
        repeated = conditions.repeat_interleave(TRUNCATION_SAMPLES, 0)
        centre = self.map_style(z.repeat(len(conditions), 1), repeated).reshape(len(conditions), TRUNCATION_SAMPLES, -1).mean(1)
        return centre[:, None] + share * (styles - centre[:, None])

    def synthesise(self, styles: Tensor, conditions: Tensor, noise: torch.Generator | bool = False) -> Tensor:
        """(b,c,r,r) images, about -1..1, at the resolution that the net has grown to.

        Noise comes from the generator `noise`, from torch's global generator (True), or is zero (False).
        """
        x, image, patch = self.const.expand(len(styles), -1, -1, -1), None, self.shape.patch
        levels, newest = int(self.grown[0]), float(self.grown[1])
        for level, (first, second, colour) in enumerate(zip(self.first[:levels], self.second, self.colour, strict=False)):
            if level:
                x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            for number, layer in enumerate((first, second)):
                x = layer(x, styles[:, 2 * level + number], _draw_noise(x, noise))
            colours = colour(x, styles[:, 2 * level + 1])
            image = colours if image is None else _upsample_skip(image, patch) + colours * (newest if level == levels - 1 else 1)
        assert image is not None, "there is at least one level"
        image = F.pixel_shuffle(image, patch) if patch > 1 else image
        image = apply_binomial_filter(image) if self.shape.blend else image
        return image if self.usual is None else image + self.usual(conditions, image.shape[-1])

    def forward(self, z: Tensor, conditions: Tensor, noise: torch.Generator | bool = False) -> Tensor:
        """(b,c,s,s) images of (b,latent) and (b,conditions)."""
        return self.synthesise(self.map_styles(z, conditions), conditions, noise)


def _normalise_rows(x: Tensor) -> Tensor:
    """(b,n) rows scaled to mean square 1."""
    return x * torch.rsqrt(x.square().mean(1, keepdim=True) + 1e-8)


def _draw_noise(x: Tensor, noise: torch.Generator | bool) -> Tensor | None:
    if noise is False:
        return None
    return torch.randn(len(x), 1, *x.shape[2:], device=x.device, generator=None if noise is True else noise)


def apply_binomial_filter(x: Tensor) -> Tensor:
    """(b,c,h,w) filtered by 1 2 1 along both axes, which blocks waves of two pixels."""
    y = F.pad(x, (1, 1, 1, 1), mode="replicate")  # sums instead of a convolution: colours stay float32 in mixed precision
    y = 0.25 * (y[:, :, :-2] + y[:, :, 2:]) + 0.5 * y[:, :, 1:-1]
    return 0.25 * (y[..., :-2] + y[..., 2:]) + 0.5 * y[..., 1:-1]


def _upsample_skip(image: Tensor, patch: int) -> Tensor:
    """The skip path at twice the resolution: unfolded from patches, upsampled and folded again."""
    pixels = F.pixel_shuffle(image, patch) if patch > 1 else image
    pixels = F.interpolate(pixels, scale_factor=2, mode="bilinear", align_corners=False)
    return F.pixel_unshuffle(pixels, patch) if patch > 1 else pixels


def compute_batch_deviation(x: Tensor, group: int = 4) -> Tensor:
    """(b,1,h,w) mean standard deviation over groups of samples (Karras et al. 2018): shows the critic a lack of variety."""
    b, c, h, w = x.shape
    group = min(group, b)
    # A batch that groups do not divide is one group.
    if b % group:
        group = b
    y = x.reshape(group, b // group, c, h, w)
    spread = (y.var(0, unbiased=False) + 1e-8).sqrt().mean((1, 2, 3))
    return spread.repeat(group).reshape(b, 1, 1, 1).expand(b, 1, h, w)


class Critic(nn.Module):  # type: ignore[misc]
    """Images and conditions to scores: residual levels, minibatch standard deviation, conditions by projection."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        widths = list(reversed(shape.widths()))
        self.patch, self.finest = shape.patch, shape.levels()[-1]
        self.enter = nn.ModuleList([EqualConv(shape.channels * shape.patch**2, width, 1) for width in widths])
        self.first = nn.ModuleList([EqualConv(a, b) for a, b in pairwise(widths)])
        self.pass_by = nn.ModuleList([EqualConv(a, b, 1, bias=False) for a, b in pairwise(widths)])
        self.last = EqualConv(widths[-1] + 1, widths[-1])
        self.dense = EqualLinear(widths[-1] * 16, widths[-1])
        self.dropout = nn.Dropout(shape.dropout)
        self.out = EqualLinear(widths[-1], 1)
        self.project = EqualLinear(2 * shape.conditions + 1, widths[-1])

    def extract_level_features(self, x: Tensor, level: int) -> Tensor:
        """(b,width,r,r) input features of a level, 0 the finest, of images (b,c,...) at its resolution."""
        return F.leaky_relu(self.enter[level](F.pixel_unshuffle(x, self.patch) if self.patch > 1 else x, ACTIVATION_GAIN), 0.2)

    def forward(self, x: Tensor, conditions: Tensor, newest: float = 1.0) -> Tensor:
        """(b,) of images (b,c,r,r), r any resolution of the generator, and (b,conditions).

        While a new level fades in, its weight `newest` is below 1 and the downscaled image enters the next coarser level as well.
        """
        start = int(math.log2(self.finest * self.patch / x.shape[-1]))
        y = self.extract_level_features(x, start)
        for level in range(start, len(self.first)):
            # The residual sum is divided by sqrt 2: in this branch that cancels the activation's gain, the other one is scaled.
            deep = F.avg_pool2d(F.leaky_relu(self.first[level](y), 0.2), 2)
            y = deep + self.pass_by[level](F.avg_pool2d(y, 2), 1 / ACTIVATION_GAIN)
            if level == start and newest < 1:
                y = newest * y + (1 - newest) * self.extract_level_features(F.avg_pool2d(x, 2), level + 1)
        y = F.leaky_relu(self.last(torch.cat([y, compute_batch_deviation(y)], 1), ACTIVATION_GAIN), 0.2)
        y = self.dropout(F.leaky_relu(self.dense(y.flatten(1)), 0.2) * ACTIVATION_GAIN)
        features = torch.cat([torch.ones_like(conditions[:, :1]), conditions * 2 - 1, conditions.square()], 1)
        return self.out(y)[:, 0] + (y * self.project(features)).mean(1)


def grow_state(state: Mapping[str, Tensor], start: Shape, target: Shape) -> dict[str, Tensor] | None:
    """A generator's or critic's state as the coarse levels of nets for larger images; None if the target is not such a net.

    Progressive growing over several runs: `target` may differ from `start` only in having finer levels.
    """
    added = len(target.levels()) - len(start.levels())
    same_kind = replace(start, size=target.size, width=target.width) == target
    if added < 1 or not same_kind or target.widths()[:-added] != start.widths():
        return None
    level_key = re.compile(r"(enter|first|pass_by)\.(\d+)\.")
    is_critic = any(key.startswith("enter.") for key in state)

    def shift_level(key: str) -> str:
        # The critic numbers its levels from the finest, the generator from the coarsest.
        return level_key.sub(lambda found: f"{found[1]}.{int(found[2]) + added}.", key) if is_critic else key

    return {shift_level(key): value for key, value in state.items() if key != "grown" and not key.startswith("usual.")}


def build_nets(shape: Shape) -> dict[str, Any]:
    """The nets that a weights file holds."""
    return {"generator": Generator(shape)}


def generate(nets: dict[str, Any], latents: Tensor, conditions: Tensor, noise: torch.Generator | None = None) -> Tensor:
    """(b,c,s,s) images, about -1..1, with the shape's truncation; noise comes from `noise`, or is zero without it."""
    net = nets["generator"]
    styles = net.truncate_styles(net.map_styles(latents, conditions), conditions, net.shape.truncation)
    images: Tensor = net.synthesise(styles, conditions, noise if noise is not None else False)
    if images.shape[-1] < net.shape.size:  # still growing
        images = F.interpolate(images, size=(net.shape.size,) * 2, mode="bilinear", align_corners=False)
    return images
