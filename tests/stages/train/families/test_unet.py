"""The U-Net family under the one loop: it starts at the mean skin and nears the skins that it is shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from assets.errors import SpecError
from assets.paths import get_baked_path
from stages.train.families.unet import Recipe, UnetFamily, compute_principal_components, fit_mean_skins, make_design_matrix
from stages.train.files import find_newest_checkpoint
from stages.train.loop.device import Device
from stages.train.loop.loop import Plan, Run, advance_run, begin_run, resume_run, train
from tests.stages.train.tiny import examples

needs_bake = pytest.mark.skipif(not get_baked_path("tiles.safetensors").exists(), reason="run `make bake` first")
CHANGES = (("latent", 8), ("styles", 16), ("widths", (8, 16)), ("components", 4))


def run(folder: Path, steps: int = 6, frozen: tuple[str, ...] = ()) -> Run:
    torch.set_num_threads(1)
    plan = Plan(steps=steps, validate_every=3, log_every=1)
    family = UnetFamily(recipe=Recipe(batch=8, average=0.9, lazy=2, frozen=frozen), changes=CHANGES)
    return begin_run(family, plan, examples(64, 32, 6), examples(32, 32, 6, seed=1), folder, Device())


def test_usual_skins_of_a_linear_world_are_exact() -> None:
    data = examples(200, 8, 6)
    dark = (255 * (1 - 0.6 * data.conditions[:, 2] - 0.2 * data.conditions[:, 0])).astype(np.uint8)
    linear = fit_mean_skins(replace(data, values=np.broadcast_to(dark[:, None, None, None], data.values.shape)))
    assert linear.shape == (7, 6, 8, 8)
    told = np.array([1, 0.5, 1, 0.5, 0.25, 1, 0.25])
    assert (told @ linear.reshape(7, -1)).mean() == pytest.approx(2 * (1 - 0.3 - 0.1) - 1, abs=0.02)


def test_components_are_as_long_as_they_deviate_and_orthogonal() -> None:
    data = examples(200, 8, 6)
    usual = fit_mean_skins(data)
    basis = compute_principal_components(data, usual, 5).reshape(5, -1)
    product = basis @ basis.T
    assert np.abs(product - np.diag(np.diag(product))).max() < 1e-3 * product[0, 0]
    assert (np.diff(np.diag(product)) <= 1e-6).all()
    # All components together hold all the variance that is left.
    whole = compute_principal_components(data, usual, 200).reshape(200, -1)
    left = data.values.transpose(0, 3, 1, 2).reshape(200, -1) / 127.5 - 1 - make_design_matrix(data) @ usual.reshape(7, -1)
    assert (whole**2).sum() == pytest.approx((left**2).sum() / 200, rel=1e-3)


def test_portraits_are_refused_in_one_sentence() -> None:
    with pytest.raises(SpecError, match="paints head and body tiles"):
        UnetFamily().shape(examples(8, 16, 3))


@needs_bake
def test_frozen_layers_stay_while_others_learn(tmp_path: Path) -> None:
    tiny = run(tmp_path, frozen=("generator/style", "critic/enter"))
    before = {f"{net}/{key}": p.detach().clone() for net, module in tiny.state.nets.items() for key, p in module.named_parameters()}
    for _ in range(2):
        advance_run(tiny)
    after = {f"{net}/{key}": p for net, module in tiny.state.nets.items() for key, p in module.named_parameters()}
    moved = {key for key in before if not torch.equal(before[key], after[key])}
    assert not {key for key in moved if key.startswith(("generator/style", "critic/enter"))}
    assert {"generator/shade.weight", "critic/out.weight"} <= moved


@needs_bake
def test_nets_carry_the_geometry_and_the_usual_skins_of_their_data(tmp_path: Path) -> None:
    tiny = run(tmp_path)
    shipped = tiny.to_trained_net().nets["generator"]
    assert float(shipped.maps.abs().sum()) > 0
    assert float(shipped.linear.basis.abs().sum()) > 0
    assert np.allclose(shipped.linear.told.numpy(), fit_mean_skins(tiny.train), atol=1e-6)


@needs_bake
def test_fifty_steps_make_skins_more_like_the_real_ones(tmp_path: Path) -> None:
    tiny = run(tmp_path)
    first = tiny.family.validate(tiny.state, tiny.validation)
    for _ in range(50):
        advance_run(tiny)
    assert tiny.family.validate(tiny.state, tiny.validation) < first


@needs_bake
def test_a_resumed_run_equals_one_that_never_stopped(tmp_path: Path) -> None:
    whole = train(run(tmp_path / "whole"))
    train(run(tmp_path / "parts", steps=4))
    resumed = run(tmp_path / "parts")
    resume_run(resumed, find_newest_checkpoint(tmp_path / "parts"))
    train(resumed)
    told = examples(4).conditions
    assert np.array_equal(whole.to_trained_net().sample(told, 1), resumed.to_trained_net().sample(told, 1))
