"""A voice that does not suit the spec is reported at its place when the spec is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.errors import SpecError
from assets.spec.read import parse_spec
from flows.pipeline.spec_choices import collect_spec_choices
from stages.voice.default_voice import resolve_voice

JOE = "recordings CC0 (github.com/NabuCasa/voice-datasets); fine-tuned from the lessac voice, whose Blizzard data has a research licence"


def list_findings(text: str, folder: Path) -> list[str]:
    with pytest.raises(SpecError) as caught:
        parse_spec(f"name: A\n{text}".encode(), "a.yaml", folder=folder, constraints=collect_spec_choices())
    return [str(finding) for finding in caught.value.findings]


def write_model_folder(folder: Path) -> None:
    (folder / "mine").mkdir()
    (folder / "mine" / "config.json").write_text("{}")
    (folder / "mine" / "model.pth").write_bytes(b"weights")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("voice: {backend: coqui}\nrights: {strict: true}\n",
         f"a.yaml:2:18: error[rights/strict] rights.strict is set, but speech of the coqui voice may not be sold: {JOE}: clear it before "
         "you sell; set voice.backend to hibari"),
        ("persona: {language: zh}\nrights: {strict: true}\n",
         "a.yaml:3:18: error[rights/strict] rights.strict is set, but speech of the mandarin voice may not be sold: trained on BZNSYP "
         "(Data-Baker), whose terms allow non-commercial use only; set rights.strict to false: no voice that speaks zh may be sold"),
        ("voice: {backend: mandarin}\n",
         "a.yaml:2:18: error[voice/language] the mandarin voice speaks zh, not en; remove voice.backend to get the default voice"),
        ("voice: {backend: hibari}\npersona: {language: zh}\n",
         "a.yaml:2:18: error[voice/language] the hibari voice speaks en, not zh; remove voice.backend to get the default voice"),
        ("voice: {model: empty}\n",
         "a.yaml:2:16: error[voice/model-folder] empty has no config.json with a checkpoint (model.pth); "
         "give a coqui-tts model folder in voice.model"),
        ("voice: {backend: hibari, model: mine}\n",
         "a.yaml:2:33: error[voice/model-unused] voice.model is a coqui model folder, which the hibari voice cannot use; "
         "set voice.backend to coqui"),
        ("voice: {model: mine}\nrights: {strict: true}\n",
         "a.yaml:2:16: error[rights/strict] rights.strict is set, but speech of the coqui voice may not be sold: the user's own model, "
         "whose licence fenshen does not know; set voice.backend to hibari and remove voice.model"),
    ],
)  # fmt: skip
def test_a_voice_that_does_not_suit_the_spec_is_one_sentence_at_its_place(text: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    write_model_folder(tmp_path)
    assert list_findings(text, tmp_path) == [sentence]


def test_a_man_whose_bundle_is_to_be_sold_gets_a_voice_that_may_be(tmp_path: Path) -> None:
    text = b"name: A\nidentity: {gender: 1}\nrights: {strict: true}\n"
    assert resolve_voice(parse_spec(text, "a.yaml", folder=tmp_path, constraints=collect_spec_choices())) == "hibari"


def test_a_wrong_field_hides_only_the_rules_that_read_it(tmp_path: Path) -> None:
    assert [line.split(" ")[1] for line in list_findings("seed: -1\nvoice: {backend: mandarin}\n", tmp_path)] == [
        "error[spec/invalid-value]", "error[voice/language]",
    ]  # fmt: skip
    for wrong_language in ("persona: {language: chinese}\n", "persona: [zh]\n"):
        findings = list_findings(f"{wrong_language}voice: {{backend: mandarin}}\n", tmp_path)
        assert [line.split(" ")[1] for line in findings] == ["error[spec/invalid-value]"]
