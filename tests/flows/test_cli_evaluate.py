"""`fenshen evaluate`: numbers on the screen, one page, the cards; wrong input is one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli import app
from tests.stages.train.test_evaluate import faces, folder

runner = CliRunner()
__all__ = ["faces", "folder"]


def test_all_families_are_measured_into_one_page_and_their_cards(folder: Path, faces: Path, tmp_path: Path) -> None:
    card = folder / "face-dcgan.md"
    card.write_text("# face-dcgan\n\nWhat it is.\n")
    page = tmp_path / "families.md"
    for _ in range(2):
        told = runner.invoke(app, ["evaluate", "all", "--data", str(faces), "--weights", str(folder), "--page", str(page), "--cards"])
        assert told.exit_code == 0, told.output
    assert "fenshen-frechet" in told.output
    assert "| face-dcgan | 2 min |" in page.read_text()
    text = card.read_text()
    assert text.startswith("# face-dcgan\n\nWhat it is.\n")
    assert text.count("Measured by `fenshen evaluate`") == 1
    assert "| precision |" in text


def test_reports_are_json_for_programs(folder: Path, faces: Path) -> None:
    told = runner.invoke(app, ["evaluate", "dcgan", "--data", str(faces), "--weights", str(folder), "--json"])
    reports = json.loads(told.output)["reports"]
    assert [report["name"] for report in reports] == ["face-dcgan", "training data itself"]
    assert 0 <= reports[0]["values"]["precision"] <= 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["evaluate", "dcgann", "--data", "{faces}"], "no weights are called 'dcgann'"),
        (["evaluate", "dcgan", "--data", "nowhere"], "holds no finished data set"),
        (["evaluate", "dcgan", "--data", "{faces}", "--inception", "gone.pth"], "cannot be read as weights"),
    ],
)
def test_wrong_input_is_one_sentence(folder: Path, faces: Path, arguments: list[str], sentence: str) -> None:
    given = [a.format(faces=faces) for a in arguments]
    told = runner.invoke(app, [*given, "--weights", str(folder)])
    assert told.exit_code in (2, 4)
    assert sentence in told.output
    assert "Traceback" not in told.output
