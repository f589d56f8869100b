"""`fenshen gates`, `backends`, `stages` and `schema` list what is registered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flows.pipeline.definition import STAGES
from stages.verify.gate import load_gates
from stages.voice.mandarin import Mandarin
from tests.flows.cli.command import invoke, run_fenshen


def read_first_columns(command: str, count: int = 1) -> list[tuple[str, ...]]:
    return [tuple(line.split()[:count]) for line in invoke(command).output.splitlines()[1:] if line[1] != " "]


def test_stages_are_listed_in_order_of_the_pipeline() -> None:
    assert read_first_columns("stages") == [(name,) for name in STAGES]


def test_gates_are_listed_by_code() -> None:
    assert read_first_columns("gates") == [(code,) for code in sorted(load_gates())]


def test_backends_are_listed_stage_by_stage() -> None:
    expected = [(stage.name, backend) for stage in STAGES.values() for backend in stage.backends or ()]
    assert read_first_columns("backends", 2) == expected


def test_a_backend_that_cannot_run_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Mandarin, "unavailable_reason", lambda self: "its model is missing")
    assert "voice mandarin no: its model is missing" in run_fenshen("backends")


def test_weights_that_are_missing_are_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FENSHEN_WEIGHTS", str(tmp_path / "gone"))
    assert run_fenshen("backends", code=4).startswith("error[")


def test_the_schema_is_json_and_has_every_section() -> None:
    schema = json.loads(invoke("schema").stdout)
    assert {"name", "identity", "groom", "persona", "rights"} <= schema["properties"].keys()
