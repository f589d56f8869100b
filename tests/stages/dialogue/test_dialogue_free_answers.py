"""A model's own sentences in a talk: only where no line is certain, only what the facts support, and only if it is an answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assets.spec.behaviour import KnowledgeSpec, PersonaSpec
from stages.dialogue.answerer import Answerer
from stages.dialogue.causal import load_model
from stages.dialogue.e5 import load_e5
from stages.dialogue.free_answers import FreeAnswer, FreeAnswers
from stages.dialogue.stage import BACKENDS, run
from stages.dialogue.writer import TextModel
from stages.package.talk_files import describe_dialogue

pytestmark = pytest.mark.slow

GUIDE = "The tower was built in 1872. It has 214 steps, and no lift.\n\nDogs must stay outside, unless they are guide dogs.\n"
FACTS = [{"say": "You can pay in cash only.", "ask": ["Can I pay by card?", "Do you take cards?"]}]


class Scripted:
    """Writes what a test says; it stands for the network of a model, all that judges its words is real."""

    def __init__(self) -> None:
        self.write: Callable[[str], str] = lambda _: "NONE"
        self.requests: list[str] = []

    def generate_text(self, messages: list[dict[str, str]], *, tokens: int = 80) -> str:
        """The text of the test for the last message."""
        self.requests.append(messages[-1]["content"])
        return self.write(self.requests[-1])


@pytest.fixture(scope="module")
def dialogue(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("guide") / "guide.txt"
    path.write_text(GUIDE)
    options = PersonaSpec.model_validate({"facts": FACTS, "knowledge": [KnowledgeSpec(file=str(path))]})
    return describe_dialogue(run(options=options, seed=1, backend=BACKENDS.get("embedding"), name="Finn"))


def ask(dialogue: dict[str, Any], model: TextModel, question: str) -> FreeAnswer:
    answerer = Answerer.from_dialogue(dialogue)
    return FreeAnswers(dialogue, answerer, load_e5(), model).improve(question, answerer.answer(question))


def test_a_new_sentence_that_a_passage_supports_is_spoken_with_its_source(dialogue: dict[str, Any]) -> None:
    model = Scripted()
    model.write = lambda _: "It has 214 steps, and no lift."
    found = ask(dialogue, model, "Are there many steps?")
    assert (found.result, found.answer.text) == ("spoken", "It has 214 steps, and no lift.")
    assert found.answer.sources[0] == {"id": "passage_001", "file": "guide.txt", "line": 1}
    assert "The tower was built in 1872" in model.requests[0]


@pytest.mark.parametrize(
    ("question", "text", "reason"),
    [
        ("Are there many steps?", "It has 215 steps, and no lift.", "it says '215', and the fact does not"),
        ("Are there many steps?", "It has 214 steps, and a lift.", "it turns a negation around"),
        ("Are cats allowed outside?", "Dogs must stay outside.", "it drops an exception"),
        ("Do you sell ice cream?", "The tower was built in 1872.", "it does not answer the question"),
    ],
)
def test_a_sentence_that_is_not_supported_or_no_answer_leaves_the_line(
    dialogue: dict[str, Any], question: str, text: str, reason: str
) -> None:
    model = Scripted()
    model.write = lambda _: text
    found = ask(dialogue, model, question)
    assert found.result == "refused"
    assert found.answer.lines == Answerer.from_dialogue(dialogue).answer(question).lines
    assert found.refused == reason


@pytest.mark.parametrize("question", ["Can I pay by card?", "hello", "thank you", "", "Is the food safe for my allergy?"])
def test_the_model_gets_no_request_where_a_line_is_certain_or_nothing_may_answer(dialogue: dict[str, Any], question: str) -> None:
    model = Scripted()
    assert ask(dialogue, model, question).result == "unused"
    assert model.requests == []


def test_a_model_that_knows_nothing_leaves_the_fallback(dialogue: dict[str, Any]) -> None:
    found = ask(dialogue, Scripted(), "Do you sell ice cream?")
    assert (found.answer.lines, found.result, found.refused) == (("fallback",), "none", "")


def test_random_weights_of_a_real_model_are_refused(dialogue: dict[str, Any], tiny_llama: Path) -> None:
    found = ask(dialogue, load_model(str(tiny_llama)), "Do you sell ice cream?")
    assert (found.result, found.answer.lines) == ("refused", ("fallback",))
    assert found.refused
