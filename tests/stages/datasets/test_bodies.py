"""Bodies: vectors that the body stage can evaluate, of statures that people have, each person in one split."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assets.paths import get_baked_path
from stages.body.anny import Anny
from stages.body.batch_evaluation import MEASUREMENT_NAMES, PHENOTYPE_AXES, BatchEvaluator, compute_volumes
from stages.datasets.bodies import COLUMNS, BodyGenerator, is_plausible, list_varied_changes, plan, sample_phenotypes
from stages.datasets.shards import load_vectors, write_dataset
from stages.datasets.splits import SPLITS

pytestmark = pytest.mark.skipif(not get_baked_path("body.safetensors").exists(), reason="run `fenshen bake` first")
HEIGHT = 2 + MEASUREMENT_NAMES.index("height_m")


@pytest.fixture(scope="module")
def block() -> dict[str, np.ndarray]:
    _, shards, sizes = plan(count=300, seed=0, command="")
    return dict(BodyGenerator(shards, sizes, seed=0)(0).arrays)


def test_a_batch_equals_the_body_models_single_evaluations() -> None:
    rng = np.random.default_rng(0)
    rows = np.concatenate([rng.uniform(0, 1, (3, len(PHENOTYPE_AXES))), rng.uniform(-1, 1, (3, 2))], 1).astype(np.float32)
    names = ("measure-waist-circ-incr", "stomach-tone-incr")
    batch = BatchEvaluator(names).evaluate_batch(rows)
    for row, skin, joints in zip(rows, batch.skin, batch.joints, strict=True):
        axes, local = (
            dict(zip(PHENOTYPE_AXES, map(float, row), strict=False)),
            dict(zip(names, map(float, row[len(PHENOTYPE_AXES) :]), strict=True)),
        )
        shape = Anny().evaluate(axes, local)
        assert skin == pytest.approx(shape.positions[: len(skin)], abs=1e-5)
        assert joints == pytest.approx(shape.heads, abs=1e-5)


def test_volume_grows_with_the_cube_of_the_size_and_does_not_depend_on_the_position() -> None:
    skin = BatchEvaluator(()).evaluate_batch(np.full((1, len(PHENOTYPE_AXES)), 0.5, np.float32)).skin
    volume = float(compute_volumes(skin)[0])
    assert 0.04 < volume < 0.12
    assert float(compute_volumes(2 * skin + 3)[0]) == pytest.approx(8 * volume, rel=1e-3)


def test_measurements_rise_with_the_axes_that_cause_them(block: dict[str, np.ndarray]) -> None:
    model = BatchEvaluator(list_varied_changes())
    row = block["vectors"][:1].copy()
    row[:, PHENOTYPE_AXES.index("age")] = 0.78
    for axis, measure in (("height", "height_m"), ("weight", "mass_kg"), ("weight", "waist_m")):
        low, high = row.copy(), row.copy()
        low[:, PHENOTYPE_AXES.index(axis)], high[:, PHENOTYPE_AXES.index(axis)] = 0.2, 0.8
        column = MEASUREMENT_NAMES.index(measure)
        assert model.measure_bodies(low)[0, column] < model.measure_bodies(high)[0, column]


def test_statures_are_those_of_people(block: dict[str, np.ndarray]) -> None:
    attributes = block["attributes"]
    years, man, height = attributes[:, 0], attributes[:, 1] > 0.5, attributes[:, HEIGHT]
    adult = (years > 20) & (years < 60)
    assert height[adult & man].mean() == pytest.approx(1.76, abs=0.05)
    assert height[adult & ~man].mean() == pytest.approx(1.63, abs=0.05)
    assert 0.75 < height[years < 6].mean() < 1.2
    assert is_plausible(attributes[:, 2:], years, attributes[:, 1]).all()


def test_giants_and_skeletons_are_not_plausible() -> None:
    measures = np.array([[1.7, 65, 0.8], [2.6, 150, 1.0], [1.7, 20, 0.5], [1.7, 200, 1.2]], np.float32)
    assert is_plausible(measures, np.full(4, 30.0), np.ones(4)).tolist() == [True, False, False, False]


def test_the_age_axis_rises_with_the_years() -> None:
    years = np.array([2.0, 8.0, 16.0, 30.0, 80.0])
    age = sample_phenotypes(years, np.zeros(5), np.random.default_rng(0))[:, PHENOTYPE_AXES.index("age")]
    assert (np.diff(age) > 0).all()


def test_left_and_right_are_almost_equal(block: dict[str, np.ndarray]) -> None:
    names = list_varied_changes()
    left = [i for i, name in enumerate(names) if name.startswith("l-")]
    right = [names.index("r-" + names[i][2:]) for i in left]
    local = block["vectors"][:, len(PHENOTYPE_AXES) :]
    assert np.abs(local[:, left] - local[:, right]).max() < 0.3
    assert 0.1 < local.std() < 0.3


def test_vectors_are_read_back_and_nobody_is_in_two_splits(tmp_path: Path) -> None:
    card, shards, sizes = plan(count=40, seed=3, command="")
    write_dataset(tmp_path, card, shards, BodyGenerator(shards, sizes, seed=3), sizes=sizes)
    parts = [load_vectors(tmp_path, split) for split in SPLITS]
    assert [len(part) for part in parts] == [34, 3, 3]
    assert sorted(np.concatenate([part.people for part in parts]).tolist()) == list(range(40))
    assert parts[0].columns == COLUMNS
    assert parts[0].vectors.shape[1] == len(parts[0].names) == len(PHENOTYPE_AXES) + len(list_varied_changes())
    again = BodyGenerator(shards, sizes, seed=3)(0).arrays["vectors"]
    assert (again == parts[0].vectors).all()
