"""The lexical matcher: words, endings, concepts, and the held-out questions of the presets."""

from __future__ import annotations

import time

import pytest
import yaml

from assets.spec.read import PRESETS
from bench.dialogue import QUESTIONS, measure, persona
from stages.dialogue.backend import Topic
from stages.dialogue.concepts import concepts_of
from stages.dialogue.tfidf import Lexical, folded, stem, words

TOPICS = [
    Topic("fact_01", "A ticket costs eight pounds.", ("How much is a ticket?",)),
    Topic("fact_02", "The toilets are downstairs.", ("Where are the toilets?",)),
    Topic("fallback", "I do not know.", ("Who won the match?",)),
]


def test_words_lose_their_endings_and_chinese_falls_apart_into_characters() -> None:
    assert stem("tickets") == stem("ticket")
    assert stem("stopped") == stem("stops")
    assert words("Tickets, 你好！") == ["ticket", "你", "好"]
    assert folded("ＡＢＣ’s") == "abc's"


def test_words_of_like_meaning_share_a_concept() -> None:
    assert set(concepts_of("what are your fees?")) & set(concepts_of("the price is low"))
    assert set(concepts_of("要多少钱")) & set(concepts_of("费用很高"))
    assert not concepts_of("qwertz")


def test_an_example_question_scores_highest_on_its_own_topic() -> None:
    matcher = Lexical(TOPICS)
    for topic in TOPICS:
        scores = matcher.scores(topic.questions[0])
        assert max(scores, key=lambda line: scores[line]) == topic.line
        assert scores[topic.line] >= 0.9
    assert set(matcher.scores("").values()) == {0.0}


def test_a_very_long_question_takes_no_longer_than_a_short_one() -> None:
    matcher = Lexical(TOPICS)
    begin = time.perf_counter()
    matcher.scores("tickets and toilets " * 100_000)
    assert time.perf_counter() - begin < 0.5


@pytest.mark.parametrize("name", ["kofi", "ada", "lin"])
def test_the_presets_held_out_questions_are_answered_or_refused(name: str) -> None:
    found = measure(name, "overlap")
    assert found["questions"] == 30
    assert float(str(found["accuracy"])) >= 0.8


@pytest.mark.parametrize("name", ["kofi", "ada", "lin"])
def test_held_out_questions_differ_from_the_examples(name: str) -> None:
    options, asked = persona(name)
    examples = {folded(question) for fact in options.facts for question in fact.ask} | {folded(q) for q in options.out_of_scope}
    assert not examples & {folded(question) for question, _ in asked}
    ids = {f"fact_{index:02d}" for index in range(1, len(options.facts) + 1)} | {"hello", "fallback"}
    assert {want for _, want in asked} == ids
    assert (PRESETS / f"{name}.yaml").is_file()
    assert yaml.safe_load((QUESTIONS / f"{name}.yaml").read_text(encoding="utf-8"))
