"""`fenshen lineup`: random people on one sheet. Building them is tested elsewhere; here each is a picture of one colour."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image as Picture
from typer.testing import CliRunner

from assets.artefacts.character import Previews
from assets.artefacts.geometry import Image
from assets.formats.image import encode_jpeg
from assets.paths import get_home
from assets.store import LocalStore
from flows.cli.app import app
from flows.engine import partial_build
from flows.engine.partial_build import PartialBuild
from flows.pipeline.request import BuildRequest
from stages.execute import Outcome


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[BuildRequest]:
    """The requests, each answered by previews that are as red as the seed says."""
    monkeypatch.setenv("FENSHEN_HOME", str(tmp_path / "home"))
    requests: list[BuildRequest] = []

    def build(request: BuildRequest, only: str) -> PartialBuild:
        assert only == "preview"
        assert yaml.safe_load(Path(request.spec).read_text("utf-8"))["package"] == {"turntable": False}
        requests.append(request)
        picture = encode_jpeg(Image(np.full((80, 64, 3), (10 * (request.seed or 0), 0, 0), np.uint8)), 95)
        names = ("portrait", "full", "expressions")
        ref = LocalStore(get_home() / "store").put("0" * 63 + str(request.seed), Previews({f"{n}.jpg": picture for n in names}), {})
        return PartialBuild(Outcome(ref, "", "", cached=False, seconds=0.0), [])

    monkeypatch.setattr(partial_build, "run_partial_build", build)
    return requests


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["lineup", *words])
    return result.exit_code, " ".join(result.output.split())


def test_people_stand_in_the_order_of_their_seeds(built: list[BuildRequest], tmp_path: Path) -> None:
    file = tmp_path / "people.png"
    code, text = run("4", "--first", "5", "--out", str(file), "--target", "crowd")
    assert (code, text.endswith("people.png: 4 people, seeds 5 to 8")) == (0, True)
    assert [(request.seed, request.target) for request in built] == [(seed, "crowd") for seed in (5, 6, 7, 8)]
    sheet = np.asarray(Picture.open(file).convert("RGB"))
    assert sheet.shape == (2 * 346, 2 * 320, 3)
    reds = [int(sheet[160 + 346 * (i // 2), 160 + 320 * (i % 2), 0]) for i in range(4)]
    assert reds == pytest.approx([50, 60, 70, 80], abs=2)


@pytest.mark.parametrize(("words", "sentence"), [
    (("--out", "people.gif"), "error[lineup/suffix] people.gif does not end with .jpg or .png; write --out lineup.jpg"),
    (("--out", "nowhere/people.jpg"), "error[lineup/no-folder] nowhere is no folder; make it, or choose another one"),
    (("--out", "folder.jpg"), "error[lineup/folder] folder.jpg is a folder; choose another name"),
    (("--target", "big"), "error[spec/target] there is no target big; use one of web, desktop, crowd"),
])  # fmt: skip
def test_a_sheet_that_cannot_be_written_is_refused_before_anybody_is_made(
    built: list[BuildRequest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.jpg").mkdir()
    assert run("2", *words) == (2, sentence)
    assert built == []
