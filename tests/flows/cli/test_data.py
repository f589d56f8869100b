"""`fenshen data`: sets made from the command line, and refusals in one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from assets.paths import get_baked_path
from flows.cli.app import app

run = CliRunner()
needs_skins = pytest.mark.skipif(not get_baked_path("tiles.safetensors").exists(), reason="run `make bake` first")


@needs_skins
def test_data_skins_makes_a_set_and_says_what_is_in_it(tmp_path: Path) -> None:
    made = run.invoke(app, ["data", "skins", "--out", str(tmp_path / "s"), "--count", "4", "--size", "32"])
    assert made.exit_code == 0, made.output
    assert "skins, train 2, validation 1, test 1, 3 shards" in made.output
    assert (tmp_path / "s" / "dataset.json").is_file()


@needs_skins
def test_data_refuses_a_folder_that_holds_another_set(tmp_path: Path) -> None:
    arguments = ["data", "skins", "--out", str(tmp_path / "s"), "--size", "32", "--count"]
    assert run.invoke(app, [*arguments, "3"]).exit_code == 0
    refused = run.invoke(app, [*arguments, "4"])
    assert refused.exit_code == 2
    assert "data/other-set" in refused.output


@pytest.mark.skipif(not get_baked_path("body.safetensors").exists(), reason="run `make bake` first")
def test_too_few_people_for_three_splits_are_told_with_the_least_count(tmp_path: Path) -> None:
    """Sixteen portraits are of two people: there was nobody to validate on."""
    told = run.invoke(app, ["data", "faces", "--out", str(tmp_path / "f"), "--count", "16", "--size", "32"])
    assert told.exit_code == 2
    assert "16 faces are of fewer than 3 people, one for each split; give --count 17 or more" in " ".join(told.output.split())
    assert not (tmp_path / "f").exists()


def test_data_bodies_and_faces_make_sets(tmp_path: Path) -> None:
    made = run.invoke(app, ["data", "bodies", "--out", str(tmp_path / "b"), "--count", "12"])
    assert made.exit_code == 0, made.output
    assert "bodies, train 10, validation 1, test 1" in made.output
    made = run.invoke(app, ["data", "faces", "--out", str(tmp_path / "f"), "--count", "24", "--size", "32"])
    assert made.exit_code == 0, made.output
    assert "faces, train 8, validation 8, test 8" in made.output


def test_data_refuses_a_style_that_does_not_exist(tmp_path: Path) -> None:
    refused = run.invoke(app, ["data", "faces", "--out", str(tmp_path / "f"), "--style", "cubist"])
    assert refused.exit_code == 2
    assert "there is no style 'cubist' to make faces in; take realistic" in refused.output


def test_data_folder_needs_rights_and_names_what_it_leaves_out(tmp_path: Path) -> None:
    import cv2

    source, consent = tmp_path / "faces", tmp_path / "consent.txt"
    source.mkdir()
    consent.write_text("they agreed")
    for number in range(3):
        cv2.imwrite(str(source / f"{number}.png"), np.full((40, 40, 3), 50 * number, np.uint8))
    (source / "note.txt").write_text("no picture")
    arguments = ["data", "folder", str(source), "--out", str(tmp_path / "out"), "--size", "32"]
    refused = run.invoke(app, arguments)
    assert refused.exit_code == 2
    assert "come without licence and consent record" in refused.output
    made = run.invoke(app, [*arguments, "--licence", "CC0-1.0", "--consent", str(consent)])
    assert made.exit_code == 0, made.output
    assert "note.txt is left out" in made.output
    assert "folder, train 1, validation 1, test 1" in made.output
