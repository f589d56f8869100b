"""The one training loop: seeded, averaged, validated, checkpointed every minute, rolled back when it goes wrong.

What is random in a step depends on the seed, the step's number and the attempt alone. A run that was stopped therefore
goes on to the very result that it would have had, with no generator's state to keep; and a rolled back run, being
another attempt, does not walk into the same hole.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.errors import BackendError, Finding, Location
from stages.nets.weights_io import TrainedNet
from stages.train.files import BEST_CHECKPOINT, BEST_REGULAR_CHECKPOINT, LAST_CHECKPOINT, NEXT_CHECKPOINT, PREVIOUS_CHECKPOINT
from stages.train.loop import checkpoint
from stages.train.loop.device import Device, Precision
from stages.train.loop.examples import make_batch
from stages.train.loop.family import Examples, Family, TrainState
from stages.train.loop.health import Health, measure_variety
from stages.train.loop.lineage import Lineage

SAMPLE_SHEET_SIZE = 32
"""Pictures of a sample sheet."""
VARIETY_LATENTS = 16
"""Latents whose pictures tell a loss of variety."""


@dataclass(frozen=True)
class Plan:
    """How long and how carefully to train; what the loss is and how fast it is walked down is the family's recipe."""

    budget_s: float = 3600.0
    """Seconds of training, those before a resume included."""
    steps: int | None = None
    seed: int = 0
    validate_every: int = 500
    """Steps between validations, sheets and looks at the variety."""
    patience: int | None = 12
    """Validations without a better metric after which training stops; None for never."""
    checkpoint_s: float = 60.0
    log_every: int = 25
    retries: int = 4
    """Roll backs before the run is given up."""
    calmer: float = 0.5
    """What a roll back multiplies the learning rates by."""
    precision: Precision = "auto"
    size: int | None = None
    """Pixels a side to train at, a whole part of the data set's; the set's own for None."""


@dataclass
class Counters:
    """The loop's own memory."""

    seconds: float = 0.0
    attempt: int = 0
    best: float = float("inf")
    best_step: int = 0
    stale: int = 0
    calmer: float = 1.0
    """What roll backs have multiplied the learning rates by so far."""
    varieties: list[float] = field(default_factory=list)
    history: list[dict[str, float]] = field(default_factory=list)
    events: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class TrainingProgress:
    """What a watcher is told."""

    step: int
    seconds: float
    eta_s: float
    losses: dict[str, float]
    event: str = ""
    samples: NDArray[Any] | None = None
    """(32,h,w,c) uint8 after a validation."""


ProgressCallback = Callable[[TrainingProgress], None]


@dataclass
class Run:
    """A run in memory."""

    family: Family
    plan: Plan
    state: TrainState
    counters: Counters
    train: Examples
    validation: Examples
    folder: Path
    health: Health
    on_progress: ProgressCallback
    lineage: Lineage | None = None
    """What its checkpoints belong to; None where nobody will go on with them."""
    started_at: float = 0.0
    """Clock at which this call's first second began, moved back by the seconds of earlier calls."""

    def to_trained_net(self) -> TrainedNet:
        """The averaged nets, as a weights file would hold them."""
        return to_trained_net(self.family, self.state)


def to_trained_net(family: Family, state: TrainState) -> TrainedNet:
    """The nets that make pictures, averaged where they are averaged, at rest."""
    from stages.nets.weights_io import import_net_module

    module, shape = import_net_module(family.net), state.shape
    own = module.build_nets(shape)
    for name, net in own.items():
        net.load_state_dict(state.averaged.get(name, state.nets[name]).state_dict())
    if hasattr(module, "merge_lora"):
        shape = module.merge_lora(own, shape)
    for net in own.values():
        net.to(state.device.torch_device).eval().requires_grad_(False)
    return TrainedNet(family.net, shape, own, family.conditions)


def begin_run(
    family: Family, plan: Plan, train: Examples, validation: Examples, folder: Path, machine: Device, watch: ProgressCallback | None = None
) -> Run:
    """A fresh run of seeded nets."""
    seed_torch(plan.seed, 0, 0, 0)
    state = family.build(family.shape(train), machine)
    state.averaged = {name: copy.deepcopy(state.nets[name]).requires_grad_(False) for name in family.averaged}
    return Run(family, plan, state, Counters(), train, validation, folder, Health(family.monitored_losses), watch or (lambda _: None))


def resume_run(run: Run, file: Path) -> None:
    """Puts the run where the checkpoint left it."""
    run.counters = Counters(**checkpoint.restore_checkpoint(run.state, file))
    run.health = Health(run.family.monitored_losses, varieties=list(run.counters.varieties))


def seed_torch(seed: int, step: int, attempt: int, rank: int) -> None:
    """Sets torch's global generator from what identifies a step."""
    import torch

    torch.manual_seed(int(np.random.SeedSequence((seed, step, attempt, rank)).generate_state(1, np.uint64)[0] >> 1))


def advance_run(run: Run) -> dict[str, float]:
    """One step of the family, and of the moving averages."""
    from stages.nets.losses import update_average

    state, plan, machine = run.state, run.plan, run.state.device
    seed_torch(plan.seed, state.step, run.counters.attempt, machine.rank)
    batch = make_batch(run.train, run.family.recipe.batch, state.step, plan.seed + 1000003 * run.counters.attempt, machine)
    losses = dict(run.family.step(state, batch))
    for net in state.nets.values():
        machine.sync_batch_norm(net)
    state.step += 1
    # Early averages forget the random start faster (the ramp of Karras et al. 2020).
    decay = min(run.family.recipe.average, (1 + state.step) / (10 + state.step))
    for name, average in state.averaged.items():
        update_average(average, state.nets[name], decay)
    return losses


def train(run: Run) -> Run:
    """Steps until the budget, the steps or the patience are spent; the best and the last weights lie in the folder.

    Raises:
        BackendError: training diverged or collapsed more often than the plan allows.
        StoreError: a checkpoint could not be written; the last one is whole.
    """
    run.started_at = saved = time.monotonic()
    run.started_at -= run.counters.seconds
    _restore_best_regular(run)
    if run.state.step == 0:
        _rotate_checkpoints(run)
        if run.state.device.rank == 0:
            (run.folder / PREVIOUS_CHECKPOINT).unlink(missing_ok=True)  # the last one of a run that this one takes the place of
    while not _is_finished(run):
        losses = run.state.device.reduce_losses(advance_run(run))
        trouble = run.health.check_losses(losses)
        run.counters.seconds = time.monotonic() - run.started_at
        due = run.state.step % run.plan.validate_every == 0
        if not trouble and due:
            trouble = _validate_run(run, losses)
        if trouble:
            _roll_back(run, trouble)
        elif due or time.monotonic() - saved >= run.plan.checkpoint_s:
            _rotate_checkpoints(run)
            saved = time.monotonic()
        if run.state.step % run.plan.log_every == 0 and not trouble:
            run.counters.history.append({"step": run.state.step, **{k: round(v, 5) for k, v in losses.items()}})
            run.on_progress(TrainingProgress(run.state.step, run.counters.seconds, estimate_remaining_s(run), losses))
    if run.state.step % run.plan.validate_every and run.counters.seconds > 0:
        _validate_final_step(run)
    else:
        _rotate_checkpoints(run)
    return run


def _validate_final_step(run: Run) -> None:
    """A last validation, at a step at which a longer run would have none: the checkpoint to go on from knows nothing of it."""
    regular = copy.deepcopy(run.counters)
    if trouble := _validate_run(run, {}, final=True):
        _roll_back(run, trouble)
        _rotate_checkpoints(run)
        return
    found, run.counters = run.counters, regular
    _rotate_checkpoints(run)
    run.counters = found


def _restore_best_regular(run: Run) -> None:
    """The best of the regular validations takes its place again."""
    if run.state.device.rank:
        return
    regular, best = run.folder / BEST_REGULAR_CHECKPOINT, run.folder / BEST_CHECKPOINT
    if not np.isfinite(run.counters.best):
        for file in (regular, best):
            file.unlink(missing_ok=True)
    elif regular.exists():
        regular.replace(best)


def estimate_remaining_s(run: Run) -> float:
    """Seconds until the budget or the steps are spent, whichever comes first."""
    left = max(run.plan.budget_s - run.counters.seconds, 0.0)
    if run.plan.steps is not None and run.state.step:
        left = min(left, run.counters.seconds / run.state.step * (run.plan.steps - run.state.step))
    return left


def _is_finished(run: Run) -> bool:
    plan, counters = run.plan, run.counters
    stale = plan.patience is not None and counters.stale >= plan.patience
    spent = run.state.device.reduce_mean(float(counters.seconds >= plan.budget_s)) > 0
    return stale or spent or (plan.steps is not None and run.state.step >= plan.steps)


def _validate_run(run: Run, losses: dict[str, float], *, final: bool = False) -> str:
    """Measures, shows and keeps the best; returns what is wrong, in a sentence."""
    nets, counters = run.to_trained_net(), run.counters
    made = nets.sample(run.validation.conditions[:SAMPLE_SHEET_SIZE], run.plan.seed)
    middle = np.repeat(run.validation.conditions.mean(0, keepdims=True), VARIETY_LATENTS, 0)
    variety = measure_variety(nets.sample(middle, run.plan.seed))
    if trouble := run.health.check_variety(variety):
        return trouble
    counters.varieties = list(run.health.varieties)
    seed_torch(run.plan.seed, 0, run.plan.retries + 1, 0)  # every validation draws the same latents, or the metric would be noise
    value = run.state.device.reduce_mean(float(run.family.validate(run.state, run.validation)))
    counters.stale += 1
    if value < counters.best:
        if final and run.state.device.rank == 0 and (run.folder / BEST_CHECKPOINT).exists():
            (run.folder / BEST_CHECKPOINT).replace(run.folder / BEST_REGULAR_CHECKPOINT)
        counters.best, counters.best_step, counters.stale = value, run.state.step, 0
        _write_checkpoint(run, BEST_CHECKPOINT)
    told = {**losses, run.family.metric: value, "variety": variety}
    counters.history.append({"step": run.state.step, run.family.metric: round(value, 5), "variety": round(variety, 3)})
    run.on_progress(TrainingProgress(run.state.step, counters.seconds, estimate_remaining_s(run), told, samples=made))
    return ""


def _write_checkpoint(run: Run, name: str) -> None:
    if run.state.device.rank == 0:
        checkpoint.save_checkpoint(run.state, vars(run.counters), run.folder / name, run.lineage)


def _rotate_checkpoints(run: Run) -> None:
    """A checkpoint of a healthy run; the one before stays, in case the trouble is older than it looks."""
    if run.state.device.rank == 0:
        _write_checkpoint(run, NEXT_CHECKPOINT)
        if (run.folder / LAST_CHECKPOINT).exists():
            (run.folder / LAST_CHECKPOINT).replace(run.folder / PREVIOUS_CHECKPOINT)
        (run.folder / NEXT_CHECKPOINT).replace(run.folder / LAST_CHECKPOINT)


def _roll_back(run: Run, trouble: str) -> None:
    """Back to a good checkpoint with calmer learning rates; raises BackendError where that did not help often enough."""
    attempt, seconds = run.counters.attempt + 1, run.counters.seconds
    calmer, events, step = run.counters.calmer * run.plan.calmer, run.counters.events, run.state.step
    best, best_step = run.counters.best, run.counters.best_step  # an older checkpoint knows nothing of it, but BEST holds it
    if attempt > run.plan.retries:
        fix = "give a lower learning rate, or another --seed"
        raise BackendError(Finding("train/diverged", f"after {attempt - 1} roll backs {trouble}", where=Location(str(run.folder)), fix=fix))
    run.state.device.wait_for_all()
    # The first try takes the newest checkpoint; where it leads astray again, the one before it.
    names = (PREVIOUS_CHECKPOINT, LAST_CHECKPOINT) if attempt % 2 == 0 else (LAST_CHECKPOINT, PREVIOUS_CHECKPOINT)
    file = next(run.folder / name for name in names if (run.folder / name).exists())
    resume_run(run, file)
    ratio = calmer / run.counters.calmer
    for optimiser in run.state.optimisers.values():
        for group in optimiser.param_groups:
            group["lr"] *= ratio
    sentence = f"step {step}: {trouble}; back to step {run.state.step} with {calmer:g} of the learning rate"
    known = replace(run.counters, best=best, best_step=best_step)
    run.counters = replace(known, attempt=attempt, seconds=seconds, calmer=calmer, events=[*events, sentence])
    run.health.reset()
    run.on_progress(TrainingProgress(run.state.step, seconds, estimate_remaining_s(run), {}, event=sentence))
