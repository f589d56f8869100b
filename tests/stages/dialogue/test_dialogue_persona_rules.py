"""A persona that no backend can serve is told at its place when the spec is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.errors import SpecError
from assets.spec.read import parse_spec
from flows.pipeline.spec_choices import collect_spec_choices


def told(text: str, folder: Path) -> list[str]:
    with pytest.raises(SpecError) as caught:
        parse_spec(f"name: A\n{text}".encode(), "a.yaml", folder=folder, constraints=collect_spec_choices())
    return [str(finding) for finding in caught.value.findings]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("persona: {language: zh, tune: true}\n",
         "a.yaml:2:31: error[dialogue/tune-unused] persona.tune is for the transformers dialogue, the overlap dialogue has nothing to "
         "tune; leave persona.tune out"),
        ("persona: {language: zh, backend: transformers}\n",
         "a.yaml:2:34: error[dialogue/language] the transformers dialogue understands en, not zh; "
         "leave persona.backend out and one is picked"),
        ("persona: {backend: writer}\n",
         "a.yaml:2:20: error[dialogue/no-model] the writer needs persona.model, a transformers folder or the id of a model in the "
         "local cache; set persona.model, or leave persona.backend out"),
        ("persona: {model: mine}\n",
         "a.yaml:2:18: error[dialogue/model-unused] persona.model is for the writer, the transformers dialogue has no use for it; "
         "set persona.backend to writer"),
        ("persona: {backend: writer, model: nobody/nothing}\n",
         "a.yaml:2:35: error[dialogue/model-absent] the model nobody/nothing is not on this machine, neither as a folder nor in the "
         "local cache; fetch it with `hf download nobody/nothing`, or give a folder"),
        ("persona: {backend: writer, model: mine}\nrights: {strict: true}\n",
         "a.yaml:2:35: error[rights/strict] what a model of your own says may not be sold, as rights.strict asks: wording of the facts; "
         "its licence is for the user to check; leave persona.backend and persona.model out"),
        ("persona: {backend: writer, model: ./gone}\n",
         "a.yaml:2:35: error[spec/no-such-folder] persona.model: there is no folder ./gone; paths are relative to the spec's folder"),
    ],
)  # fmt: skip
def test_what_the_dialogue_cannot_do_is_one_sentence_at_its_place(text: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    assert told(text, tmp_path) == [sentence]


def test_a_writer_with_its_model_beside_the_spec_is_sound(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    text = b"name: A\npersona: {backend: writer, model: mine}\n"
    assert parse_spec(text, "a.yaml", folder=tmp_path, constraints=collect_spec_choices()).persona.model == "mine"
