"""The attribute classifier's family: supervised, in the same loop; its features carry our own distances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from assets.errors import Finding, SpecError
from stages.nets.ranges import Count, Fraction, Weight
from stages.train.loop.device import Device
from stages.train.loop.examples import to_tensor
from stages.train.loop.family import Batch, Examples, TrainState, build_shape

VALIDATION_BATCH = 64


@dataclass(frozen=True)
class Recipe:
    """Settings of training, apart from the net's shape."""

    batch: Count = 32
    lr: Weight = 2e-3
    weight_decay: Weight = 0.02
    average: Fraction = 0.99
    noise: Weight = 0.05
    """Standard deviation of noise added to the images, so that features do not depend on single pixels."""


@dataclass
class ClassifierFamily:
    """A family of stages.train.loop.family."""

    name: str = "classifier"
    net: str = "classifier"
    metric: str = "error"
    averaged: tuple[str, ...] = ("classifier",)
    monitored_losses: tuple[str, ...] = ("reading",)
    conditions: tuple[str, ...] = ("age_years", "gender", "tone")
    recipe: Recipe = Recipe()
    changes: tuple[tuple[str, Any], ...] = ()
    """Fields of the net's Shape that differ from its defaults."""

    def shape(self, examples: Examples) -> Any:
        """Shape for the images' size and channels; raises SpecError if the data set does not record an attribute."""
        from stages.nets.classifier import Shape

        if missing := [name for name in self.conditions if name not in examples.source.columns]:
            fix = "give `fenshen data folder` a table of them with --attributes"
            message = f"the classifier needs {', '.join(missing)}, which the data set does not record"
            raise SpecError(Finding("train/condition", message, fix=fix))
        return build_shape(self, Shape, {"size": examples.values.shape[1], "channels": examples.values.shape[3]})

    def build(self, shape: Any, device: Device) -> TrainState:
        """The classifier with AdamW."""
        import torch

        from stages.nets.classifier import AttributeClassifier

        net = device.place(AttributeClassifier(shape))
        optimiser = torch.optim.AdamW(net.parameters(), lr=self.recipe.lr, weight_decay=self.recipe.weight_decay)
        return TrainState({"classifier": net}, {"classifier": optimiser}, shape, device)

    def step(self, state: TrainState, batch: Batch) -> Mapping[str, float]:
        """One update; half of the batches are mirrored, which changes no attribute."""
        import torch

        from stages.nets.classifier import compute_attribute_loss

        x = batch.values.flip(-1) if float(torch.rand(())) < 0.5 else batch.values
        net = state.nets["classifier"].train()
        with state.device.autocast():
            loss = compute_attribute_loss(net(x + self.recipe.noise * torch.randn_like(x)).float(), batch.conditions)
        state.device.backpropagate(state.optimisers["classifier"], loss)
        return {"reading": float(loss.detach())}

    def validate(self, state: TrainState, examples: Examples) -> float:
        """Mean absolute error of the attributes, 0..1."""
        import torch

        net, errors = state.averaged["classifier"].eval(), []
        with torch.no_grad():
            for start in range(0, len(examples), VALIDATION_BATCH):
                rows = np.arange(start, min(start + VALIDATION_BATCH, len(examples)))
                predicted = torch.sigmoid(net(to_tensor(examples, rows).to(state.device.torch_device))).cpu().numpy()
                errors.append(np.abs(predicted - examples.conditions[rows]))
        return float(np.concatenate(errors).mean())
