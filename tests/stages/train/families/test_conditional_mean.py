"""The conditional mean is the least squares fit of the images to their conditions, and nets that use it start from it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from stages.nets.conditional_mean import ConditionalMean
from stages.train.families.conditional_mean import fit_conditional_mean
from stages.train.families.registry import make_family
from stages.train.loop.device import Device
from stages.train.loop.examples import to_tensor
from stages.train.loop.family import Examples
from stages.train.loop.loop import Plan, begin_run
from tests.stages.train.tiny import make_tiny_examples


def fit_net(data: Examples, size: int = 16) -> ConditionalMean:
    net = ConditionalMean(3, 3, size)
    net.answer.copy_(torch.from_numpy(fit_conditional_mean(data)))
    return net


def test_images_that_follow_from_their_conditions_are_fitted_exactly() -> None:
    data = make_tiny_examples(64)
    level = (40 + 100 * data.conditions[:, 2] + 50 * data.conditions[:, 0] ** 2)[:, None, None, None]
    data = replace(data, values=np.broadcast_to(level, data.values.shape).round().astype(np.uint8))
    images = fit_net(data)(torch.from_numpy(data.conditions), 16)
    assert float((images - to_tensor(data, np.arange(64))).abs().max()) < 0.02


def test_it_predicts_unseen_images_better_than_their_mean() -> None:
    data, held_out = make_tiny_examples(256), make_tiny_examples(64, seed=1)
    middle = (..., slice(7, 9), slice(7, 9))  # inside every disc; no condition determines where a disc ends
    values = to_tensor(held_out, np.arange(64))[middle]
    error = (fit_net(data)(torch.from_numpy(held_out.conditions), 16)[middle] - values).square().mean()
    assert error < 0.1 * (to_tensor(data, np.arange(256)).mean(0)[middle] - values).square().mean()


def test_smaller_images_are_averages_of_the_full_one() -> None:
    net, conditions = fit_net(make_tiny_examples(64)), torch.full((2, 3), 0.4)
    assert torch.allclose(net(conditions, 8), torch.nn.functional.avg_pool2d(net(conditions, 16), 2), atol=1e-5)


def test_the_fit_does_not_depend_on_how_many_images_are_converted_at_once() -> None:
    data = make_tiny_examples(600)
    conditions = data.conditions.astype(np.float64)
    regressors = np.concatenate([np.ones((600, 1)), conditions, conditions**2], 1)
    targets = data.values.reshape(600, -1) / 127.5 - 1
    expected = np.linalg.solve(regressors.T @ regressors + 1e-3 * np.eye(7), regressors.T @ targets)
    found = fit_conditional_mean(data).transpose(0, 2, 3, 1).reshape(7, -1)
    assert np.allclose(found, expected, atol=1e-6)


def test_a_family_with_a_conditional_mean_starts_from_it(tmp_path: Path) -> None:
    data = make_tiny_examples(64, channels=6)
    run = begin_run(make_family("stylegan"), Plan(), data, data, tmp_path, Device())
    assert np.allclose(run.state.averaged["generator"].usual.answer.numpy(), fit_conditional_mean(data))
