"""The body family: WGAN-GP on body vectors, conditioned on age and gender."""

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

MIN_SPREAD = 1e-3
"""Smallest standard deviation to divide by: some numbers of a body hardly vary."""


@dataclass(frozen=True)
class Recipe:
    """Settings of training, apart from the nets' shape."""

    batch: Count = 256
    lr: Weight = 5e-4
    critic_steps: Count = 3
    """Critic updates for each update of the generator."""
    penalty: Weight = 10.0
    average: Fraction = 0.998
    weight_decay: Weight = 0.0
    """Of the critic."""


@dataclass(frozen=True)
class VectorScales:
    """Limits, mean and spread of body vectors, (d,) float32 each."""

    low: Floats
    high: Floats
    centre: Floats
    spread: Floats

    def copy_to_nets(self, producer: Any, consumer: Any) -> None:
        """Sets the limits of the net that produces vectors and the scale of the net that takes them."""
        import torch

        for net, names in ((producer, ("low", "high")), (consumer, ("centre", "spread"))):
            for name in names:
                getattr(net, name).copy_(torch.from_numpy(getattr(self, name)))


def measure_scales(vectors: Floats) -> VectorScales:
    """The scales of vectors (n,d)."""
    parts = (vectors.min(0), vectors.max(0), vectors.mean(0), vectors.std(0).clip(min=MIN_SPREAD))
    return VectorScales(*(np.asarray(part, np.float32) for part in parts))


def refuse_images(name: str) -> Never:
    """Raises SpecError: a family of bodies was given images."""
    raise SpecError(Finding("train/vectors", f"{name} learns body vectors, not images", fix="give a data set of `fenshen data bodies`"))


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
        """Shape for vectors of these names; raises SpecError for images."""
        from stages.nets.bodygan import Shape

        if not isinstance(examples.source, VectorSplit):
            refuse_images(self.name)
        self.scales = measure_scales(examples.values)
        return build_shape(self, Shape, {"names": tuple(examples.source.names)})

    def build(self, shape: Any, device: Device) -> TrainState:
        """A generator within the data's limits and a critic on its scales."""
        import torch

        from stages.nets.bodygan import Critic, Generator

        nets: dict[str, Any] = {"generator": Generator(shape), "critic": Critic(shape)}
        if self.scales is not None:
            self.scales.copy_to_nets(nets["generator"], nets["critic"])
        nets = {name: device.place(net) for name, net in nets.items()}
        rates = {"lr": self.recipe.lr, "betas": (0.0, 0.9)}
        decay = {"generator": 0.0, "critic": self.recipe.weight_decay}
        optimisers = {name: torch.optim.AdamW(net.parameters(), weight_decay=decay[name], **rates) for name, net in nets.items()}
        return TrainState(nets, optimisers, shape, device)

    def step(self, state: TrainState, batch: Batch) -> Mapping[str, float]:
        """Updates the critic and, every `critic_steps`, the generator."""
        import torch

        from stages.nets.losses import ADVERSARIAL_LOSSES, compute_gradient_penalty

        generator, critic, conditions = state.nets["generator"], state.nets["critic"], batch.conditions
        z = torch.randn(len(conditions), state.shape.latent, device=conditions.device)
        generated = generator(z, conditions)
        loss = ADVERSARIAL_LOSSES["wgan"].critic(critic(batch.values, conditions), critic(generated.detach(), conditions), 0.0)
        # The penalty applies on the data's scale, as the critic does, or numbers with a small spread would hardly count.
        real, fake = ((x - critic.centre) / critic.spread for x in (batch.values, generated))
        penalty = compute_gradient_penalty(lambda y: critic(y * critic.spread + critic.centre, conditions), real, fake, self.recipe.penalty)
        state.device.backpropagate(state.optimisers["critic"], loss + penalty)
        losses = {"critic": float(loss.detach()), "penalty": float(penalty.detach())}
        if state.step % self.recipe.critic_steps == 0:
            score = ADVERSARIAL_LOSSES["wgan"].generator(critic(generator(z, conditions), conditions))
            state.device.backpropagate(state.optimisers["generator"], score)
            losses["generator"] = float(score.detach())
        return losses

    def validate(self, state: TrainState, examples: Examples) -> float:
        """Fréchet distance of generated vectors to the examples, both with their conditions and in units of the examples' spread."""
        import torch

        z, device = torch.randn(len(examples), state.shape.latent), state.device.torch_device
        with torch.no_grad():
            generated = state.averaged["generator"](z.to(device), torch.from_numpy(examples.conditions).to(device))
        spread = np.maximum(examples.values.std(0), MIN_SPREAD)
        real, fake = (np.concatenate([x / spread, examples.conditions], 1) for x in (examples.values, generated.cpu().numpy()))
        return compute_frechet_distance(real, fake)
