"""Painted hair: a scalp with a soft edge, brows and stubble in their places, nothing on the face."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from assets.artefacts.character import SkinPaint
from assets.conventions import SKIN_VERTICES
from assets.paths import get_baked_path
from stages.groom.colour import parse_hex_colour
from stages.groom.hair.atlas import HairColour
from stages.groom.hair.beard import get_beard, paint_beard
from stages.groom.hair.paint import Brow, Painter, is_natural, paint_brows, paint_scalp
from stages.groom.hair.relief import compute_relief
from stages.groom.hair.style import load_style

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not get_baked_path("tiles.safetensors").exists(), reason="`fenshen bake` makes the tiles"),
]
NO_RELIEF = np.zeros(SKIN_VERTICES, np.float32)
BLACK = HairColour(parse_hex_colour("#15110f"), parse_hex_colour("#15110f"))
# Places of the head tile, shares of its side: the crown on the left, the chin, the tip of the nose.
TOP, CHIN, NOSE = (0.25, 0.11), (0.5, 0.93), (0.5, 0.62)


@lru_cache(maxsize=4)
def paint(style: str, beard: str = "") -> SkinPaint:
    painter = Painter()
    paint_scalp(painter, load_style(style), BLACK, 3)
    paint_brows(painter, Brow(), BLACK, 3)
    if beard:
        paint_beard(painter, get_beard(beard), BLACK, 3)
    return painter.finish(compute_relief(load_style(style), get_beard(beard) if beard else None))


def cover(paint: SkinPaint, place: tuple[float, float], reach: int = 12) -> float:
    """Mean coverage around a place."""
    alpha = paint.layer.pixels[..., 3] / 255
    x, y = (round(v * len(alpha)) for v in place)
    return float(alpha[max(y - reach, 0) : y + reach, x - reach : x + reach].mean())


def test_the_scalp_and_the_brows_are_painted_and_the_face_is_not() -> None:
    found = paint("buzz")
    assert cover(found, TOP) > 0.8
    assert cover(found, NOSE) == 0
    assert cover(found, CHIN) == 0
    assert found.layer.pixels[380:460, 560:760, 3].max() > 120


def test_the_hairline_is_soft() -> None:
    alpha = paint("buzz").layer.pixels[..., 3] / 255
    column = alpha[:400, 490:534].mean(1)
    between = (column > 0.1) & (column < 0.8)
    assert between.sum() > 8  # from clear to dense over more than 8 texels


def test_a_bald_head_has_no_painted_hair_and_loses_that_of_the_skin() -> None:
    found = paint("bald")
    assert cover(found, TOP) == 0
    assert found.bare.pixels[48:60, 110:150].min() > 200


def test_stubble_covers_the_chin_and_leaves_the_lips() -> None:
    found = paint("bald", "stubble")
    assert 0.1 < cover(found, CHIN) < 0.9
    assert cover(found, (0.5, 0.79), 4) < 0.05


@pytest.mark.parametrize("beard", ["moustache", "goatee", "short_beard", "full_beard"])
def test_a_grown_beard_covers_the_skin_above_the_lip_and_leaves_the_lips(beard: str) -> None:
    """A moustache is 8 mm wide: with the soft edge of a cheek it was hardly there."""
    found = paint("bald", beard)
    assert cover(found, (0.46, 0.685), 4) > 0.6
    assert cover(found, (0.5, 0.79), 4) < 0.05
    assert (cover(found, CHIN) > 0.6) == (beard != "moustache")


def test_equal_seeds_paint_equal_hair() -> None:
    first = paint("buzz").layer.pixels
    paint.cache_clear()
    assert np.array_equal(paint("buzz").layer.pixels, first)


def test_dyed_hair_has_brows_that_grow() -> None:
    green = HairColour(parse_hex_colour("#33665c"), parse_hex_colour("#33665c"))
    painter = Painter()
    paint_brows(painter, Brow(), green, 3)
    pixels = painter.finish(NO_RELIEF).layer.pixels
    red, _, blue, alpha = (pixels[..., k].astype(float) for k in range(4))
    assert (red - blue)[alpha > 120].mean() > 5


@pytest.mark.parametrize(
    ("colour", "natural"), [("#15110f", True), ("#c09a5c", True), ("#6b2f1a", True), ("#33665c", False), ("#74385e", False)]
)
def test_natural_colours_differ_from_dyes(colour: str, natural: bool) -> None:
    assert is_natural(parse_hex_colour(colour)) is natural
