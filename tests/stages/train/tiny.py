"""Images and nets small enough to train in a test."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from stages.datasets.splits import ImageSplit
from stages.train.families.adversarial import AdversarialFamily, Recipe
from stages.train.loop.device import Device
from stages.train.loop.examples import make_examples
from stages.train.loop.family import Examples
from stages.train.loop.loop import Plan, ProgressCallback, Run, begin_run

COLUMNS = ("age_years", "gender", "tone")


def draw_discs(count: int = 64, size: int = 16, channels: int = 3, seed: int = 0) -> ImageSplit:
    """Light discs on a dark ground, one person each; the tone is how dark the disc is, its position and size vary."""
    rng = np.random.default_rng(seed)
    attributes = np.stack([rng.uniform(5, 90, count), rng.integers(0, 2, count), rng.uniform(0, 1, count)], 1).astype(np.float32)
    grid = (np.arange(size) + 0.5) / size
    x, y, radius = (rng.uniform(low, high, count)[:, None, None] for low, high in ((0.4, 0.6), (0.4, 0.6), (0.2, 0.35)))
    inside = (grid[None, None] - x) ** 2 + (grid[None, :, None] - y) ** 2 < radius**2
    level = np.where(inside, 250 - 150 * attributes[:, 2, None, None], 30.0)
    tint = np.linspace(1, 0.7, channels)
    return ImageSplit((level[..., None] * tint).astype(np.uint8), attributes, COLUMNS, np.arange(count, dtype=np.int64))


def make_tiny_examples(count: int = 64, size: int = 16, channels: int = 3, seed: int = 0) -> Examples:
    return make_examples(draw_discs(count, size, channels, seed), COLUMNS)


def make_tiny_gan(**recipe: Any) -> AdversarialFamily:
    tiny_recipe = replace(Recipe(batch=8, average=0.9), **recipe)
    return AdversarialFamily("dcgan", "dcgan", tiny_recipe, (("width", 8), ("widest", 16), ("latent", 8)))


def begin_tiny_run(folder: Path, family: Any = None, on_progress: ProgressCallback = lambda _: None, **plan: Any) -> Run:
    tiny_plan = replace(Plan(steps=12, validate_every=4, log_every=1, seed=3), **plan)
    training, validation = make_tiny_examples(), make_tiny_examples(16, seed=1)
    return begin_run(family or make_tiny_gan(), tiny_plan, training, validation, folder, Device(), on_progress)


def write_tiny_set(
    folder: Path, kind: str = "faces", count: int = 48, size: int = 16, *, name: str = "discs", licence: str = "CC0-1.0", seed: int = 0
) -> Path:
    """A data set of discs on disk, two images per person."""
    from assets.rights import Source
    from stages.datasets.shards import DatasetCard, DatasetItem, compute_split_counts, plan_shards, write_dataset

    channels = 6 if kind == "skins" else 3
    discs = draw_discs(count, size, channels, seed)
    places = iter(range(count))
    shards = plan_shards({split: [next(places) for _ in range(n)] for split, n in compute_split_counts(count).items()}, 64)
    sources = (Source("discs", "CC0-1.0", "made here"),)
    person = "nobody" if name == "discs" else f"nobody of {name}"
    consent = {"person": person, "given": "2026-01-01"} if kind == "folder" else None
    card = DatasetCard(name, kind, size, count, COLUMNS, seed, licence, sources, "made by a test", consent=consent)

    def make_item(index: int) -> DatasetItem:
        attributes = dict(zip(COLUMNS, discs.attributes[index].tolist(), strict=True))
        return DatasetItem(index, index // 2, attributes, discs.images[index])

    write_dataset(folder, card, shards, make_item)
    return folder
