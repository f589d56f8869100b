"""An editor with the schema accepts what `fenshen check` accepts, and marks what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from assets.spec.read import PRESETS_FOLDER
from flows.cli.app import app
from flows.cli.docs import render_spec_markdown
from flows.cli.schema import EDITOR_LINES, SCHEMA_FILE, generate_schema
from flows.pipeline.spec_choices import collect_spec_choices

VALID = [*sorted(PRESETS_FOLDER.glob("*.yaml")), Path(__file__).parents[2] / "data" / "tiny.yaml"]


def find_errors(spec: Any) -> list[str]:
    """Paths of what the schema refuses."""
    return [error.json_path for error in Draft202012Validator(generate_schema()).iter_errors(spec)]


def test_the_command_prints_a_schema_with_a_name() -> None:
    printed = json.loads(CliRunner().invoke(app, ["schema"]).stdout)
    assert printed == generate_schema()
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:fenshen:avatar:1", "title": "Fenshen avatar spec"}
    assert {key: printed[key] for key in head} == head
    assert list(printed)[:3] == list(head)
    Draft202012Validator.check_schema(printed)


def test_the_command_writes_the_schema_into_a_file(tmp_path: Path) -> None:
    path = tmp_path / SCHEMA_FILE
    result = CliRunner().invoke(app, ["schema", "--out", str(path)])
    assert (result.exit_code, result.stdout) == (0, f"{path}: written\n")
    assert json.loads(path.read_text(encoding="utf-8")) == generate_schema()
    assert path.read_text(encoding="utf-8") == CliRunner().invoke(app, ["schema"]).stdout


def test_a_schema_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = CliRunner().invoke(app, ["schema", "--out", str(tmp_path / "file" / "x.json")])
    assert result.exit_code == 4
    assert f"cannot write {tmp_path}/file/x.json" in result.output


def test_every_field_of_the_schema_has_a_description() -> None:
    """Editors show it; sections have that of their class."""
    schema = generate_schema()
    sections = [schema, *schema["$defs"].values()]
    fields = [(section["title"], name, field) for section in sections for name, field in section["properties"].items()]
    without = [(section, name) for section, name, field in fields if "description" not in field and "$ref" not in json.dumps(field)]
    assert without == []
    assert all("description" in section for section in sections)


def test_the_page_of_the_spec_says_how_editors_use_the_schema() -> None:
    page = render_spec_markdown()
    assert EDITOR_LINES == ("# yaml-language-server: $schema=avatar.schema.json", "# $schema: avatar.schema.json")
    assert "```yaml\n" + "\n".join(EDITOR_LINES) + "\n```" in page
    assert f"`fenshen schema --out {SCHEMA_FILE}`" in page
    assert all(editor in page for editor in ("VS Code", "Neovim", "Helix", "JetBrains"))


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_a_valid_spec_is_valid_in_an_editor(path: Path) -> None:
    assert find_errors(yaml.safe_load(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        ({"groom": {"hair": "affro01"}}, "$.groom.hair"),
        ({"groom": {"shoes": "none"}}, "$.groom.shoes"),
        ({"voice": {"backend": "cocqui"}}, "$.voice.backend"),
        ({"motion": {"clips": [{"name": "a", "library": "wav"}]}}, "$.motion.clips[0].library"),
        ({"body": {"local": {"nose": 0.5}}}, "$.body.local"),
        ({"retarget": {"window": 8}}, "$.retarget.window"),
        ({"motion": {"clips": [{"name": "con", "library": "nod"}]}}, "$.motion.clips[0].name"),
        ({"groom": {"hair_colour": "5a2e1a"}}, "$.groom.hair_colour"),
        ({"identity": {"axes": {"nose_widht": 1}}}, "$.identity.axes"),
        ({"identity": {"axes": {"lips": 2}}}, "$.identity.axes.lips"),
        ({"identity": {"child_of": ["ada", "kofi", "lin"]}}, "$.identity.child_of"),
    ],
)
def test_what_check_refuses_is_wrong_in_an_editor_too(spec: dict[str, object], place: str) -> None:
    assert find_errors({"name": "A", **spec}) == [place]


@pytest.mark.parametrize("identity", [
    {"mix": ["ada", {"seed": 5, "weight": 2}, {"spec": "mum.yaml"}]}, {"mix": {"seed": 5, "share": 0.3}}, {"mix": "ada"},
    {"child_of": ["ada", "dad.yaml"]}, {"axes": {"lips": 0.5, "tone": -1}},
])  # fmt: skip
def test_people_and_axes_are_valid_in_an_editor(identity: dict[str, object]) -> None:
    assert find_errors({"name": "A", "identity": identity}) == []


def test_what_may_be_left_out_may_be_null() -> None:
    assert find_errors({"name": "A", "groom": {"hair": None}, "identity": {"backend": None}}) == []


def test_every_list_of_names_is_in_the_schema() -> None:
    assert json.dumps(generate_schema()).count('"enum": ["') >= len(collect_spec_choices().names)
