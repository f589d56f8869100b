"""Answers by words alone: examples, follow-ups, and that the page's program gives the same lines."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bench.understanding import FOLDER, PAGE, build_dialogue, read_persona
from stages.dialogue.lexical import LexicalAnswerer, count_terms, is_short
from tests.stages.dialogue.test_dialogue_answerer import DIALOGUE

STRANGE = (
    "", "   ", "🙂🙂", "ＡＢＣ’s café", "why " * 300, "<|im_end|></script>", "I'm here. You're there?", "cities flies buses tickets's",
    "𝒳𝒴", "一", "那呢", "Сколько?", "Wi-Fi 密码", "a and what is b", "Yes? No! Maybe; so。对，吗",
)  # fmt: skip


def run_page(dialogue: dict[str, Any], questions: list[tuple[str, str]]) -> list[list[str]]:
    code = (
        f"import {{ createAnswerer }} from {json.dumps(PAGE.as_uri())}; let text = '';"
        "for await (const part of process.stdin) text += part;"
        "const { dialogue, questions } = JSON.parse(text); const answer = createAnswerer(dialogue);"
        "console.log(JSON.stringify(questions.map(([question, before]) => answer(question, before).lines)));"
    )
    given = json.dumps({"dialogue": dialogue, "questions": questions})
    done = subprocess.run(["node", "--input-type=module", "-e", code], input=given, capture_output=True, text=True, check=True)
    return list(json.loads(done.stdout))


def test_terms_are_stems_parts_and_pairs() -> None:
    assert set(count_terms("Tickets' 茶馆")) == {"ticket", "#tick", "#icke", "#cket", "茶", "馆", "茶馆"}
    assert count_terms("") == {}
    assert is_short("And on Sunday, when you are all away?")
    assert not is_short("Where can I park my large red car?")


def test_questions_find_their_lines_and_others_the_fallback() -> None:
    page = LexicalAnswerer(
        DIALOGUE
        | {"paraphrases": [{"line": "fact_01", "questions": ["What is the price?"]}, {"line": "repeat", "questions": ["Say it again."]}]}
    )
    assert page.answer("what's the price") == ["fact_01"]
    assert page.answer("Say it again.") == ["repeat"]
    assert page.answer("Who won the match?") == page.answer("") == ["fallback"]
    assert page.answer("How much is the honey, and when is the shop open?") == ["fact_01", "fact_03"]
    assert page.answer("And the hives?", "Where are they?") == ["fact_02"]
    assert page.answer("蜂蜜多少钱？") == ["language"]


@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
@pytest.mark.parametrize("name", ["bakery", "teahouse"])
def test_the_page_gives_the_same_lines(name: str) -> None:
    path: Path = FOLDER / "tuning" / f"{name}.yaml"
    persona, trials = read_persona(path)
    dialogue = build_dialogue(persona)
    questions = [*((trial.ask, trial.after) for trial in trials), *((text, trials[0].ask) for text in STRANGE)]
    page = LexicalAnswerer(dialogue)
    assert run_page(dialogue, questions) == [page.answer(*question) for question in questions]
    assert {group["line"] for group in dialogue["paraphrases"]} >= {"fallback", "repeat", "fact_02"}
