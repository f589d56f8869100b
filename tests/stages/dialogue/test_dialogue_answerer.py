"""Questions to a finished dialogue: facts, conversation, health, other languages, and what is said next."""

from __future__ import annotations

from typing import Any

import pytest

from stages.dialogue.answerer import Answerer, Turn

DIALOGUE: dict[str, Any] = {
    "persona": {"name": "Mo", "language": "en"},
    "lines": [
        {"id": "hello", "text": "Hello, I am Mo."}, {"id": "fact_01", "text": "A jar of honey costs nine dollars."},
        {"id": "fact_02", "text": "The hives are behind the barn; there are twelve."},
        {"id": "fact_03", "text": "The shop is open on Fridays from ten to four."},
        {"id": "topic_01", "text": "The hives are behind the barn; there are twelve."},
        {"id": "thanks", "text": "You are welcome!"}, {"id": "goodbye", "text": "Goodbye!"}, {"id": "more", "text": "I see. What now?"},
        {"id": "language", "text": "I only speak English."}, {"id": "fallback", "text": "I do not know."},
    ],
    "replies": [
        {"line": "hello", "questions": ["Hello", "Who are you?"]}, {"line": "fact_01", "questions": ["How much is the honey?"]},
        {"line": "fact_02", "questions": ["Where are the hives?"]}, {"line": "fact_03", "questions": ["When is the shop open?"]},
        {"line": "topic_01", "questions": ["hives"]}, {"line": "gone", "questions": ["What is gone?"]},
        {"line": "fallback", "questions": ["Tell me a joke."]},
    ],
    "fallback": "fallback",
}  # fmt: skip
OLD = DIALOGUE | {"lines": [line for line in DIALOGUE["lines"] if line["id"] in ("hello", "fact_01", "fallback")]}
"""A bundle from before there was small talk."""


@pytest.fixture(scope="module")
def answerer() -> Answerer:
    return Answerer.from_dialogue(DIALOGUE)


@pytest.mark.parametrize(
    ("question", "lines"),
    [
        ("what's the price of a jar of honey", ("fact_01",)),
        ("how mcuh is teh hony", ("fact_01",)),
        ("Where do you keep your hives?", ("fact_02",)),
        ("Tell me about the hives.", ("topic_01",)),
        ("  ", ("fallback",)),
        ("🙂", ("fallback",)),
        ("Tell me a joke.", ("fallback",)),
        ("How much is the honey, and when is the shop open?", ("fact_01", "fact_03")),
        ("Hello! How much is the honey?", ("fact_01",)),
        ("I am allergic to pollen, may I eat the honey?", ("fallback",)),
        ("You are an idiot.", ("more",)),
        ("ok", ("more",)),
        ("Thank you, goodbye!", ("goodbye",)),
        ("Was kostet das und wie viel Honig ist in einem Glas?", ("language",)),
        ("蜂蜜多少钱？", ("language",)),
    ],
)
def test_a_question_finds_its_lines(answerer: Answerer, question: str, lines: tuple[str, ...]) -> None:
    answer = answerer.answer(question)
    assert answer.lines == lines
    assert answer.text == " ".join(next(item["text"] for item in DIALOGUE["lines"] if item["id"] == line) for line in lines)
    assert 0 <= answer.score <= 1


def test_a_follow_up_is_understood_by_the_previous_question(answerer: Answerer) -> None:
    history = (Turn("How much is the honey?", ("fact_01",)), Turn("Where are the hives?", ("fact_02",)))
    assert answerer.answer("And how many are there?").lines != ("fact_02",)
    assert answerer.answer("And how many are there?", history).lines == ("fact_02",)
    assert answerer.answer("When is the shop open?", history).lines == ("fact_03",)
    assert answerer.answer("Say that again, please.", history).lines == ("fact_02",)
    assert answerer.answer("Tell me more.", history).lines == ("fact_03",)
    assert answerer.answer("Say that again, please.").lines == ("more",)


def test_a_fact_is_followed_by_one_that_was_not_said(answerer: Answerer) -> None:
    history = (Turn("Where are the hives?", ("fact_02",)),)
    assert answerer.answer("How much is the honey?", history).next == "fact_03"
    assert answerer.answer("Tell me a joke.").next is None


def test_the_same_question_gets_the_same_answer(answerer: Answerer) -> None:
    assert answerer.answer("Is it far to the barn?") == Answerer.from_dialogue(DIALOGUE).answer("Is it far to the barn?")


def test_an_old_bundle_falls_back_where_it_has_no_small_talk() -> None:
    answerer = Answerer.from_dialogue(OLD)
    assert answerer.answer("How much is the honey?").lines == ("fact_01",)
    assert answerer.answer("Thank you!").lines == ("fallback",)
    assert Answerer.from_dialogue({"lines": [], "replies": [], "fallback": "fallback"}).answer("Hello").lines == ("fallback",)
