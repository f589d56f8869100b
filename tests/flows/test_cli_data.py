"""`fenshen data`: sets made from the command line, and refusals in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from assets.home import baked
from flows.cli import app

run = CliRunner()
needs_skins = pytest.mark.skipif(not baked("tiles.safetensors").exists(), reason="run `make bake` first")


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
