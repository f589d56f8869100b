"""A voice that cannot be the spec's is told at its place when the spec is read; one that is not of its gender, in the bundle."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.errors import SpecError
from assets.spec.avatar import AvatarSpec
from assets.spec.read import parse_spec
from flows.pipeline.spec_choices import collect_spec_choices
from stages.voice.default_voice import describe_gender_mismatch, resolve_voice

BASE = "recordings CC0 (github.com/NabuCasa/voice-datasets); fine-tuned from the lessac voice, whose Blizzard data has a research licence"


def told(text: str, folder: Path) -> list[str]:
    with pytest.raises(SpecError) as caught:
        parse_spec(f"name: A\n{text}".encode(), "a.yaml", folder=folder, constraints=collect_spec_choices())
    return [str(finding) for finding in caught.value.findings]


def own_model(folder: Path) -> None:
    (folder / "mine").mkdir()
    (folder / "mine" / "config.json").write_text("{}")
    (folder / "mine" / "model.pth").write_bytes(b"weights")


def spec_of(**sections: object) -> AvatarSpec:
    return AvatarSpec.model_validate({"name": "A", **sections})


def test_a_man_whose_bundle_shall_be_sold_gets_the_voice_that_may_be(tmp_path: Path) -> None:
    text = b"name: A\nidentity: {gender: 1}\nrights: {strict: true}\n"
    spec = parse_spec(text, "a.yaml", folder=tmp_path, constraints=collect_spec_choices())
    assert resolve_voice(spec) == "hibari"
    assert describe_gender_mismatch(spec) == "the hibari voice is a woman's, identity.gender is 1: no other voice speaks en and may be sold"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("voice: {backend: coqui}\nrights: {strict: true}\n",
         f"a.yaml:2:18: error[rights/strict] the coqui voice may not be sold, as rights.strict asks: {BASE}: clear it before you sell; "
         "set voice.backend to hibari"),
        ("persona: {language: zh}\nrights: {strict: true}\n",
         "a.yaml:3:18: error[rights/strict] the mandarin voice may not be sold, as rights.strict asks: trained on BZNSYP (Data-Baker), "
         "whose terms allow non-commercial use only; set rights.strict to false: no voice that speaks zh may be sold"),
        ("voice: {backend: mandarin}\n",
         "a.yaml:2:18: error[voice/language] the mandarin voice speaks zh, not en; leave voice.backend out and one is picked"),
        ("voice: {backend: hibari}\npersona: {language: zh}\n",
         "a.yaml:2:18: error[voice/language] the hibari voice speaks en, not zh; leave voice.backend out and one is picked"),
        ("voice: {model: empty}\n",
         "a.yaml:2:16: error[voice/model-folder] empty holds no config.json with a checkpoint (model.pth); "
         "give a coqui-tts model folder in voice.model"),
        ("voice: {backend: hibari, model: mine}\n",
         "a.yaml:2:33: error[voice/model-unused] voice.model is a coqui model folder, the hibari voice has no use for it; "
         "set voice.backend to coqui"),
    ],
)  # fmt: skip
def test_a_voice_that_cannot_be_is_one_sentence_at_its_place(text: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    own_model(tmp_path)
    assert told(text, tmp_path) == [sentence]


def test_a_voice_of_the_users_own_may_not_be_sold_either(tmp_path: Path) -> None:
    own_model(tmp_path)
    assert told("voice: {model: mine}\nrights: {strict: true}\n", tmp_path) == [
        "a.yaml:2:16: error[rights/strict] the coqui voice may not be sold, as rights.strict asks: a model of the user's own; "
        "its licence is not known to fenshen; set voice.backend to hibari and leave voice.model out"
    ]


def test_a_wrong_field_elsewhere_hides_no_rule_and_one_that_a_rule_reads_is_not_judged_by_its_default(tmp_path: Path) -> None:
    assert [line.split(" ")[1] for line in told("seed: -1\nvoice: {backend: mandarin}\n", tmp_path)] == [
        "error[spec/invalid-value]", "error[voice/language]",
    ]  # fmt: skip
    assert [line.split(" ")[1] for line in told("persona: {language: chinese}\nvoice: {backend: mandarin}\n", tmp_path)] == [
        "error[spec/invalid-value]"
    ]
    assert [line.split(" ")[1] for line in told("persona: [zh]\nvoice: {backend: mandarin}\n", tmp_path)] == ["error[spec/invalid-value]"]


@pytest.mark.parametrize(
    ("sections", "sentence"),
    [
        ({"identity": {"gender": 1}, "persona": {"language": "zh"}},
         "the mandarin voice is a woman's, identity.gender is 1: no other voice speaks zh"),
        ({"identity": {"gender": 0}, "persona": {"language": "zh"}}, ""),
        ({"identity": {"gender": 1}}, ""),
        ({"identity": {"gender": 1}, "voice": {"backend": "hibari"}}, ""),
    ],
)  # fmt: skip
def test_a_picked_voice_of_another_gender_is_remarked(sections: dict[str, object], sentence: str) -> None:
    assert describe_gender_mismatch(spec_of(**sections)) == sentence
