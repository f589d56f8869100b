"""The picture of hair: its colour, its grey, its coverage."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from stages.groom.colour import parse_hex_colour
from stages.groom.hair.atlas import COLUMNS, STRAND_HEIGHT, Atlas, HairColour, paint_atlas


def paint(colour: str, grey: float = 0.0, *, curls: bool = False) -> Atlas:
    rgb = parse_hex_colour(colour)
    return paint_atlas(HairColour(rgb, rgb, grey), np.random.default_rng(1), curls=curls)


def measure_colour(atlas: Atlas) -> np.ndarray:
    """sRGB of opaque strands, times the material's factor."""
    pixels = atlas.image.pixels[: int(STRAND_HEIGHT * len(atlas.image.pixels))].astype(float) / 255
    seen = pixels[..., 3] > 0.5
    linear = (pixels[seen][:, :3] ** 2.2 * np.array(atlas.factor[:3])).mean(0)
    return linear ** (1 / 2.2)


@pytest.mark.parametrize("colour", ["#15110f", "#5a3a22", "#c09a5c", "#8f3f48"])
def test_hair_has_the_requested_colour(colour: str) -> None:
    assert np.abs(measure_colour(paint(colour)) - parse_hex_colour(colour)).max() < 0.09


def test_dark_hair_is_stored_bright_and_darkened_by_its_factor() -> None:
    atlas = paint("#15110f")
    assert atlas.factor[0] < 0.05
    assert atlas.image.pixels[..., :3].max() > 100


def test_grey_is_a_share_of_strands() -> None:
    dark, mixed, white = (measure_colour(paint("#241a15", grey)).mean() for grey in (0.0, 0.4, 1.0))
    assert dark < mixed < white
    assert white > 0.5


def test_columns_go_from_dense_to_wispy() -> None:
    atlas = paint("#5a3a22")
    size = len(atlas.image.pixels)
    alpha = atlas.image.pixels[int(0.1 * size) : int(0.5 * size), :, 3] > 90
    share = [alpha[:, k * size // COLUMNS : (k + 1) * size // COLUMNS].mean() for k in range(COLUMNS - 1)]
    assert share[0] > 0.7 > 0.5 > share[-1]
    assert all(a > b - 0.06 for a, b in itertools.pairwise(share))


@pytest.mark.parametrize("curls", [False, True])
def test_equal_seeds_give_equal_bytes(curls: bool) -> None:
    assert np.array_equal(paint("#5a3a22", curls=curls).image.pixels, paint("#5a3a22", curls=curls).image.pixels)
