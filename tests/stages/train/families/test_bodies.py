"""The body GAN in the training loop, on vectors of a known distribution."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from stages.datasets.splits import VectorSplit
from stages.train.families.bodies import BodyGanFamily, Recipe
from stages.train.files import find_newest_checkpoint
from stages.train.loop.device import Device
from stages.train.loop.examples import make_examples
from stages.train.loop.family import Examples
from stages.train.loop.loop import Plan, Run, advance_run, begin_run, resume_run, train

pytestmark = pytest.mark.slow


def draw_vectors(count: int = 512, seed: int = 0) -> Examples:
    """The first number follows the age, the second the gender, the third neither."""
    rng = np.random.default_rng(seed)
    attributes = np.stack([rng.uniform(0, 90, count), rng.integers(0, 2, count)], 1).astype(np.float32)
    means = np.stack([attributes[:, 0] / 90, 0.25 + 0.5 * attributes[:, 1], rng.uniform(0, 1, count)], 1)
    vectors = (means + rng.normal(0, 0.03, (count, 3))).astype(np.float32)
    columns = ("age_years", "gender")
    return make_examples(VectorSplit(vectors, ("growth", "sex", "chance"), attributes, columns, np.arange(count)), columns)


def begin(folder: Path, steps: int = 8) -> Run:
    torch.set_num_threads(1)
    plan = Plan(steps=steps, validate_every=4, log_every=1)
    family = BodyGanFamily(recipe=Recipe(batch=64, lr=1e-3, average=0.98))
    return begin_run(family, plan, draw_vectors(), draw_vectors(128, seed=1), folder, Device())


def test_bodies_never_exceed_the_datas_limits(tmp_path: Path) -> None:
    run = begin(tmp_path)
    bodies = run.to_trained_net().sample(draw_vectors(64, seed=2).conditions, 5)
    assert bodies.shape == (64, 3)
    assert (bodies >= run.train.values.min(0) - 1e-5).all()
    assert (bodies <= run.train.values.max(0) + 1e-5).all()


def test_a_short_training_approaches_the_distribution_and_learns_the_conditions(tmp_path: Path) -> None:
    run = begin(tmp_path)
    first = run.family.validate(run.state, run.validation)
    for _ in range(420):
        advance_run(run)
    assert run.family.validate(run.state, run.validation) < 0.5 * first
    conditions = np.array([[0.1, 0.0], [0.8, 1.0]], np.float32).repeat(40, 0)
    young, old = np.split(run.to_trained_net().sample(conditions, 1), 2)
    assert old[:, 0].mean() > young[:, 0].mean() + 0.2


def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    whole = train(begin(tmp_path / "whole"))
    train(begin(tmp_path / "parts", steps=5))
    resumed, checkpoint = begin(tmp_path / "parts"), find_newest_checkpoint(tmp_path / "parts")
    assert checkpoint is not None
    resume_run(resumed, checkpoint)
    train(resumed)
    conditions = draw_vectors(8).conditions
    assert np.array_equal(whole.to_trained_net().sample(conditions, 1), resumed.to_trained_net().sample(conditions, 1))
