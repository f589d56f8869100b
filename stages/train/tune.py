"""Search for the settings of a recipe: trials proposed by optuna, each scored by cross-validation over people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.errors import BackendError, Finding, SpecError
from assets.temporary_folder import open_temporary_folder
from stages.nets.weights_io import TrainedNet
from stages.train.families.registry import make_family
from stages.train.loop.device import find_device
from stages.train.loop.examples import read_examples, refuse_unfit
from stages.train.loop.family import Examples
from stages.train.loop.loop import Plan, begin_run, train
from stages.train.stage import apply_settings


@dataclass(frozen=True)
class SearchRange:
    """A number to search between low and high, on a logarithmic scale if it spans orders of magnitude."""

    low: float
    high: float
    log: bool = True


_RATES = {"generator_lr": SearchRange(1e-4, 3e-3), "critic_lr": SearchRange(1e-4, 3e-3)}
_DIFFUSION = {
    "autoencoder_lr": SearchRange(3e-4, 5e-3), "denoiser_lr": SearchRange(2e-4, 5e-3), "kl": SearchRange(1e-5, 1e-3),
    "edges": SearchRange(0.2, 5),
    "drop": SearchRange(0.05, 0.3, log=False),
}  # fmt: skip
SEARCH_SPACES: Mapping[str, Mapping[str, SearchRange]] = {
    "dcgan": {**_RATES, "smooth": SearchRange(0, 0.2, log=False), "noise": SearchRange(0, 0.2, log=False)},
    "dcgan-lsgan": {**_RATES, "noise": SearchRange(0, 0.2, log=False)},
    "dcgan-hinge": {**_RATES, "real_gamma": SearchRange(0.01, 10)},
    "dcgan-wgan-gp": {**_RATES, "between_gamma": SearchRange(1, 30)},
    "stylegan": {**_RATES, "real_gamma": SearchRange(0.5, 20), "adapt_target": SearchRange(0.4, 0.8, log=False)},
    "vae": {"lr": SearchRange(2e-4, 5e-3), "beta": SearchRange(3e-7, 3e-5), "weight_decay": SearchRange(1e-6, 1e-2)},
    "unet": {**_RATES, "adversarial": SearchRange(0.03, 3), "kl": SearchRange(2e-4, 2e-2), "gamma": SearchRange(0.1, 10)},
    "diffusion": _DIFFUSION, "textdiffusion": _DIFFUSION,
    "clip": {"lr": SearchRange(2e-4, 5e-3), "weight_decay": SearchRange(1e-3, 0.3), "noise": SearchRange(0.01, 0.2)},
    "textgan": {**_RATES, "real_gamma": SearchRange(0.01, 10), "contrast": SearchRange(0.1, 10), "spread": SearchRange(0.001, 0.3)},
    "textstylegan": {**_RATES, "real_gamma": SearchRange(0.01, 10), "contrast": SearchRange(0.1, 10), "spread": SearchRange(0.001, 0.3)},
    "bodygan": {"lr": SearchRange(1e-4, 3e-3), "penalty": SearchRange(1, 30), "average": SearchRange(0.99, 0.9995, log=False)},
    "bodyvae": {"lr": SearchRange(2e-4, 5e-3), "beta": SearchRange(3e-4, 3e-2), "weight_decay": SearchRange(1e-6, 1e-2)},
}  # fmt: skip
"""Family -> setting -> range to search."""
SCORED_BY_SAMPLES = ("vae", "bodyvae", "diffusion", "textdiffusion")
"""Families scored by their samples: a VAE's bound depends on beta, and a denoiser's error is small for uninformative latents."""
MAX_SCORED = 256
"""Images of a score."""


@dataclass(frozen=True)
class SearchTrial:
    """One proposal and its scores."""

    number: int
    settings: dict[str, float]
    scores: tuple[float, ...]
    """The metric of each fold, lower is better; infinite if training diverged."""

    @property
    def score(self) -> float:
        return float(np.mean(self.scores))


class Search:
    """Proposes settings and learns from their scores; the same seed and scores give the same proposals."""

    def __init__(self, name: str, seed: int = 0) -> None:
        import optuna

        self.space = _find_space(name)
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.study = optuna.create_study(direction="minimize", sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=4))

    def propose(self) -> tuple[int, dict[str, float]]:
        """The next trial's number and settings."""
        trial = self.study.ask()
        settings = {name: trial.suggest_float(name, r.low, r.high, log=r.log and r.low > 0) for name, r in self.space.items()}
        return trial.number, settings

    def record(self, trial: SearchTrial) -> None:
        """Records a trial's score; a diverged one counts as failed."""
        import optuna

        state = optuna.trial.TrialState
        score, outcome = (trial.score, state.COMPLETE) if np.isfinite(trial.score) else (None, state.FAIL)
        self.study.tell(trial.number, score, outcome)


def refuse_untunable(name: str, data: Path, count: int) -> None:
    """Raises SpecError if the family has no search space, does not fit the data set, or the set has fewer people than folds."""
    from stages.datasets.shards import load_people

    _find_space(name)
    refuse_unfit(make_family(name), data)
    split_folds(load_people(data, "train"), count, 0)


def _find_space(name: str) -> Mapping[str, SearchRange]:
    if name not in SEARCH_SPACES:
        raise SpecError(Finding("train/tune", f"{name} has no search space", fix=f"the families with one are {', '.join(SEARCH_SPACES)}"))
    return SEARCH_SPACES[name]


def split_folds(people: NDArray[np.int64], count: int, seed: int) -> list[NDArray[np.int64]]:
    """The rows of each fold: whole people, about as many in each; raises SpecError for fewer people than folds."""
    each = np.unique(people)
    if len(each) < count:
        message = f"{len(each)} people cannot be split into {count} folds"
        raise SpecError(Finding("train/folds", message, fix="give fewer --folds or a larger data set"))
    shuffled = np.random.default_rng(seed).permutation(each)
    return [np.flatnonzero(np.isin(people, shuffled[i::count])) for i in range(count)]


def score_fold(name: str, data: Path, settings: Mapping[str, Any], fold: int, count: int, plan: Plan) -> float:
    """The best metric on one fold of the training split, of nets trained on the others; infinite if training diverged."""
    family = apply_settings(make_family(name), settings)
    examples = read_examples(data, "train", family.conditions, plan.size)
    held_out = split_folds(examples.source.people, count, plan.seed)[fold]
    training, validation = examples.select(np.setdiff1d(np.arange(len(examples)), held_out)), examples.select(held_out)
    with open_temporary_folder() as folder:
        run = begin_run(family, plan, training, validation, Path(folder), find_device(plan.precision))
        try:
            train(run)
        except BackendError:
            return float("inf")
        return score_samples(run.to_trained_net(), validation) if name in SCORED_BY_SAMPLES else run.counters.best


def score_samples(nets: TrainedNet, held_out: Examples) -> float:
    """Distance of generated samples to the examples: sliced Wasserstein of images, Fréchet of vectors in units of their spread."""
    from stages.train.evaluation.metrics import compute_frechet_distance
    from stages.train.evaluation.sliced_wasserstein import compute_sliced_wasserstein

    if held_out.values.ndim == 2:
        samples, spread = nets.sample(held_out.conditions, 1), np.maximum(held_out.values.std(0), 1e-3)
        return compute_frechet_distance(held_out.values / spread, samples / spread)
    count = min(len(held_out), MAX_SCORED)
    return compute_sliced_wasserstein(held_out.values[:count], nets.sample(held_out.conditions[:count], 1))


def rank_trials(trials: Sequence[SearchTrial]) -> list[dict[str, Any]]:
    """A row per trial, the best first."""
    ordered = sorted(trials, key=lambda t: t.score)
    return [{"trial": t.number, "score": round(t.score, 4), **{k: float(f"{v:.3g}") for k, v in t.settings.items()}} for t in ordered]
