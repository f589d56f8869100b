"""Bodies: vectors of phenotype axes and local changes from Anny's calibrated shape distribution, with measurements.

Source: Anny (NAVER, Apache-2.0), anny.shape_distribution: Beta distributions of height, weight, muscle and proportions by age and
gender, calibrated to WHO growth data. It does not cover local changes: these are normal, and damped until the body is plausible.
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
from stages.origins import ORIGINS

VECTORS_PER_ITEM = 250
ITEMS_PER_SHARD = 4
VERSION = 1
"""To be raised when the same seed makes other bodies."""
COLUMNS = ("age_years", "gender", *MEASUREMENT_NAMES)
AGE_RANGE_YEARS = (2.0, 90.0)
LOCAL_CHANGE_STD = 0.22
"""Standard deviation of a local change."""
# Lengths and girths in which people differ; hands, feet and changes that shift a part sideways stay at 0.
_PART_PREFIXES = ("measure-", "torso-scale", "torso-vshape", "torso-muscle", "hip-scale", "buttocks-volume", "stomach-tone")
_LIMB_INFIXES = ("-fat-", "-muscle-")
BMI_RANGE = (11.0, 50.0)
"""kg/m2; people hardly survive outside this range."""
MAX_RESAMPLINGS = 6


def plan(*, count: int, seed: int, command: str) -> tuple[DatasetCard, tuple[Shard, ...], dict[Split, int]]:
    """The data set that `fenshen data bodies` writes, and the number of vectors in each split."""
    items = {split: range(0) for split in SPLITS}
    sizes, start = {}, 0
    for split, size in compute_split_counts(count).items():
        blocks = -(-size // VECTORS_PER_ITEM)
        items[split], sizes[split] = range(start, start + blocks), size
        start += blocks
    notes = (
        "gender in the vectors is Anny's, 0 male .. 1 female; gender in the attributes is 0 female .. 1 male",
        "no real person is shown",
    )
    names = (*PHENOTYPE_AXES, *list_varied_changes())
    versions = {"bodies": VERSION}
    card = DatasetCard(
        "bodies", "bodies", 0, count, COLUMNS, seed, "CC0-1.0", list_sources(), command, names=names, versions=versions, notes=notes
    )
    return card, plan_shards(items, ITEMS_PER_SHARD), sizes


def list_sources() -> tuple[Source, ...]:
    """The body model and its shape distribution."""
    from stages.body.anny import Anny

    distribution = Source(
        "Anny shape distribution", "Apache-2.0", "anny 0.6.2, data/shape_calibration", "NAVER Corp.", note="from WHO growth data"
    )
    return (*Anny().sources(), distribution)


def list_varied_changes() -> tuple[str, ...]:
    """Names of the local changes in a body vector, left and right separately as the body stage takes them."""
    from stages.body.anny import load_baked_model

    names = load_baked_model().names
    body = [name for name in names["locals"] if name not in names["face"]]
    return tuple(
        n for n in body if n.startswith(_PART_PREFIXES) or (n.startswith(("l-", "r-")) and any(limb in n for limb in _LIMB_INFIXES))
    )


@lru_cache(maxsize=1)  # a constant of the anny package
def load_shape_distribution() -> Any:
    """Anny's calibrated distribution; of a body model it only needs dtype, device and labels."""
    import torch
    from anny.shape_distribution import SimpleShapeDistribution

    return SimpleShapeDistribution(SimpleNamespace(dtype=torch.float64, device="cpu", phenotype_labels=list(PHENOTYPE_AXES)))


def sample_phenotypes(years: NDArray[Any], female: NDArray[Any], rng: np.random.Generator) -> Floats:
    """(n,11) Anny's axes of people of these years (n,); `female` (n,) is 0..1."""
    import torch

    distribution = load_shape_distribution()
    age = distribution.morphological_age_mapping.morphological_to_anny_age(torch.from_numpy(years))
    axes: dict[str, NDArray[Any]] = {"gender": female, "age": age.numpy()}
    for name in ("height", "weight", "muscle", "proportions"):
        tables = [getattr(distribution, f"{sex}_conditional_{name}_distribution") for sex in ("boys", "girls")]
        boys, girls = (rng.beta(alpha.numpy(), beta.numpy()) for alpha, beta in (t.get_distribution_params(age) for t in tables))
        axes[name] = np.where(female <= 0.5, boys, girls)
    axes |= {name: rng.uniform(0, 1, len(years)) for name in ("cupsize", "firmness")}
    shares = rng.dirichlet((0.6, 0.6, 0.6), len(years))
    axes |= {name: shares[:, k] for k, name in enumerate(ORIGINS)}
    return np.stack([axes[name] for name in PHENOTYPE_AXES], 1).astype(np.float32)


def sample_local_changes(count: int, rng: np.random.Generator) -> Floats:
    """(n,k) local changes; left and right differ a little."""
    names = list_varied_changes()
    common = {name.removeprefix("l-").removeprefix("r-"): rng.normal(0, LOCAL_CHANGE_STD, count) for name in names}
    shared = [common[name.removeprefix("l-").removeprefix("r-")] for name in names]
    asymmetry = [rng.normal(0, 0.03, count) if name.startswith(("l-", "r-")) else 0.0 for name in names]
    return np.clip(np.stack([a + b for a, b in zip(shared, asymmetry, strict=True)], 1), -0.7, 0.7).astype(np.float32)


def is_plausible(measures: Floats, years: NDArray[Any], gender: NDArray[Any]) -> NDArray[np.bool_]:
    """(n,) whether people of those years and genders (0 female .. 1 male) have such a stature, mass and waist."""
    height, mass, waist = measures[:, 0], measures[:, 1], measures[:, 2]
    low, high = (np.array([compute_stature(y, g, end) for y, g in zip(years, gender, strict=True)]) for end in (-0.25, 1.25))
    bmi, waist_ratio = mass / height**2, waist / height
    return (height > low) & (height < high) & (bmi > BMI_RANGE[0]) & (bmi < BMI_RANGE[1]) & (waist_ratio > 0.3) & (waist_ratio < 0.95)


class BodyGenerator:
    """Makes the items of a plan, a block of vectors each."""

    def __init__(self, shards: tuple[Shard, ...], sizes: dict[Split, int], *, seed: int) -> None:
        self._seed, self._evaluator = seed, BatchEvaluator(list_varied_changes())
        self._row_ranges: dict[int, tuple[int, int]] = {}
        """Item -> number of its first vector, and how many it has."""
        first = 0
        for split in SPLITS:
            remaining = sizes[split]
            for index in (i for shard in shards if shard.split == split for i in shard.items):
                count = min(VECTORS_PER_ITEM, remaining)
                self._row_ranges[index] = (first, count)
                first, remaining = first + count, remaining - count

    def __call__(self, index: int) -> DatasetItem:
        """The block of that index; every vector is another person."""
        first, count = self._row_ranges[index]
        vectors, attributes = self._sample_block(count, np.random.default_rng([self._seed, 7, index]))
        people = np.arange(first, first + count)
        return DatasetItem(index, first, {}, arrays={"vectors": vectors, "attributes": attributes, "people": people})

    def _sample_block(self, count: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """(n,d) vectors and (n,k) COLUMNS; implausible bodies are drawn again, each time with smaller local changes."""
        years = rng.uniform(*AGE_RANGE_YEARS, count)
        is_man = rng.integers(0, 2, count)
        between = np.minimum(rng.beta(1, 6, count), 0.45)
        gender = np.where(is_man, 1 - between, between)
        rows = np.concatenate([sample_phenotypes(years, 1 - gender, rng), sample_local_changes(count, rng)], 1)
        measures = self._evaluator.measure_bodies(rows)
        for _ in range(MAX_RESAMPLINGS):
            wrong = np.flatnonzero(~is_plausible(measures, years, gender))
            if not len(wrong):
                break
            rows[wrong, : len(PHENOTYPE_AXES)] = sample_phenotypes(years[wrong], 1 - gender[wrong], rng)
            rows[wrong, len(PHENOTYPE_AXES) :] *= 0.5
            measures[wrong] = self._evaluator.measure_bodies(rows[wrong])
        return rows, np.concatenate([years[:, None], gender[:, None], measures], 1).astype(np.float32)
