"""The attribute reader under the one loop."""

from __future__ import annotations

from pathlib import Path

import torch

from stages.train.families.attribute_classifier import ClassifierFamily, Recipe
from stages.train.loop.device import Device
from stages.train.loop.loop import Plan, Run, advance_run, begin_run
from tests.stages.train.tiny import examples


def run(folder: Path) -> Run:
    torch.set_num_threads(1)
    family = ClassifierFamily(recipe=Recipe(batch=16, lr=3e-3, average=0.9), changes=(("width", 8), ("drop", 0.0)))
    return begin_run(family, Plan(steps=8), examples(64), examples(32, seed=1), folder, Device())


def test_sixty_steps_read_unseen_pictures_better(tmp_path: Path) -> None:
    tiny = run(tmp_path)
    first = tiny.family.validate(tiny.state, tiny.validation)
    for _ in range(60):
        advance_run(tiny)
    assert tiny.family.validate(tiny.state, tiny.validation) < 0.9 * first


def test_what_it_hands_the_loop_are_readings_of_features(tmp_path: Path) -> None:
    made = run(tmp_path).to_trained_net().sample(examples(5).conditions, 1)
    assert made.shape == (5, 3)
    assert ((made > 0) & (made < 1)).all()
    assert made.std(0).max() > 1e-3
