"""`fenshen evaluate`: numbers on the screen, one page, the cards; wrong input is one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli.app import app
from tests.stages.train.evaluation.test_evaluate import faces, folder

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


@pytest.fixture(scope="module")
def alike(folder: Path, faces: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A page that was there, with the section of a second's training, and the command that wrote it."""
    where = tmp_path_factory.mktemp("alike")
    page = where / "families.md"
    page.write_text("# Families\n\nFirst table.\n")
    asked = ["evaluate", "all", "--train", "1s", "--data", str(faces), "--weights", str(folder), "--out", str(where / "out")]
    command = [*asked, "--page", str(page)]
    told = runner.invoke(app, command)
    assert told.exit_code == 0, told.output
    return page, command


def test_families_are_trained_for_the_same_time_into_a_section_of_their_own(alike: tuple[Path, list[str]]) -> None:
    page, _ = alike
    text = page.read_text()
    assert text.startswith("# Families\n\nFirst table.\n\n## The same data, size and time\n")
    rows = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith(("| face-", "| training"))]
    assert rows == ["face-dcgan", "face-diffusion", "training data itself"]
    assert "### discs: 30 samples a family" in text


def test_half_of_the_time_is_the_autoencoders(alike: tuple[Path, list[str]]) -> None:
    (card,) = alike[0].parent.rglob("face-diffusion.md")
    (steps,) = alike[0].parent.rglob("autoencoder-steps")
    assert int(steps.read_text()) > 0
    assert f"--set autoencoder_steps={steps.read_text()}`" in card.read_text()


def test_what_was_trained_for_these_minutes_is_measured_and_not_trained_again(alike: tuple[Path, list[str]]) -> None:
    page, command = alike
    before = {file: file.stat().st_mtime_ns for file in page.parent.rglob("*.safetensors")}
    told = runner.invoke(app, command)
    assert told.exit_code == 0, told.output
    assert told.output.count("is there") == 2
    assert before == {file: file.stat().st_mtime_ns for file in page.parent.rglob("*.safetensors")}
    assert page.read_text().count("## The same data, size and time") == 1


def test_the_section_stays_where_the_first_table_is_made_anew(
    alike: tuple[Path, list[str]], folder: Path, faces: Path, tmp_path: Path
) -> None:
    page = tmp_path / "families.md"
    page.write_text(alike[0].read_text())
    told = runner.invoke(app, ["evaluate", "all", "--data", str(faces), "--weights", str(folder), "--page", str(page)])
    assert told.exit_code == 0, told.output
    text = page.read_text()
    assert "trained for different times, on different" in text
    assert "First table." not in text
    assert text.count("| face-dcgan |") == 3
    assert text.index("## Measures") < text.index("## The same data, size and time")


def test_other_data_under_the_same_name_is_refused(alike: tuple[Path, list[str]], tmp_path: Path) -> None:
    import shutil

    command = alike[1]
    data = Path(command[command.index("--data") + 1])
    other = tmp_path / data.name
    shutil.copytree(data, other)
    index = other / "dataset.json"
    index.write_text(json.dumps(json.loads(index.read_text()) | {"command": "another"}))
    told = runner.invoke(app, [str(other) if word == str(data) else word for word in command])
    assert (told.exit_code, "which was trained on another set" in told.output) == (2, True), told.output


def test_the_page_of_the_committed_weights_is_not_overwritten_by_others(folder: Path, faces: Path) -> None:
    told = runner.invoke(app, ["evaluate", "all", "--data", str(faces), "--weights", str(folder)])
    assert (told.exit_code, "give --page FILE" in told.output) == (2, True), told.output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["evaluate", "dcgann", "--data", "{faces}"], "no weights are called 'dcgann'"),
        (["evaluate", "dcgan", "--data", "{faces}", "--train", "soon"], "'soon' is no length of time"),
        (["evaluate", "dcgan", "--data", "{faces}", "--train", "1s", "--cards"], "--cards writes of the weights in use"),
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
