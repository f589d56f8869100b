"""Bodies: vectors of phenotype axes and local changes after Anny's calibrated shape distribution, with measures of the bodies.

Source: Anny (NAVER, Apache-2.0), anny.shape_distribution: Beta distributions of height, weight, muscle and proportions by age and
gender, calibrated to WHO growth data. What it does not know (local changes) is drawn narrowly and thinned until nobody is impossible.
"""

from __future__ import annotations

from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats
from assets.rights import Source
from stages.body.batch_evaluation import MEASUREMENT_NAMES, PHENOTYPE_AXES, BatchEvaluator
from stages.body.phenotype import compute_stature
from stages.datasets.shards import DatasetCard, DatasetItem, Shard, compute_split_counts, plan_shards
from stages.datasets.splits import SPLITS, Split

VECTORS_PER_ITEM = 250
"""Vectors in one item."""
ITEMS_PER_SHARD = 4
VERSION = 1
"""Raise it when the same seed makes other bodies."""
COLUMNS = ("age_years", "gender", *MEASUREMENT_NAMES)
AGE_RANGE_YEARS = (2.0, 90.0)
LOCAL_CHANGE_STD = 0.22
"""Standard deviation of a local change."""
# Lengths and girths that people differ in; hands, feet and what pushes a part aside are left alone.
_PART_PREFIXES = ("measure-", "torso-scale", "torso-vshape", "torso-muscle", "hip-scale", "buttocks-volume", "stomach-tone")
_LIMB_INFIXES = ("-fat-", "-muscle-")
BMI_RANGE = (11.0, 50.0)
"""kg/m2 outside which nobody is kept: below and above what is survived."""


def plan(*, count: int, seed: int, command: str) -> tuple[DatasetCard, tuple[Shard, ...], dict[Split, int]]:
    """What `fenshen data bodies` will write, and how many vectors each split has."""
    blocks = {split: range(0) for split in SPLITS}
    sizes, start = {}, 0
    for split, some in compute_split_counts(count).items():
        number = -(-some // VECTORS_PER_ITEM)
        blocks[split], sizes[split] = range(start, start + number), some
        start += number
    notes = ("the vector's gender is Anny's, 0 male .. 1 female; the column's is the house's, 0 female .. 1 male", "nobody real is shown")
    names = (*PHENOTYPE_AXES, *list_varied_changes())
    made = {"bodies": VERSION}
    card = DatasetCard(
        "bodies", "bodies", 0, count, COLUMNS, seed, "CC0-1.0", list_sources(), command, names=names, versions=made, notes=notes
    )
    return card, plan_shards(blocks, ITEMS_PER_SHARD), sizes


def list_sources() -> tuple[Source, ...]:
    """Body model and its shape distribution."""
    from stages.body.anny import Anny

    calibrated = Source(
        "Anny shape distribution", "Apache-2.0", "anny 0.6.2, data/shape_calibration", "NAVER Corp.", note="from WHO growth data"
    )
    return (*Anny().sources(), calibrated)


@lru_cache(maxsize=1)
def list_varied_changes() -> tuple[str, ...]:
    """Local changes of a body vector, left and right apart as the body stage takes them."""
    from stages.body.anny import load_baked_model

    names = load_baked_model().names
    body = [name for name in names["locals"] if name not in names["face"]]
    return tuple(
        n for n in body if n.startswith(_PART_PREFIXES) or (n.startswith(("l-", "r-")) and any(limb in n for limb in _LIMB_INFIXES))
    )


@lru_cache(maxsize=1)
def load_shape_distribution() -> Any:
    """Anny's calibrated distribution; it asks its model for number type, device and labels only."""
    import torch
    from anny.shape_distribution import SimpleShapeDistribution

    return SimpleShapeDistribution(SimpleNamespace(dtype=torch.float64, device="cpu", phenotype_labels=list(PHENOTYPE_AXES)))


def sample_phenotypes(years: NDArray[Any], female: NDArray[Any], rng: np.random.Generator) -> Floats:
    """(n,11) Anny's axes of people of these years, `female` 0..1."""
    import torch

    known = load_shape_distribution()
    age = known.morphological_age_mapping.morphological_to_anny_age(torch.from_numpy(years))
    drawn: dict[str, NDArray[Any]] = {"gender": female, "age": age.numpy()}
    for name in ("height", "weight", "muscle", "proportions"):
        sexes = [getattr(known, f"{who}_conditional_{name}_distribution").get_distribution_params(age) for who in ("boys", "girls")]
        boys, girls = (rng.beta(alpha.numpy(), beta.numpy()) for alpha, beta in sexes)
        drawn[name] = np.where(female <= 0.5, boys, girls)
    drawn |= {name: rng.uniform(0, 1, len(years)) for name in ("cupsize", "firmness")}
    shares = rng.dirichlet((0.6, 0.6, 0.6), len(years))
    drawn |= {name: shares[:, k] for k, name in enumerate(("african", "asian", "caucasian"))}
    return np.stack([drawn[name] for name in PHENOTYPE_AXES], 1).astype(np.float32)


def sample_local_changes(count: int, rng: np.random.Generator) -> Floats:
    """(n,k) local changes; left and right alike but for a little."""
    names = list_varied_changes()
    common = {name.removeprefix("l-").removeprefix("r-"): rng.normal(0, LOCAL_CHANGE_STD, count) for name in names}
    drawn = [common[name.removeprefix("l-").removeprefix("r-")] for name in names]
    own = [rng.normal(0, 0.03, count) if name.startswith(("l-", "r-")) else 0.0 for name in names]
    return np.clip(np.stack([a + b for a, b in zip(drawn, own, strict=True)], 1), -0.7, 0.7).astype(np.float32)


def is_plausible(measures: Floats, years: NDArray[Any], man: NDArray[Any]) -> NDArray[np.bool_]:
    """(n,) whether stature, weight and waist of these bodies occur in people of those years."""
    height, mass, waist = measures[:, 0], measures[:, 1], measures[:, 2]
    low, high = (np.array([compute_stature(y, g, end) for y, g in zip(years, man, strict=True)]) for end in (-0.25, 1.25))
    index = mass / height**2
    ratio = waist / height
    return (height > low) & (height < high) & (index > BMI_RANGE[0]) & (index < BMI_RANGE[1]) & (ratio > 0.3) & (ratio < 0.95)


class BodyGenerator:
    """Makes the items of a plan, a block of vectors each."""

    def __init__(self, shards: tuple[Shard, ...], sizes: dict[Split, int], *, seed: int) -> None:
        self._seed, self._bodies = seed, BatchEvaluator(list_varied_changes())
        self._rows: dict[int, tuple[int, int]] = {}
        first = 0
        for split in SPLITS:
            left = sizes[split]
            for index in (i for shard in shards if shard.split == split for i in shard.items):
                self._rows[index] = (first, min(VECTORS_PER_ITEM, left))
                first, left = first + min(VECTORS_PER_ITEM, left), left - VECTORS_PER_ITEM

    def __call__(self, index: int) -> DatasetItem:
        """The block of that index; every vector is a person."""
        first, count = self._rows[index]
        rng = np.random.default_rng([self._seed, 7, index])
        rows, told = self._sample_block(count, rng)
        people = np.arange(first, first + count)
        return DatasetItem(index, first, {}, arrays={"vectors": rows, "attributes": told, "people": people})

    def _sample_block(self, count: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """(n,d) vectors and (n,k) COLUMNS; those that nobody could have are drawn again, ever nearer to the plain phenotype."""
        years = rng.uniform(*AGE_RANGE_YEARS, count)
        man = rng.integers(0, 2, count)
        between = np.minimum(rng.beta(1, 6, count), 0.45)
        gender = np.where(man, 1 - between, between)
        rows = np.concatenate([sample_phenotypes(years, 1 - gender, rng), sample_local_changes(count, rng)], 1)
        measures = self._bodies.measure_bodies(rows)
        for _ in range(6):
            wrong = np.flatnonzero(~is_plausible(measures, years, gender))
            if not len(wrong):
                break
            rows[wrong, : len(PHENOTYPE_AXES)] = sample_phenotypes(years[wrong], 1 - gender[wrong], rng)
            rows[wrong, len(PHENOTYPE_AXES) :] *= 0.5
            measures[wrong] = self._bodies.measure_bodies(rows[wrong])
        return rows, np.concatenate([years[:, None], gender[:, None], measures], 1).astype(np.float32)
