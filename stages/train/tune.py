"""Search for the numbers of a recipe: trials proposed by optuna, each scored by cross-validation over people."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.errors import BackendError, Finding, SpecError
from stages.nets.weights_io import Shipped
from stages.train.families.registry import family_of
from stages.train.loop.device import find_machine
from stages.train.loop.examples import read_examples, refuse_unfit
from stages.train.loop.family import Examples
from stages.train.loop.loop import Plan, begin, train
from stages.train.stage import changed


@dataclass(frozen=True)
class Range:
    """A number to search, between low and high; by its logarithm where it spans orders of magnitude."""

    low: float
    high: float
    log: bool = True


_RATES = {"generator_lr": Range(1e-4, 3e-3), "critic_lr": Range(1e-4, 3e-3)}
SPACES: Mapping[str, Mapping[str, Range]] = {
    "dcgan": {**_RATES, "smooth": Range(0, 0.2, log=False), "noise": Range(0, 0.2, log=False)},
    "dcgan-lsgan": {**_RATES, "noise": Range(0, 0.2, log=False)},
    "dcgan-hinge": {**_RATES, "real_gamma": Range(0.01, 10)},
    "dcgan-wgan-gp": {**_RATES, "between_gamma": Range(1, 30)},
    "stylegan": {**_RATES, "real_gamma": Range(0.5, 20), "adapt_target": Range(0.4, 0.8, log=False)},
    "vae": {"lr": Range(2e-4, 5e-3), "beta": Range(3e-7, 3e-5), "weight_decay": Range(1e-6, 1e-2)},
    "unet": {**_RATES, "adversarial": Range(0.03, 3), "kl": Range(2e-4, 2e-2), "gamma": Range(0.1, 10)},
    "diffusion": {
        "autoencoder_lr": Range(3e-4, 5e-3), "denoiser_lr": Range(2e-4, 5e-3), "kl": Range(1e-5, 1e-3), "edges": Range(0.2, 5),
        "drop": Range(0.05, 0.3, log=False),
    },
    "bodygan": {"lr": Range(1e-4, 3e-3), "penalty": Range(1, 30), "average": Range(0.99, 0.9995, log=False)},
    "bodyvae": {"lr": Range(2e-4, 5e-3), "beta": Range(3e-4, 3e-2), "weight_decay": Range(1e-6, 1e-2)},
}  # fmt: skip
"""Family -> setting -> where to search it."""
BY_SAMPLES = ("vae", "bodyvae", "diffusion")
"""Families scored by what they make: a VAE's bound holds beta, and the denoiser's error falls where the autoencoder tells little."""


@dataclass(frozen=True)
class Trial:
    """One proposal and how it did."""

    number: int
    settings: dict[str, float]
    scores: tuple[float, ...]
    """The metric of each fold, lower is better; infinite where training diverged."""

    @property
    def score(self) -> float:
        return float(np.mean(self.scores))


class Search:
    """Proposes settings and learns from their scores; the same seed and scores make the same proposals."""

    def __init__(self, name: str, seed: int = 0) -> None:
        import optuna

        self.space = _space_of(name)
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.study = optuna.create_study(direction="minimize", sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=4))

    def ask(self) -> tuple[int, dict[str, float]]:
        """The next trial's number and settings."""
        trial = self.study.ask()
        told = {name: trial.suggest_float(name, r.low, r.high, log=r.log and r.low > 0) for name, r in self.space.items()}
        return trial.number, told

    def tell(self, trial: Trial) -> None:
        """A trial's result; a diverged one counts as failed."""
        import optuna

        if np.isfinite(trial.score):
            self.study.tell(trial.number, trial.score)
        else:
            self.study.tell(trial.number, state=optuna.trial.TrialState.FAIL)


def refuse_early(name: str, data: Path, count: int) -> None:
    """Raises SpecError where the family has no search space, does not fit the set, or the set has fewer people than folds."""
    from stages.datasets.shards import people_of

    _space_of(name)
    refuse_unfit(family_of(name), data)
    folds(people_of(data, "train"), count, 0)


def _space_of(name: str) -> Mapping[str, Range]:
    if name not in SPACES:
        raise SpecError(Finding("train/tune", f"no search space is written for {name!r}", fix=f"take one of {', '.join(SPACES)}"))
    return SPACES[name]


def folds(people: NDArray[np.int64], count: int, seed: int) -> list[NDArray[np.int64]]:
    """The rows of each fold: whole people, about as many in each; raises SpecError for fewer people than folds."""
    each = np.unique(people)
    if len(each) < count:
        message = f"{len(each)} people cannot be split into {count} folds"
        raise SpecError(Finding("train/folds", message, fix="give fewer --folds or a larger data set"))
    shuffled = np.random.default_rng(seed).permutation(each)
    return [np.flatnonzero(np.isin(people, shuffled[i::count])) for i in range(count)]


def score_fold(name: str, data: Path, settings: Mapping[str, Any], fold: int, count: int, plan: Plan) -> float:
    """The best metric on one fold of the training split, of nets trained on the others; infinite where they diverged."""
    family = changed(family_of(name), settings)
    whole = read_examples(data, "train", family.conditions, plan.size)
    held = folds(whole.source.people, count, plan.seed)[fold]
    rest = np.setdiff1d(np.arange(len(whole)), held)
    with tempfile.TemporaryDirectory() as folder:
        run = begin(family, plan, whole.at(rest), whole.at(held), Path(folder), find_machine(plan.precision))
        try:
            train(run)
        except BackendError:
            return float("inf")
        return sample_score(run.shipped(), whole.at(held)) if name in BY_SAMPLES else run.counters.best


def sample_score(nets: Shipped, held: Examples) -> float:
    """How far what the nets make lies from the examples: sliced Wasserstein of at most 256 pictures, Fréchet of vectors on their scale."""
    from stages.train.evaluation.metrics import frechet
    from stages.train.evaluation.sliced_wasserstein import picture_distance

    if held.values.ndim == 2:
        made, spread = nets.sample(held.conditions, 1), np.maximum(held.values.std(0), 1e-3)
        return frechet(held.values / spread, made / spread)
    count = min(len(held), 256)
    return picture_distance(held.values[:count], nets.sample(held.conditions[:count], 1))


def table(trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """One row a trial, the best first."""
    ordered = sorted(trials, key=lambda t: t.score)
    return [{"trial": t.number, "score": round(t.score, 4), **{k: float(f"{v:.3g}") for k, v in t.settings.items()}} for t in ordered]
