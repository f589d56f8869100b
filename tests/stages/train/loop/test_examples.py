"""Examples of a data set: the order of held-out people, batches, reduced images, and what does not fit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from assets.errors import SpecError
from stages.datasets.splits import VectorSplit
from stages.train.families.registry import make_family
from stages.train.loop.device import Device
from stages.train.loop.examples import (
    check_conditions,
    downscale_images,
    draw_batch_rows,
    interleave_people,
    make_batch,
    make_examples,
    read_examples,
)
from tests.stages.train.tiny import COLUMNS, make_tiny_examples, write_tiny_set


@pytest.mark.parametrize(
    ("people", "rows"),
    [
        ([7, 7, 7, 8, 8, 9], [0, 3, 5, 1, 4, 2]),
        ([3, 1, 3, 1], [0, 1, 2, 3]),
        ([0, 1, 2], [0, 1, 2]),
        ([4], [0]),
        ([], []),
    ],
)
def test_every_person_appears_once_before_anyone_appears_twice(people: list[int], rows: list[int]) -> None:
    assert interleave_people(np.array(people, np.int64)).tolist() == rows


def test_the_first_rows_of_a_held_out_split_show_as_many_people_as_possible(tmp_path: Path) -> None:
    """A person's images are consecutive on disk: the first 300 of 664 showed 38 of 83 people, a validation of 256 only 32."""
    data = write_tiny_set(tmp_path / "set", count=96)
    validation, training = (read_examples(data, split, COLUMNS) for split in ("validation", "train"))
    people, count = validation.source.people, len(set(validation.source.people.tolist()))
    assert len(people) > count == len(set(people[:count].tolist()))
    assert (validation.conditions[:, 2] == validation.source.column("tone")).all()
    assert (np.diff(training.source.people) >= 0).all(), "training draws an order of its own"


def test_every_epoch_shows_every_example_once_in_another_order() -> None:
    rows = np.concatenate([draw_batch_rows(10, 4, step, seed=3) for step in range(5)])
    assert sorted(rows[:10]) == sorted(rows[10:]) == list(range(10))
    assert list(rows[:10]) != list(rows[10:])


def test_processes_share_a_batch_without_overlap() -> None:
    data = make_tiny_examples(64)
    shares = [make_batch(data, 4, 2, 0, Device(rank=rank, process_count=2)).rows for rank in (0, 1)]
    assert sorted(np.concatenate(shares)) == sorted(draw_batch_rows(64, 8, 2, 0))


def test_a_reduced_pixel_is_the_mean_of_a_square() -> None:
    images = np.zeros((1, 4, 4, 6), np.uint8)
    images[0, 0, 0], images[0, 0, 1], images[0, 1, 1] = 40, 80, 120
    reduced = downscale_images(images, 2)
    assert reduced.shape == (1, 2, 2, 6)
    assert (reduced[0, 0, 0] == 60).all()
    assert not reduced[0, 1].any()


def test_a_size_that_does_not_divide_the_images_is_refused() -> None:
    with pytest.raises(SpecError) as caught:
        downscale_images(np.zeros((1, 16, 16, 3), np.uint8), 10)
    assert str(caught.value) == "error[data/size] images of 16 px cannot be reduced to 10 px; take 16, 8, 4"


def test_an_empty_split_is_refused_by_name(tmp_path: Path) -> None:
    """Sixteen portraits show two people: validation and test were empty, and training ended with an error of numpy's."""
    data = write_tiny_set(tmp_path / "few", count=2)
    with pytest.raises(SpecError) as caught:
        read_examples(data, "validation", COLUMNS)
    assert str(caught.value) == (
        f"error[data/empty-split] the validation split of {data} is empty; make a data set of more people with `fenshen data`"
    )


def test_image_nets_on_bodies_are_refused_with_the_nets_that_learn_them() -> None:
    bodies = VectorSplit(np.zeros((4, 2), np.float32), ("a", "b"), np.zeros((4, 2), np.float32), ("age_years", "gender"), np.arange(4))
    with pytest.raises(SpecError) as caught:
        make_examples(bodies, make_family("vae").conditions)
    assert str(caught.value) == (
        "error[train/condition] the data set does not record tone; it records age_years, gender; train bodygan or bodyvae on body vectors"
    )


def test_a_condition_that_the_data_set_does_not_record_is_a_warning(tmp_path: Path) -> None:
    data = write_tiny_set(tmp_path / "mine")
    assert check_conditions(data, make_family("dcgan")) is None
    index = json.loads((data / "dataset.json").read_text(encoding="utf-8"))
    (data / "dataset.json").write_text(json.dumps({**index, "columns": ["tone"]}))
    assert str(check_conditions(data, make_family("dcgan"))) == (
        "warning[train/condition-unknown] mine does not record age_years, gender: dcgan trains with 0.5 instead and will not respond "
        "to them; give `fenshen data folder` a table of them with --attributes"
    )
