"""The one training loop: seeded, averaged, validated, checkpointed every minute, rolled back when training fails.

Random numbers of a step depend only on the seed, the step's number and the attempt. A resumed run therefore ends with the result
of an uninterrupted one, without any generator state to save; and a rolled back run, as another attempt, does not repeat the failure.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping
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
"""Images on a sample sheet."""
VARIETY_LATENTS = 16
"""Latents, all with the mean conditions, whose samples show a loss of variety."""
RENAMED_COUNTERS = {"calmer": "lr_backoff", "stale": "validations_without_improvement"}
"""Keys of the counters in older checkpoints -> fields of Counters."""


@dataclass(frozen=True)
class Plan:
    """How long and how carefully to train; losses and learning rates belong to the family's recipe."""

    budget_s: float = 3600.0
    """Seconds of training, including those before a resume."""
    steps: int | None = None
    seed: int = 0
    validate_every: int = 500
    """Steps between validations, which also write a sheet and check the variety."""
    patience: int | None = 12
    """Validations without a better metric after which training stops; None for never."""
    checkpoint_s: float = 60.0
    log_every: int = 25
    retries: int = 4
    """Rollbacks before the run is given up."""
    lr_backoff: float = 0.5
    """Factor on the learning rates at every rollback."""
    precision: Precision = "auto"
    size: int | None = None
    """Pixels a side to train at, a divisor of the data set's; None for the data set's own."""


@dataclass
class Counters:
    """The loop's own state; the fields are keys of the checkpoint's header."""

    seconds: float = 0.0
    attempt: int = 0
    best: float = float("inf")
    best_step: int = 0
    validations_without_improvement: int = 0
    lr_backoff: float = 1.0
    """Product of the factors of all rollbacks so far."""
    varieties: list[float] = field(default_factory=list)
    history: list[dict[str, float]] = field(default_factory=list)
    events: list[str] = field(default_factory=list)


def parse_counters(saved: Mapping[str, Any]) -> Counters:
    """The counters of a checkpoint's header, under their old names or their present ones."""
    return Counters(**{RENAMED_COUNTERS.get(name, name): value for name, value in saved.items()})


@dataclass(frozen=True)
class TrainingProgress:
    """A report on a running training."""

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
    """Stored in checkpoints; None for a run that is never resumed."""
    started_at: float = 0.0
    """Clock reading at the start of this call, minus the seconds of earlier calls."""

    def to_trained_net(self) -> TrainedNet:
        """The averaged nets, as a weights file holds them."""
        return to_trained_net(self.family, self.state)


def to_trained_net(family: Family, state: TrainState) -> TrainedNet:
    """The nets that generate samples, in their averaged form if there is one, in evaluation mode."""
    from stages.nets.weights_io import import_net_module

    module, shape = import_net_module(family.net), state.shape
    nets = module.build_nets(shape)
    for name, net in nets.items():
        net.load_state_dict(state.averaged.get(name, state.nets[name]).state_dict())
    if hasattr(module, "merge_lora"):
        shape = module.merge_lora(nets, shape)
    for net in nets.values():
        net.to(state.device.torch_device).eval().requires_grad_(False)
    return TrainedNet(family.net, shape, nets, family.conditions)


def begin_run(
    family: Family,
    plan: Plan,
    train: Examples,
    validation: Examples,
    folder: Path,
    device: Device,
    on_progress: ProgressCallback = lambda _: None,
) -> Run:
    """A new run whose nets are initialised from the plan's seed."""
    seed_torch(plan.seed, 0, 0, 0)
    state = family.build(family.shape(train), device)
    state.averaged = {name: copy.deepcopy(state.nets[name]).requires_grad_(False) for name in family.averaged}
    return Run(family, plan, state, Counters(), train, validation, folder, Health(family.monitored_losses), on_progress)


def resume_run(run: Run, file: Path) -> None:
    """Restores the run from a checkpoint."""
    run.counters = parse_counters(checkpoint.restore_checkpoint(run.state, file))
    run.health = Health(run.family.monitored_losses, varieties=list(run.counters.varieties))


def seed_torch(seed: int, step: int, attempt: int, rank: int) -> None:
    """Seeds torch's global generator from the numbers that identify a step."""
    import torch

    torch.manual_seed(int(np.random.SeedSequence((seed, step, attempt, rank)).generate_state(1, np.uint64)[0] >> 1))


def advance_run(run: Run) -> dict[str, float]:
    """One step of the family and of the moving averages; returns the losses."""
    from stages.nets.losses import update_average

    state, plan, device = run.state, run.plan, run.state.device
    seed_torch(plan.seed, state.step, run.counters.attempt, device.rank)
    batch = make_batch(run.train, run.family.recipe.batch, state.step, plan.seed + 1000003 * run.counters.attempt, device)
    losses = dict(run.family.step(state, batch))
    for net in state.nets.values():
        device.sync_batch_norm(net)
    state.step += 1
    # Early averages forget the random initialisation faster (the ramp of Karras et al. 2020).
    decay = min(run.family.recipe.average, (1 + state.step) / (10 + state.step))
    for name, average in state.averaged.items():
        update_average(average, state.nets[name], decay)
    return losses


def train(run: Run) -> Run:
    """Trains until the budget, the steps or the patience run out; the run's folder then holds the best and the last checkpoint.

    Raises:
        BackendError: training failed more often than the plan allows.
        StoreError: a checkpoint could not be written; the one before it is intact.
    """
    run.started_at = saved_at = time.monotonic()
    run.started_at -= run.counters.seconds
    _restore_best_regular(run)
    if run.state.step == 0:
        _rotate_checkpoints(run)
        if run.state.device.rank == 0:
            (run.folder / PREVIOUS_CHECKPOINT).unlink(missing_ok=True)  # it belongs to the run that this one replaces
    while not _is_finished(run):
        losses = run.state.device.reduce_losses(advance_run(run))
        failure = run.health.check_losses(losses)
        run.counters.seconds = time.monotonic() - run.started_at
        due = run.state.step % run.plan.validate_every == 0
        if not failure and due:
            failure = _validate_run(run, losses)
        if failure:
            _roll_back(run, failure)
        elif due or time.monotonic() - saved_at >= run.plan.checkpoint_s:
            _rotate_checkpoints(run)
            saved_at = time.monotonic()
        if run.state.step % run.plan.log_every == 0 and not failure:
            run.counters.history.append({"step": run.state.step, **{k: round(v, 5) for k, v in losses.items()}})
            run.on_progress(TrainingProgress(run.state.step, run.counters.seconds, estimate_remaining_s(run), losses))
    if run.state.step % run.plan.validate_every and run.counters.seconds > 0:
        _validate_final_step(run)
    else:
        _rotate_checkpoints(run)
    return run


def _validate_final_step(run: Run) -> None:
    """A last validation, at a step where a longer run would have none: the checkpoint to resume from must not know of it."""
    regular = copy.deepcopy(run.counters)
    if failure := _validate_run(run, {}, final=True):
        _roll_back(run, failure)
        _rotate_checkpoints(run)
        return
    final, run.counters = run.counters, regular
    _rotate_checkpoints(run)
    run.counters = final


def _restore_best_regular(run: Run) -> None:
    """Puts the best of the scheduled validations back into its place, as in a run that was not stopped in between."""
    if run.state.device.rank:
        return
    regular, best = run.folder / BEST_REGULAR_CHECKPOINT, run.folder / BEST_CHECKPOINT
    if not np.isfinite(run.counters.best):
        for file in (regular, best):
            file.unlink(missing_ok=True)
    elif regular.exists():
        regular.replace(best)


def estimate_remaining_s(run: Run) -> float:
    """Seconds until the budget or the steps run out, whichever comes first."""
    left = max(run.plan.budget_s - run.counters.seconds, 0.0)
    if run.plan.steps is not None and run.state.step:
        left = min(left, run.counters.seconds / run.state.step * (run.plan.steps - run.state.step))
    return left


def _is_finished(run: Run) -> bool:
    plan, counters = run.plan, run.counters
    out_of_patience = plan.patience is not None and counters.validations_without_improvement >= plan.patience
    out_of_time = run.state.device.reduce_mean(float(counters.seconds >= plan.budget_s)) > 0
    return out_of_patience or out_of_time or (plan.steps is not None and run.state.step >= plan.steps)


def _validate_run(run: Run, losses: dict[str, float], *, final: bool = False) -> str:
    """Measures the nets, reports samples and saves the best nets; returns a failure as a sentence, or an empty string."""
    nets, counters = run.to_trained_net(), run.counters
    samples = nets.sample(run.validation.conditions[:SAMPLE_SHEET_SIZE], run.plan.seed)
    mean_conditions = np.repeat(run.validation.conditions.mean(0, keepdims=True), VARIETY_LATENTS, 0)
    variety = measure_variety(nets.sample(mean_conditions, run.plan.seed))
    if failure := run.health.check_variety(variety):
        return failure
    counters.varieties = list(run.health.varieties)
    seed_torch(run.plan.seed, 0, run.plan.retries + 1, 0)  # the same latents at every validation, or the metric would be noisy
    value = run.state.device.reduce_mean(float(run.family.validate(run.state, run.validation)))
    counters.validations_without_improvement += 1
    if value < counters.best:
        if final and run.state.device.rank == 0 and (run.folder / BEST_CHECKPOINT).exists():
            (run.folder / BEST_CHECKPOINT).replace(run.folder / BEST_REGULAR_CHECKPOINT)
        counters.best, counters.best_step, counters.validations_without_improvement = value, run.state.step, 0
        _write_checkpoint(run, BEST_CHECKPOINT)
    counters.history.append({"step": run.state.step, run.family.metric: round(value, 5), "variety": round(variety, 3)})
    values = {**losses, run.family.metric: value, "variety": variety}
    run.on_progress(TrainingProgress(run.state.step, counters.seconds, estimate_remaining_s(run), values, samples=samples))
    return ""


def _write_checkpoint(run: Run, name: str) -> None:
    if run.state.device.rank == 0:
        checkpoint.save_checkpoint(run.state, vars(run.counters), run.folder / name, run.lineage)


def _rotate_checkpoints(run: Run) -> None:
    """Saves the run; the checkpoint before is kept in case a failure began before it was noticed."""
    if run.state.device.rank == 0:
        _write_checkpoint(run, NEXT_CHECKPOINT)
        if (run.folder / LAST_CHECKPOINT).exists():
            (run.folder / LAST_CHECKPOINT).replace(run.folder / PREVIOUS_CHECKPOINT)
        (run.folder / NEXT_CHECKPOINT).replace(run.folder / LAST_CHECKPOINT)


def _roll_back(run: Run, failure: str) -> None:
    """Restores a checkpoint with lower learning rates; raises BackendError after as many rollbacks as the plan allows."""
    attempt, seconds = run.counters.attempt + 1, run.counters.seconds
    lr_backoff, events, step = run.counters.lr_backoff * run.plan.lr_backoff, run.counters.events, run.state.step
    best, best_step = run.counters.best, run.counters.best_step  # of BEST_CHECKPOINT, which may be newer than the checkpoint restored
    if attempt > run.plan.retries:
        message = f"training failed again after {attempt - 1} rollbacks: {failure}"
        fix = "lower the learning rates, or choose another --seed"
        raise BackendError(Finding("train/diverged", message, location=Location(str(run.folder)), fix=fix))
    run.state.device.wait_for_all()
    # The first attempt restores the newest checkpoint; if that one fails again, the second restores the one before it.
    names = (PREVIOUS_CHECKPOINT, LAST_CHECKPOINT) if attempt % 2 == 0 else (LAST_CHECKPOINT, PREVIOUS_CHECKPOINT)
    file = next(run.folder / name for name in names if (run.folder / name).exists())
    resume_run(run, file)
    ratio = lr_backoff / run.counters.lr_backoff
    for optimiser in run.state.optimisers.values():
        for group in optimiser.param_groups:
            group["lr"] *= ratio
    event = f"step {step}: {failure}; rolled back to step {run.state.step}, learning rates multiplied by {lr_backoff:g}"
    counters = replace(run.counters, best=best, best_step=best_step)
    run.counters = replace(counters, attempt=attempt, seconds=seconds, lr_backoff=lr_backoff, events=[*events, event])
    run.health.reset()
    run.on_progress(TrainingProgress(run.state.step, seconds, estimate_remaining_s(run), {}, event=event))
