"""The latent diffusion family: first the autoencoder for a number of steps, then the denoiser on its latents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from assets.artefacts.geometry import Floats
from assets.errors import BackendError, Finding, SpecError
from stages.nets.ranges import Count, Fraction, NonNegativeCount, Weight
from stages.train.files import ADAPTERS_SUFFIX, write_run_file
from stages.train.loop.device import Device
from stages.train.loop.examples import make_batch
from stages.train.loop.family import Batch, Examples, TrainState, build_shape

if TYPE_CHECKING:
    from stages.train.loop.loop import Run

MAX_VALIDATED = 128
"""Examples of a validation."""
AUTOENCODER_PENALTY = 10.0
"""Added to the metric while the autoencoder trains, so that every validation of the denoiser is better."""


@dataclass(frozen=True)
class Recipe:
    """Settings of training, apart from the nets' shape."""

    batch: Count = 32
    autoencoder_steps: NonNegativeCount = 500
    autoencoder_batch: Count = 8
    """Images of a batch that the autoencoder trains on: an image costs far more time than its latent."""
    autoencoder_lr: Weight = 2e-3
    denoiser_lr: Weight = 1e-3
    weight_decay: Weight = 0.01
    kl: Weight = 1e-4
    edges: Weight = 1.0
    """Weight of the differences between neighbouring texels, without which small blemishes are blurred away."""
    drop: Fraction = 0.15
    """Share of samples trained without conditions, for guidance."""
    average: Fraction = 0.995
    adapters: str = ""
    """A file of adapters to continue from, together with the start that they were trained on; their rank is `lora`."""


def compute_mean_image(examples: Examples) -> Floats:
    """(c,s,s) -1..1 mean of the images."""
    mean: Floats = (examples.values.mean(0, dtype=np.float64).transpose(2, 0, 1) / 127.5 - 1).astype(np.float32)
    return mean


@dataclass
class DiffusionFamily:
    """A family of stages.train.loop.family; `shape` keeps the data's mean image for `build`."""

    name: str = "diffusion"
    net: str = "diffusion"
    metric: str = "error"
    averaged: tuple[str, ...] = ("autoencoder", "denoiser")
    monitored_losses: tuple[str, ...] = ("restored", "velocity")
    conditions: tuple[str, ...] = ("age_years", "gender", "tone")
    recipe: Recipe = Recipe()
    changes: tuple[tuple[str, Any], ...] = ()
    """Fields of the net's Shape that differ from its defaults."""
    mean: Floats | None = None
    latent_cache: dict[int, Any] = field(default_factory=dict)
    """Row of the training split -> its latent; filled once the autoencoder no longer changes."""

    def shape(self, examples: Examples) -> Any:
        """Shape for the images' size and channels; raises SpecError if no such net, or none with adapters, can be built."""
        from stages.nets.diffusion import Shape

        self.mean = compute_mean_image(examples)
        size, channels = examples.values.shape[1], examples.values.shape[3]
        shape = build_shape(self, Shape, {"size": size, "channels": channels, "conditions": len(examples.names)})
        if self.recipe.adapters and not shape.lora:
            message = "adapters can only be loaded into a net with adapters of the same rank"
            raise SpecError(Finding("train/adapters", message, fix="add --set lora=RANK"))
        return shape

    def build(self, shape: Any, device: Device) -> TrainState:
        """Both nets, each with its own AdamW."""
        import torch

        from stages.nets.diffusion import build_nets

        nets, recipe = build_nets(shape), self.recipe
        if self.mean is not None:
            nets["autoencoder"].mean.copy_(torch.from_numpy(self.mean))
        if recipe.adapters:
            _load_start_adapters(nets["denoiser"], Path(recipe.adapters))
        nets = {name: device.place(net) for name, net in nets.items()}
        rates = {"autoencoder": recipe.autoencoder_lr, "denoiser": recipe.denoiser_lr}
        trainable = {n: [p for p in net.parameters() if p.requires_grad] for n, net in nets.items()}  # of a net with adapters, these alone
        optimisers = {n: torch.optim.AdamW(trainable[n], lr=rates[n], weight_decay=recipe.weight_decay) for n in nets}
        return TrainState(nets, optimisers, shape, device)

    def step(self, state: TrainState, batch: Batch) -> Mapping[str, float]:
        """Updates the autoencoder in the first `autoencoder_steps`, the denoiser in all later steps."""
        if self._is_autoencoder_training(state, 1):
            self.latent_cache.clear()
            return _update_autoencoder(self.recipe, state, batch.values[: self.recipe.autoencoder_batch])
        return _update_denoiser(self.recipe, state, batch, self._encode_cached(state, batch))

    def _encode_cached(self, state: TrainState, batch: Batch) -> Any:
        """The batch's latents, cached: the trained encoder gives the same ones in every epoch."""
        import torch

        rows = [int(row) for row in batch.rows]
        if any(row not in self.latent_cache for row in rows):
            with torch.no_grad():
                # Always whole batches of one size: the last bits of a convolution depend on the size of the batch.
                self.latent_cache |= dict(zip(rows, state.nets["autoencoder"].encode(batch.values), strict=True))
        return torch.stack([self.latent_cache[row] for row in rows])

    def _is_autoencoder_training(self, state: TrainState, ahead: int) -> bool:
        """Adapters belong to the denoiser alone, so an adaptation skips the autoencoder's steps."""
        return not state.shape.lora and state.step + ahead <= self.recipe.autoencoder_steps

    def validate(self, state: TrainState, examples: Examples) -> float:
        """Mean squared error of the predicted velocity; while the autoencoder trains, its L1 plus AUTOENCODER_PENALTY."""
        import torch

        batch = make_batch(examples, min(MAX_VALIDATED, len(examples)), 0, 0, state.device)
        with torch.no_grad():
            if self._is_autoencoder_training(state, 0):
                net = state.averaged["autoencoder"]
                return AUTOENCODER_PENALTY + float((net.decode(net.encode(batch.values)) - batch.values).abs().mean())
            x0 = state.averaged["autoencoder"].encode(batch.values)
            return float(_compute_velocity_error(state.averaged["denoiser"].eval(), x0, batch.conditions, None))


def write_adapters(run: Run, file: Path, facts: Mapping[str, str]) -> None:
    """Writes the adapters next to a weights file into which they are merged; does nothing for nets without adapters."""
    from stages.nets.lora import pack_adapters

    if getattr(run.state.shape, "lora", 0):
        write_run_file(file.with_name(f"{file.stem}{ADAPTERS_SUFFIX}"), pack_adapters(run.state.averaged["denoiser"], facts))


def _load_start_adapters(denoiser: Any, file: Path) -> None:
    from stages.nets.lora import load_adapters

    try:
        load_adapters(denoiser, file)
    except ValueError as error:
        fix = "give a file of adapters for this net with the rank of --set lora"
        raise BackendError(Finding("train/adapters", f"cannot start from {file.name}: {error}", fix=fix)) from error


def _update_autoencoder(recipe: Recipe, state: TrainState, real: Any) -> dict[str, float]:
    """L1 of images and of their edges, and a small divergence from the standard normal distribution."""
    import torch
    import torch.nn.functional as F

    from stages.nets.autoencoder import mean_kl_divergence

    net = state.nets["autoencoder"]
    with state.device.autocast():
        mean, spread = net.encode_moments(real)
        restored = net.decode_unscaled(mean + (0.5 * spread).exp() * torch.randn_like(mean))
        l1 = F.l1_loss(restored, real)
        edges = F.l1_loss(restored.diff(dim=-1), real.diff(dim=-1)) + F.l1_loss(restored.diff(dim=-2), real.diff(dim=-2))
        loss = l1 + recipe.edges * edges + recipe.kl * mean_kl_divergence(mean, spread)
    state.device.backpropagate(state.optimisers["autoencoder"], loss)
    with torch.no_grad():
        # The factor to unit deviation, tracked from the first step, so that it has settled before the denoiser starts.
        unit_scale = 1 / mean.float().std().clamp(min=1e-4)
        net.scale.lerp_(unit_scale, max(0.1, 1 / (1 + state.step)))
    return {"restored": float(l1.detach()), "edges": float(edges.detach())}


def _compute_velocity_error(denoiser: Any, x0: Any, conditions: Any, dropped: Any) -> Any:
    """Mean squared error of the denoiser at random times and noise, drawn from torch's generator."""
    import torch

    from stages.nets.diffusion import compute_velocity, make_cosine_schedule, q_sample

    schedule = make_cosine_schedule().to(x0.device)
    # Times spread evenly over the batch: the loss is far less noisy than with independent ones.
    even = (torch.arange(len(x0), device=x0.device) + torch.rand((), device=x0.device)) / len(x0)
    t = (even * len(schedule)).long().clamp(max=len(schedule) - 1)
    noise = torch.randn_like(x0)
    predicted = denoiser(q_sample(x0, t, noise, schedule), t, conditions, dropped)
    return (predicted.float() - compute_velocity(x0, t, noise, schedule)).square().mean()


def _update_denoiser(recipe: Recipe, state: TrainState, batch: Batch, x0: Any) -> dict[str, float]:
    import torch

    dropped = torch.rand(len(batch.conditions), device=batch.conditions.device) < recipe.drop
    with state.device.autocast():
        loss = _compute_velocity_error(state.nets["denoiser"], x0, batch.conditions, dropped)
    state.device.backpropagate(state.optimisers["denoiser"], loss)
    return {"velocity": float(loss.detach())}
