"""From a data set on disk to a net's input: images or vectors, their conditions, and the order in which they are shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats
from assets.errors import Finding, Severity, SpecError
from stages.datasets.splits import ImageSplit, Split, VectorSplit
from stages.nets.text_image import TEXT_CONDITIONS, embed_conditions
from stages.train.loop.device import Device
from stages.train.loop.family import Batch, Examples, Family

UNKNOWN_CONDITION = 0.5
"""Stands for a condition that the data set does not record: a user's own images rarely come with ages."""
FIT_CHECK_EXAMPLES = 8
"""Examples used to check that a data set fits a family."""


def make_examples(source: ImageSplit | VectorSplit, names: tuple[str, ...]) -> Examples:
    """The split as a net takes it; image conditions that the data set does not record are UNKNOWN_CONDITION.

    Raises:
        SpecError: a data set of bodies does not record a condition.
    """
    if names == TEXT_CONDITIONS and isinstance(source, ImageSplit):
        return Examples(source.images, embed_captions(source), names, source)
    missing = [name for name in names if name not in source.columns]
    if missing and isinstance(source, VectorSplit):
        message = f"the data set does not record {', '.join(missing)}"
        fix = f"it records {', '.join(source.columns)}; train bodygan or bodyvae on body vectors"
        raise SpecError(Finding("train/condition", message, fix=fix))
    values = source.images if isinstance(source, ImageSplit) else source.vectors
    columns = [_get_column(source, name) for name in names]
    conditions: Floats = np.stack(columns, 1).astype(np.float32) if columns else np.zeros((len(source), 0), np.float32)
    return Examples(values, conditions, names, source)


def embed_captions(source: ImageSplit) -> Floats:
    """(n,k) 0..1 conditions of a caption of each picture, in the languages by turns; raises SpecError where it has none."""
    if not source.captions:
        raise SpecError(Finding("train/captions", "the data set has no captions", fix="make one with `fenshen data portraits`"))
    languages = list(source.captions.values())
    return embed_conditions([languages[row % len(languages)][row] for row in range(len(source))])


def _get_column(source: ImageSplit | VectorSplit, name: str) -> Floats:
    if name not in source.columns:
        return np.full(len(source), UNKNOWN_CONDITION, np.float32)
    return np.asarray(source.column(name) / (100 if name.endswith("_years") else 1), np.float32)


def check_conditions(folder: Path, family: Family) -> Finding | None:
    """A warning about conditions of the family that the data set does not record; None if it records them all."""
    from stages.datasets.shards import read_index

    if family.conditions == TEXT_CONDITIONS:
        return None
    if not (missing := [name for name in family.conditions if name not in read_index(folder)["columns"]]):
        return None
    names = ", ".join(missing)
    message = f"{folder.name} does not record {names}: {family.name} trains with {UNKNOWN_CONDITION} instead and will not respond to them"
    return Finding("train/condition-unknown", message, Severity.WARNING, fix="give `fenshen data folder` a table of them with --attributes")


def read_examples(folder: Path, split: Split, names: tuple[str, ...], size: int | None = None) -> Examples:
    """A split of the data set in a folder, its images reduced to `size` pixels a side.

    Held-out splits are interleaved by person: their first n rows, which validation, sheets and metrics use, show as many people
    as possible.

    Raises:
        FormatError: as stages.datasets.shards.load_images.
        SpecError: the split is empty, a condition is not recorded, or the size does not divide the data set's.
    """
    from stages.datasets import shards

    _refuse_empty(folder, split)
    if shards.read_index(folder)["kind"] == "bodies":
        return _order_held_out(make_examples(shards.load_vectors(folder, split), names), split)
    pictures = shards.load_images(folder, split)
    if size is not None and pictures.images.shape[1] != size:
        pictures = replace(pictures, images=downscale_images(pictures.images, size))
    return _order_held_out(make_examples(pictures, names), split)


def _order_held_out(examples: Examples, split: Split) -> Examples:
    return examples if split == "train" else examples.select(interleave_people(examples.source.people))


def interleave_people(people: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n,) rows of (n,) people: the first row of every person, then the second of every person, and so on."""
    rows = np.argsort(people, kind="stable")
    first = np.flatnonzero(np.diff(people[rows], prepend=people.min(initial=0) - 1))
    turns = np.empty(len(people), np.int64)
    turns[rows] = np.arange(len(people)) - np.repeat(first, np.diff(first, append=len(people)))
    return np.argsort(turns, kind="stable")


def refuse_unfit(family: Family, folder: Path, size: int | None = None) -> None:
    """Raises now, on a few examples, what training would raise if the family and the data set do not fit together."""
    _refuse_empty(folder, "train")
    few = read_examples(folder, "validation", family.conditions, size)
    family.shape(few.select(np.arange(min(len(few), FIT_CHECK_EXAMPLES))))


def _refuse_empty(folder: Path, split: Split) -> None:
    from stages.datasets.shards import read_index

    if read_index(folder)["splits"].get(split) == 0:
        fix = "make a data set of more people with `fenshen data`"
        raise SpecError(Finding("data/empty-split", f"the {split} split of {folder} is empty", fix=fix))


def downscale_images(images: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """(n,size,size,c) of (n,s,s,c), each pixel the mean of a square; raises SpecError if size does not divide s."""
    import cv2

    side = images.shape[1]
    if side % size:
        fix = f"take {', '.join(str(side // part) for part in (1, 2, 4) if side % part == 0)}"
        raise SpecError(Finding("data/size", f"images of {side} px cannot be reduced to {size} px", fix=fix))
    return np.stack([cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA) for image in images])


def draw_batch_rows(count: int, batch: int, step: int, seed: int) -> NDArray[np.int64]:
    """(batch,) rows of a step: every epoch is another permutation, which depends on the seed and the epoch only."""
    first = step * batch
    places = np.arange(first, first + batch)
    rows = np.empty(batch, np.int64)
    for epoch in np.unique(places // count):
        here = places // count == epoch
        rows[here] = np.random.default_rng((seed, int(epoch))).permutation(count)[places[here] % count]
    return rows


def to_tensor(examples: Examples, rows: NDArray[np.int64], device: Any = "cpu") -> Any:
    """(b,c,h,w) float32 -1..1 of images, or (b,d) float32 of vectors, on the device."""
    import torch

    values = torch.from_numpy(np.ascontiguousarray(examples.values[rows])).to(device)  # bytes: a quarter of float32's transfer
    return values if values.ndim == 2 else values.permute(0, 3, 1, 2).float() / 127.5 - 1


def make_batch(examples: Examples, batch: int, step: int, seed: int, device: Device) -> Batch:
    """This process's share of a step's batch."""
    import torch

    rows = draw_batch_rows(len(examples), batch * device.process_count, step, seed)[device.rank :: device.process_count]
    conditions = torch.from_numpy(examples.conditions[rows]).to(device.torch_device)
    return Batch(to_tensor(examples, rows, device.torch_device), conditions, rows)
