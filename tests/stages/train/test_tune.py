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
from tests.stages.train.tiny import tiny_set


def test_folds_share_no_person_and_leave_no_picture_out() -> None:
    people = np.repeat(np.arange(9), 4)
    parts = split_folds(people, 3, seed=0)
    assert sorted(np.concatenate(parts)) == list(range(36))
    members = [set(people[rows]) for rows in parts]
    assert not members[0] & members[1]
    assert not members[0] & members[2]
    assert not members[1] & members[2]
    with pytest.raises(SpecError, match="2 people cannot be split into 3 folds"):
        split_folds(np.array([0, 1, 1]), 3, seed=0)


def test_proposals_lie_in_their_ranges_and_repeat_with_the_seed() -> None:
    for name, space in SEARCH_SPACES.items():
        first, again = Search(name, 3), Search(name, 3)
        for _ in range(3):
            (number, told), (_, same) = first.ask(), again.ask()
            assert told == same
            assert all(space[key].low <= value <= space[key].high for key, value in told.items())
            for search in (first, again):
                search.tell(SearchTrial(number, told, (1.0,)))


def test_every_family_that_makes_something_has_a_space_of_its_own_settings() -> None:
    assert SEARCH_SPACES.keys() == FAMILIES.keys() - {"classifier"}
    for name, space in SEARCH_SPACES.items():
        assert 3 <= len(space) <= 5
        for end in ("low", "high"):
            apply_settings(make_family(name), {setting: getattr(place, end) for setting, place in space.items()})


def test_bodies_are_scored_by_how_far_the_made_ones_lie_whatever_beta_is() -> None:
    shape = vae.Shape(size=0, channels=3, conditions=2, latent=4, width=8, names=("a", "b", "c"))
    torch.manual_seed(0)
    nets = TrainedNet("vae", shape, {name: net.eval() for name, net in vae.build_nets(shape).items()}, ("age_years", "gender"))
    told = np.random.default_rng(0).uniform(0, 1, (64, 2)).astype(np.float32)
    near, far = nets.sample(told, 1), nets.sample(told, 1) + 1
    source = VectorSplit(near, shape.names, told, nets.conditions, np.arange(64))
    scores = [score_samples(nets, Examples(values, told, nets.conditions, source)) for values in (near, far)]
    assert scores[0] == pytest.approx(0, abs=1e-3)
    assert scores[1] > 1


def test_the_search_comes_nearer_to_the_best_learning_rate() -> None:
    search, done = Search("vae", 0), []
    for _ in range(30):
        number, told = search.ask()
        trial = SearchTrial(number, told, (abs(np.log(told["lr"] / 1e-3)),))
        search.tell(trial)
        done.append(trial)
    assert np.median([t.score for t in done[-10:]]) < np.median([t.score for t in done[:10]])
    assert rank_trials(done)[0]["score"] == pytest.approx(min(t.score for t in done), abs=1e-3)


def test_a_diverged_trial_counts_as_failed() -> None:
    search = Search("vae", 0)
    number, told = search.ask()
    search.tell(SearchTrial(number, told, (1.0, float("inf"))))
    assert search.study.trials[0].state.name == "FAIL"


def test_a_fold_is_scored_on_people_that_its_nets_never_saw(tmp_path: Path) -> None:
    data = tiny_set(tmp_path, count=48)
    settings = {"generator_lr": 1e-3, "critic_lr": 1e-3, "smooth": 0.1, "noise": 0.0, "width": 8, "widest": 16, "batch": 8}
    plan = Plan(steps=6, validate_every=3)
    scores = [score_fold("dcgan", data, settings, fold, 2, plan) for fold in (0, 1)]
    assert all(np.isfinite(scores))
    assert scores[0] == score_fold("dcgan", data, settings, 0, 2, plan)


def test_nets_without_a_search_space_are_told() -> None:
    with pytest.raises(SpecError, match="no search space is written for 'nothing'"):
        Search("nothing")
