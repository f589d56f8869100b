"""Signs of failed training: divergence, a critic that always wins, loss of variety."""

from __future__ import annotations

import math

import numpy as np
import pytest

from stages.train.loop.health import Health, measure_variety


def test_a_loss_that_is_not_finite_is_a_failure() -> None:
    assert Health(()).check_losses({"critic": 1.0, "generator": math.nan}) == "the generator loss is not finite"
    assert Health(()).check_losses({"critic": math.inf}) == "the critic loss is not finite"


def test_a_monitored_loss_that_rises_out_of_proportion_is_a_failure() -> None:
    health = Health(("critic",))
    failures = [health.check_losses({"critic": 1.0 if i < 100 else 400.0}) for i in range(130)]
    assert failures[:100] == [""] * 100
    assert "the critic loss rose from 1.00 to 400.00" in failures


def test_a_critic_that_always_wins_is_a_failure_but_one_that_often_wins_is_not() -> None:
    always, often = Health(()), Health(())
    failures = [(always.check_losses({"right": 1.0}), often.check_losses({"right": 0.97})) for _ in range(250)]
    sentence = "the critic was right about 100.0% of the images of the last 200 steps: the generator learns nothing"
    assert [failure for failure, _ in failures] == [""] * 199 + [sentence] * 51
    assert {failure for _, failure in failures} == {""}


def test_loss_of_variety_is_a_collapse() -> None:
    health = Health(("critic",))
    assert [health.check_variety(v) for v in (30.0, 28.0, 31.0)] == ["", "", ""]
    assert health.check_variety(4.0) == "the variety of the samples fell from 30.00 to 4.00: the generator has collapsed"
    assert health.check_variety(math.nan) == "the samples are not finite"


def test_a_rollback_forgets_the_losses_but_not_the_varieties() -> None:
    health = Health(("critic",))
    health.check_losses({"critic": 1.0, "right": 1.0})
    health.check_variety(30.0)
    health.reset()
    assert (health.losses, list(health.critic_accuracies), health.varieties) == ({}, [], [30.0])


def test_variety_is_the_spread_over_images() -> None:
    assert measure_variety(np.zeros((4, 8, 8, 3), np.uint8)) == 0
    assert measure_variety(np.stack([np.zeros((8, 8, 3)), np.full((8, 8, 3), 10)])) == pytest.approx(5)
