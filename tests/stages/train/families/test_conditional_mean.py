"""The usual picture of given conditions is the least squares answer, and nets that want it start there."""

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
from stages.train.loop.loop import Plan, begin_run
from tests.stages.train.tiny import examples


def usual(data, size: int = 16) -> ConditionalMean:
    net = ConditionalMean(3, 3, size)
    net.answer.copy_(torch.from_numpy(fit_conditional_mean(data)))
    return net


def test_pictures_that_follow_from_their_conditions_are_answered_exactly() -> None:
    data = examples(64)
    level = (40 + 100 * data.conditions[:, 2] + 50 * data.conditions[:, 0] ** 2)[:, None, None, None]
    data = replace(data, values=np.broadcast_to(level, data.values.shape).round().astype(np.uint8))
    made = usual(data)(torch.from_numpy(data.conditions), 16)
    assert float((made - to_tensor(data, np.arange(64))).abs().max()) < 0.02


def test_it_tells_unseen_pictures_better_than_their_mean() -> None:
    data, held = examples(256), examples(64, seed=1)
    middle = (..., slice(7, 9), slice(7, 9))  # inside every disc; where a disc ends follows from no condition
    values = to_tensor(held, np.arange(64))[middle]
    near = (usual(data)(torch.from_numpy(held.conditions), 16)[middle] - values).square().mean()
    assert near < 0.1 * (to_tensor(data, np.arange(256)).mean(0)[middle] - values).square().mean()


def test_smaller_pictures_are_averages_of_the_whole_one() -> None:
    net, told = usual(examples(64)), torch.full((2, 3), 0.4)
    assert torch.allclose(net(told, 8), torch.nn.functional.avg_pool2d(net(told, 16), 2), atol=1e-5)


def test_a_family_that_wants_it_starts_at_it(tmp_path: Path) -> None:
    data = examples(64, channels=6)
    run = begin_run(make_family("stylegan"), Plan(), data, data, tmp_path, Device())
    assert np.allclose(run.state.averaged["generator"].usual.answer.numpy(), fit_conditional_mean(data))
