"""What every net trains on: one split of a data set in memory, with its attributes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Pixels

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


@dataclass(frozen=True)
class ImageSplit:
    """One split of a data set."""

    images: Pixels
    """(n,h,w,c) uint8 sRGB; skins have six channels, RGB of the head and RGB of the body."""
    attributes: Floats
    """(n,k) float32, each column 0..1 unless its name ends in _years."""
    columns: tuple[str, ...]
    """Names of the k attributes, such as age_years, gender, tone."""
    people: NDArray[np.int64]
    """(n,) the person in each picture: sets are split by person, never by picture."""
    captions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Language (en, zh) -> (n,) one sentence per picture; empty if the data set has none."""
    labels: tuple[Mapping[str, str], ...] = ()
    """(n,) what each picture shows, attribute -> word; empty if the data set has none."""

    def __len__(self) -> int:
        return len(self.images)

    def column(self, name: str) -> Floats:
        """(n,) one attribute; raises ValueError if the data set does not have it."""
        values: Floats = self.attributes[:, self.columns.index(name)]
        return values


@dataclass(frozen=True)
class VectorSplit:
    """One split of a data set of bodies."""

    vectors: Floats
    """(n,d) float32: phenotype axes and local changes as stages.body takes them."""
    names: tuple[str, ...]
    """Names of the d components."""
    attributes: Floats
    """(n,k) float32, 0..1 unless the column's name ends in a unit (_years, _m, _kg)."""
    columns: tuple[str, ...]
    """Names of the k attributes."""
    people: NDArray[np.int64]
    """(n,) the person of each vector."""

    def __len__(self) -> int:
        return len(self.vectors)

    def column(self, name: str) -> Floats:
        """(n,) one attribute; raises ValueError if the data set does not have it."""
        values: Floats = self.attributes[:, self.columns.index(name)]
        return values
