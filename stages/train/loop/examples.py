"""From a data set on disk to what a net sees: pictures, the conditions that it is told, and the order in which they come."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats
from assets.errors import Finding, Severity, SpecError
from stages.datasets.splits import ImageSplit, Split, VectorSplit
from stages.train.loop.device import Device
from stages.train.loop.family import Batch, Examples, Family

UNKNOWN_CONDITION = 0.5
"""What a net is told of a condition that its pictures come without: a user's own rarely come with ages."""
FIT_CHECK_EXAMPLES = 8
"""Examples that tell whether a set fits a family."""


def make_examples(source: ImageSplit | VectorSplit, names: tuple[str, ...]) -> Examples:
    """The split as a net sees it; of pictures a condition that the set does not record is UNTOLD for all of them.

    Raises:
        SpecError: a set of bodies does not record a condition.
    """
    missing = [name for name in names if name not in source.columns]
    if missing and isinstance(source, VectorSplit):
        message = f"the data set records no {', '.join(missing)}"
        fix = f"it records {', '.join(source.columns)}; body vectors are for bodygan and bodyvae"
        raise SpecError(Finding("train/condition", message, fix=fix))
    values = source.images if isinstance(source, ImageSplit) else source.vectors
    columns = [_get_column(source, name) for name in names]
    conditions: Floats = np.stack(columns, 1).astype(np.float32) if columns else np.zeros((len(source), 0), np.float32)
    return Examples(values, conditions, names, source)


def _get_column(source: ImageSplit | VectorSplit, name: str) -> Floats:
    if name not in source.columns:
        return np.full(len(source), UNKNOWN_CONDITION, np.float32)
    return np.asarray(source.column(name) / (100 if name.endswith("_years") else 1), np.float32)


def check_conditions(folder: Path, family: Family) -> Finding | None:
    """The warning that a set does not record all that the family's nets are told; None where it does."""
    from stages.datasets.shards import read_index

    if not (missing := [name for name in family.conditions if name not in read_index(folder)["columns"]]):
        return None
    message = (
        f"{folder.name} records no {', '.join(missing)}: {family.name} is told {UNKNOWN_CONDITION} of each, and cannot be asked for them"
    )
    return Finding("train/untold", message, Severity.WARNING, fix="give `fenshen data folder` a table of them with --attributes")


def read_examples(folder: Path, split: Split, names: tuple[str, ...], size: int | None = None) -> Examples:
    """A split of the data set in a folder, its pictures at `size` pixels a side.

    Held-out splits come by turns: their first n rows, on which nets are validated, shown and measured, are of as many people as can be.

    Raises:
        FormatError: as stages.datasets.shards.load_images does.
        SpecError: the split is empty, a condition is not recorded, or the size is no whole part of the set's.
    """
    from stages.datasets import shards

    _refuse_empty(folder, split)
    if shards.read_index(folder)["kind"] == "bodies":
        return _order_held_out(make_examples(shards.load_vectors(folder, split), names), split)
    pictures = shards.load_images(folder, split)
    if size is not None and pictures.images.shape[1] != size:
        pictures = replace(pictures, images=downscale_pictures(pictures.images, size))
    return _order_held_out(make_examples(pictures, names), split)


def _order_held_out(examples: Examples, split: Split) -> Examples:
    return examples if split == "train" else examples.select(interleave_people(examples.source.people))


def interleave_people(people: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n,) rows with the first of each person (n,) in front, then everybody's second, and so on."""
    rows = np.argsort(people, kind="stable")
    first = np.flatnonzero(np.diff(people[rows], prepend=people.min(initial=0) - 1))
    turns = np.empty(len(people), np.int64)
    turns[rows] = np.arange(len(people)) - np.repeat(first, np.diff(first, append=len(people)))
    return np.argsort(turns, kind="stable")


def refuse_unfit(family: Family, folder: Path, size: int | None = None) -> None:
    """Raises what training the family on the set would raise of their not fitting together, by a few of its examples."""
    _refuse_empty(folder, "train")
    few = read_examples(folder, "validation", family.conditions, size)
    family.shape(few.select(np.arange(min(len(few), FIT_CHECK_EXAMPLES))))


def _refuse_empty(folder: Path, split: Split) -> None:
    from stages.datasets.shards import read_index

    if read_index(folder)["splits"].get(split) == 0:
        fix = "make a larger set with `fenshen data`: every split needs somebody"
        raise SpecError(Finding("data/empty-split", f"the {split} split of {folder} is empty", fix=fix))


def downscale_pictures(pictures: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """(n,size,size,c) of (n,s,s,c): every pixel the mean of those in its place; raises SpecError where size is no whole part of s."""
    import cv2

    side = pictures.shape[1]
    if side % size:
        fix = f"take {', '.join(str(side // part) for part in (1, 2, 4) if side % part == 0)}"
        raise SpecError(Finding("data/size", f"pictures of {side} px cannot be reduced to {size} px", fix=fix))
    return np.stack([cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA) for picture in pictures])


def draw_batch_rows(count: int, batch: int, step: int, seed: int) -> NDArray[np.int64]:
    """(batch,) rows of a step: every epoch is another permutation, and a row's place depends on seed and step alone."""
    first = step * batch
    places = np.arange(first, first + batch)
    rows = np.empty(batch, np.int64)
    for epoch in np.unique(places // count):
        here = places // count == epoch
        rows[here] = np.random.default_rng((seed, int(epoch))).permutation(count)[places[here] % count]
    return rows


def to_tensor(examples: Examples, rows: NDArray[np.int64], device: Any = "cpu") -> Any:
    """(b,c,h,w) float32 -1..1 of pictures, or (b,d) float32 of vectors, on the device."""
    import torch

    values = torch.from_numpy(np.ascontiguousarray(examples.values[rows])).to(device)  # as bytes: a quarter of the way to a GPU
    return values if values.ndim == 2 else values.permute(0, 3, 1, 2).float() / 127.5 - 1


def make_batch(examples: Examples, batch: int, step: int, seed: int, machine: Device) -> Batch:
    """This machine's share of a step's batch."""
    import torch

    rows = draw_batch_rows(len(examples), batch * machine.process_count, step, seed)[machine.rank :: machine.process_count]
    told = torch.from_numpy(examples.conditions[rows])
    return Batch(to_tensor(examples, rows, machine.torch_device), told.to(machine.torch_device), rows)
