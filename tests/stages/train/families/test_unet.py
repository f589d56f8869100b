"""The U-Net family in the training loop: it starts from the conditional mean and approaches the skins that it is shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from assets.paths import get_baked_path
from stages.train.families.conditional_mean import fit_conditional_mean, make_design_matrix
from stages.train.families.unet import Recipe, UnetFamily, compute_principal_components
from stages.train.files import find_newest_checkpoint
from stages.train.loop.device import Device
from stages.train.loop.loop import Plan, Run, advance_run, begin_run, resume_run, train
from tests.stages.train.tiny import make_tiny_examples

pytestmark = pytest.mark.slow

needs_bake = pytest.mark.skipif(not get_baked_path("tiles.safetensors").exists(), reason="run `fenshen bake` first")
CHANGES = (("latent", 8), ("styles", 16), ("widths", (8, 16)), ("components", 4))


def begin(folder: Path, steps: int = 6, frozen: tuple[str, ...] = ()) -> Run:
    torch.set_num_threads(1)
    plan = Plan(steps=steps, validate_every=3, log_every=1)
    family = UnetFamily(recipe=Recipe(batch=8, average=0.9, lazy=2, frozen=frozen), changes=CHANGES)
    return begin_run(family, plan, make_tiny_examples(64, 32, 6), make_tiny_examples(32, 32, 6, seed=1), folder, Device())


def test_the_conditional_mean_of_a_linear_world_is_exact() -> None:
    data = make_tiny_examples(200, 8, 6)
    level = (255 * (1 - 0.6 * data.conditions[:, 2] - 0.2 * data.conditions[:, 0])).astype(np.uint8)
    fit = fit_conditional_mean(replace(data, values=np.broadcast_to(level[:, None, None, None], data.values.shape)))
    assert fit.shape == (7, 6, 8, 8)
    regressors = np.array([1, 0.5, 1, 0.5, 0.25, 1, 0.25])
    assert (regressors @ fit.reshape(7, -1)).mean() == pytest.approx(2 * (1 - 0.3 - 0.1) - 1, abs=0.02)


def test_components_are_orthogonal_and_as_long_as_their_standard_deviation() -> None:
    data = make_tiny_examples(200, 8, 6)
    mean_skins = fit_conditional_mean(data)
    basis = compute_principal_components(data, mean_skins, 5).reshape(5, -1)
    product = basis @ basis.T
    assert np.abs(product - np.diag(np.diag(product))).max() < 1e-3 * product[0, 0]
    assert (np.diff(np.diag(product)) <= 1e-6).all()
    # All components together hold the whole variance of the residual.
    every = compute_principal_components(data, mean_skins, 200).reshape(200, -1)
    residual = data.values.transpose(0, 3, 1, 2).reshape(200, -1) / 127.5 - 1 - make_design_matrix(data) @ mean_skins.reshape(7, -1)
    assert (every**2).sum() == pytest.approx((residual**2).sum() / 200, rel=1e-3)


@needs_bake
def test_frozen_layers_stay_unchanged_while_others_learn(tmp_path: Path) -> None:
    run = begin(tmp_path, frozen=("generator/style", "critic/enter"))
    before = {f"{net}/{key}": p.detach().clone() for net, module in run.state.nets.items() for key, p in module.named_parameters()}
    for _ in range(2):
        advance_run(run)
    after = {f"{net}/{key}": p for net, module in run.state.nets.items() for key, p in module.named_parameters()}
    changed = {key for key in before if not torch.equal(before[key], after[key])}
    assert not {key for key in changed if key.startswith(("generator/style", "critic/enter"))}
    assert {"generator/shade.weight", "critic/out.weight"} <= changed


@needs_bake
def test_the_nets_hold_the_geometry_maps_the_mean_and_the_components(tmp_path: Path) -> None:
    run = begin(tmp_path)
    generator = run.to_trained_net().nets["generator"]
    assert float(generator.maps.abs().sum()) > 0
    mean, components = generator.linear.buffers()
    mean_skins = fit_conditional_mean(run.train)
    assert np.allclose(mean.numpy(), mean_skins, atol=1e-6)
    assert np.allclose(components.numpy(), compute_principal_components(run.train, mean_skins, 4), atol=1e-6)


@needs_bake
def test_fifty_steps_approach_the_real_skins(tmp_path: Path) -> None:
    run = begin(tmp_path)
    first = run.family.validate(run.state, run.validation)
    for _ in range(50):
        advance_run(run)
    assert run.family.validate(run.state, run.validation) < first


@needs_bake
def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    whole = train(begin(tmp_path / "whole"))
    train(begin(tmp_path / "parts", steps=4))
    resumed, checkpoint = begin(tmp_path / "parts"), find_newest_checkpoint(tmp_path / "parts")
    assert checkpoint is not None
    resume_run(resumed, checkpoint)
    train(resumed)
    conditions = make_tiny_examples(4).conditions
    assert np.array_equal(whole.to_trained_net().sample(conditions, 1), resumed.to_trained_net().sample(conditions, 1))
