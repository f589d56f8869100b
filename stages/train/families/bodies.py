"""The body family: WGAN-GP on body vectors, told age and gender."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Never

import numpy as np

from assets.artefacts.geometry import Floats
from assets.errors import Finding, SpecError
from stages.datasets.splits import VectorSplit
from stages.nets.ranges import Count, Fraction, Weight
from stages.train.evaluation.metrics import compute_frechet_distance
from stages.train.loop.device import Device
from stages.train.loop.family import Batch, Examples, TrainState, build_shape


@dataclass(frozen=True)
class Recipe:
    """What the training depends on beside the nets' shape."""

    batch: Count = 256
    lr: Weight = 5e-4
    critic_steps: Count = 3
    """Updates of the critic for one of the generator."""
    penalty: Weight = 10.0
    average: Fraction = 0.998
    weight_decay: Weight = 0.0
    """Of the critic."""


@dataclass(frozen=True)
class VectorScales:
    """(d,) float32 each: what the numbers of body vectors reach and how they spread."""

    low: Floats
    high: Floats
    centre: Floats
    spread: Floats

    def copy_to_nets(self, maker: Any, reader: Any) -> None:
        """Tells the net that makes vectors its limits, and the one that reads them their scale."""
        import torch

        for net, names in ((maker, ("low", "high")), (reader, ("centre", "spread"))):
            for name in names:
                getattr(net, name).copy_(torch.from_numpy(getattr(self, name)))


def measure_scales(vectors: Floats) -> VectorScales:
    """Of the vectors (n,d)."""
    parts = (vectors.min(0), vectors.max(0), vectors.mean(0), vectors.std(0).clip(min=1e-3))
    return VectorScales(*(np.asarray(part, np.float32) for part in parts))


def refuse_pictures(name: str) -> Never:
    """Raises SpecError: a family of bodies was given pictures."""
    raise SpecError(Finding("train/vectors", f"{name} learns body vectors, not pictures", fix="give a data set of `fenshen data bodies`"))


@dataclass
class BodyGanFamily:
    """A family of stages.train.loop.family; `shape` keeps the data's limits and scales for `build`."""

    name: str = "bodygan"
    net: str = "bodygan"
    metric: str = "frechet"
    averaged: tuple[str, ...] = ("generator",)
    monitored_losses: tuple[str, ...] = ("penalty",)
    conditions: tuple[str, ...] = ("age_years", "gender")
    recipe: Recipe = Recipe()
    changes: tuple[tuple[str, Any], ...] = ()
    """Fields of the net's Shape that differ from its defaults."""
    scales: VectorScales | None = None

    def shape(self, examples: Examples) -> Any:
        """Shape for vectors of these names; raises SpecError for pictures."""
        from stages.nets.bodygan import Shape

        if not isinstance(examples.source, VectorSplit):
            refuse_pictures(self.name)
        self.scales = measure_scales(examples.values)
        return build_shape(self, Shape, {"names": tuple(examples.source.names)})

    def build(self, shape: Any, machine: Device) -> TrainState:
        """Generator inside the data's limits, critic on its scales."""
        import torch

        from stages.nets.bodygan import Critic, Generator

        nets: dict[str, Any] = {"generator": Generator(shape), "critic": Critic(shape)}
        if self.scales is not None:
            self.scales.copy_to_nets(nets["generator"], nets["critic"])
        nets = {name: machine.place(net) for name, net in nets.items()}
        rates = {"lr": self.recipe.lr, "betas": (0.0, 0.9)}
        decay = {"generator": 0.0, "critic": self.recipe.weight_decay}
        optimisers = {name: torch.optim.AdamW(net.parameters(), weight_decay=decay[name], **rates) for name, net in nets.items()}
        return TrainState(nets, optimisers, shape, machine)

    def step(self, state: TrainState, batch: Batch) -> Mapping[str, float]:
        """One update of the critic, and every third time one of the generator."""
        import torch

        from stages.nets.losses import ADVERSARIAL_LOSSES, compute_gradient_penalty

        generator, critic, told = state.nets["generator"], state.nets["critic"], batch.conditions
        z = torch.randn(len(told), state.shape.latent, device=told.device)
        made = generator(z, told)
        loss = ADVERSARIAL_LOSSES["wgan"].critic(critic(batch.values, told), critic(made.detach(), told), 0.0)
        # The penalty is taken where the critic sees: on the data's scale, or small numbers would hardly count.
        real, fake = ((x - critic.centre) / critic.spread for x in (batch.values, made))
        penalty = compute_gradient_penalty(lambda y: critic(y * critic.spread + critic.centre, told), real, fake, self.recipe.penalty)
        state.device.backpropagate(state.optimisers["critic"], loss + penalty)
        losses = {"critic": float(loss.detach()), "penalty": float(penalty.detach())}
        if state.step % self.recipe.critic_steps == 0:
            score = ADVERSARIAL_LOSSES["wgan"].generator(critic(generator(z, told), told))
            state.device.backpropagate(state.optimisers["generator"], score)
            losses["generator"] = float(score.detach())
        return losses

    def validate(self, state: TrainState, examples: Examples) -> float:
        """Fréchet distance of made vectors, with their conditions, to the examples', every number on the examples' scale."""
        import torch

        z = torch.randn(len(examples), state.shape.latent)
        with torch.no_grad():
            made = state.averaged["generator"](
                z.to(state.device.torch_device), torch.from_numpy(examples.conditions).to(state.device.torch_device)
            )
        spread = np.maximum(examples.values.std(0), 1e-3)
        real, fake = (np.concatenate([x / spread, examples.conditions], 1) for x in (examples.values, made.cpu().numpy()))
        return compute_frechet_distance(real, fake)
