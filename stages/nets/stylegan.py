"""StyleGAN2 (Karras et al. 2020) for small skin tiles, with a learned linear skin basis under the styled layers."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CHANNELS = {4: 64, 8: 64, 16: 64, 32: 48, 64: 32, 128: 16}
CONDITIONS = 3
COLOURS = 6


class EqualLinear(nn.Module):  # type: ignore[misc]
    """A linear layer whose weights are drawn with unit variance and scaled at run time (equalised learning rate)."""

    def __init__(self, inputs: int, outputs: int, bias: float = 0.0, lr: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / lr)
        self.bias = nn.Parameter(torch.full((outputs,), bias / lr))
        self.gain, self.lr = lr / math.sqrt(inputs), lr

    def forward(self, x: Tensor) -> Tensor:
        """(b,outputs) of (b,inputs)."""
        return F.linear(x, self.weight * self.gain, self.bias * self.lr)


class EqualConv(nn.Module):  # type: ignore[misc]
    """A 'same' convolution with equalised learning rate."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.gain, self.padding = 1 / math.sqrt(inputs * kernel * kernel), kernel // 2

    def forward(self, x: Tensor) -> Tensor:
        """(b,outputs,h,w) of (b,inputs,h,w)."""
        return F.conv2d(x, self.weight * self.gain, self.bias, padding=self.padding)


def modulated(x: Tensor, weight: Tensor, style: Tensor, demodulate: bool = True) -> Tensor:
    """(b,o,h,w): x (b,i,h,w) convolved with weight (o,i,k,k) scaled by style (b,i) per sample, to unit variance where demodulated."""
    b, i, h, w = x.shape
    kernel = weight[None] * style[:, None, :, None, None]
    if demodulate:
        kernel = kernel * torch.rsqrt(kernel.square().sum((2, 3, 4), keepdim=True) + 1e-8)
    o, k = weight.shape[0], weight.shape[-1]
    y = F.conv2d(x.reshape(1, b * i, h, w), kernel.reshape(b * o, i, k, k), padding=k // 2, groups=b)
    return y.reshape(b, o, h, w)


class StyledConv(nn.Module):  # type: ignore[misc]
    """Modulated convolution, noise, leaky ReLU."""

    def __init__(self, inputs: int, outputs: int, styles: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 3, 3))
        self.affine = EqualLinear(styles, inputs, bias=1.0)
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.strength = nn.Parameter(torch.zeros(()))
        self.gain = 1 / math.sqrt(inputs * 9)

    def forward(self, x: Tensor, w: Tensor, noise: Tensor | None) -> Tensor:
        """(b,outputs,h,w); `noise` is (b,1,h,w) or None for none."""
        y = modulated(x, self.weight * self.gain, self.affine(w))
        if noise is not None:
            y = y + self.strength * noise
        return F.leaky_relu(y + self.bias[None, :, None, None], 0.2) * math.sqrt(2)


class ToColour(nn.Module):  # type: ignore[misc]
    """Features to the six colour planes (head RGB, body RGB) of the skip path; starts silent."""

    def __init__(self, inputs: int, styles: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(COLOURS, inputs, 1, 1))
        self.affine = EqualLinear(styles, inputs, bias=1.0)
        self.gain = 1 / math.sqrt(inputs)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """(b,6,h,w)."""
        return modulated(x, self.weight * self.gain, self.affine(w), demodulate=False)


class LinearSkin(nn.Module):  # type: ignore[misc]
    """mean + coefficients @ basis: coefficients from the conditions, the latent and the style, all learned."""

    def __init__(self, components: int, styles: int, latent: int, size: int) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.zeros(COLOURS, size, size))
        self.basis = nn.Parameter(torch.zeros(components, COLOURS, size, size))
        self.from_condition = nn.Parameter(torch.zeros(components, 1 + 2 * CONDITIONS))
        self.from_latent = nn.Parameter(torch.zeros(components, latent))
        self.from_style = nn.Parameter(torch.zeros(components, styles))

    def forward(self, z: Tensor, condition: Tensor, w: Tensor) -> Tensor:
        """(b,6,s,s)."""
        told = condition_features(condition)
        weights = told @ self.from_condition.T + z @ self.from_latent.T + w @ self.from_style.T * 0.1
        return self.mean[None] + torch.einsum("bk,kchw->bchw", weights, self.basis)


def condition_features(condition: Tensor) -> Tensor:
    """(b,7) one, the conditions and their squares."""
    return torch.cat([torch.ones_like(condition[:, :1]), condition, condition.square()], 1)


class Generator(nn.Module):  # type: ignore[misc]
    """Latent (b,latent) and conditions (b,3: age/100, gender, tone) to head and body tiles (b,6,s,s) in -1..1."""

    def __init__(self, size: int = 128, latent: int = 64, styles: int = 96, components: int = 16) -> None:
        super().__init__()
        self.size, self.latent = size, latent
        self.mapping = nn.ModuleList([EqualLinear(latent + CONDITIONS, styles, lr=0.1), EqualLinear(styles, styles, lr=0.1)])
        self.const = nn.Parameter(torch.randn(1, CHANNELS[4], 4, 4))
        self.resolutions = [r for r in CHANNELS if r <= size]
        self.first, self.second, self.colour = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        width = CHANNELS[4]
        for resolution in self.resolutions:
            self.first.append(StyledConv(width, CHANNELS[resolution], styles))
            width = CHANNELS[resolution]
            self.second.append(StyledConv(width, width, styles))
            self.colour.append(ToColour(width, styles))
        self.linear = LinearSkin(components, styles, latent, size)

    def style(self, z: Tensor, condition: Tensor) -> Tensor:
        """(b,styles)."""
        w = torch.cat([z * torch.rsqrt(z.square().mean(1, keepdim=True) + 1e-8), condition * 2 - 1], 1)
        for layer in self.mapping:
            w = F.leaky_relu(layer(w), 0.2) * math.sqrt(2)
        return w

    def forward(self, z: Tensor, condition: Tensor, noise: torch.Generator | None = None) -> Tensor:
        """(b,6,s,s); noise is drawn from `noise`, none without it."""
        w = self.style(z, condition)
        x = self.const.expand(len(z), -1, -1, -1)
        picture: Any = None
        for resolution, first, second, colour in zip(self.resolutions, self.first, self.second, self.colour, strict=True):
            if resolution > 4:
                x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
                picture = F.interpolate(picture, scale_factor=2, mode="bilinear", align_corners=False)
            for layer in (first, second):
                grain = None if noise is None else torch.randn(len(z), 1, resolution, resolution, generator=noise)
                x = layer(x, w, grain)
            shade = colour(x, w)
            picture = shade if picture is None else picture + shade
        return picture + self.linear(z, condition, w)


def batch_deviation(x: Tensor, group: int = 4) -> Tensor:
    """(b,1,h,w): the mean standard deviation over groups of samples, so that the critic sees a lack of variety."""
    b, c, h, w = x.shape
    group = min(group, b)
    if b % group:
        group = b
    y = x.reshape(group, b // group, c, h, w)
    spread = (y.var(0, unbiased=False) + 1e-8).sqrt().mean((1, 2, 3))
    return spread.repeat(group).reshape(b, 1, 1, 1).expand(b, 1, h, w)


class Discriminator(nn.Module):  # type: ignore[misc]
    """Critic of (b,6,r,r) tiles at any trained resolution r, told the conditions by projection (Miyato and Koyama 2018)."""

    def __init__(self, size: int = 128) -> None:
        super().__init__()
        self.resolutions = [r for r in CHANNELS if 4 < r <= size]
        names = [str(r) for r in self.resolutions]
        self.enter = nn.ModuleDict({n: EqualConv(COLOURS, CHANNELS[int(n)], 1) for n in names})
        self.conv = nn.ModuleDict({n: EqualConv(CHANNELS[int(n)], CHANNELS[int(n) // 2]) for n in names})
        width = CHANNELS[4]
        self.last = EqualConv(width + 1, width)
        self.dense = EqualLinear(width * 16, width)
        self.out = EqualLinear(width, 1)
        self.project = EqualLinear(2 * CONDITIONS + 1, width)

    def forward(self, x: Tensor, condition: Tensor, fade: float = 1.0) -> Tensor:
        """(b,) scores; `fade` below 1 mixes in the next lower resolution, as a newly grown critic needs it."""
        resolution = x.shape[-1]
        y = F.leaky_relu(self.enter[str(resolution)](x), 0.2)
        for r in sorted((r for r in self.resolutions if r <= resolution), reverse=True):
            y = F.avg_pool2d(F.leaky_relu(self.conv[str(r)](y), 0.2) * math.sqrt(2), 2)
            if fade < 1 and r == resolution:
                low = F.leaky_relu(self.enter[str(r // 2)](F.avg_pool2d(x, 2)), 0.2)
                y = fade * y + (1 - fade) * low
        y = F.leaky_relu(self.last(torch.cat([y, batch_deviation(y)], 1)), 0.2) * math.sqrt(2)
        y = F.leaky_relu(self.dense(y.flatten(1)), 0.2) * math.sqrt(2)
        told = self.project(condition_features(condition))
        return self.out(y)[:, 0] + (y * told).mean(1)
