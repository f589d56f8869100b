"""The score cache computes a list of likelihoods or a text's states once, and keeps only what the last build used."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assets.store import LocalStore
from assets.substage_cache import lookup, use_cache
from stages.dialogue.causal import States
from stages.dialogue.score_cache import CachedScores, PromptReplies, lookup_likelihoods, lookup_states, open_score_cache

SUBJECT = {"weights": {"model": "1"}, "persona": "Ada"}


class Model:
    def __init__(self) -> None:
        self.replies: list[str] = []

    def __call__(self, pairs: PromptReplies) -> list[float]:
        self.replies += [reply for _, reply in pairs]
        return [-float(len(reply)) for _, reply in pairs]


def test_a_second_build_computes_only_what_changed(tmp_path: Path) -> None:
    model = Model()
    for replies in (("a", "bb"), ("a", "ccc")):
        with use_cache(LocalStore(tmp_path)), open_score_cache(SUBJECT):
            assert [lookup_likelihoods([("q", reply)], model) for reply in replies] == [[-len(reply)] for reply in replies]
    assert model.replies == ["a", "bb", "ccc"]


def test_what_the_last_build_did_not_use_is_dropped(tmp_path: Path) -> None:
    with use_cache(LocalStore(tmp_path)):
        for reply in ("a", "bb"):
            with open_score_cache(SUBJECT):
                lookup_likelihoods([("q", reply)], Model())
        kept = lookup({"part": "dialogue/told", **SUBJECT}, CachedScores)
    assert kept is not None
    assert list(kept.values.values()) == [[-2.0]]


def test_a_list_is_one_entry_because_its_digits_depend_on_the_pass(tmp_path: Path) -> None:
    model = Model()
    with use_cache(LocalStore(tmp_path)), open_score_cache(SUBJECT):
        lookup_likelihoods([("q", "a"), ("q", "bb")], model)
        lookup_likelihoods([("q", "a")], model)
        lookup_likelihoods([("q", "a"), ("q", "bb")], model)
    assert model.replies == ["a", "bb", "a"]


def test_without_an_open_cache_everything_is_computed() -> None:
    model = Model()
    assert lookup_likelihoods([("q", "a")], model) == lookup_likelihoods([("q", "a")], model)
    assert len(model.replies) == 2


def test_states_are_kept_with_the_likelihoods(tmp_path: Path) -> None:
    texts_read: list[str] = []

    def read(text: str) -> States:
        texts_read.append(text)
        return np.full((len(text), 2), 0.1, np.float32)

    for texts in (("a", "bb"), ("bb", "ccc")):
        with use_cache(LocalStore(tmp_path)), open_score_cache(SUBJECT):
            lookup_likelihoods([("q", "a")], Model())
            assert all(np.array_equal(lookup_states(text, read), np.full((len(text), 2), 0.1, np.float32)) for text in texts)
    assert texts_read == ["a", "bb", "ccc"]
