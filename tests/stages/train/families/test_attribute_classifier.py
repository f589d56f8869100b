"""The attribute classifier in the training loop."""

from __future__ import annotations

from pathlib import Path

import torch

from stages.train.families.attribute_classifier import ClassifierFamily, Recipe
from stages.train.loop.device import Device
from stages.train.loop.loop import Plan, Run, advance_run, begin_run
from tests.stages.train.tiny import make_tiny_examples


def begin(folder: Path) -> Run:
    torch.set_num_threads(1)
    family = ClassifierFamily(recipe=Recipe(batch=16, lr=3e-3, average=0.9), changes=(("width", 8), ("drop", 0.0)))
    return begin_run(family, Plan(steps=8), make_tiny_examples(64), make_tiny_examples(32, seed=1), folder, Device())


def test_sixty_steps_reduce_the_error_on_unseen_images(tmp_path: Path) -> None:
    run = begin(tmp_path)
    first = run.family.validate(run.state, run.validation)
    for _ in range(60):
        advance_run(run)
    assert run.family.validate(run.state, run.validation) < 0.9 * first


def test_its_samples_are_attributes(tmp_path: Path) -> None:
    attributes = begin(tmp_path).to_trained_net().sample(make_tiny_examples(5).conditions, 1)
    assert attributes.shape == (5, 3)
    assert ((attributes > 0) & (attributes < 1)).all()
    assert attributes.std(0).max() > 1e-3
