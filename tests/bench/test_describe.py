"""The benchmark of texts that become people: its sentences are well formed, and its judge is strict and fair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from assets.errors import Finding, SpecError
from bench.describe import VOCABULARY, KeywordBaseline, Sentence, count_groups, judge, load_sentences, run

_LEAST = {"negation": 40, "number": 40, "edit": 50, "multi": 25, "mixed": 15, "typo": 20, "synonym": 60}
"""What issue 23 asks of the 300."""


@dataclass(frozen=True)
class Answer:
    """A description as the product returns it."""

    attributes: Mapping[str, Any]
    fields: Mapping[str, Any] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()


@dataclass
class Script:
    """A describer that returns what it is given."""

    before: Answer | SpecError
    after: Answer | SpecError | None = None

    def describe(self, text: str, *, seed: int) -> Answer:
        return self._give(self.before)

    def edit(self, description: Answer, change: str, *, seed: int) -> Answer:
        return self._give(self.after or self.before)

    @staticmethod
    def _give(answer: Answer | SpecError) -> Answer:
        if isinstance(answer, SpecError):
            raise answer
        return answer


REFUSAL = SpecError(Finding("describe/refused", "no"))


def make_sentence(expected: dict[str, Any], after: dict[str, Any] | None = None) -> Sentence:
    return Sentence("en-1", "en", "template", "a man", expected, edit="older" if after else "", expected_after=after or {})


def test_there_are_150_sentences_a_language_and_enough_of_each_kind() -> None:
    sentences = load_sentences()
    assert Counter(one.language for one in sentences) == {"en": 150, "zh": 150}
    tags = Counter(tag for one in sentences for tag in one.tags)
    assert {name: count for name, count in _LEAST.items() if tags[name] < count} == {}
    assert tags["refusal"] + tags["contradiction"] >= 12
    for language in ("en", "zh"):
        assert sum(one.kind != "template" for one in sentences if one.language == language) >= 50


def test_no_sentence_stands_twice() -> None:
    texts = Counter((one.text, one.edit) for one in load_sentences())
    assert max(texts.values()) == 1
    assert len({one.id for one in load_sentences()}) == 300


@pytest.mark.parametrize("one", load_sentences(), ids=lambda one: one.id)
def test_every_expectation_is_in_the_closed_vocabulary(one: Sentence) -> None:
    assert one.expected
    for name, requested in (*one.expected.items(), *one.expected_after.items()):
        if name == "age" and requested not in ("more", "less"):
            assert 1 <= requested[0] <= requested[1] <= 100
        elif name not in ("refused", "reported") and requested not in ("more", "less"):
            assert set(requested if isinstance(requested, list) else [requested]) <= set(VOCABULARY[name])


def test_a_sentence_is_right_only_if_all_of_it_is() -> None:
    sentence = make_sentence({"gender": "male", "age": [30, 40], "beard": ["stubble", "beard"]})
    assert judge(sentence, Script(Answer({"gender": "male", "age": 34.0, "beard": "beard"})), 0).is_right
    wrong = judge(sentence, Script(Answer({"gender": "male", "age": 41.0, "beard": "beard"})), 0)
    assert not wrong.is_right
    assert dict(wrong.checks) == {"gender": True, "age": False, "beard": True}


def test_a_refusal_is_right_only_where_one_is_due() -> None:
    assert judge(make_sentence({"refused": True}), Script(REFUSAL), 0).is_right
    assert not judge(make_sentence({"refused": True}), Script(Answer({})), 0).is_right
    assert not judge(make_sentence({"gender": "male"}), Script(REFUSAL), 0).is_right


def test_gibberish_has_to_be_refused_or_reported() -> None:
    sentence = make_sentence({"reported": True})
    assert judge(sentence, Script(REFUSAL), 0).is_right
    assert judge(sentence, Script(Answer({}, ignored=("qpzm",))), 0).is_right
    assert not judge(sentence, Script(Answer({})), 0).is_right


def test_a_step_too_small_for_another_word_shows_in_the_field() -> None:
    sentence = make_sentence({"height": "average"}, {"height": "more"})
    same = {"height": "average"}
    assert judge(sentence, Script(Answer(same, {"body.height": 0.5}), Answer(same, {"body.height": 0.6})), 0).is_right
    assert not judge(sentence, Script(Answer(same, {"body.height": 0.5}), Answer(same, {"body.height": 0.4})), 0).is_right
    assert judge(sentence, Script(Answer(same), Answer({"height": "tall"})), 0).is_right


def test_an_edit_leaves_the_rest_but_for_what_follows_it() -> None:
    sentence = make_sentence({"age": [28, 32]}, {"age": "more"})
    before = {"age": 30.0, "hair_colour": "brown", "eye_colour": "blue"}
    outcome = judge(sentence, Script(Answer(before), Answer({"age": 60.0, "hair_colour": "grey", "eye_colour": "green"})), 0)
    assert outcome.is_right
    assert dict(outcome.rest)["eye_colour"] is False
    assert "hair_colour" not in dict(outcome.rest)


def test_the_keyword_baseline_runs_on_all_sentences() -> None:
    shares = {name: share for name, _, share in count_groups(run(KeywordBaseline(), load_sentences(), 1))}
    assert 10 < shares["all right"] < 40
