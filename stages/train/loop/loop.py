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
from stages.nets.weights_io import Shipped
from stages.train.loop import checkpoint
from stages.train.loop.device import Machine, Precision
from stages.train.loop.examples import batch_at
from stages.train.loop.family import Examples, Family, State
from stages.train.loop.health import Health, diversity
from stages.train.loop.lineage import Lineage

NEXT, LAST, BEFORE, BEST = "next.safetensors", "last.safetensors", "before.safetensors", "best.safetensors"
REGULAR = "regular.safetensors"
"""The best of the regular validations, where the one at a run's end found a better: a longer run would not have looked there."""
SHOWN = 32
"""Pictures of a sample sheet."""
FIXED = 16
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
class Progress:
    """What a watcher is told."""

    step: int
    seconds: float
    eta_s: float
    losses: dict[str, float]
    event: str = ""
    made: NDArray[Any] | None = None
    """(32,h,w,c) uint8 after a validation."""


Watch = Callable[[Progress], None]


@dataclass
class Run:
    """A run in memory."""

    family: Family
    plan: Plan
    state: State
    counters: Counters
    train: Examples
    validation: Examples
    folder: Path
    health: Health
    watch: Watch
    lineage: Lineage | None = None
    """What its checkpoints belong to; None where nobody will go on with them."""
    dawn: float = 0.0
    """Clock at which this call's first second began, moved back by the seconds of earlier calls."""

    def shipped(self) -> Shipped:
        """The averaged nets, as a weights file would hold them."""
        return shipped(self.family, self.state)


def shipped(family: Family, state: State) -> Shipped:
    """The nets that make pictures, averaged where they are averaged, at rest."""
    from stages.nets.weights_io import module_of

    module, shape = module_of(family.net), state.shape
    own = module.shipped(shape)
    for name, net in own.items():
        net.load_state_dict(state.averaged.get(name, state.nets[name]).state_dict())
    if hasattr(module, "plain"):
        shape = module.plain(own, shape)
    for net in own.values():
        net.to(state.machine.device).eval().requires_grad_(False)
    return Shipped(family.net, shape, own, family.conditions)


def begin(
    family: Family, plan: Plan, train: Examples, validation: Examples, folder: Path, machine: Machine, watch: Watch | None = None
) -> Run:
    """A fresh run of seeded nets."""
    seeded(plan.seed, 0, 0, 0)
    state = family.build(family.shape(train), machine)
    state.averaged = {name: copy.deepcopy(state.nets[name]).requires_grad_(False) for name in family.averaged}
    return Run(family, plan, state, Counters(), train, validation, folder, Health(family.watched), watch or (lambda _: None))


def resume(run: Run, file: Path) -> None:
    """Puts the run where the checkpoint left it."""
    run.counters = Counters(**checkpoint.restore(run.state, file))
    run.health = Health(run.family.watched, varieties=list(run.counters.varieties))


def seeded(seed: int, step: int, attempt: int, rank: int) -> None:
    """Sets torch's global generator from what identifies a step."""
    import torch

    torch.manual_seed(int(np.random.SeedSequence((seed, step, attempt, rank)).generate_state(1, np.uint64)[0] >> 1))


def advance(run: Run) -> dict[str, float]:
    """One step of the family, and of the moving averages."""
    from stages.nets.losses import update_average

    state, plan, machine = run.state, run.plan, run.state.machine
    seeded(plan.seed, state.step, run.counters.attempt, machine.rank)
    batch = batch_at(run.train, run.family.recipe.batch, state.step, plan.seed + 1000003 * run.counters.attempt, machine)
    losses = dict(run.family.step(state, batch))
    for net in state.nets.values():
        machine.share(net)
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
    run.dawn = saved = time.monotonic()
    run.dawn -= run.counters.seconds
    _forget_the_end(run)
    if run.state.step == 0:
        _keep(run)
        if run.state.machine.rank == 0:
            (run.folder / BEFORE).unlink(missing_ok=True)  # the last one of a run that this one takes the place of
    while not _over(run):
        losses = run.state.machine.agree_on(advance(run))
        trouble = run.health.step(losses)
        run.counters.seconds = time.monotonic() - run.dawn
        due = run.state.step % run.plan.validate_every == 0
        if not trouble and due:
            trouble = _validate(run, losses)
        if trouble:
            _roll_back(run, trouble)
        elif due or time.monotonic() - saved >= run.plan.checkpoint_s:
            _keep(run)
            saved = time.monotonic()
        if run.state.step % run.plan.log_every == 0 and not trouble:
            run.counters.history.append({"step": run.state.step, **{k: round(v, 5) for k, v in losses.items()}})
            run.watch(Progress(run.state.step, run.counters.seconds, eta(run), losses))
    if run.state.step % run.plan.validate_every and run.counters.seconds > 0:
        _look_at_the_end(run)
    else:
        _keep(run)
    return run


def _look_at_the_end(run: Run) -> None:
    """A last validation, at a step at which a longer run would have none: the checkpoint to go on from knows nothing of it."""
    regular = copy.deepcopy(run.counters)
    if trouble := _validate(run, {}, final=True):
        _roll_back(run, trouble)
        _keep(run)
        return
    found, run.counters = run.counters, regular
    _keep(run)
    run.counters = found


def _forget_the_end(run: Run) -> None:
    """The best of the regular validations takes its place again."""
    if run.state.machine.rank:
        return
    regular, best = run.folder / REGULAR, run.folder / BEST
    if not np.isfinite(run.counters.best):
        for file in (regular, best):
            file.unlink(missing_ok=True)
    elif regular.exists():
        regular.replace(best)


def eta(run: Run) -> float:
    """Seconds until the budget or the steps are spent, whichever comes first."""
    left = max(run.plan.budget_s - run.counters.seconds, 0.0)
    if run.plan.steps is not None and run.state.step:
        left = min(left, run.counters.seconds / run.state.step * (run.plan.steps - run.state.step))
    return left


def _over(run: Run) -> bool:
    plan, counters = run.plan, run.counters
    stale = plan.patience is not None and counters.stale >= plan.patience
    spent = run.state.machine.agree(float(counters.seconds >= plan.budget_s)) > 0
    return stale or spent or (plan.steps is not None and run.state.step >= plan.steps)


def _validate(run: Run, losses: dict[str, float], *, final: bool = False) -> str:
    """Measures, shows and keeps the best; returns what is wrong, in a sentence."""
    nets, counters = run.shipped(), run.counters
    made = nets.sample(run.validation.conditions[:SHOWN], run.plan.seed)
    middle = np.repeat(run.validation.conditions.mean(0, keepdims=True), FIXED, 0)
    variety = diversity(nets.sample(middle, run.plan.seed))
    if trouble := run.health.look(variety):
        return trouble
    counters.varieties = list(run.health.varieties)
    seeded(run.plan.seed, 0, run.plan.retries + 1, 0)  # every validation draws the same latents, or the metric would be noise
    value = run.state.machine.agree(float(run.family.validate(run.state, run.validation)))
    counters.stale += 1
    if value < counters.best:
        if final and run.state.machine.rank == 0 and (run.folder / BEST).exists():
            (run.folder / BEST).replace(run.folder / REGULAR)
        counters.best, counters.best_step, counters.stale = value, run.state.step, 0
        _write(run, BEST)
    told = {**losses, run.family.metric: value, "variety": variety}
    counters.history.append({"step": run.state.step, run.family.metric: round(value, 5), "variety": round(variety, 3)})
    run.watch(Progress(run.state.step, counters.seconds, eta(run), told, made=made))
    return ""


def _write(run: Run, name: str) -> None:
    if run.state.machine.rank == 0:
        checkpoint.save(run.state, vars(run.counters), run.folder / name, run.lineage)


def _keep(run: Run) -> None:
    """A checkpoint of a healthy run; the one before stays, in case the trouble is older than it looks."""
    if run.state.machine.rank == 0:
        _write(run, NEXT)
        if (run.folder / LAST).exists():
            (run.folder / LAST).replace(run.folder / BEFORE)
        (run.folder / NEXT).replace(run.folder / LAST)


def newest(folder: Path) -> Path | None:
    """The checkpoint to go on from; a kill between two renames leaves NEXT or BEFORE alone."""
    return next((folder / name for name in (NEXT, LAST, BEFORE) if (folder / name).exists()), None)


def _roll_back(run: Run, trouble: str) -> None:
    """Back to a good checkpoint with calmer learning rates; raises BackendError where that did not help often enough."""
    attempt, seconds = run.counters.attempt + 1, run.counters.seconds
    calmer, events, step = run.counters.calmer * run.plan.calmer, run.counters.events, run.state.step
    best, best_step = run.counters.best, run.counters.best_step  # an older checkpoint knows nothing of it, but BEST holds it
    if attempt > run.plan.retries:
        fix = "give a lower learning rate, or another --seed"
        raise BackendError(Finding("train/diverged", f"after {attempt - 1} roll backs {trouble}", where=Location(str(run.folder)), fix=fix))
    run.state.machine.wait()
    # The first try takes the newest checkpoint; where it leads astray again, the one before it.
    names = (BEFORE, LAST) if attempt % 2 == 0 else (LAST, BEFORE)
    file = next(run.folder / name for name in names if (run.folder / name).exists())
    resume(run, file)
    ratio = calmer / run.counters.calmer
    for optimiser in run.state.optimisers.values():
        for group in optimiser.param_groups:
            group["lr"] *= ratio
    sentence = f"step {step}: {trouble}; back to step {run.state.step} with {calmer:g} of the learning rate"
    known = replace(run.counters, best=best, best_step=best_step)
    run.counters = replace(known, attempt=attempt, seconds=seconds, calmer=calmer, events=[*events, sentence])
    run.health.forget()
    run.watch(Progress(run.state.step, seconds, eta(run), {}, event=sentence))
