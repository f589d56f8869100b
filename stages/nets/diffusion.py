"""Denoising diffusion (Ho et al. 2020; cosine schedule of Nichol and Dhariwal 2021; v-prediction of Salimans and Ho 2022).

`schedule` holds abar of t = 1..T at index t - 1; every function takes t as an index 0..T-1. The net predicts
v = sqrt(abar) noise - sqrt(1 - abar) x0, which is well scaled at both ends of the schedule.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated

import torch
import torch.nn.functional as F
from annotated_types import Interval
from torch import Tensor, nn

from stages.nets.autoencoder import Autoencoder
from stages.nets.blocks import Attention, ConditionalResidualBlock
from stages.nets.ranges import Count, FractionBelowOne, GroupedWidth, NonNegativeCount, Weight, check_multiple

STEPS = 1000
VelocityPredictor = Callable[[Tensor, Tensor], Tensor]
"""(noisy x (b,c,h,w), t (b,)) -> v of x's shape."""


@dataclass(frozen=True)
class Shape:
    """What latent diffusion is built from: an autoencoder of images and a denoiser of its latents."""

    size: int = 128
    """Pixels a side, a multiple of 16."""
    channels: Count = 6
    """Colour planes of an image."""
    latent_channels: Count = 8
    """Channels of a latent, whose side is an eighth of the image's."""
    autoencoder_width: GroupedWidth = 32
    width: GroupedWidth = 64
    depth: Count = 2
    conditions: NonNegativeCount = 3
    steps: Annotated[int, Interval(ge=1, le=STEPS)] = 25
    """Steps of the deterministic sampler."""
    guidance: Weight = 1.5
    """Scale of classifier-free guidance; 1 for none."""
    lora: NonNegativeCount = 0
    """Rank of the denoiser's adapters, for fine-tuning; 0 for none."""
    dropout: FractionBelowOne = 0.0
    """In the denoiser's residual blocks, as in Ho et al. 2020."""

    def __post_init__(self) -> None:
        check_multiple(self.size, 16)

    @property
    def side(self) -> int:
        """Side of a latent."""
        return self.size // 8

    @property
    def latent(self) -> int:
        """Length of the noise that one image is made of."""
        return self.latent_channels * self.side**2


def build_nets(shape: Shape) -> dict[str, nn.Module]:
    """The nets that a weights file holds."""
    from stages.nets.lora import insert_adapters

    autoencoder = Autoencoder(shape.channels, shape.size, shape.latent_channels, shape.autoencoder_width)
    denoiser = Denoiser(shape)
    if shape.lora:
        insert_adapters(denoiser, shape.lora)
    return {"autoencoder": autoencoder, "denoiser": denoiser}


def merge_lora(nets: dict[str, nn.Module], shape: Shape) -> Shape:
    """Merges the denoiser's adapters, if any, into their layers; returns the shape of the merged nets."""
    from stages.nets.lora import merge_adapters

    if shape.lora:
        merge_adapters(nets["denoiser"])
        nets["denoiser"].shape = shape = replace(shape, lora=0)
    return shape


def generate(nets: dict[str, nn.Module], latents: Tensor, conditions: Tensor, noise: torch.Generator | None = None) -> Tensor:
    """(b,c,s,s) images of start noise (b,latent) and conditions (b,k); `noise` is unused: the sampler is deterministic."""
    shape: Shape = nets["denoiser"].shape
    start = latents.reshape(-1, shape.latent_channels, shape.side, shape.side)
    schedule = make_cosine_schedule().to(start.device)
    latent = ddim(make_guided_predictor(nets["denoiser"], conditions, shape.guidance), start, schedule, shape.steps)
    images: Tensor = nets["autoencoder"].decode(latent)
    return images


def make_cosine_schedule(steps: int = STEPS, offset: float = 0.008, highest: float = 0.999) -> Tensor:
    """(steps,) abar, the remaining share of the image's variance: cos^2 of the time, with every beta at most `highest`."""
    t = torch.arange(steps + 1, dtype=torch.float64) / steps
    level = torch.cos((t + offset) / (1 + offset) * math.pi / 2).square()
    # In double precision: a product of a thousand factors. 0.008 and 0.999 are Nichol and Dhariwal's offset and limit.
    beta = (1 - level[1:] / level[:-1]).clamp(max=highest)
    return torch.cumprod(1 - beta, 0).float()


def _gather_at(values: Tensor, t: Tensor, like: Tensor) -> Tensor:
    """values[t] shaped to multiply `like`."""
    return values[t].reshape(-1, *[1] * (like.dim() - 1))


def q_sample(x0: Tensor, t: Tensor, noise: Tensor, schedule: Tensor) -> Tensor:
    """x_t of x0: mean sqrt(abar) x0, variance 1 - abar (eq. 4)."""
    abar = _gather_at(schedule, t, x0)
    return abar.sqrt() * x0 + (1 - abar).sqrt() * noise


def compute_velocity(x0: Tensor, t: Tensor, noise: Tensor, schedule: Tensor) -> Tensor:
    """v, the net's training target at x_t."""
    abar = _gather_at(schedule, t, x0)
    return abar.sqrt() * noise - (1 - abar).sqrt() * x0


def split_velocity(x: Tensor, v: Tensor, t: Tensor, schedule: Tensor) -> tuple[Tensor, Tensor]:
    """The clean image x0 and the noise, of x_t and v."""
    abar = _gather_at(schedule, t, x)
    # (x, v) is a rotation of (x0, noise), so its inverse is its transpose.
    return abar.sqrt() * x - (1 - abar).sqrt() * v, abar.sqrt() * v + (1 - abar).sqrt() * x


def p_sample(x: Tensor, v: Tensor, t: Tensor, noise: Tensor, schedule: Tensor) -> Tensor:
    """x_{t-1} of x_t: one ancestral step with the posterior's mean and variance (eq. 7); t = 0 gives the clean image."""
    x0, _ = split_velocity(x, v, t, schedule)
    abar = _gather_at(schedule, t, x)
    # Index -1 would read the noisiest level; before t = 0 the image is clean, abar = 1, and the step adds no noise.
    before = torch.where(t > 0, schedule[(t - 1).clamp(min=0)], torch.ones_like(schedule[t])).reshape(abar.shape)
    beta = 1 - abar / before
    # abar / before is alpha of this step: the schedule stores only cumulative products.
    mean = before.sqrt() * beta / (1 - abar) * x0 + (1 - beta).sqrt() * (1 - before) / (1 - abar) * x
    return mean + ((1 - before) / (1 - abar) * beta).sqrt() * noise


def select_ddim_steps(count: int, steps: int = STEPS) -> list[int]:
    """`count` times from the noisiest to 0, evenly spaced."""
    return [round(t) for t in torch.linspace(steps - 1, 0, count).tolist()]


def ddim(predict: VelocityPredictor, x: Tensor, schedule: Tensor, count: int = 25) -> Tensor:
    """The clean image of noise x, by the deterministic sampler (Song et al. 2021, eta = 0) in `count` steps."""
    times = select_ddim_steps(count, len(schedule))
    # -1 stands for the clean image after the last step.
    for current, following in zip(times, [*times[1:], -1], strict=True):
        t = torch.full((len(x),), current, dtype=torch.long, device=x.device)
        x0, noise = split_velocity(x, predict(x, t), t, schedule)
        abar = schedule[following] if following >= 0 else torch.ones((), device=x.device)
        x = abar.sqrt() * x0 + (1 - abar).sqrt() * noise
    return x


def make_guided_predictor(net: Denoiser, condition: Tensor, scale: float) -> VelocityPredictor:
    """Classifier-free guidance (Ho and Salimans 2022): scale 1 is the conditional net itself, higher exaggerates the condition."""

    def predict(x: Tensor, t: Tensor) -> Tensor:
        conditional = net(x, t, condition)
        if scale == 1:
            return conditional
        # Extrapolates from the unconditional prediction through the conditional one, so scales above 1 overshoot.
        unconditional = net(x, t, None)
        return unconditional + scale * (conditional - unconditional)

    return predict


def embed_timesteps(t: Tensor, width: int) -> Tensor:
    """(b,width) sines and cosines of t (b,) at frequencies from 1 down to 1/10000."""
    # The frequencies of the transformer's positional encoding (Vaswani et al. 2017).
    rates = torch.exp(-math.log(10000) * torch.arange(width // 2, device=t.device) / (width // 2))
    angle = t[:, None].float() * rates
    return torch.cat([angle.sin(), angle.cos()], 1)


class Denoiser(nn.Module):  # type: ignore[misc]
    """U-Net of two resolutions over latents (b,channels,s,s), conditioned on the time and, unless dropped, on the conditions."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        channels, width, conditions, depth = shape.latent_channels, shape.width, shape.conditions, shape.depth
        self.shape, self.width, embedding, wide = shape, width, 3 * width, 2 * width
        self.time = nn.Sequential(nn.Linear(width, embedding), nn.SiLU(), nn.Linear(embedding, embedding))
        self.told = nn.Sequential(nn.Linear(conditions, embedding), nn.SiLU(), nn.Linear(embedding, embedding))
        self.untold = nn.Parameter(torch.zeros(embedding))
        self.enter = nn.Conv2d(channels, width, 3, padding=1)
        self.down = nn.ModuleList([ConditionalResidualBlock(width, width, embedding, shape.dropout) for _ in range(depth)])
        self.shrink = nn.Conv2d(width, width, 3, stride=2, padding=1)
        self.low = nn.ModuleList(
            [ConditionalResidualBlock(width if i == 0 else wide, wide, embedding, shape.dropout) for i in range(depth)]
        )
        self.look = nn.ModuleList([Attention(wide) for _ in range(depth)])
        self.middle = nn.ModuleList([ConditionalResidualBlock(wide, wide, embedding, shape.dropout) for _ in range(2)])
        self.grow = nn.Conv2d(wide, width, 3, padding=1)
        self.up = nn.ModuleList([ConditionalResidualBlock(2 * width, width, embedding, shape.dropout) for _ in range(depth)])
        self.norm, self.leave = nn.GroupNorm(8, width), nn.Conv2d(width, channels, 3, padding=1)
        # The first prediction is v = 0 everywhere, whatever the input, as in Ho et al.'s code.
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def embed_conditions(self, t: Tensor, condition: Tensor | None, dropped: Tensor | None) -> Tensor:
        """(b,e) of times t (b,) and conditions (b,k) in 0..1; `dropped` (b,) bool marks samples whose condition is ignored."""
        time = self.time(embed_timesteps(t, self.width))
        if condition is None:
            return F.silu(time + self.untold)
        # Centred: 0..1 becomes -1..1.
        embedded = self.told(condition * 2 - 1)
        if dropped is not None:
            embedded = torch.where(dropped[:, None], self.untold, embedded)
        return F.silu(time + embedded)

    def forward(self, x: Tensor, t: Tensor, condition: Tensor | None, dropped: Tensor | None = None) -> Tensor:
        """v of x's shape."""
        e = self.embed_conditions(t, condition, dropped)
        y = self.enter(x)
        skips = []
        for block in self.down:
            y = block(y, e)
            skips.append(y)
        y = self.shrink(y)
        for block, attention in zip(self.low, self.look, strict=True):
            y = attention(block(y, e))
        for block in self.middle:
            y = block(y, e)
        y = self.grow(F.interpolate(y, scale_factor=2, mode="nearest"))
        for block in self.up:
            y = block(torch.cat([y, skips.pop()], 1), e)
        return self.leave(F.silu(self.norm(y)))
