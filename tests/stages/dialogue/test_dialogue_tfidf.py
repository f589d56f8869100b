"""The lexical matcher: words, endings, concepts, and the held-out questions of the presets."""

from __future__ import annotations

import time

import pytest
import yaml

from assets.spec.read import PRESETS_FOLDER
from bench.dialogue import QUESTIONS, load_persona, measure_persona
from stages.dialogue.backend import Candidate
from stages.dialogue.concepts import find_concepts
from stages.dialogue.tfidf import TfidfMatcher, normalize_text, stem, stem_words

TOPICS = [
    Candidate("fact_01", "A ticket costs eight pounds.", ("How much is a ticket?",)),
    Candidate("fact_02", "The toilets are downstairs.", ("Where are the toilets?",)),
    Candidate("fallback", "I do not know.", ("Who won the match?",)),
]


def test_words_lose_their_endings_and_chinese_falls_apart_into_characters() -> None:
    assert stem("tickets") == stem("ticket")
    assert stem("stopped") == stem("stops")
    assert stem_words("Tickets, 你好！") == ["ticket", "你", "好"]
    assert normalize_text("ＡＢＣ’s") == "abc's"


def test_words_of_like_meaning_share_a_concept() -> None:
    assert set(find_concepts("what are your fees?")) & set(find_concepts("the price is low"))
    assert set(find_concepts("要多少钱")) & set(find_concepts("费用很高"))
    assert not find_concepts("qwertz")


def test_an_example_question_scores_highest_on_its_own_topic() -> None:
    matcher = TfidfMatcher(TOPICS)
    for topic in TOPICS:
        scores = matcher.scores(topic.questions[0])
        assert max(scores, key=lambda line: scores[line]) == topic.line
        assert scores[topic.line] >= 0.9
    assert set(matcher.scores("").values()) == {0.0}


def test_a_very_long_question_takes_no_longer_than_a_short_one() -> None:
    matcher = TfidfMatcher(TOPICS)
    begin = time.perf_counter()
    matcher.scores("tickets and toilets " * 100_000)
    assert time.perf_counter() - begin < 0.5


@pytest.mark.parametrize("name", ["kofi", "ada", "lin"])
def test_the_presets_held_out_questions_are_answered_or_refused(name: str) -> None:
    found = measure_persona(name, "overlap")
    assert found["questions"] == 30
    assert float(str(found["accuracy"])) >= 0.8


@pytest.mark.parametrize("name", ["kofi", "ada", "lin"])
def test_held_out_questions_differ_from_the_examples(name: str) -> None:
    options, asked = load_persona(name)
    examples = {normalize_text(question) for fact in options.facts for question in fact.ask} | {
        normalize_text(q) for q in options.out_of_scope
    }
    assert not examples & {normalize_text(question) for question, _ in asked}
    ids = {f"fact_{index:02d}" for index in range(1, len(options.facts) + 1)} | {"hello", "fallback"}
    assert {want for _, want in asked} == ids
    assert (PRESETS_FOLDER / f"{name}.yaml").is_file()
    assert yaml.safe_load((QUESTIONS / f"{name}.yaml").read_text(encoding="utf-8"))
