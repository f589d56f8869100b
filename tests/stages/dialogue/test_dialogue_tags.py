"""Emotion and gesture by meaning, and the words before a fact."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assets.artefacts.talk import Line
from assets.spec.behaviour import PersonaSpec
from assets.spec.read import list_presets, read_spec
from bench.tags import measure, read_sentences
from stages.dialogue.openers import OPENERS, add_opener
from stages.dialogue.stage import BACKENDS, run
from stages.dialogue.tags import Tags, choose_tags, classify, read_examples

PRICE = "A ticket costs eight pounds."


@pytest.mark.parametrize(("language", "emotions", "gestures"), [("en", 24, 27), ("zh", 25, 24)])
def test_sentences_that_nothing_was_tuned_on_get_their_tags(language: str, emotions: int, gestures: int) -> None:
    """Two of thirty below what was measured: 25 and 29 in English, 27 and 26 in Mandarin."""
    count, right_emotions, right_gestures, _ = measure("judging", "encoder", language)
    assert count == 30
    assert (right_emotions >= emotions, right_gestures >= gestures) == (True, True)


def test_no_example_is_judged_or_a_presets_own() -> None:
    examples = {text for _, _, text in read_examples()}
    judged = {text for name in ("tuning", "judging") for _, _, text in read_sentences(name)}
    personas = [read_spec(name).spec.persona for name in list_presets()]
    assert not examples & judged
    assert not (examples | judged) & {text for persona in personas for text in (*persona.lines, *(fact.say for fact in persona.facts))}


def test_the_kind_of_a_line_and_the_manner_come_before_its_words() -> None:
    assert choose_tags("hello", PRICE, "en", "formal") == Tags("happy", "wave")
    assert choose_tags("fallback", PRICE, "en", "warm") == Tags("sad", "shrug")
    assert choose_tags("fallback", PRICE, "en", "formal") == Tags("neutral", "shrug")
    assert choose_tags("line", PRICE, "en", "calm") == Tags("neutral", "none")
    assert choose_tags("line", PRICE, "en", "lively") == Tags("neutral", "explain")
    surprise = "Can you believe it, this stone fell from the sky!"
    assert [choose_tags("fact", surprise, "en", manner).emotion for manner in ("lively", "calm")] == ["surprised", "neutral"]


def test_a_fact_never_waves_and_a_goodbye_of_the_authors_own_does() -> None:
    goodbye = "Goodbye, and have a safe journey home!"
    assert choose_tags("line", goodbye, "en", "calm") == Tags("happy", "wave")
    assert choose_tags("fact", goodbye, "en", "warm").gesture != "wave"


@pytest.mark.parametrize("text", ["?", "🙂", "x" * 9000])
def test_any_text_gets_tags(text: str) -> None:
    assert classify(text, "en").gesture in {"explain", "point", "nod", "wave", "shrug"}


def add(line: Line, *, openers: bool = True, manner: str = "lively") -> list[str]:
    """What comes before the line with forty seeds."""
    options = PersonaSpec.model_validate({"openers": openers, "manner": manner, "language": line.language})
    found = [add_opener(line, options, seed).text for seed in range(40)]
    assert all(text.endswith(line.text) for text in found)
    return [text.removesuffix(line.text).strip() for text in found]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("manner", ["warm", "formal", "lively", "calm"])
def test_about_one_fact_in_three_has_an_opener_of_its_manner(language: str, manner: str) -> None:
    found = add(Line("fact_01", PRICE, language, "neutral", "explain"), manner=manner)
    assert 7 <= sum(map(bool, found)) <= 20
    assert set(filter(None, found)) == set(OPENERS[language][manner])


@pytest.mark.parametrize(("emotion", "gesture"), [("serious", "explain"), ("sad", "explain"), ("neutral", "nod"), ("neutral", "shrug")])
def test_a_warning_a_regret_a_yes_and_ignorance_have_none(emotion: str, gesture: str) -> None:
    assert not any(add(Line("fact_01", PRICE, "en", emotion, gesture)))


@pytest.mark.parametrize(("text", "language"), [("Leave the beach when the red flag is up.", "en"), ("台阶很滑，请扶好栏杆。", "zh")])
def test_nothing_is_said_before_what_is_nearly_a_warning(text: str, language: str) -> None:
    assert not any(add(Line("fact_01", text, language, "neutral", "explain")))


def test_the_author_may_forbid_openers() -> None:
    assert not any(add(Line("fact_01", PRICE, "en", "neutral", "explain"), openers=False))


def test_openers_are_drawn_for_each_fact_alone_and_the_fact_stays_its_ground() -> None:
    facts = [
        {"say": f"Ticket number {number} costs {number} pounds.", "ask": [f"What does ticket {number} cost?"]} for number in range(2, 12)
    ]
    marked = {"say": 'Wait <break time="0.5s"/> at the gate.', "ask": ["Where do I wait?"]}
    options = PersonaSpec.model_validate({"facts": [*facts, marked], "manner": "formal"})
    lines = {line.text: line for line in run(options=options, seed=4, backend=BACKENDS.get("overlap")).lines if line.id.startswith("fact")}
    opened = [line for line in lines.values() if line.text.startswith(OPENERS["en"]["formal"])]
    assert 1 <= len(opened) <= 7
    assert all(line.text.endswith(line.grounded_in[0]) for line in lines.values())
    fewer = run(options=options.model_copy(update={"facts": options.facts[3:]}), seed=4, backend=BACKENDS.get("overlap"))
    assert {replace(line, id="") for line in fewer.lines if line.id.startswith("fact")} <= {replace(line, id="") for line in lines.values()}
    waits = [run(options=options.model_copy(update={"facts": options.facts[-1:]}), seed=seed, backend=BACKENDS.get("overlap"))
             for seed in range(8)]  # fmt: skip
    spoken = [next(line.spoken for line in dialogue.lines if line.id == "fact_01") for dialogue in waits]
    assert all(text.endswith('Wait <break time="0.5s"/> at the gate.') for text in spoken)
    assert any(text.startswith(OPENERS["en"]["formal"]) for text in spoken)
