"""The U-Net family under the one loop: it starts at the mean skin and nears the skins that it is shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from assets.errors import SpecError
from assets.home import baked
from stages.train.loop import Plan, Run, advance, begin, newest, resume, train
from stages.train.machine import Machine
from stages.train.translation import Recipe, Translation, mean_picture
from tests.stages.train.tiny import examples

needs_bake = pytest.mark.skipif(not baked("tiles.safetensors").exists(), reason="run `make bake` first")
CHANGES = {"latent": 8, "styles": 16, "widths": (8, 16)}


def run(folder: Path, steps: int = 6) -> Run:
    torch.set_num_threads(1)
    plan = Plan(steps=steps, validate_every=3, log_every=1)
    family = Translation(recipe=Recipe(batch=8, average=0.9, lazy=2), changes=CHANGES)
    return begin(family, plan, examples(64, 32, 6), examples(32, 32, 6, seed=1), folder, Machine())


def test_the_mean_picture_is_the_mean_in_the_nets_range() -> None:
    data = examples(8, 16, 6)
    assert mean_picture(data).shape == (6, 16, 16)
    assert float(mean_picture(data).mean()) == pytest.approx(float(data.values.mean()) / 127.5 - 1, abs=1e-4)


def test_portraits_are_refused_in_one_sentence() -> None:
    with pytest.raises(SpecError, match="paints head and body tiles"):
        Translation().shape(examples(8, 16, 3))


@needs_bake
def test_nets_carry_the_geometry_and_the_mean_of_their_data(tmp_path: Path) -> None:
    tiny = run(tmp_path)
    shipped = tiny.shipped().nets["generator"]
    assert float(shipped.maps.abs().sum()) > 0
    assert np.allclose(shipped.mean.numpy(), mean_picture(tiny.train), atol=1e-6)


@needs_bake
def test_fifty_steps_make_skins_more_like_the_real_ones(tmp_path: Path) -> None:
    tiny = run(tmp_path)
    first = tiny.family.validate(tiny.state, tiny.validation)
    for _ in range(50):
        advance(tiny)
    assert tiny.family.validate(tiny.state, tiny.validation) < first


@needs_bake
def test_a_resumed_run_equals_one_that_never_stopped(tmp_path: Path) -> None:
    whole = train(run(tmp_path / "whole"))
    train(run(tmp_path / "parts", steps=4))
    resumed = run(tmp_path / "parts")
    resume(resumed, newest(tmp_path / "parts"))
    train(resumed)
    told = examples(4).conditions
    assert np.array_equal(whole.shipped().sample(told, 1), resumed.shipped().sample(told, 1))
