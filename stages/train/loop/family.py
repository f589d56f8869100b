"""What a family of nets provides to the training loop: building the nets, one training step, and the validation metric."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats
from assets.errors import Finding, SpecError
from stages.datasets.splits import ImageSplit, VectorSplit
from stages.train.loop.device import Device


@dataclass(frozen=True)
class Examples:
    """One split of a data set as a net takes it."""

    values: NDArray[Any]
    """(n,h,w,c) uint8 sRGB images, or (n,d) float32 vectors."""
    conditions: Floats
    """(n,k) float32 0..1, years divided by 100."""
    names: tuple[str, ...]
    """Names of the k conditions."""
    source: ImageSplit | VectorSplit
    """The split with everything that it records."""

    def __len__(self) -> int:
        return len(self.values)

    def select(self, rows: NDArray[np.int64]) -> Examples:
        """These rows only."""
        parts = {name: getattr(self.source, name)[rows] for name in ("attributes", "people")}
        content = "images" if isinstance(self.source, ImageSplit) else "vectors"
        parts[content] = getattr(self.source, content)[rows]
        captions = getattr(self.source, "captions", {})
        if captions:
            parts["captions"] = {language: tuple(lines[i] for i in rows) for language, lines in captions.items()}
        if labels := getattr(self.source, "labels", ()):
            parts["labels"] = tuple(labels[i] for i in rows)
        return Examples(self.values[rows], self.conditions[rows], self.names, replace(self.source, **parts))


@dataclass(frozen=True)
class Batch:
    """The input of one step, on the training device."""

    values: Any
    """(b,c,h,w) float32 -1..1, or (b,d) float32."""
    conditions: Any
    """(b,k) float32 0..1."""
    rows: NDArray[np.int64]
    """(b,) rows of the split."""


@dataclass
class TrainState:
    """Everything that a checkpoint has to hold, apart from the loop's counters."""

    nets: dict[str, Any]
    """Name -> module."""
    optimisers: dict[str, Any]
    """Name -> optimiser."""
    shape: Any
    """The frozen dataclass that the nets were built from."""
    device: Device
    numbers: dict[str, float] = field(default_factory=dict)
    """A family's own state between steps: the strength of its augmentation, for example."""
    averaged: dict[str, Any] = field(default_factory=dict)
    """Name -> moving average of a net; the loop fills and updates it."""
    step: int = 0


class Family(Protocol):
    """One kind of net. `build` and `step` draw from torch's global generator only: the loop seeds it before every call."""

    @property
    def name(self) -> str:
        """A name in stages.nets.weights_io.NET_MODULES, or a variant of one."""

    @property
    def net(self) -> str:
        """The module of stages.nets.weights_io.NET_MODULES that generates samples."""

    @property
    def metric(self) -> str:
        """Name of the validation metric; lower is better."""

    @property
    def averaged(self) -> tuple[str, ...]:
        """Nets of which the loop keeps a moving average."""

    @property
    def monitored_losses(self) -> tuple[str, ...]:
        """Losses that blow up when training diverges."""

    @property
    def conditions(self) -> tuple[str, ...]:
        """Columns of the data set that the nets are conditioned on."""

    @property
    def recipe(self) -> Any:
        """Frozen dataclass of training settings, apart from the net's shape; has `batch` and `average`."""

    @property
    def changes(self) -> tuple[tuple[str, Any], ...]:
        """Fields of the net's shape that differ from its defaults."""

    def shape(self, examples: Examples) -> Any:
        """The frozen dataclass from which the nets for these examples are built."""

    def build(self, shape: Any, device: Device) -> TrainState:
        """New nets and optimisers on the device."""

    def step(self, state: TrainState, batch: Batch) -> Mapping[str, float]:
        """Updates the nets once; returns the losses by name.

        `right` (0..1), if present, is the share of images that the critic classifies correctly as real or generated.
        """

    def validate(self, state: TrainState, examples: Examples) -> float:
        """The validation metric of the averaged nets."""


def build_shape(family: Family, kind: type[Any], given: Mapping[str, Any]) -> Any:
    """The shape for the data set's values and the family's changes; raises SpecError for values that allow no net."""
    try:
        return kind(**{**given, **dict(family.changes)})
    except ValueError as error:
        fix = "choose another --size, another data set or other --set values"
        raise SpecError(Finding("train/shape", f"{family.name} cannot be built: {error}", fix=fix)) from error
