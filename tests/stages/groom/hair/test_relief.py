"""Short hair raises the skin that it is painted on: where it grows, as far as it is long, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from assets.paths import get_baked_path
from stages.groom.hair.beard import get_beard, list_beards
from stages.groom.hair.chart import find_beard, find_scalp, load_chart, to_polar
from stages.groom.hair.relief import compute_relief
from stages.groom.hair.style import is_short, list_styles, load_style

pytestmark = pytest.mark.skipif(not get_baked_path("tiles.safetensors").exists(), reason="`fenshen bake` makes the base mesh")


@pytest.mark.parametrize("style", list_styles())
def test_hair_raises_the_scalp_where_it_is_cropped_and_no_other_skin(style: str) -> None:
    relief = compute_relief(load_style(style), None)
    scalp = find_scalp(load_chart().arms, load_style(style).hairline)
    assert not relief[~scalp].any()
    assert bool(relief.any()) == is_short(load_style(style))
    assert relief.max() <= 0.009


def test_a_fade_rises_above_its_shaved_sides_alone() -> None:
    relief = compute_relief(load_style("fade"), None)
    _, elevation, _ = to_polar(load_chart().arms)
    assert not relief[elevation < load_style("fade").undercut].any()
    assert relief.max() > 0.005


@pytest.mark.parametrize("beard", list_beards())
def test_a_beard_raises_the_skin_by_its_length_and_never_the_lips(beard: str) -> None:
    style = get_beard(beard)
    relief = compute_relief(None, style)
    assert not relief[~find_beard(load_chart().arms)].any()
    assert bool(relief.any()) == (style.length > 0)
    assert relief.max() <= 0.4 * style.length


def test_relief_is_as_symmetric_as_the_face() -> None:
    positions, relief = load_chart().positions, compute_relief(load_style("crew"), get_beard("full_beard"))
    left, right = (relief[positions[:, 0] * side > 0.001].sum() for side in (1, -1))
    assert left == pytest.approx(right, rel=0.05)
    assert np.isfinite(relief).all()
