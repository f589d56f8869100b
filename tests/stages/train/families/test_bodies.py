"""The body GAN under the one loop, on vectors whose distribution is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from assets.errors import SpecError
from stages.datasets.splits import VectorSplit
from stages.train.families.bodies import BodyGanFamily, Recipe
from stages.train.files import find_newest_checkpoint
from stages.train.loop.device import Device
from stages.train.loop.examples import make_examples
from stages.train.loop.family import Examples
from stages.train.loop.loop import Plan, Run, advance_run, begin_run, resume_run, train
from tests.stages.train.tiny import examples


def vectors(count: int = 512, seed: int = 0) -> Examples:
    """The first number follows the age, the second the gender, the third nothing."""
    rng = np.random.default_rng(seed)
    told = np.stack([rng.uniform(0, 90, count), rng.integers(0, 2, count)], 1).astype(np.float32)
    x = np.stack([told[:, 0] / 90, 0.25 + 0.5 * told[:, 1], rng.uniform(0, 1, count)], 1) + rng.normal(0, 0.03, (count, 3))
    columns = ("age_years", "gender")
    return make_examples(VectorSplit(x.astype(np.float32), ("growth", "sex", "chance"), told, columns, np.arange(count)), columns)


def run(folder: Path, steps: int = 8) -> Run:
    torch.set_num_threads(1)
    plan = Plan(steps=steps, validate_every=4, log_every=1)
    return begin_run(BodyGanFamily(recipe=Recipe(batch=64, lr=1e-3, average=0.98)), plan, vectors(), vectors(128, seed=1), folder, Device())


def test_bodies_never_leave_the_data_s_limits(tmp_path: Path) -> None:
    tiny = run(tmp_path)
    made = tiny.to_trained_net().sample(vectors(64, seed=2).conditions, 5)
    assert made.shape == (64, 3)
    assert (made >= tiny.train.values.min(0) - 1e-5).all()
    assert (made <= tiny.train.values.max(0) + 1e-5).all()


def test_a_short_training_brings_the_distribution_nearer_and_learns_the_conditions(tmp_path: Path) -> None:
    tiny = run(tmp_path)
    first = tiny.family.validate(tiny.state, tiny.validation)
    for _ in range(420):
        advance_run(tiny)
    assert tiny.family.validate(tiny.state, tiny.validation) < 0.5 * first
    told = np.array([[0.1, 0.0], [0.8, 1.0]], np.float32).repeat(40, 0)
    young, old = np.split(tiny.to_trained_net().sample(told, 1), 2)
    assert old[:, 0].mean() > young[:, 0].mean() + 0.2


def test_a_resumed_run_equals_one_that_never_stopped(tmp_path: Path) -> None:
    whole = train(run(tmp_path / "whole"))
    train(run(tmp_path / "parts", steps=5))
    resumed = run(tmp_path / "parts")
    resume_run(resumed, find_newest_checkpoint(tmp_path / "parts"))
    train(resumed)
    told = vectors(8).conditions
    assert np.array_equal(whole.to_trained_net().sample(told, 1), resumed.to_trained_net().sample(told, 1))


def test_pictures_are_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="bodygan learns body vectors, not pictures"):
        BodyGanFamily().shape(examples())
