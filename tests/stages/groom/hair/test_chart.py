"""The chart of the head: one hairline for every body, single valued, symmetric, off the face and the ears."""

from __future__ import annotations

import numpy as np
import pytest

from assets.paths import get_baked_path
from stages.groom.hair.chart import (
    Hairline,
    evaluate_brow,
    evaluate_hairline,
    find_beard,
    find_ear,
    find_scalp,
    load_chart,
    to_directions,
    to_polar,
)

pytestmark = pytest.mark.skipif(not get_baked_path("adults.safetensors").exists(), reason="`fenshen bake` makes the base mesh")


def test_polar_coordinates_and_directions_are_inverse() -> None:
    azimuth, elevation = np.array([-170.0, -30, 0, 90]), np.array([-40.0, 0, 30, 80])
    back = to_polar(2 * to_directions(azimuth, elevation))
    assert np.allclose(back[0], azimuth, atol=1e-3)
    assert np.allclose(back[1], elevation, atol=1e-3)
    assert np.allclose(back[2], 2)


def test_the_hairline_is_symmetric_and_rises_from_the_nape_to_the_forehead() -> None:
    azimuth = np.linspace(0, 180, 361)
    line = evaluate_hairline(azimuth)
    assert np.allclose(line, evaluate_hairline(-azimuth))
    assert line[0] == pytest.approx(25, abs=0.1)
    assert line[-1] == pytest.approx(-54, abs=0.1)
    assert np.abs(np.diff(line)).max() < 2.5  # no step: half a degree changes it by 4 mm at most


@pytest.mark.parametrize(
    ("change", "azimuth", "sign"),
    [
        (Hairline(height=5), 0, 1),
        (Hairline(recession=10), 27, 1),
        (Hairline(peak=3), 0, -1),
        (Hairline(sideburn=8), 71, -1),
        (Hairline(nape=6), 180, 1),
    ],
)
def test_each_parameter_moves_its_own_part_of_the_line(change: Hairline, azimuth: float, sign: int) -> None:
    at = np.array([azimuth, 100.0])
    moved = evaluate_hairline(at, change) - evaluate_hairline(at)
    assert sign * moved[0] > 2.5
    assert abs(moved[1]) < 2.1


def test_no_region_touches_another() -> None:
    arms = load_chart().arms
    scalp, beard, ear = find_scalp(arms), find_beard(arms), find_ear(arms)
    assert 200 < scalp.sum() < 1000
    assert beard.sum() > 50
    assert not (scalp & ear).any()
    assert not (beard & ear).any()
    assert not (scalp & beard).any()


def test_hair_grows_on_the_head_alone() -> None:
    """Tufts of a beard grew on the wrists, which are in the same directions as the chin."""
    arms = load_chart().arms
    hairy = find_scalp(arms) | find_beard(arms)
    assert np.linalg.norm(arms[hairy], axis=1).max() < 0.18


def test_a_bald_crown_leaves_hair_around_it() -> None:
    arms = load_chart().arms
    full, ring = find_scalp(arms), find_scalp(arms, Hairline(crown=30))
    assert 0 < ring.sum() < full.sum()
    assert not (ring & ~full).any()


def test_brows_are_above_the_eyes_and_below_the_hairline() -> None:
    azimuth = np.linspace(8, 34, 14)
    assert (evaluate_brow(azimuth) < evaluate_hairline(azimuth) - 20).all()
    assert (evaluate_brow(azimuth) > -12).all()
