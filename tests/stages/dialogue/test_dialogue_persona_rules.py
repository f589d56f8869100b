"""A persona whose options do not go together is reported at its place when the spec is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.errors import SpecError
from assets.spec.read import parse_spec
from flows.pipeline.media import find_media, resolve_media_paths
from flows.pipeline.spec_choices import collect_spec_choices


def list_findings(text: str, folder: Path) -> list[str]:
    with pytest.raises(SpecError) as caught:
        parse_spec(f"name: A\n{text}".encode(), "a.yaml", folder=folder, constraints=collect_spec_choices())
    return [str(finding) for finding in caught.value.findings]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("persona: {language: zh, tune: true}\n",
         "a.yaml:2:31: error[dialogue/tune-unused] persona.tune needs the transformers backend, the embedding backend has no model to "
         "tune; remove persona.tune"),
        ("persona: {language: zh, backend: transformers}\n",
         "a.yaml:2:34: error[dialogue/language] the transformers backend understands en, not zh; "
         "remove persona.backend to get the default backend"),
        ("persona: {backend: writer}\n",
         "a.yaml:2:20: error[dialogue/no-model] the writer backend needs persona.model, a transformers folder, the id of a "
         "cached model or an address; set persona.model, or remove persona.backend"),
        ("persona: {model: mine}\n",
         "a.yaml:2:18: error[dialogue/model-unused] persona.model needs the writer backend, the embedding backend cannot use it; "
         "set persona.backend to writer"),
        ("persona: {backend: writer, model: nobody/nothing}\n",
         "a.yaml:2:35: error[dialogue/model-absent] the model nobody/nothing is neither a folder nor in the local cache; "
         "download it with `hf download nobody/nothing`, or name a folder"),
        ("persona: {backend: writer, model: mine}\nrights: {strict: true}\n",
         "a.yaml:2:35: error[rights/strict] rights.strict is set, but wording by your own model may not be sold: wording of the facts; "
         "its licence is for the user to check; remove persona.backend and persona.model"),
        ("persona: {backend: writer, model: ./gone}\n",
         "a.yaml:2:35: error[spec/no-such-folder] persona.model: there is no folder ./gone; paths are relative to the spec's folder"),
    ],
)  # fmt: skip
def test_an_option_that_the_backend_does_not_support_is_one_sentence_at_its_place(text: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    assert list_findings(text, tmp_path) == [sentence]


def test_a_writer_with_its_model_next_to_the_spec_is_valid(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    text = b"name: A\npersona: {backend: writer, model: mine}\n"
    assert parse_spec(text, "a.yaml", folder=tmp_path, constraints=collect_spec_choices()).persona.model == "mine"


def test_every_document_is_read_with_the_spec_and_each_fault_is_named_at_its_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,a\n1,2\n")
    (tmp_path / "b.txt").write_bytes(b"caf\xe9")
    (tmp_path / "c.txt").write_text("One.\n\nTwo.\n\nThree.\n")
    text = "persona:\n  max_passages: 2\n  knowledge:\n    - {file: a.csv}\n    - {file: b.txt}\n    - {file: c.txt}\n"
    assert list_findings(text, tmp_path) == [
        "a.yaml:5:5: error[knowledge/too-many] persona.knowledge: the files have 3 passages (c.txt 3), and persona.max_passages is 2; "
        "shorten the files, or raise persona.max_passages: each passage is spoken, a few seconds of build time",
        "a.yaml:5:14: error[knowledge/table] persona.knowledge.0.file: a.csv: two columns are called a; name each column in row 1",
        "a.yaml:6:14: error[knowledge/encoding] persona.knowledge.1.file: b.txt:1: the text is neither UTF-8 nor UTF-16 with a byte order "
        "mark nor GB18030; save it as UTF-8",
    ]


def test_the_contents_of_a_document_are_part_of_the_stages_key(tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_text("One thing is known.")
    text = b"name: A\npersona: {knowledge: [{file: c.txt}]}\n"
    options = resolve_media_paths(parse_spec(text, "a.yaml", folder=tmp_path).persona, tmp_path)
    assert dict(find_media(options)) == {"knowledge0": tmp_path / "c.txt"}
