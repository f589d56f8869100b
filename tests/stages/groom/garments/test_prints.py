"""Prints: text and pictures on the chest, with a licence, and a sentence for what cannot be printed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from assets.artefacts.geometry import Image
from assets.errors import SpecError
from assets.formats.image import encode_png
from assets.spec.appearance import PieceSpec, PrintSpec
from assets.spec.avatar import AvatarSpec
from assets.spec.read import read_spec
from assets.spec.value_checks import SpecConstraints
from stages.groom.garments.choices import choose_outfit
from stages.groom.garments.paint import Cloths, Colours
from stages.groom.garments.prints import load_print, paint_print
from stages.groom.garments.style import get_fabric
from stages.groom.print_rules import RULES

BLACK, WHITE = np.zeros(3, np.float32), np.ones(3, np.float32)


def make_chest(side: int = 120) -> Cloths:
    """A flat chest of 0.4 m by 0.4 m, black, whose second colour is white."""
    x, y = (grid.ravel().astype(np.float32) for grid in np.meshgrid(np.linspace(-0.2, 0.2, side), np.linspace(1.1, 1.5, side)))
    channels = {"x": x, "height": y, "depth": np.ones_like(x), "arm": np.zeros_like(x)}
    colours = Colours(BLACK, WHITE, WHITE, BLACK)
    rows = np.zeros((len(x), 3), np.float32)
    return Cloths(x, y, channels, colours, get_fabric("jersey"), 1, rows, np.zeros_like(x), np.full_like(x, 0.9), {"chest": 1.33})


def test_text_is_painted_on_the_chest_in_the_second_colour() -> None:
    chest = make_chest()
    paint_print(chest, load_print(PrintSpec(text="HELLO"), "print"))
    bright = chest.rgb[:, 0] > 0.8
    assert 0.01 < bright.mean() < 0.2
    assert np.abs(chest.channels["x"][bright]).max() < 0.125
    assert abs(float(chest.channels["height"][bright].mean()) - 1.30) < 0.02


def test_a_chest_of_a_whole_texture_is_painted() -> None:
    """32,768 pixels in a row were too many for OpenCV: no build with a print ended."""
    chest = make_chest(1024)
    paint_print(chest, load_print(PrintSpec(text="HELLO"), "print"))
    assert 0.01 < (chest.rgb[:, 0] > 0.5).mean() < 0.2


def test_the_print_is_the_right_way_round(tmp_path: Path) -> None:
    """Left in the picture is the wearer's right, as a reader in front sees it, and its top is up."""
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[:4, :4] = (255, 0, 0, 255)
    (tmp_path / "logo.png").write_bytes(encode_png(Image(pixels)))
    chest = make_chest()
    one = load_print(PrintSpec(picture=str(tmp_path / "logo.png"), licence="CC-BY-4.0", author="Ann"), "print")
    paint_print(chest, one)
    red = chest.rgb[:, 0] > 0.5
    assert red.any()
    assert chest.channels["x"][red].max() < 0.01
    assert chest.channels["height"][red].min() > 1.29
    assert (one.source.licence, one.source.author) == ("CC-BY-4.0", "Ann") if one.source else False


def test_letters_that_the_font_lacks_are_named() -> None:
    with pytest.raises(SpecError, match="the font of prints has no 中"):
        load_print(PrintSpec(text="A中"), "print of tshirt")


def test_trousers_have_no_chest() -> None:
    pieces = (PieceSpec(garment="tshirt"), PieceSpec(garment="jeans", print=PrintSpec(text="NO")))
    with pytest.raises(SpecError, match="jeans has no chest to print on"):
        choose_outfit(30, 1.0, pieces, None, None, 1)


def test_a_printed_piece_has_no_other_pattern_unless_the_spec_names_one() -> None:
    for seed in range(12):
        chosen = choose_outfit(
            30, 1.0, (PieceSpec(garment="tshirt", print=PrintSpec(text="HI")), PieceSpec(garment="jeans")), None, None, seed
        )
        assert chosen.pieces[0].pattern == "plain"


@pytest.mark.parametrize(
    ("one", "sentence"),
    [
        ({}, "groom.pieces.0.print has neither text nor picture"),
        ({"text": "A", "picture": "a.png"}, "groom.pieces.0.print has both text and picture"),
        ({"picture": "a.png"}, "groom.pieces.0.print: the picture has no licence"),
        ({"text": "A", "licence": "MIT"}, "groom.pieces.0.print.licence belongs to a picture, and the print is a text"),
        ({"picture": "drawing.svg", "licence": "MIT"}, "groom.pieces.0.print.picture: these 6 bytes are not a picture that can be read"),
        ({"picture": "sparse.png", "licence": "MIT"}, "groom.pieces.0.print.picture: the file is larger than 100 MB"),
        ({"text": "A😀"}, "groom.pieces.0.print.text: the font of prints has no 😀"),
        ({"text": "a\u200bb\t"}, "groom.pieces.0.print.text: the font of prints has no U+0009 U+200B"),
    ],
)
def test_a_print_is_text_or_a_picture_with_its_licence(one: dict[str, str], sentence: str, tmp_path: Path) -> None:
    (tmp_path / "drawing.svg").write_text("<svg/>")
    with (tmp_path / "sparse.png").open("wb") as file:
        file.truncate(300_000_000_000)
    spec = AvatarSpec.model_validate({"name": "A", "groom": {"pieces": [{"garment": "tshirt", "print": one}]}})
    assert [finding.message for rule in RULES for _, finding in rule.find_violations(spec, tmp_path)] == [sentence]


def test_a_pipe_or_a_picture_outside_is_refused_and_not_opened(tmp_path: Path) -> None:
    """A pipe was waited for for ever."""
    folder = tmp_path / "spec"
    folder.mkdir()
    os.mkfifo(folder / "pipe.png")
    (tmp_path / "outside.png").write_bytes(b"not a picture")
    for picture, code in (("pipe.png", "spec/no-such-file"), ("../outside.png", "spec/path-escape")):
        piece = {"garment": "tshirt", "print": {"picture": picture, "licence": "MIT"}}
        (folder / "a.yaml").write_text(json.dumps({"name": "a", "groom": {"pieces": [piece]}}))
        with pytest.raises(SpecError) as error:
            read_spec(str(folder / "a.yaml"), constraints=SpecConstraints(rules=RULES))
        assert [finding.code for finding in error.value.findings] == [code]


def test_a_print_without_a_chest_is_known_when_the_spec_is_read(tmp_path: Path) -> None:
    spec = AvatarSpec.model_validate({"name": "A", "groom": {"pieces": [{"garment": "jeans", "print": {"text": "A"}}]}})
    found = [finding.message for rule in RULES for _, finding in rule.find_violations(spec, tmp_path)]
    assert found == ["groom.pieces: jeans has no chest to print on"]


@pytest.mark.parametrize("field", ["licence", "author"])
def test_what_the_list_of_licences_repeats_is_visible_on_one_line(field: str) -> None:
    for text in ("MIT\n# Header", "\u202eMIT"):
        with pytest.raises(ValidationError, match="invisible character"):
            PrintSpec.model_validate({"picture": "a.png", "licence": "MIT", field: text})


def test_many_lines_of_text_stay_on_the_chest() -> None:
    assert load_print(PrintSpec(text="\n".join("abcdefghijklmnopqr")), "print").size[1] <= 0.2 + 1e-6
