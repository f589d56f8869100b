"""Bodies: the vectors are bodies that the body stage makes, of heights that people have, each in one split."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assets.paths import baked
from stages.body.anny import Anny
from stages.body.batch_evaluation import MEASURES, PHENOTYPES, Bodies, volume
from stages.datasets.bodies import COLUMNS, Vectors, changes, phenotypes, plan, possible
from stages.datasets.shards import load_vectors, write
from stages.datasets.splits import SPLITS

pytestmark = pytest.mark.skipif(not baked("body.safetensors").exists(), reason="run `make bake` first")
HEIGHT = 2 + MEASURES.index("height_m")


@pytest.fixture(scope="module")
def block() -> dict[str, np.ndarray]:
    _, shards, sizes = plan(count=300, seed=0, command="")
    return dict(Vectors(shards, sizes, seed=0)(0).arrays)


def test_a_batch_is_what_the_body_model_makes_one_by_one() -> None:
    rng = np.random.default_rng(0)
    rows = np.concatenate([rng.uniform(0, 1, (3, len(PHENOTYPES))), rng.uniform(-1, 1, (3, 2))], 1).astype(np.float32)
    names = ("measure-waist-circ-incr", "stomach-tone-incr")
    batch = Bodies(names).shapes(rows)
    for row, skin, joints in zip(rows, batch.skin, batch.joints, strict=True):
        axes, local = (
            dict(zip(PHENOTYPES, map(float, row), strict=False)),
            dict(zip(names, map(float, row[len(PHENOTYPES) :]), strict=True)),
        )
        shape = Anny().shape(axes, local)
        assert skin == pytest.approx(shape.positions[: len(skin)], abs=1e-5)
        assert joints == pytest.approx(shape.heads, abs=1e-5)


def test_volume_grows_with_the_cube_and_does_not_care_where_the_body_stands() -> None:
    skin = Bodies(()).shapes(np.full((1, len(PHENOTYPES)), 0.5, np.float32)).skin
    once = float(volume(skin)[0])
    assert 0.04 < once < 0.12
    assert float(volume(2 * skin + 3)[0]) == pytest.approx(8 * once, rel=1e-3)


def test_measures_follow_what_they_are_named_after(block: dict[str, np.ndarray]) -> None:
    model = Bodies(changes())
    row = block["vectors"][:1].copy()
    row[:, PHENOTYPES.index("age")] = 0.78
    for axis, measure in (("height", "height_m"), ("weight", "mass_kg"), ("weight", "waist_m")):
        low, high = row.copy(), row.copy()
        low[:, PHENOTYPES.index(axis)], high[:, PHENOTYPES.index(axis)] = 0.2, 0.8
        at = MEASURES.index(measure)
        assert model.measured(low)[0, at] < model.measured(high)[0, at]


def test_statures_are_those_of_people(block: dict[str, np.ndarray]) -> None:
    told = block["attributes"]
    years, man, height = told[:, 0], told[:, 1] > 0.5, told[:, HEIGHT]
    grown = (years > 20) & (years < 60)
    assert height[grown & man].mean() == pytest.approx(1.76, abs=0.05)
    assert height[grown & ~man].mean() == pytest.approx(1.63, abs=0.05)
    assert 0.75 < height[years < 6].mean() < 1.2
    assert possible(told[:, 2:], years, told[:, 1]).all()


def test_giants_and_skeletons_are_not_possible() -> None:
    measures = np.array([[1.7, 65, 0.8], [2.6, 150, 1.0], [1.7, 20, 0.5], [1.7, 200, 1.2]], np.float32)
    assert possible(measures, np.full(4, 30.0), np.ones(4)).tolist() == [True, False, False, False]


def test_age_of_the_axis_grows_with_the_years() -> None:
    years = np.array([2.0, 8.0, 16.0, 30.0, 80.0])
    age = phenotypes(years, np.zeros(5), np.random.default_rng(0))[:, PHENOTYPES.index("age")]
    assert (np.diff(age) > 0).all()


def test_left_and_right_are_nearly_alike(block: dict[str, np.ndarray]) -> None:
    names = changes()
    left = [i for i, name in enumerate(names) if name.startswith("l-")]
    right = [names.index("r-" + names[i][2:]) for i in left]
    local = block["vectors"][:, len(PHENOTYPES) :]
    assert np.abs(local[:, left] - local[:, right]).max() < 0.3
    assert 0.1 < local.std() < 0.3


def test_vectors_come_back_and_nobody_is_in_two_splits(tmp_path: Path) -> None:
    card, shards, sizes = plan(count=40, seed=3, command="")
    write(tmp_path, card, shards, Vectors(shards, sizes, seed=3), sizes=sizes)
    parts = [load_vectors(tmp_path, split) for split in SPLITS]
    assert [len(part) for part in parts] == [34, 3, 3]
    assert sorted(np.concatenate([part.people for part in parts]).tolist()) == list(range(40))
    assert parts[0].columns == COLUMNS
    assert parts[0].vectors.shape[1] == len(parts[0].names) == len(PHENOTYPES) + len(changes())
    again = Vectors(shards, sizes, seed=3)(0).arrays["vectors"]
    assert (again == parts[0].vectors).all()
