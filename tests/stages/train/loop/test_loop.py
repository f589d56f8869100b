"""The training loop: the same seed trains the same net, a resumed run equals an uninterrupted one, a failed run is rolled back."""

from __future__ import annotations

import copy
import errno
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from assets import store
from assets.errors import BackendError, SpecError, StoreError
from stages.train.files import BEST_CHECKPOINT, find_newest_checkpoint
from stages.train.loop.checkpoint import read_checkpoint
from stages.train.loop.family import Batch, TrainState
from stages.train.loop.loop import Run, TrainingProgress, advance_run, resume_run, train
from tests.stages.train.tiny import begin_tiny_run, make_tiny_gan

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def get_weights(run: Run) -> dict[str, torch.Tensor]:
    return {f"{n}/{k}": v.clone() for n, net in run.state.averaged.items() for k, v in net.state_dict().items()}


def are_equal(a: Mapping[str, torch.Tensor], b: Mapping[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


def resume(run: Run) -> Run:
    file = find_newest_checkpoint(run.folder)
    assert file is not None
    resume_run(run, file)
    return run


def test_the_same_seed_trains_the_same_net_and_another_seed_another(tmp_path: Path) -> None:
    first, again, other = (train(begin_tiny_run(tmp_path / n, seed=s, steps=5)) for n, s in (("a", 1), ("b", 1), ("c", 2)))
    assert are_equal(get_weights(first), get_weights(again))
    assert not are_equal(get_weights(first), get_weights(other))


@pytest.mark.parametrize("recipe", [{}, {"adaptive": True, "augment": "skins", "noise": 0.1}, {"loss": "wgan", "between_gamma": 10.0}])
def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path: Path, recipe: dict[str, Any]) -> None:
    whole = train(begin_tiny_run(tmp_path / "whole", make_tiny_gan(**recipe)))
    train(begin_tiny_run(tmp_path / "parts", make_tiny_gan(**recipe), steps=7))
    resumed = resume(begin_tiny_run(tmp_path / "parts", make_tiny_gan(**recipe)))
    assert resumed.state.step == 7
    train(resumed)
    assert resumed.state.step == whole.state.step == 12
    assert are_equal(get_weights(whole), get_weights(resumed))
    assert whole.state.numbers == resumed.state.numbers


def test_the_average_follows_the_generator_slowly(tmp_path: Path) -> None:
    run = begin_tiny_run(tmp_path, make_tiny_gan(average=0.99))
    before = copy.deepcopy(run.state.averaged["generator"].leave.weight)
    run.state.step = 5000  # past the ramp of the first steps
    advance_run(run)
    change, average_change = (nets["generator"].leave.weight - before for nets in (run.state.nets, run.state.averaged))
    assert float(change.abs().max()) > 0
    assert torch.allclose(average_change, change * 0.01, atol=1e-7)


def test_training_improves_its_metric_within_fifty_steps(tmp_path: Path) -> None:
    family = make_tiny_gan(generator_lr=2e-3, critic_lr=2e-3, average=0.5)
    run = train(begin_tiny_run(tmp_path, family, steps=50, validate_every=10))
    distances = [entry["distance"] for entry in run.counters.history if "distance" in entry]
    assert min(distances[1:]) < 0.7 * distances[0]


def test_training_stops_early_when_the_metric_no_longer_improves(tmp_path: Path) -> None:
    run = train(begin_tiny_run(tmp_path, make_tiny_gan(generator_lr=0.0), steps=400, validate_every=2, patience=3))
    assert run.state.step < 60
    assert run.counters.validations_without_improvement == 3


def test_the_budget_includes_the_seconds_before_a_resume(tmp_path: Path) -> None:
    run = train(begin_tiny_run(tmp_path, steps=3))
    again = resume(begin_tiny_run(tmp_path, steps=100, budget_s=run.counters.seconds))
    assert train(again).state.step == 3


def break_generator(run: Run, at: int, times: int) -> None:
    """From step `at` on sets the generator's weights to NaN, `times` times."""
    step, left = run.family.step, [times]

    def step_broken(state: TrainState, batch: Batch) -> Mapping[str, float]:
        if state.step >= at and left[0]:
            left[0] -= 1
            with torch.no_grad():
                state.nets["generator"].leave.weight.fill_(math.nan)
        return step(state, batch)

    object.__setattr__(run.family, "step", step_broken)


def test_a_diverged_run_is_rolled_back_with_half_the_learning_rates(tmp_path: Path) -> None:
    reports: list[TrainingProgress] = []
    run = begin_tiny_run(tmp_path, on_progress=reports.append)
    break_generator(run, at=6, times=1)
    train(run)
    assert run.state.step == 12
    assert run.counters.events == [
        "step 7: the critic loss is not finite; rolled back to step 4, learning rates multiplied by 0.5",
    ]
    assert [report.event for report in reports if report.event] == run.counters.events
    assert run.counters.lr_backoff == 0.5
    assert run.state.optimisers["generator"].param_groups[0]["lr"] == pytest.approx(1e-4)
    assert all(torch.isfinite(v).all() for v in get_weights(run).values())


def test_the_best_weights_survive_a_rollback_to_an_older_checkpoint(tmp_path: Path) -> None:
    """The older checkpoint held a worse best, and the first validation after the rollback overwrote weights that were better."""
    run, metrics = begin_tiny_run(tmp_path), iter([5.0, 1.0, 3.0, 3.0])
    object.__setattr__(run.family, "validate", lambda *_: next(metrics))
    break_generator(run, at=9, times=2)
    train(run)
    assert [event.partition("; ")[2].partition(",")[0] for event in run.counters.events] == [
        "rolled back to step 8",
        "rolled back to step 4",
    ]
    assert (run.counters.best, run.counters.best_step) == (1.0, 8)
    assert read_checkpoint(tmp_path / BEST_CHECKPOINT)[1]["counters"]["best"] == 1.0


def test_a_new_run_is_never_rolled_back_into_the_one_that_it_replaces(tmp_path: Path) -> None:
    train(begin_tiny_run(tmp_path, steps=4))
    run = begin_tiny_run(tmp_path, seed=5)
    break_generator(run, at=1, times=2)
    train(run)
    assert ["rolled back to step 0" in event for event in run.counters.events] == [True, True]


def test_rollbacks_lower_learning_rates_that_are_far_too_high(tmp_path: Path) -> None:
    family = make_tiny_gan(loss="wgan", critic_lr=3.0, generator_lr=3.0)
    run = begin_tiny_run(tmp_path, family, steps=120, validate_every=20, retries=9, lr_backoff=0.05)
    train(run)
    assert run.counters.events
    assert run.state.step == 120
    assert run.counters.lr_backoff < 1


def test_a_run_that_fails_again_and_again_is_given_up(tmp_path: Path) -> None:
    run = begin_tiny_run(tmp_path, retries=2)
    break_generator(run, at=6, times=99)
    with pytest.raises(BackendError) as caught:
        train(run)
    assert str(caught.value) == (
        f"{tmp_path}: error[train/diverged] training failed again after 2 rollbacks: the critic loss is not finite; "
        "lower the learning rates, or choose another --seed"
    )
    assert find_newest_checkpoint(tmp_path) is not None


def test_a_full_disk_stops_the_run_and_keeps_the_last_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train(begin_tiny_run(tmp_path, steps=4))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def raise_full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store.os, "fsync", raise_full)
    run = resume(begin_tiny_run(tmp_path, steps=8))
    with pytest.raises(StoreError):
        train(run)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_ctrl_c_loses_only_the_steps_since_the_last_checkpoint(tmp_path: Path) -> None:
    def interrupt(progress: TrainingProgress) -> None:
        if progress.step == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(begin_tiny_run(tmp_path, on_progress=interrupt, checkpoint_s=0.0))
    run = resume(begin_tiny_run(tmp_path))
    assert run.state.step == 7
    assert are_equal(get_weights(train(run)), get_weights(train(begin_tiny_run(tmp_path / "whole"))))


def test_the_best_weights_have_a_checkpoint_of_their_own(tmp_path: Path) -> None:
    run = train(begin_tiny_run(tmp_path))
    _, header = read_checkpoint(tmp_path / BEST_CHECKPOINT)
    assert header["step"] == run.counters.best_step
    assert header["counters"]["best"] == pytest.approx(run.counters.best)


@pytest.mark.parametrize("stops", [(7,), (2, 3), (5, 6, 11)])
def test_an_interrupted_run_has_the_same_best(tmp_path: Path, stops: tuple[int, ...]) -> None:
    """The validation at the end of each part is at a step at which the whole run has none, and yet its weights were published."""
    whole = train(begin_tiny_run(tmp_path / "whole"))
    for steps in (*stops, 12):
        run = begin_tiny_run(tmp_path / "parts", steps=steps)
        if (last := find_newest_checkpoint(tmp_path / "parts")) is not None:
            resume_run(run, last)
        train(run)
        header = read_checkpoint(tmp_path / "parts" / BEST_CHECKPOINT)[1]
        assert header["step"] == run.counters.best_step
    uninterrupted, interrupted = (replace(r.counters, seconds=0.0, history=[]) for r in (whole, run))
    assert uninterrupted == interrupted
    (one, _), (other, _) = (read_checkpoint(tmp_path / name / BEST_CHECKPOINT) for name in ("whole", "parts"))
    assert are_equal(one, other)


def test_frozen_layers_stay_unchanged(tmp_path: Path) -> None:
    run = begin_tiny_run(tmp_path, make_tiny_gan(frozen=("critic/shrink.0", "generator/enter")))
    before = {k: v.clone() for k, v in run.state.nets["critic"].state_dict().items()}
    train(run)
    after = run.state.nets["critic"].state_dict()
    assert torch.equal(before["shrink.0.weight"], after["shrink.0.weight"])
    assert not torch.equal(before["shrink.1.weight"], after["shrink.1.weight"])


@pytest.mark.parametrize(
    ("frozen", "sentence"),
    [
        (
            ("critic/shirnk",),
            "frozen: no layer's name starts with critic/shirnk; the layers are generator/enter, generator/first, "
            "generator/grow, generator/norm, generator/leave, critic/shrink, critic/out, critic/project",
        ),
        (("generator", "critic/shrink.0"), "frozen: no layer of the generator is left to train; freeze fewer layers"),
    ],
)
def test_freezing_nothing_or_everything_is_refused(frozen: tuple[str, ...], sentence: str, tmp_path: Path) -> None:
    """A mistyped layer silently froze nothing; freezing a whole net ended with torch's traceback about an empty list."""
    with pytest.raises(SpecError) as caught:
        begin_tiny_run(tmp_path, make_tiny_gan(frozen=frozen))
    assert str(caught.value) == f"error[train/frozen] {sentence}"
