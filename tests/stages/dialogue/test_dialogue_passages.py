"""Answers from documents: a passage where no fact answers, the facts first, the fallback in doubt, and the page's answers alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assets.spec.behaviour import KnowledgeSpec, PersonaSpec
from bench.understanding import make_page
from stages.dialogue.answerer import Answerer, Turn, format_source
from stages.dialogue.lexical import LexicalAnswerer
from stages.dialogue.stage import BACKENDS, run
from stages.package.talk_files import describe_dialogue

pytestmark = pytest.mark.slow

GUIDE = """# Lighthouse

The tower was built in 1872. It has 214 steps, and no lift.

Dogs must stay outside, unless they are guide dogs.

A ticket for the tower costs six euros.
"""
FACTS = [
    {"say": "I have kept the light for twenty years.", "ask": ["How long have you been the keeper?"]},
    {"say": "You can pay in cash only.", "ask": ["Can I pay by card?", "Do you take cards?"]},
]
QUESTIONS = (
    "When was the tower built?",
    "Can I bring my dog?",
    "What does a ticket cost?",
    "Do you take cards?",
    "Who won the match?",
    "hello",
)


@pytest.fixture(scope="module")
def persona(tmp_path_factory: pytest.TempPathFactory) -> PersonaSpec:
    path = tmp_path_factory.mktemp("guide") / "guide.md"
    path.write_text(GUIDE)
    return PersonaSpec.model_validate(
        {"facts": FACTS, "knowledge": [KnowledgeSpec(file=str(path))], "out_of_scope": ["Who won the match?"]}
    )


@pytest.fixture(scope="module")
def dialogue(persona: PersonaSpec) -> dict[str, Any]:
    return describe_dialogue(run(options=persona, seed=1, backend=BACKENDS.get("embedding"), name="Finn"))


@pytest.fixture(scope="module")
def answerer(dialogue: dict[str, Any]) -> Answerer:
    return Answerer.from_dialogue(json.loads(json.dumps(dialogue)))


def test_a_question_that_no_fact_answers_gets_the_passage_word_for_word_with_its_source(answerer: Answerer) -> None:
    answer = answerer.answer("When was the tower built?")
    assert answer.text == "The tower was built in 1872. It has 214 steps, and no lift."
    assert answer.sources == ({"id": "passage_001", "file": "guide.md", "line": 3},)
    assert format_source(answer.sources[0]) == "guide.md, line 3"
    assert answer.why == "no fact answers it, and guide.md, line 3 does"


def test_a_fact_wins_over_a_passage(persona: PersonaSpec, tmp_path: Path) -> None:
    (tmp_path / "pay.txt").write_text("Can you pay by card? Yes, you can pay by card.")
    both = persona.model_copy(update={"knowledge": (KnowledgeSpec(file=str(tmp_path / "pay.txt")),)})
    made = describe_dialogue(run(options=both, seed=1, backend=BACKENDS.get("embedding"), name="Finn"))
    answer = Answerer.from_dialogue(made).answer("Can I pay by card?")
    assert (answer.text, answer.sources) == (FACTS[1]["say"], ())


def test_documents_change_no_answer_that_a_fact_gives(persona: PersonaSpec, answerer: Answerer) -> None:
    alone = persona.model_copy(update={"knowledge": ()})
    without = Answerer.from_dialogue(describe_dialogue(run(options=alone, seed=1, backend=BACKENDS.get("embedding"), name="Finn")))
    for question in (*QUESTIONS, "thanks", "Do you like the job?"):
        answer = without.answer(question)
        if answer.lines != ("fallback",):
            assert answerer.answer(question).lines == answer.lines


@pytest.mark.parametrize("question", ["Who won the match?", "Do you sell ice cream?", "What is your sister called?", "", "🙂"])
def test_a_question_that_nothing_answers_gets_the_fallback(answerer: Answerer, question: str) -> None:
    answer = answerer.answer(question)
    assert (answer.lines, answer.sources) == (("fallback",), ())


def test_more_of_a_document_is_its_next_passage(answerer: Answerer) -> None:
    first = answerer.answer("When was the tower built?")
    assert first.next == "passage_002"
    more = answerer.answer("Tell me more.", [Turn("When was the tower built?", first.lines)])
    assert more.lines == ("passage_002",)


def test_the_page_answers_from_passages_as_the_program_does(persona: PersonaSpec, dialogue: dict[str, Any]) -> None:
    from bench.understanding import Trial

    questions = ("How many steps does the tower have?", "Are dogs allowed outside?", *QUESTIONS)
    trials = [Trial("", question, "", ()) for question in questions]
    program = LexicalAnswerer(dialogue)
    found = make_page(persona)(trials)
    assert found == [tuple(program.answer(question)) for question in questions]
    assert found[:2] == [("passage_001",), ("passage_002",)]
    assert found[5] == ("fact_02",)
    assert found[6] == ("fallback",)
