"""Training of the variational autoencoder: reconstruction and divergence, weighted by beta."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from assets.artefacts.geometry import Floats
from stages.datasets.splits import VectorSplit
from stages.nets.ranges import Count, Fraction, Weight
from stages.train.families.adversarial import freeze_layers, refuse_all_frozen
from stages.train.families.bodies import VectorScales, measure_scales, refuse_images
from stages.train.families.conditional_mean import fit_conditional_mean, set_conditional_mean
from stages.train.loop.device import Device
from stages.train.loop.examples import to_tensor
from stages.train.loop.family import Batch, Examples, TrainState, build_shape

MAX_VALIDATED, VALIDATION_BATCH = 256, 32


@dataclass(frozen=True)
class Recipe:
    """Settings of training, apart from the nets' shape."""

    batch: Count = 32
    lr: Weight = 1e-3
    weight_decay: Weight = 1e-4
    norm: Literal["l1", "l2"] = "l1"
    """Of the reconstruction error, a mean over values."""
    beta: Weight = 3e-6
    """Weight of the divergence, in nats an image; small because the reconstruction error is a mean over the image's values."""
    beta_steps: Count = 500
    """Steps over which beta grows from 0, so that latents are used before they are penalised."""
    average: Fraction = 0.995
    frozen: tuple[str, ...] = ()
    """Parameters whose "net/name" starts with one of these are not trained (fine-tuning)."""


@dataclass(frozen=True)
class AutoencoderFamily:
    """A family of stages.train.loop.family."""

    name: str = "vae"
    net: str = "vae"
    recipe: Recipe = Recipe()
    changes: tuple[tuple[str, Any], ...] = ()
    """Fields of the net's Shape that differ from its defaults."""
    conditions: tuple[str, ...] = ("age_years", "gender", "tone")
    vectors: bool = False
    """It learns body vectors, not images."""
    conditional_means: list[Floats] = field(default_factory=list, compare=False)
    """The fit to the examples last given to `shape`, for nets with a conditional mean."""
    scales: list[VectorScales] = field(default_factory=list, compare=False)
    """Limits and scales of the vectors last given to `shape`."""
    metric: str = "bound"
    averaged: tuple[str, ...] = ("decoder", "encoder")
    monitored_losses: tuple[str, ...] = ("reconstruction", "divergence")

    def shape(self, examples: Examples) -> Any:
        """The net's Shape for images of this size, or vectors of this length; raises SpecError if no such net can be built."""
        from stages.nets.vae import Shape

        if isinstance(examples.source, VectorSplit):
            names = tuple(examples.source.names)
            self.conditional_means[:], self.scales[:] = [], [measure_scales(examples.values)]
            given = {"size": 0, "channels": len(names), "conditions": len(examples.names), "names": names}
            return replace(build_shape(self, Shape, given), usual=False)
        if self.vectors:
            refuse_images(self.name)
        size, channels = examples.values.shape[1], examples.values.shape[3]
        shape = build_shape(self, Shape, {"size": size, "channels": channels, "conditions": len(examples.names)})
        self.conditional_means[:], self.scales[:] = [fit_conditional_mean(examples)] if shape.usual else [], []
        return shape

    def build(self, shape: Any, device: Device) -> TrainState:
        """Encoder and decoder under one AdamW."""
        import torch

        from stages.nets.vae import build_nets

        built = build_nets(shape)
        for scales in self.scales:
            scales.copy_to_nets(built["decoder"], built["encoder"])
        nets = {name: device.place(net) for name, net in built.items()}
        for images in self.conditional_means:
            set_conditional_mean(nets["decoder"], images)
        parameters = [p for trainable in freeze_layers(nets, self.recipe.frozen).values() for p in trainable]
        refuse_all_frozen(autoencoder=parameters)
        optimiser = torch.optim.AdamW(parameters, lr=self.recipe.lr, weight_decay=self.recipe.weight_decay)
        return TrainState(nets, {"both": optimiser}, shape, device)

    def step(self, state: TrainState, batch: Batch) -> Mapping[str, float]:
        """One update of both nets."""
        from stages.nets.vae import kl_divergence, reparametrise

        recipe = self.recipe
        for net in state.nets.values():
            net.train()
        # torch 2.13 crashes with a segmentation fault in the backward pass of a group norm whose channels-last input requires no
        # gradient, which happens behind frozen layers: so the input always requires one there.
        x = batch.values.requires_grad_(bool(recipe.frozen))
        with state.device.autocast():
            moments = state.nets["encoder"](x, batch.conditions)
            rebuilt = state.nets["decoder"](reparametrise(*moments), batch.conditions)
        error = _scale_error(state.nets["encoder"], rebuilt.float() - batch.values)
        reconstruction = error.abs().mean() if recipe.norm == "l1" else error.square().mean()
        nats = kl_divergence(*(moment.float() for moment in moments)).mean()
        beta = recipe.beta * min(1.0, (state.step + 1) / recipe.beta_steps)
        state.device.backpropagate(state.optimisers["both"], reconstruction + beta * nats)
        return {"reconstruction": float(reconstruction.detach()), "divergence": float(nats.detach())}

    def validate(self, state: TrainState, examples: Examples) -> float:
        """Reconstruction error plus beta times divergence, of the averaged nets on at most MAX_VALIDATED examples."""
        import torch

        from stages.nets.vae import kl_divergence

        recipe, total, count = self.recipe, 0.0, min(len(examples), MAX_VALIDATED)
        encoder, decoder = (state.averaged[name].eval() for name in ("encoder", "decoder"))
        with torch.no_grad():
            for first in range(0, count, VALIDATION_BATCH):
                rows = np.arange(first, min(first + VALIDATION_BATCH, count))
                values, conditions = to_tensor(examples, rows), torch.from_numpy(examples.conditions[rows])
                values, conditions = values.to(state.device.torch_device), conditions.to(state.device.torch_device)
                mean, log_variance = encoder(values, conditions)
                error = _scale_error(encoder, decoder(mean, conditions) - values)
                size = error.abs() if recipe.norm == "l1" else error.square()
                total += float(size.flatten(1).mean(1).sum() + recipe.beta * kl_divergence(mean, log_variance).sum())
        return total / count


def _scale_error(encoder: Any, error: Any) -> Any:
    """An image's error as it is; a vector's in units of the data's spread, or numbers with a small spread would hardly count."""
    return error / encoder.spread if hasattr(encoder, "spread") else error
