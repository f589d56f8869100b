"""Questions to a finished dialogue: the lines that answer them."""

from __future__ import annotations

from typing import Any

import pytest

from stages.dialogue.answerer import Answerer

DIALOGUE: dict[str, Any] = {
    "persona": {"name": "Mo", "language": "en"},
    "lines": [
        {"id": "hello", "text": "Hello, I am Mo."}, {"id": "fact_01", "text": "A jar of honey costs nine dollars."},
        {"id": "fact_02", "text": "The hives are behind the barn."}, {"id": "fallback", "text": "I do not know."},
    ],
    "replies": [
        {"line": "hello", "questions": ["Hello", "Who are you?"]}, {"line": "fact_01", "questions": ["How much is the honey?"]},
        {"line": "fact_02", "questions": ["Where are the hives?"]}, {"line": "fallback", "questions": ["Tell me a joke."]},
    ],
    "fallback": "fallback",
}  # fmt: skip


@pytest.fixture(scope="module")
def answerer() -> Answerer:
    return Answerer.from_dialogue(DIALOGUE)


@pytest.mark.parametrize(
    ("question", "line"),
    [("what's the price of a jar of honey", "fact_01"), ("Where do you keep your hives?", "fact_02"), ("  ", "fallback")],
)
def test_a_question_finds_its_line(answerer: Answerer, question: str, line: str) -> None:
    answer = answerer.answer(question)
    assert answer.lines == (line,)
    assert answer.text == next(item["text"] for item in DIALOGUE["lines"] if item["id"] == line)
