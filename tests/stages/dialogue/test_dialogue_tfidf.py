"""The lexical matcher: words, endings, and the held-out questions of the presets."""

from __future__ import annotations

import pytest
import yaml

from assets.spec.read import PRESETS_FOLDER
from bench.dialogue import QUESTIONS, load_persona, measure_persona
from stages.dialogue.backend import Candidate
from stages.dialogue.tfidf import MAX_QUESTION_LENGTH, TfidfMatcher, normalize_text, stem, stem_words

CANDIDATES = [
    Candidate("fact_01", "A ticket costs eight pounds.", ("How much is a ticket?",)),
    Candidate("fact_02", "The toilets are downstairs.", ("Where are the toilets?",)),
    Candidate("fallback", "I do not know.", ("Who won the match?",)),
]


def test_words_lose_their_endings_and_chinese_is_split_into_characters() -> None:
    assert stem("tickets") == stem("ticket")
    assert stem("stopped") == stem("stops")
    assert stem_words("Tickets, 你好！") == ["ticket", "你", "好"]
    assert normalize_text("ＡＢＣ’s") == "abc's"


def test_an_example_question_scores_highest_on_its_own_line() -> None:
    matcher = TfidfMatcher(CANDIDATES)
    for candidate in CANDIDATES:
        scores = matcher.score_candidates(candidate.questions[0])
        assert max(scores, key=lambda line: scores[line]) == candidate.line
        assert scores[candidate.line] >= 0.9
    assert set(matcher.score_candidates("").values()) == {0.0}


def test_only_the_beginning_of_a_very_long_question_is_used() -> None:
    matcher, question = TfidfMatcher(CANDIDATES), "tickets and toilets " * 100_000
    assert matcher.score_candidates(question) == matcher.score_candidates(question[:MAX_QUESTION_LENGTH])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["kofi", "ada", "lin"])
def test_the_presets_held_out_questions_find_their_line_or_the_fallback(name: str) -> None:
    result = measure_persona(name, "embedding")
    assert result["questions"] == 30
    assert float(str(result["accuracy"])) >= 0.7


@pytest.mark.parametrize("name", ["kofi", "ada", "lin"])
def test_held_out_questions_differ_from_the_examples(name: str) -> None:
    options, questions = load_persona(name)
    examples = {normalize_text(question) for fact in options.facts for question in fact.ask} | {
        normalize_text(q) for q in options.out_of_scope
    }
    assert not examples & {normalize_text(question) for question, _ in questions}
    ids = {f"fact_{index:02d}" for index in range(1, len(options.facts) + 1)} | {"hello", "fallback"}
    assert {expected for _, expected in questions} == ids
    assert (PRESETS_FOLDER / f"{name}.yaml").is_file()
    assert yaml.safe_load((QUESTIONS / f"{name}.yaml").read_text(encoding="utf-8"))
