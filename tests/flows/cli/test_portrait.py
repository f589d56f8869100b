"""`fenshen portrait`: which people are requested, what is written, and one sentence for everything that is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from assets.artefacts.geometry import Image
from assets.formats.png_text import read_png_text
from assets.spec.avatar import AvatarSpec
from flows.cli.app import app
from stages.portrait import generator, picture


@pytest.fixture
def people(monkeypatch: pytest.MonkeyPatch) -> list[tuple[AvatarSpec, int]]:
    """The requested people, each answered by a picture as red as the seed says."""
    requested: list[tuple[AvatarSpec, int]] = []

    class Maker:
        def make(self, spec: AvatarSpec, size: int) -> Image:
            requested.append((spec, size))
            return Image(np.full((size, size, 3), (10 * spec.seed, 0, 0), np.uint8))

    @contextmanager
    def open_maker() -> Iterator[Maker]:
        yield Maker()

    monkeypatch.setattr(picture, "open_portrait_maker", open_maker)
    return requested


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["portrait", *words])
    return result.exit_code, " ".join(result.output.split())


def test_a_specs_people_have_its_seed_and_those_after_it(people: list[tuple[AvatarSpec, int]], tmp_path: Path) -> None:
    code, text = run("kofi", "--count", "3", "--size", "128", "--seed", "7", "--out", str(tmp_path))
    assert (code, text.endswith(f"{tmp_path}/: 3 portraits and portraits.png")) == (0, True)
    assert [spec.seed for spec, _ in people] == [7, 8, 9]
    assert {size for _, size in people} == {128}
    assert sorted(file.name for file in tmp_path.iterdir()) == ["portrait-7.png", "portrait-8.png", "portrait-9.png", "portraits.png"]


def test_a_picture_says_that_it_is_synthetic_and_how_it_was_made(people: list[tuple[AvatarSpec, int]], tmp_path: Path) -> None:
    assert run("kofi", "--size", "128", "--seed", "7", "--out", str(tmp_path))[0] == 0
    facts = json.loads(read_png_text((tmp_path / "portrait-7.png").read_bytes())["fenshen"])
    assert (facts["synthetic"], facts["of"], facts["from"], facts["seed"]) == (True, "kofi", "render", 7)
    assert not (tmp_path / "portraits.png").exists()


def test_a_text_is_read_once_for_each_seed(people: list[tuple[AvatarSpec, int]], tmp_path: Path) -> None:
    assert run("一位六十岁左右的短发老师", "--count", "3", "--size", "128", "--out", str(tmp_path))[0] == 0
    assert [spec.seed for spec, _ in people] == [0, 1, 2]
    assert all(55 <= spec.identity.age <= 65 for spec, _ in people)
    assert len({spec.model_dump_json(exclude={"seed"}) for spec, _ in people}) == 3


@pytest.mark.parametrize(("words", "code", "sentence"), [
    (("kofi", "--size", "300"), 2, "error[portrait/size] a portrait cannot have 300 pixels a side; use --size 128, 256 or 512"),
    (("kofi", "--from", "net"), 2,
     "error[portrait/net-spec] the generator of portraits takes a description, not a spec; use --from render"),
    (("a naked man",), 2, "error[describe/"),
    (("nobody.yaml",), 2, "error[spec/missing] there is no file nobody.yaml"),
])  # fmt: skip
def test_what_is_wrong_is_said_in_one_sentence(words: tuple[str, ...], code: int, sentence: str, tmp_path: Path) -> None:
    found, text = run(*words, "--out", str(tmp_path / "out"))
    assert (found, text.startswith(sentence)) == (code, True), text


def test_without_a_generators_weights_the_command_that_makes_them_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(generator, "TITLE", "portrait-nothing")
    code, text = run("a teacher with glasses", "--from", "net", "--out", str(tmp_path))
    assert code == 4
    assert text.startswith("error[portrait/no-net] there are no weights named portrait-nothing; make them with `fenshen train textgan`")
