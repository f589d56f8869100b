"""Tuning: no person is in two folds, the search learns, a diverged trial is a failed one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from assets.errors import SpecError
from stages.datasets.splits import VectorSplit
from stages.nets import vae
from stages.nets.weights_io import TrainedNet
from stages.train.families.registry import FAMILIES, make_family
from stages.train.loop.family import Examples
from stages.train.loop.loop import Plan
from stages.train.stage import apply_settings
from stages.train.tune import SEARCH_SPACES, Search, SearchTrial, rank_trials, score_fold, score_samples, split_folds
from tests.stages.train.tiny import write_tiny_set


def test_folds_share_no_person_and_leave_no_example_out() -> None:
    people = np.repeat(np.arange(9), 4)
    folds = split_folds(people, 3, seed=0)
    assert sorted(np.concatenate(folds)) == list(range(36))
    members = [set(people[rows]) for rows in folds]
    assert not members[0] & members[1]
    assert not members[0] & members[2]
    assert not members[1] & members[2]


def test_fewer_people_than_folds_are_refused() -> None:
    with pytest.raises(SpecError) as caught:
        split_folds(np.array([0, 1, 1]), 3, seed=0)
    assert str(caught.value) == ("error[train/folds] 2 people cannot be split into 3 folds; give fewer --folds or a larger data set")


def test_proposals_are_in_their_ranges_and_repeat_with_the_seed() -> None:
    for name, space in SEARCH_SPACES.items():
        first, again = Search(name, 3), Search(name, 3)
        for _ in range(3):
            (number, settings), (_, repeated) = first.propose(), again.propose()
            assert settings == repeated
            assert all(space[key].low <= value <= space[key].high for key, value in settings.items())
            for search in (first, again):
                search.record(SearchTrial(number, settings, (1.0,)))


def test_every_generator_has_a_search_space_of_its_own_settings() -> None:
    assert SEARCH_SPACES.keys() == FAMILIES.keys() - {"classifier"}
    for name, space in SEARCH_SPACES.items():
        assert 3 <= len(space) <= 5
        for end in ("low", "high"):
            apply_settings(make_family(name), {setting: getattr(limits, end) for setting, limits in space.items()})


def test_a_family_without_a_search_space_is_refused() -> None:
    with pytest.raises(SpecError) as caught:
        Search("classifier")
    assert str(caught.value) == (f"error[train/tune] classifier has no search space; the families with one are {', '.join(SEARCH_SPACES)}")


def test_bodies_are_scored_by_the_distance_of_their_samples_whatever_beta_is() -> None:
    shape = vae.Shape(size=0, channels=3, conditions=2, latent=4, width=8, names=("a", "b", "c"))
    torch.manual_seed(0)
    nets = TrainedNet("vae", shape, {name: net.eval() for name, net in vae.build_nets(shape).items()}, ("age_years", "gender"))
    conditions = np.random.default_rng(0).uniform(0, 1, (64, 2)).astype(np.float32)
    equal, shifted = nets.sample(conditions, 1), nets.sample(conditions, 1) + 1
    source = VectorSplit(equal, shape.names, conditions, nets.conditions, np.arange(64))
    scores = [score_samples(nets, Examples(values, conditions, nets.conditions, source)) for values in (equal, shifted)]
    assert scores[0] == pytest.approx(0, abs=1e-3)
    assert scores[1] > 1


def test_the_search_approaches_the_best_learning_rate() -> None:
    search, trials = Search("vae", 0), []
    for _ in range(30):
        number, settings = search.propose()
        trial = SearchTrial(number, settings, (abs(np.log(settings["lr"] / 1e-3)),))
        search.record(trial)
        trials.append(trial)
    assert np.median([t.score for t in trials[-10:]]) < np.median([t.score for t in trials[:10]])
    assert rank_trials(trials)[0]["score"] == pytest.approx(min(t.score for t in trials), abs=1e-3)


def test_a_diverged_trial_counts_as_failed() -> None:
    search = Search("vae", 0)
    number, settings = search.propose()
    search.record(SearchTrial(number, settings, (1.0, float("inf"))))
    assert search.study.trials[0].state.name == "FAIL"


def test_a_fold_is_scored_on_people_unseen_by_its_nets(tmp_path: Path) -> None:
    data = write_tiny_set(tmp_path, count=48)
    settings = {"generator_lr": 1e-3, "critic_lr": 1e-3, "smooth": 0.1, "noise": 0.0, "width": 8, "widest": 16, "batch": 8}
    plan = Plan(steps=6, validate_every=3)
    scores = [score_fold("dcgan", data, settings, fold, 2, plan) for fold in (0, 1)]
    assert all(np.isfinite(scores))
    assert scores[0] == score_fold("dcgan", data, settings, 0, 2, plan)
