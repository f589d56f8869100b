"""What an editor is told of a spec is what `check` holds it to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from assets.spec.read import PRESETS_FOLDER
from flows.cli.build import app
from flows.cli.schema import generate_schema
from flows.pipeline.spec_choices import collect_spec_choices

SOUND = [*sorted(PRESETS_FOLDER.glob("*.yaml")), Path(__file__).parents[2] / "data" / "tiny.yaml"]


def mistakes(spec: Any) -> list[str]:
    """Where the schema finds something wrong."""
    return [error.json_path for error in Draft202012Validator(generate_schema()).iter_errors(spec)]


def test_it_is_a_schema_and_the_command_prints_it() -> None:
    printed = json.loads(CliRunner().invoke(app, ["schema"]).stdout)
    assert printed == generate_schema()
    assert printed["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(printed)


@pytest.mark.parametrize("path", SOUND, ids=lambda path: path.stem)
def test_a_sound_spec_is_sound_in_an_editor(path: Path) -> None:
    assert mistakes(yaml.safe_load(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        ({"groom": {"hair": "affro01"}}, "$.groom.hair"),
        ({"groom": {"shoes": "none"}}, "$.groom.shoes"),
        ({"voice": {"backend": "cocqui"}}, "$.voice.backend"),
        ({"motion": {"clips": [{"name": "a", "library": "wav"}]}}, "$.motion.clips[0].library"),
        ({"body": {"local": {"nose": 0.5}}}, "$.body.local"),
        ({"retarget": {"window": 8}}, "$.retarget.window"),
    ],
)
def test_a_name_that_nobody_knows_is_wrong_in_an_editor_too(spec: dict[str, object], place: str) -> None:
    assert mistakes({"name": "A", **spec}) == [place]


def test_what_may_be_left_out_may_be_null() -> None:
    assert mistakes({"name": "A", "groom": {"hair": None}, "identity": {"backend": None}}) == []


def test_every_list_of_names_is_told() -> None:
    assert json.dumps(generate_schema()).count('"enum": ["') >= len(collect_spec_choices().names)
