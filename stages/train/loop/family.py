"""What a family of nets gives to the one training loop: what it builds, what one step does, what it makes, how good it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats
from assets.errors import Finding, SpecError
from stages.datasets.splits import ImageSplit, VectorSplit
from stages.train.loop.device import Device


@dataclass(frozen=True)
class Examples:
    """One split as a net sees it."""

    values: NDArray[Any]
    """(n,h,w,c) uint8 sRGB pictures, or (n,d) float32 vectors."""
    conditions: Floats
    """(n,k) float32 0..1, years divided by 100."""
    names: tuple[str, ...]
    """Names of the k conditions."""
    source: ImageSplit | VectorSplit
    """The split with all that it records."""

    def __len__(self) -> int:
        return len(self.values)

    def select(self, rows: NDArray[np.int64]) -> Examples:
        """These rows only."""
        from dataclasses import replace

        parts = {name: getattr(self.source, name)[rows] for name in ("attributes", "people")}
        held = "images" if isinstance(self.source, ImageSplit) else "vectors"
        parts[held] = getattr(self.source, held)[rows]
        captions = getattr(self.source, "captions", {})
        if captions:
            parts["captions"] = {k: tuple(v[i] for i in rows) for k, v in captions.items()}
        return Examples(self.values[rows], self.conditions[rows], self.names, replace(self.source, **parts))


@dataclass(frozen=True)
class Batch:
    """What one step is given, on the machine's device."""

    values: Any
    """(b,c,h,w) float32 -1..1, or (b,d) float32."""
    conditions: Any
    """(b,k) float32 0..1."""
    rows: NDArray[np.int64]
    """(b,) where the examples lie in the split."""


@dataclass
class TrainState:
    """Everything of a run that a checkpoint must keep, but for the loop's own counters."""

    nets: dict[str, Any]
    """Name -> module."""
    optimisers: dict[str, Any]
    """Name -> optimiser."""
    shape: Any
    """The frozen dataclass that the nets were built from."""
    device: Device
    numbers: dict[str, float] = field(default_factory=dict)
    """What else a family carries from step to step, e.g. the strength of its augmentation."""
    averaged: dict[str, Any] = field(default_factory=dict)
    """Name -> moving average of a net; the loop fills and updates it."""
    step: int = 0


class Family(Protocol):
    """One kind of net. `build` and `step` draw from torch's global generator alone: the loop seeds it before every call."""

    @property
    def name(self) -> str:
        """As in stages.nets.weights_io.NET_MODULES, or a variant of one of these."""

    @property
    def net(self) -> str:
        """The module of stages.nets.weights_io.NET_MODULES that makes its pictures."""

    @property
    def metric(self) -> str:
        """Name of the validation metric; lower is better."""

    @property
    def averaged(self) -> tuple[str, ...]:
        """Nets of which the loop keeps a moving average."""

    @property
    def monitored_losses(self) -> tuple[str, ...]:
        """Losses whose blow-up means divergence."""

    @property
    def conditions(self) -> tuple[str, ...]:
        """Columns of the data set that the nets are told."""

    @property
    def recipe(self) -> Any:
        """Frozen dataclass of the numbers that training depends on and the net's shape does not; has `batch` and `average`."""

    @property
    def changes(self) -> tuple[tuple[str, Any], ...]:
        """Fields of the net's shape that differ from its defaults."""

    def shape(self, examples: Examples) -> Any:
        """The frozen dataclass from which the nets for these examples are built."""

    def build(self, shape: Any, machine: Device) -> TrainState:
        """Fresh nets and optimisers on the machine's device."""

    def step(self, state: TrainState, batch: Batch) -> Mapping[str, float]:
        """Updates the nets once; returns its losses by name. `right` (0..1), where given, is the share of pictures that the critic
        tells apart."""

    def validate(self, state: TrainState, examples: Examples) -> float:
        """The validation metric of the averaged nets."""


def build_shape(family: Family, kind: type[Any], given: Mapping[str, Any]) -> Any:
    """The net's shape, of what the data set gives and what the family changes; raises SpecError where no net can be built of them."""
    try:
        return kind(**{**given, **dict(family.changes)})
    except ValueError as error:
        fix = "give another --size, another data set, or other --set"
        raise SpecError(Finding("train/shape", f"no {family.name} can be built: {error}", fix=fix)) from error
