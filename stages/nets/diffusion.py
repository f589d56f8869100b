"""Denoising diffusion (Ho et al. 2020; cosine schedule of Nichol and Dhariwal 2021; v-prediction of Salimans and Ho 2022).

`schedule` holds abar for t = 1..T at index t - 1; every function takes t as an index 0..T-1. The net predicts
v = sqrt(abar) noise - sqrt(1 - abar) x0, which stays well scaled at both ends of the schedule.
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
    """What latent diffusion is built from: an autoencoder of pictures and a denoiser of its latents."""

    size: int = 128
    """Pixels of a picture's side."""
    channels: Count = 6
    """Colour planes of a picture."""
    latent_channels: Count = 8
    """Of a latent, whose side is an eighth of the picture's."""
    autoencoder_width: GroupedWidth = 32
    width: GroupedWidth = 64
    depth: Count = 2
    conditions: NonNegativeCount = 3
    steps: Annotated[int, Interval(ge=1, le=STEPS)] = 25
    """Of the deterministic sampler."""
    guidance: Weight = 1.5
    lora: NonNegativeCount = 0
    """Rank of the denoiser's adapters, for fine-tuning; 0 for none."""
    dropout: FractionBelowOne = 0.0
    """In the denoiser's residual blocks, as Ho et al. 2020 have it."""

    def __post_init__(self) -> None:
        check_multiple(self.size, 16)

    @property
    def side(self) -> int:
        """Of a latent."""
        return self.size // 8

    @property
    def latent(self) -> int:
        """Numbers of the noise that one picture is made of."""
        return self.latent_channels * self.side**2


def build_nets(shape: Shape) -> dict[str, nn.Module]:
    """The nets that make pictures."""
    from stages.nets.lora import insert_adapters

    autoencoder = Autoencoder(shape.channels, shape.size, shape.latent_channels, shape.autoencoder_width)
    denoiser = Denoiser(shape)
    if shape.lora:
        insert_adapters(denoiser, shape.lora)
    return {"autoencoder": autoencoder, "denoiser": denoiser}


def merge_lora(nets: dict[str, nn.Module], shape: Shape) -> Shape:
    """The shape of nets whose adapters, where they have some, are merged here into the layers beside them."""
    from stages.nets.lora import merge_adapters

    if shape.lora:
        merge_adapters(nets["denoiser"])
        nets["denoiser"].shape = shape = replace(shape, lora=0)
    return shape


def generate(nets: dict[str, nn.Module], latents: Tensor, conditions: Tensor, grain: torch.Generator | None = None) -> Tensor:
    """(b,c,s,s) pictures of noise (b,latent) and conditions (b,k); deterministic, so no grain is drawn."""
    shape: Shape = nets["denoiser"].shape
    noise = latents.reshape(-1, shape.latent_channels, shape.side, shape.side)
    schedule = make_cosine_schedule().to(noise.device)
    latent = ddim(make_guided_predictor(nets["denoiser"], conditions, shape.guidance), noise, schedule, shape.steps)
    made: Tensor = nets["autoencoder"].decode(latent)
    return made


def make_cosine_schedule(steps: int = STEPS, offset: float = 0.008, highest: float = 0.999) -> Tensor:
    """(steps,) abar, the share of the picture's variance left: cos^2 of the time, no step's beta above `highest`."""
    t = torch.arange(steps + 1, dtype=torch.float64) / steps
    level = torch.cos((t + offset) / (1 + offset) * math.pi / 2).square()
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
    """What the net has to predict for x_t."""
    abar = _gather_at(schedule, t, x0)
    return abar.sqrt() * noise - (1 - abar).sqrt() * x0


def split_velocity(x: Tensor, v: Tensor, t: Tensor, schedule: Tensor) -> tuple[Tensor, Tensor]:
    """The clean picture and the noise that x_t and v stand for."""
    abar = _gather_at(schedule, t, x)
    return abar.sqrt() * x - (1 - abar).sqrt() * v, abar.sqrt() * v + (1 - abar).sqrt() * x


def p_sample(x: Tensor, v: Tensor, t: Tensor, noise: Tensor, schedule: Tensor) -> Tensor:
    """x_{t-1} of x_t: one ancestral step with the posterior's mean and variance (eq. 7); t = 0 gives the clean picture."""
    x0, _ = split_velocity(x, v, t, schedule)
    abar = _gather_at(schedule, t, x)
    before = torch.where(t > 0, schedule[(t - 1).clamp(min=0)], torch.ones_like(schedule[t])).reshape(abar.shape)
    beta = 1 - abar / before
    mean = before.sqrt() * beta / (1 - abar) * x0 + (1 - beta).sqrt() * (1 - before) / (1 - abar) * x
    return mean + ((1 - before) / (1 - abar) * beta).sqrt() * noise


def select_ddim_steps(count: int, steps: int = STEPS) -> list[int]:
    """`count` times from the noisiest to 0, evenly spaced."""
    return [round(t) for t in torch.linspace(steps - 1, 0, count).tolist()]


def ddim(predict: VelocityPredictor, x: Tensor, schedule: Tensor, count: int = 25) -> Tensor:
    """The clean picture that the deterministic sampler (Song et al. 2021, eta = 0) makes of noise x in `count` steps."""
    times = select_ddim_steps(count, len(schedule))
    for here, then in zip(times, [*times[1:], -1], strict=True):
        t = torch.full((len(x),), here, dtype=torch.long, device=x.device)
        x0, noise = split_velocity(x, predict(x, t), t, schedule)
        left = schedule[then] if then >= 0 else torch.ones((), device=x.device)
        x = left.sqrt() * x0 + (1 - left).sqrt() * noise
    return x


def make_guided_predictor(net: Denoiser, condition: Tensor, scale: float) -> VelocityPredictor:
    """Classifier-free guidance (Ho and Salimans 2022): scale 1 is the conditional net itself, more exaggerates the condition."""

    def predict(x: Tensor, t: Tensor) -> Tensor:
        told = net(x, t, condition)
        if scale == 1:
            return told
        untold = net(x, t, None)
        return untold + scale * (told - untold)

    return predict


def embed_timesteps(t: Tensor, width: int) -> Tensor:
    """(b,width) sines and cosines of t (b,) at frequencies from 1 down to 1/10000."""
    rates = torch.exp(-math.log(10000) * torch.arange(width // 2, device=t.device) / (width // 2))
    angle = t[:, None].float() * rates
    return torch.cat([angle.sin(), angle.cos()], 1)


class Denoiser(nn.Module):  # type: ignore[misc]
    """U-Net of two resolutions over latents (b,channels,s,s), told the time and, unless it is dropped, the condition."""

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
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def embed_conditions(self, t: Tensor, condition: Tensor | None, dropped: Tensor | None) -> Tensor:
        """(b,e) of the times (b,), conditions (b,k) in 0..1, and which samples (b,) bool are not to know theirs."""
        time = self.time(embed_timesteps(t, self.width))
        if condition is None:
            return F.silu(time + self.untold)
        told = self.told(condition * 2 - 1)
        if dropped is not None:
            told = torch.where(dropped[:, None], self.untold, told)
        return F.silu(time + told)

    def forward(self, x: Tensor, t: Tensor, condition: Tensor | None, dropped: Tensor | None = None) -> Tensor:
        """v of x's shape."""
        e = self.embed_conditions(t, condition, dropped)
        y = self.enter(x)
        kept = []
        for block in self.down:
            y = block(y, e)
            kept.append(y)
        y = self.shrink(y)
        for block, look in zip(self.low, self.look, strict=True):
            y = look(block(y, e))
        for block in self.middle:
            y = block(y, e)
        y = self.grow(F.interpolate(y, scale_factor=2, mode="nearest"))
        for block in self.up:
            y = block(torch.cat([y, kept.pop()], 1), e)
        return self.leave(F.silu(self.norm(y)))
