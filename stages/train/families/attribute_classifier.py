"""The attribute reader's family: supervised, by the same loop; its features are what our own distances are measured on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assets.errors import Finding, SpecError
from stages.nets.ranges import Count, Share, Weight
from stages.train.loop.device import Machine
from stages.train.loop.family import Batch, Examples, State, shaped


@dataclass(frozen=True)
class Recipe:
    """What the training depends on beside the net's shape."""

    batch: Count = 32
    lr: Weight = 2e-3
    weight_decay: Weight = 0.02
    average: Share = 0.99
    noise: Weight = 0.05
    """Standard deviation of what is added to pictures, so that features do not hang on single pixels."""


@dataclass
class Reading:
    """A family of stages.train.loop.family."""

    name: str = "classifier"
    net: str = "classifier"
    metric: str = "error"
    averaged: tuple[str, ...] = ("classifier",)
    watched: tuple[str, ...] = ("reading",)
    conditions: tuple[str, ...] = ("age_years", "gender", "tone")
    recipe: Recipe = Recipe()
    changes: tuple[tuple[str, Any], ...] = ()
    """Fields of the net's Shape that differ from its defaults."""

    def shape(self, examples: Examples) -> Any:
        """Shape for pictures of this size and these channels."""
        from stages.nets.classifier import Shape

        if missing := [name for name in self.conditions if name not in examples.source.columns]:
            fix = "give `fenshen data folder` a table of them with --attributes"
            message = f"a reader learns {', '.join(missing)}, which the data set does not record"
            raise SpecError(Finding("train/condition", message, fix=fix))
        return shaped(self, Shape, {"size": examples.values.shape[1], "channels": examples.values.shape[3]})

    def build(self, shape: Any, machine: Machine) -> State:
        """The reader with AdamW."""
        import torch

        from stages.nets.classifier import Classifier

        net = machine.place(Classifier(shape))
        optimiser = torch.optim.AdamW(net.parameters(), lr=self.recipe.lr, weight_decay=self.recipe.weight_decay)
        return State({"classifier": net}, {"classifier": optimiser}, shape, machine)

    def step(self, state: State, batch: Batch) -> Mapping[str, float]:
        """One update; heads are mirrored now and then, which changes nobody's age."""
        import torch

        from stages.nets.classifier import reading_loss

        x = batch.values.flip(-1) if float(torch.rand(())) < 0.5 else batch.values
        net = state.nets["classifier"].train()
        with state.machine.autocast():
            loss = reading_loss(net(x + self.recipe.noise * torch.randn_like(x)).float(), batch.conditions)
        state.machine.descend(state.optimisers["classifier"], loss)
        return {"reading": float(loss.detach())}

    def validate(self, state: State, examples: Examples) -> float:
        """Mean absolute error of the readings, 0..1."""
        import numpy as np
        import torch

        from stages.train.loop.examples import values_of

        net, wrong = state.averaged["classifier"].eval(), []
        with torch.no_grad():
            for start in range(0, len(examples), 64):
                rows = np.arange(start, min(start + 64, len(examples)))
                read = torch.sigmoid(net(values_of(examples, rows).to(state.machine.device))).cpu().numpy()
                wrong.append(np.abs(read - examples.conditions[rows]))
        return float(np.concatenate(wrong).mean())
