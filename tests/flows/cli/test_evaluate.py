"""`fenshen evaluate`: numbers on the screen, one page, the cards; every mistake is one sentence."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from flows.cli.app import app
from tests.stages.train.evaluation.tiny_weights import write_face_set, write_face_weights

pytestmark = pytest.mark.slow

SECTION = "## The same data, size and time"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_face_weights(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_face_set(tmp_path_factory.mktemp("sets") / "discs")


def invoke(*words: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["evaluate", *words])
    assert result.exit_code == code, result.output
    return result


def test_all_families_are_measured_into_one_page_and_their_cards(folder: Path, faces: Path, tmp_path: Path) -> None:
    card = folder / "face-dcgan.md"
    card.write_text("# face-dcgan\n\nA tiny net.\n")
    page = tmp_path / "families.md"
    for _ in range(2):
        result = invoke("all", "--data", str(faces), "--weights", str(folder), "--page", str(page), "--cards")
    assert "fenshen-frechet" in result.output
    assert f"{page}: 3 rows" in result.output
    assert "| face-dcgan | 2 min |" in page.read_text()
    text = card.read_text()
    assert text.startswith("# face-dcgan\n\nA tiny net.\n")
    assert text.count("Measured by `fenshen evaluate`") == 1
    assert "| precision |" in text


def test_reports_are_json_for_programs(folder: Path, faces: Path) -> None:
    reports = json.loads(invoke("dcgan", "--data", str(faces), "--weights", str(folder), "--json").stdout)["reports"]
    assert [report["name"] for report in reports] == ["face-dcgan", "training data itself"]
    assert 0 <= reports[0]["values"]["precision"] <= 1


@pytest.fixture(scope="module")
def equal_budget(folder: Path, faces: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A page with the section of a training of one second, and the command that wrote it."""
    out = tmp_path_factory.mktemp("equal-budget")
    page = out / "families.md"
    page.write_text("# Families\n\nFirst table.\n")
    command = ["all", "--train", "1s", "--data", str(faces), "--weights", str(folder), "--out", str(out / "out"), "--page", str(page)]
    result = invoke(*command)
    assert [line for line in result.output.splitlines() if line.startswith("face-") and ": " in line] == [
        "face-dcgan: training for 1s",
        "face-diffusion: training for 1s",
    ]
    return page, command


def test_families_trained_with_an_equal_budget_have_a_section_of_their_own(equal_budget: tuple[Path, list[str]]) -> None:
    text = equal_budget[0].read_text()
    assert text.startswith(f"# Families\n\nFirst table.\n\n{SECTION}\n")
    rows = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith(("| face-", "| training"))]
    assert rows == ["face-dcgan", "face-diffusion", "training data itself"]
    assert "### discs: 30 samples per family" in text


def test_a_diffusions_autoencoder_gets_half_of_the_time(equal_budget: tuple[Path, list[str]]) -> None:
    (card,) = equal_budget[0].parent.rglob("face-diffusion.md")
    (steps,) = equal_budget[0].parent.rglob("autoencoder-steps")
    assert int(steps.read_text()) > 0
    assert f"--set autoencoder_steps={steps.read_text()}`" in card.read_text()


def test_nets_already_trained_for_this_time_are_measured_but_not_trained_again(equal_budget: tuple[Path, list[str]]) -> None:
    page, command = equal_budget
    before = {file: file.stat().st_mtime_ns for file in page.parent.rglob("*.safetensors")}
    assert invoke(*command).output.count(": already trained") == 2
    assert before == {file: file.stat().st_mtime_ns for file in page.parent.rglob("*.safetensors")}
    assert page.read_text().count(SECTION) == 1


def test_the_section_is_kept_when_the_first_table_is_written_again(
    equal_budget: tuple[Path, list[str]], folder: Path, faces: Path, tmp_path: Path
) -> None:
    page = tmp_path / "families.md"
    page.write_text(equal_budget[0].read_text())
    invoke("all", "--data", str(faces), "--weights", str(folder), "--page", str(page))
    text = page.read_text()
    assert text.startswith("# Families of generators\n")
    assert "First table." not in text
    assert text.count("| face-dcgan |") == 3
    assert text.index("## Measures") < text.index(SECTION)


def test_other_data_of_the_same_name_is_refused(equal_budget: tuple[Path, list[str]], tmp_path: Path) -> None:
    command = equal_budget[1]
    data = Path(command[command.index("--data") + 1])
    other = tmp_path / data.name
    shutil.copytree(data, other)
    index = other / "dataset.json"
    index.write_text(json.dumps(json.loads(index.read_text()) | {"command": "another"}))
    result = invoke(*(str(other) if word == str(data) else word for word in command), code=2)
    assert "which was trained on another data set: test; choose another --out" in result.output


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["dcgann", "--data", "{faces}"],
            "error[evaluate/name] there are no weights called 'dcgann'; take all or one of face-dcgan, face-diffusion; "
            "give the folder of your own weights as --weights",
        ),
        (["dcgan", "--data", "{faces}", "--train", "soon"], "error[train/budget] 'soon' is not a length of time; write 90s, 60m or 2h"),
        (
            ["dcgan", "--data", "{faces}", "--train", "1s", "--cards"],
            "error[evaluate/cards] --cards describes the weights in use, but --train makes others; remove one of the two options",
        ),
        (
            ["all", "--data", "{faces}"],
            "error[evaluate/page] docs/families.md describes the committed weights, not those of {folder}; give --page FILE",
        ),
    ],
)
def test_a_mistake_is_one_sentence(folder: Path, faces: Path, words: list[str], sentence: str) -> None:
    result = invoke(*(word.format(faces=faces) for word in words), "--weights", str(folder), code=2)
    assert result.stderr == sentence.format(folder=folder) + "\n"


@pytest.mark.parametrize(("words", "code"), [(["--data", "nowhere"], 2), (["--data", "{faces}", "--inception", "gone.pth"], 4)])
def test_a_missing_file_is_one_line(folder: Path, faces: Path, words: list[str], code: int) -> None:
    result = invoke("dcgan", *(word.format(faces=faces) for word in words), "--weights", str(folder), code=code)
    assert len(result.stderr.splitlines()) == 1
