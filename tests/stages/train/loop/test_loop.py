"""The training loop: the same seed trains the same net, a resumed run is the run that never stopped, a run gone wrong goes back."""

from __future__ import annotations

import copy
import errno
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from assets import store
from assets.errors import BackendError, FormatError, SpecError, StoreError
from stages.train.files import BEST_CHECKPOINT, LAST_CHECKPOINT, find_newest_checkpoint
from stages.train.loop import checkpoint
from stages.train.loop.device import Device
from stages.train.loop.examples import draw_batch_rows
from stages.train.loop.family import Batch, TrainState
from stages.train.loop.health import Health, measure_variety
from stages.train.loop.loop import TrainingProgress, advance_run, resume_run, train
from tests.stages.train.tiny import examples, tiny_gan, tiny_run


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def weights(run: Any) -> dict[str, torch.Tensor]:
    return {f"{n}/{k}": v.clone() for n, net in run.state.averaged.items() for k, v in net.state_dict().items()}


def same(a: Mapping[str, torch.Tensor], b: Mapping[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


def test_the_same_seed_trains_the_same_net_and_another_seed_another(tmp_path: Path) -> None:
    first, again, other = (train(tiny_run(tmp_path / n, seed=s, steps=5)) for n, s in (("a", 1), ("b", 1), ("c", 2)))
    assert same(weights(first), weights(again))
    assert not same(weights(first), weights(other))


@pytest.mark.parametrize("recipe", [{}, {"adaptive": True, "augment": "skins", "noise": 0.1}, {"loss": "wgan", "between_gamma": 10.0}])
def test_a_resumed_run_equals_one_that_never_stopped(tmp_path: Path, recipe: dict[str, Any]) -> None:
    whole = train(tiny_run(tmp_path / "whole", tiny_gan(**recipe)))
    train(tiny_run(tmp_path / "parts", tiny_gan(**recipe), steps=7))
    resumed = tiny_run(tmp_path / "parts", tiny_gan(**recipe))
    resume_run(resumed, find_newest_checkpoint(tmp_path / "parts"))
    assert resumed.state.step == 7
    train(resumed)
    assert resumed.state.step == whole.state.step == 12
    assert same(weights(whole), weights(resumed))
    assert whole.state.numbers == resumed.state.numbers


def test_the_average_follows_the_generator_but_is_not_it(tmp_path: Path) -> None:
    run = tiny_run(tmp_path, tiny_gan(average=0.99))
    before = copy.deepcopy(run.state.averaged["generator"].leave.weight)
    run.state.step = 5000  # past the ramp of the first steps
    advance_run(run)
    moved, drift = run.state.nets["generator"].leave.weight - before, run.state.averaged["generator"].leave.weight - before
    assert float(moved.abs().max()) > 0
    assert torch.allclose(drift, moved * 0.01, atol=1e-7)


def test_every_epoch_shows_every_example_once_in_another_order() -> None:
    rows = np.concatenate([draw_batch_rows(10, 4, step, seed=3) for step in range(5)])
    assert sorted(rows[:10]) == sorted(rows[10:]) == list(range(10))
    assert list(rows[:10]) != list(rows[10:])


def test_processes_share_a_batch_without_overlap() -> None:
    from stages.train.loop.examples import make_batch

    data = examples(64)
    shares = [make_batch(data, 4, 2, 0, Device(rank=rank, process_count=2)).rows for rank in (0, 1)]
    assert sorted(np.concatenate(shares)) == sorted(draw_batch_rows(64, 8, 2, 0))


def test_training_improves_its_metric_within_fifty_steps(tmp_path: Path) -> None:
    run = train(tiny_run(tmp_path, tiny_gan(generator_lr=2e-3, critic_lr=2e-3, average=0.5), steps=50, validate_every=10))
    distances = [entry["distance"] for entry in run.counters.history if "distance" in entry]
    assert min(distances[1:]) < 0.7 * distances[0]


def test_training_stops_early_when_the_metric_no_longer_improves(tmp_path: Path) -> None:
    run = train(tiny_run(tmp_path, tiny_gan(generator_lr=0.0), steps=400, validate_every=2, patience=3))
    assert run.state.step < 60


def test_the_budget_counts_the_seconds_before_a_resume(tmp_path: Path) -> None:
    run = train(tiny_run(tmp_path, steps=3))
    again = tiny_run(tmp_path, steps=100, budget_s=run.counters.seconds)
    resume_run(again, tmp_path / LAST_CHECKPOINT)
    assert train(again).state.step == 3


def wreck(run: Any, at: int, times: int) -> None:
    """From step `at` on the generator's weights are no numbers, `times` times."""
    step, left = run.family.step, [times]

    def broken(state: TrainState, batch: Batch) -> Mapping[str, float]:
        if state.step >= at and left[0]:
            left[0] -= 1
            with torch.no_grad():
                state.nets["generator"].leave.weight.fill_(math.nan)
        return step(state, batch)

    object.__setattr__(run.family, "step", broken)


def test_a_diverged_run_goes_back_to_the_last_good_checkpoint_with_half_the_learning_rate(tmp_path: Path) -> None:
    told: list[TrainingProgress] = []
    run = tiny_run(tmp_path, watch=told.append)
    wreck(run, at=6, times=1)
    train(run)
    assert run.state.step == 12
    assert run.counters.events == [
        "step 7: the critic loss is no longer a number; back to step 4 with 0.5 of the learning rate",
    ]
    assert [t.event for t in told if t.event] == run.counters.events
    assert run.state.optimisers["generator"].param_groups[0]["lr"] == pytest.approx(1e-4)
    assert all(torch.isfinite(v).all() for v in weights(run).values())


def test_the_best_weights_outlive_a_roll_back_to_a_checkpoint_before_them(tmp_path: Path) -> None:
    """The older checkpoint knew of a worse best, and the first validation after it took the place of weights that were better."""
    run, measured = tiny_run(tmp_path), iter([5.0, 1.0, 3.0, 3.0])
    object.__setattr__(run.family, "validate", lambda *_: next(measured))
    wreck(run, at=9, times=2)
    train(run)
    assert [event.partition("; ")[2][:14] for event in run.counters.events] == ["back to step 8", "back to step 4"]
    assert (run.counters.best, run.counters.best_step) == (1.0, 8)
    assert checkpoint.read_checkpoint(tmp_path / BEST_CHECKPOINT)[1]["counters"]["best"] == 1.0


def test_a_run_that_begins_anew_never_goes_back_into_the_one_whose_place_it_takes(tmp_path: Path) -> None:
    train(tiny_run(tmp_path, steps=4))
    run = tiny_run(tmp_path, seed=5)
    wreck(run, at=1, times=2)
    train(run)
    assert ["back to step 0" in event for event in run.counters.events] == [True, True]


def test_a_learning_rate_without_care_diverges_and_is_calmed(tmp_path: Path) -> None:
    run = tiny_run(tmp_path, tiny_gan(loss="wgan", critic_lr=3.0, generator_lr=3.0), steps=120, validate_every=20, retries=9, calmer=0.05)
    train(run)
    assert run.counters.events
    assert run.state.step == 120
    assert run.counters.calmer < 1


def test_a_run_that_cannot_be_saved_says_so(tmp_path: Path) -> None:
    run = tiny_run(tmp_path, retries=2)
    wreck(run, at=6, times=99)
    with pytest.raises(BackendError, match="after 2 roll backs the critic loss is no longer a number"):
        train(run)
    assert find_newest_checkpoint(tmp_path) is not None


def test_loss_of_variety_is_a_collapse() -> None:
    health = Health(("critic",))
    assert [health.check_variety(v) for v in (30.0, 28.0, 31.0)] == ["", "", ""]
    assert health.check_variety(4.0) == "made pictures differ by 4.00, where they differed by 30.00: the generator has collapsed"


def test_a_critic_that_always_wins_is_told_but_one_that_often_wins_is_not() -> None:
    always, often = Health(()), Health(())
    sentences = [(always.check_losses({"right": 1.0}), often.check_losses({"right": 0.97})) for _ in range(250)]
    assert any("learns nothing" in s for s, _ in sentences)
    assert not any(s for _, s in sentences)


def test_a_loss_that_rises_out_of_proportion_is_told() -> None:
    health = Health(("critic",))
    sentences = [health.check_losses({"critic": 1.0 if i < 100 else 400.0}) for i in range(130)]
    assert sentences[:100] == [""] * 100
    assert "the critic loss rose from 1.00 to 400.00" in sentences


def test_variety_is_the_spread_over_pictures() -> None:
    assert measure_variety(np.zeros((4, 8, 8, 3), np.uint8)) == 0
    assert measure_variety(np.stack([np.zeros((8, 8, 3)), np.full((8, 8, 3), 10)])) == 5


def test_a_full_disk_stops_the_run_and_keeps_the_last_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train(tiny_run(tmp_path, steps=4))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def raise_full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store.os, "fsync", raise_full)
    run = tiny_run(tmp_path, steps=8)
    resume_run(run, tmp_path / LAST_CHECKPOINT)
    with pytest.raises(StoreError):
        train(run)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_ctrl_c_loses_no_more_than_what_came_after_the_last_checkpoint(tmp_path: Path) -> None:
    def interrupt(progress: TrainingProgress) -> None:
        if progress.step == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tiny_run(tmp_path, watch=interrupt, checkpoint_s=0.0))
    run = tiny_run(tmp_path)
    resume_run(run, find_newest_checkpoint(tmp_path))
    assert run.state.step == 7
    assert same(weights(train(run)), weights(train(tiny_run(tmp_path / "whole"))))


def test_a_checkpoint_of_other_nets_or_of_no_run_is_refused(tmp_path: Path) -> None:
    train(tiny_run(tmp_path, steps=2))
    other = tiny_run(tmp_path, replace(tiny_gan(), changes=(("width", 4),)))
    with pytest.raises(FormatError, match="nets of another shape"):
        resume_run(other, tmp_path / LAST_CHECKPOINT)
    torch.save({"a": 1}, tmp_path / "pickled.pt")
    with pytest.raises(FormatError, match="cannot be read as a checkpoint"):
        resume_run(other, tmp_path / "pickled.pt")


def test_the_best_weights_are_kept_beside_the_last(tmp_path: Path) -> None:
    run = train(tiny_run(tmp_path))
    _, told = checkpoint.read_checkpoint(tmp_path / BEST_CHECKPOINT)
    assert told["step"] == run.counters.best_step
    assert told["counters"]["best"] == pytest.approx(run.counters.best)


@pytest.mark.parametrize("stops", [(7,), (2, 3), (5, 6, 11)])
def test_a_run_that_stopped_on_the_way_keeps_the_same_best(tmp_path: Path, stops: tuple[int, ...]) -> None:
    """The validation at the end of each part came at a step at which the whole run has none; its weights were published all the same."""
    whole = train(tiny_run(tmp_path / "whole"))
    for steps in (*stops, 12):
        run = tiny_run(tmp_path / "parts", steps=steps)
        if (last := find_newest_checkpoint(tmp_path / "parts")) is not None:
            resume_run(run, last)
        train(run)
        told = checkpoint.read_checkpoint(tmp_path / "parts" / BEST_CHECKPOINT)[1]
        assert told["step"] == run.counters.best_step
    ours, theirs = (replace(r.counters, seconds=0.0, history=[]) for r in (whole, run))
    assert ours == theirs
    (one, _), (other, _) = (checkpoint.read_checkpoint(tmp_path / name / BEST_CHECKPOINT) for name in ("whole", "parts"))
    assert same(one, other)


def test_frozen_layers_stay_as_they_were(tmp_path: Path) -> None:
    run = tiny_run(tmp_path, tiny_gan(frozen=("critic/shrink.0", "generator/enter")))
    before = {k: v.clone() for k, v in run.state.nets["critic"].state_dict().items()}
    train(run)
    after = run.state.nets["critic"].state_dict()
    assert torch.equal(before["shrink.0.weight"], after["shrink.0.weight"])
    assert not torch.equal(before["shrink.1.weight"], after["shrink.1.weight"])


@pytest.mark.parametrize(
    ("frozen", "said"),
    [
        (("critic/shirnk",), "frozen names critic/shirnk, and no layer begins so"),
        (("generator", "critic/shrink.0"), "frozen leaves nothing of the generator to train"),
    ],
)
def test_freezing_nothing_or_everything_is_told(frozen: tuple[str, ...], said: str, tmp_path: Path) -> None:
    """A mistyped layer froze nothing in silence; a whole net was torch's traceback of an empty list."""
    with pytest.raises(SpecError, match=said):
        tiny_run(tmp_path, tiny_gan(frozen=frozen))


def test_a_checkpoint_with_a_flipped_bit_is_refused(tmp_path: Path) -> None:
    train(tiny_run(tmp_path, steps=4))
    content = bytearray((tmp_path / LAST_CHECKPOINT).read_bytes())
    content[-100] ^= 4
    (tmp_path / LAST_CHECKPOINT).write_bytes(content)
    with pytest.raises(FormatError, match="is damaged: its numbers are not those that were written"):
        resume_run(tiny_run(tmp_path), tmp_path / LAST_CHECKPOINT)
