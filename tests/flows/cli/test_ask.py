"""`fenshen ask` on a bundle folder: the line, the follow-up, JSON, and folders that are no bundle."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assets.artefacts.talk import Dialogue
from assets.bundle import BUNDLE_SCHEMA
from assets.spec.behaviour import FactSpec, KnowledgeSpec, PersonaSpec
from stages.dialogue.stage import BACKENDS, run
from stages.package.talk_files import describe_dialogue
from tests.flows.cli.command import run_fenshen

FACTS = (
    FactSpec(say="A jar of honey costs nine dollars.", ask=("How much is the honey?", "What does a jar cost?")),
    FactSpec(say="The hives are behind the barn; there are twelve.", ask=("Where are the hives?", "How many hives do you have?")),
)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    made: Dialogue = run(options=PersonaSpec(facts=FACTS), seed=1, backend=BACKENDS.get("overlap"), name="Mo")
    (folder / "dialogue.json").write_text(json.dumps(describe_dialogue(made)), encoding="utf-8")
    (folder / "manifest.json").write_text(json.dumps({"schema": BUNDLE_SCHEMA, "files": [], "name": "Mo"}), encoding="utf-8")
    return folder


def test_it_prints_the_line_that_answers(bundle: Path) -> None:
    assert run_fenshen("ask", str(bundle), "what is the price of a jar") == FACTS[0].say


def test_json_names_the_line_the_follow_up_and_the_reason(bundle: Path) -> None:
    found = json.loads(run_fenshen("ask", str(bundle), "And how many are there?", "--after", "Where are the hives?", "--json"))
    assert list(found) == ["line", "lines", "text", "score", "next", "source", "why"]
    assert (found["line"], found["lines"], found["text"], found["next"]) == ("fact_02", ["fact_02"], FACTS[1].say, "fact_01")
    assert 0.5 <= found["score"] <= 1
    assert found["why"].startswith("after the previous question, nearest known question:")


def test_a_passage_is_printed_with_its_place(tmp_path: Path) -> None:
    guide = tmp_path / "bees [1].md"
    guide.write_text("# Honey\n\nThe linden honey is harvested in July.\n")
    options = PersonaSpec(facts=FACTS, knowledge=(KnowledgeSpec(file=str(guide)),))
    made: Dialogue = run(options=options, seed=1, backend=BACKENDS.get("overlap"), name="Mo")
    (tmp_path / "dialogue.json").write_text(json.dumps(describe_dialogue(made)), encoding="utf-8")
    (tmp_path / "manifest.json").write_text(json.dumps({"schema": BUNDLE_SCHEMA, "files": [], "name": "Mo"}), encoding="utf-8")
    question = "When is the linden honey harvested?"
    assert run_fenshen("ask", str(tmp_path), question) == "The linden honey is harvested in July. (bees [1].md, line 3)"
    found = json.loads(run_fenshen("ask", str(tmp_path), question, "--json"))
    assert found["source"] == [{"id": "passage_001", "file": "bees [1].md", "line": 3}]


def test_a_folder_that_is_no_bundle_is_one_sentence(bundle: Path, tmp_path: Path) -> None:
    assert "manifest.json" in run_fenshen("ask", str(tmp_path), "Hello?", code=2)
    (tmp_path / "manifest.json").write_bytes((bundle / "manifest.json").read_bytes())
    (tmp_path / "dialogue.json").write_text("[]")
    assert run_fenshen("ask", str(tmp_path), "Hello?", code=2).startswith("error[bundle/dialogue] cannot read ")
