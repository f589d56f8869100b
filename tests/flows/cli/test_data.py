"""`fenshen data`: sets made from the command line, and refusals in one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from assets.paths import get_baked_path
from flows.cli.app import app

pytestmark = pytest.mark.slow

needs_skins = pytest.mark.skipif(not get_baked_path("tiles.safetensors").exists(), reason="run `fenshen bake` first")
needs_body = pytest.mark.skipif(not get_baked_path("body.safetensors").exists(), reason="run `fenshen bake` first")


def run_data(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["data", *map(str, arguments)])


def get_stderr(refused: Result) -> str:
    """What a refused command prints on the error stream, in one line."""
    assert refused.exit_code == 2
    assert refused.stdout == ""
    return " ".join(refused.stderr.split())


@needs_skins
def test_data_skins_makes_a_set_and_prints_a_summary(tmp_path: Path) -> None:
    made = run_data("skins", "--out", tmp_path / "s", "--count", "4", "--size", "32")
    assert made.exit_code == 0, made.output
    assert f"{tmp_path}/s/: skins, train 2, validation 1, test 1, 3 shards, 0.0 MB, CC0-1.0\n" in made.stdout
    assert (tmp_path / "s" / "dataset.json").is_file()


@needs_skins
def test_a_folder_that_holds_another_set_is_refused(tmp_path: Path) -> None:
    assert run_data("skins", "--out", tmp_path / "s", "--size", "32", "--count", "3").exit_code == 0
    refused = run_data("skins", "--out", tmp_path / "s", "--size", "32", "--count", "4")
    reason = f"{tmp_path}/s holds a data set of another kind, count, size, seed or version"
    assert get_stderr(refused) == f"error[data/other-set] {reason}; give another --out, or remove the folder"


@needs_body
def test_too_few_people_for_three_splits_are_refused_with_the_smallest_count(tmp_path: Path) -> None:
    """Sixteen portraits show two people: there was nobody to validate on."""
    refused = run_data("faces", "--out", tmp_path / "f", "--count", "16", "--size", "32")
    reason = "16 faces show only 2 people, fewer than one for each of the 3 splits"
    assert get_stderr(refused) == f"error[data/too-few] {reason}; give --count 17 or more"
    assert not (tmp_path / "f").exists()


@needs_body
def test_data_portraits_makes_a_set_with_nobody_in_two_splits(tmp_path: Path) -> None:
    made = run_data("portraits", "--out", tmp_path / "p", "--count", "18", "--size", "32")
    assert made.exit_code == 0, made.output
    assert "portraits, train 6, validation 6, test 6" in made.stdout


@needs_body
def test_data_bodies_and_faces_make_sets(tmp_path: Path) -> None:
    made = run_data("bodies", "--out", tmp_path / "b", "--count", "12")
    assert made.exit_code == 0, made.output
    assert "bodies, train 10, validation 1, test 1" in made.stdout
    made = run_data("faces", "--out", tmp_path / "f", "--count", "24", "--size", "32")
    assert made.exit_code == 0, made.output
    assert "faces, train 8, validation 8, test 8" in made.stdout


def test_an_unknown_style_is_refused(tmp_path: Path) -> None:
    refused = run_data("faces", "--out", tmp_path / "f", "--style", "cubist")
    assert get_stderr(refused) == "error[data/style] unknown style 'cubist' for faces; use one of realistic"


def test_data_folder_needs_rights_and_names_the_files_that_it_leaves_out(tmp_path: Path) -> None:
    import cv2

    source, consent = tmp_path / "faces", tmp_path / "consent.txt"
    source.mkdir()
    consent.write_text("they agreed")
    for number in range(12):
        cv2.imwrite(str(source / f"{number}.png"), np.full((40, 40, 3), 20 * number, np.uint8))
    cv2.imwrite(str(source / "dot.png"), np.zeros((1, 1, 3), np.uint8))
    arguments = ["folder", source, "--out", tmp_path / "out", "--size", "32"]
    fix = "give --licence (the terms of the pictures) and --consent (a file that says who agreed to training, and when)"
    message = f"error[data/rights] the pictures of {source} come without a licence; {fix}"
    assert get_stderr(run_data(*arguments, "--licence", " ", "--consent", consent)) == message
    made = run_data(*arguments, "--licence", "CC0-1.0", "--consent", consent)
    assert made.exit_code == 0, made.output
    assert "warning[data/left-out] dot.png is left out: it is 1 x 1, too small for 32 px" in made.stderr.splitlines()
    assert "folder, train 4, validation 4, test 4" in made.stdout


@pytest.mark.parametrize(("given", "missing"), [("--licence", "--consent"), ("--consent", "--licence")])
def test_licence_and_consent_are_required_options(given: str, missing: str, tmp_path: Path) -> None:
    """The help described them as required only in its prose."""
    assert f"Missing option '{missing}'." in get_stderr(run_data("folder", tmp_path, "--out", tmp_path / "out", given, "x"))
    options = [line for line in run_data("folder", "--help").stdout.splitlines() if line.startswith("│ *")]
    assert [option.split()[2] for option in options[1:]] == ["--out", "--licence", "--consent"]
