"""Training of the variational autoencoder: reconstruction and divergence, weighed by beta."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from assets.artefacts.geometry import Floats
from stages.datasets.splits import VectorSplit
from stages.nets.ranges import Count, Fraction, Weight
from stages.train.families.adversarial import freeze_layers, refuse_all_frozen
from stages.train.families.bodies import VectorScales, measure_scales, refuse_pictures
from stages.train.families.conditional_mean import fit_conditional_mean, set_conditional_mean
from stages.train.loop.device import Device
from stages.train.loop.examples import to_tensor
from stages.train.loop.family import Batch, Examples, TrainState, build_shape


@dataclass(frozen=True)
class Recipe:
    """What training depends on beside the nets' shape."""

    batch: Count = 32
    lr: Weight = 1e-3
    weight_decay: Weight = 1e-4
    norm: Literal["l1", "l2"] = "l1"
    """Of the reconstruction, the mean over values."""
    beta: Weight = 3e-6
    """Weight of the divergence, in nats a picture; the reconstruction is a mean over a picture's values, which is why it is small."""
    beta_steps: Count = 500
    """Steps over which beta grows from 0, so that latents are used before they are paid for."""
    average: Fraction = 0.995
    frozen: tuple[str, ...] = ()
    """Parameters whose "net/name" starts with one of these stay as they are (fine-tuning)."""


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
    """Whether it learns body vectors and no pictures."""
    conditional_means: list[Floats] = field(default_factory=list, compare=False)
    """The usual pictures of the examples whose shape was asked for, where the shape wants them."""
    scales: list[VectorScales] = field(default_factory=list, compare=False)
    """Limits and scales of the vectors whose shape was asked for."""
    metric: str = "bound"
    averaged: tuple[str, ...] = ("decoder", "encoder")
    monitored_losses: tuple[str, ...] = ("reconstruction", "divergence")

    def shape(self, examples: Examples) -> Any:
        """The net's Shape for pictures of this size, or for vectors of this length; raises SpecError where no such net can be built."""
        from stages.nets.vae import Shape

        if isinstance(examples.source, VectorSplit):
            names = tuple(examples.source.names)
            self.conditional_means[:], self.scales[:] = [], [measure_scales(examples.values)]
            given = {"size": 0, "channels": len(names), "conditions": len(examples.names), "names": names}
            return replace(build_shape(self, Shape, given), usual=False)
        if self.vectors:
            refuse_pictures(self.name)
        size, channels = examples.values.shape[1], examples.values.shape[3]
        shape = build_shape(self, Shape, {"size": size, "channels": channels, "conditions": len(examples.names)})
        self.conditional_means[:], self.scales[:] = [fit_conditional_mean(examples)] if shape.usual else [], []
        return shape

    def build(self, shape: Any, machine: Device) -> TrainState:
        """Encoder and decoder under one Adam."""
        import torch

        from stages.nets.vae import build_nets

        own = build_nets(shape)
        for scales in self.scales:
            scales.copy_to_nets(own["decoder"], own["encoder"])
        nets = {name: machine.place(net) for name, net in own.items()}
        for pictures in self.conditional_means:
            set_conditional_mean(nets["decoder"], pictures)
        parameters = [p for free in freeze_layers(nets, self.recipe.frozen).values() for p in free]
        refuse_all_frozen(autoencoder=parameters)
        optimiser = torch.optim.AdamW(parameters, lr=self.recipe.lr, weight_decay=self.recipe.weight_decay)
        return TrainState(nets, {"both": optimiser}, shape, machine)

    def step(self, state: TrainState, batch: Batch) -> Mapping[str, float]:
        """One update of both nets."""
        from stages.nets.vae import kl_divergence, reparametrise

        recipe = self.recipe
        for net in state.nets.values():
            net.train()
        # torch 2.13 dies of a segmentation fault in the backward of a group norm whose input, channels last, asks for no gradient:
        # behind frozen layers every input asks for one.
        seen = batch.values.requires_grad_(bool(recipe.frozen))
        with state.device.autocast():
            told = state.nets["encoder"](seen, batch.conditions)
            rebuilt = state.nets["decoder"](reparametrise(*told), batch.conditions)
        gap = _scale_difference(state.nets["encoder"], rebuilt.float() - batch.values)
        reconstruction = gap.abs().mean() if recipe.norm == "l1" else gap.square().mean()
        nats = kl_divergence(*(x.float() for x in told)).mean()
        beta = recipe.beta * min(1.0, (state.step + 1) / recipe.beta_steps)
        state.device.backpropagate(state.optimisers["both"], reconstruction + beta * nats)
        return {"reconstruction": float(reconstruction.detach()), "divergence": float(nats.detach())}

    def validate(self, state: TrainState, examples: Examples) -> float:
        """Reconstruction and beta times divergence of the averaged nets on at most 256 examples."""
        import numpy as np
        import torch

        from stages.nets.vae import kl_divergence

        recipe, sums, count = self.recipe, 0.0, min(len(examples), 256)
        nets = {name: state.averaged[name].eval() for name in ("encoder", "decoder")}
        with torch.no_grad():
            for first in range(0, count, 32):
                rows = np.arange(first, min(first + 32, count))
                values, told = to_tensor(examples, rows), torch.from_numpy(examples.conditions[rows])
                values, told = values.to(state.device.torch_device), told.to(state.device.torch_device)
                mean, log_variance = nets["encoder"](values, told)
                gap = _scale_difference(nets["encoder"], nets["decoder"](mean, told) - values)
                size = gap.abs() if recipe.norm == "l1" else gap.square()
                sums += float(size.flatten(1).mean(1).sum() + recipe.beta * kl_divergence(mean, log_variance).sum())
        return sums / count


def _scale_difference(encoder: Any, gap: Any) -> Any:
    """The gap of a picture as it is, of a vector on its data's scale, or small numbers would hardly count."""
    return gap / encoder.spread if hasattr(encoder, "spread") else gap
