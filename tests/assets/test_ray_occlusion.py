"""Light that reaches points below covers of known size, opacity and distance."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from assets.ray_occlusion import measure_open_sky
from stages.render.light import spread_directions

DIRECTIONS = spread_directions(512).astype(np.float64)
UP = np.array([[0.0, 1.0, 0.0]])
REACH = 0.5


def make_plate(height: float, half: float = 5.0, *, facing_up: bool = True) -> NDArray[np.float64]:
    """(2,3,3) a level square around the Y axis."""
    a, b, c, d = ((x, height, z) for x, z in ((-half, -half), (-half, half), (half, half), (half, -half)))
    plate = np.array([(a, b, c), (a, c, d)], np.float64)
    return plate if facing_up else plate[:, ::-1]


def measure(corners: NDArray[np.float64], opacity: float = 1.0, *, two_sided: bool = True) -> float:
    count = len(corners)
    light = measure_open_sky(np.zeros((1, 3)), UP, DIRECTIONS, corners, np.full(count, opacity), np.full(count, two_sided), REACH)
    return float(light[0])


def test_nothing_above_is_open_sky() -> None:
    assert measure(make_plate(-0.1)) == 1.0
    assert measure(make_plate(REACH * 1.01)) == 1.0


def test_a_plate_close_above_takes_nearly_all_light_and_half_of_it_if_half_opaque() -> None:
    assert measure(make_plate(0.005)) < 0.02
    # In many cells, and counted once.
    assert measure(make_plate(0.005), 0.5) == pytest.approx(0.5, abs=0.02)


def test_a_plate_takes_less_light_the_farther_away_it_is() -> None:
    light = [measure(make_plate(height)) for height in (0.01, 0.1, 0.2, 0.3, 0.45)]
    assert light == sorted(light)
    assert light[0] < 0.05
    assert light[-1] > 0.8


def test_the_back_of_a_one_sided_triangle_lets_light_through() -> None:
    assert measure(make_plate(0.01, facing_up=True), two_sided=False) == 1.0
    assert measure(make_plate(0.01, facing_up=False), two_sided=False) < 0.05


def test_a_small_disc_takes_its_share_of_the_hemisphere() -> None:
    # Half angle 45 degrees: sin^2 of it is half of a cosine-weighted hemisphere; a square covers a little more than its inner circle.
    height = 0.01
    assert measure(make_plate(height, half=height)) == pytest.approx(1 - 0.55, abs=0.05)


def test_rays_along_an_axis_end() -> None:
    axes = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    light = measure_open_sky(np.zeros((1, 3)), UP, axes, make_plate(0.013), np.ones(2), np.ones(2, bool), REACH)
    assert light[0] < 0.01


def test_the_same_scene_gives_the_same_bytes() -> None:
    rng = np.random.default_rng(5)
    points, corners = rng.uniform(-0.3, 0.3, (40, 3)), rng.uniform(-0.3, 0.3, (200, 1, 3)) + rng.uniform(-0.05, 0.05, (200, 3, 3))
    normals = np.tile(UP, (40, 1))
    first, second = (
        measure_open_sky(points, normals, DIRECTIONS, corners, np.full(200, 0.7), np.ones(200, bool), 0.25).tobytes() for _ in range(2)
    )
    assert first == second


def test_no_triangles_and_no_points_are_no_error() -> None:
    none, empty = np.zeros((0, 3, 3)), np.zeros((0, 3))
    assert measure_open_sky(np.zeros((1, 3)), UP, DIRECTIONS, none, np.zeros(0), np.zeros(0, bool), REACH).tolist() == [1.0]
    assert len(measure_open_sky(empty, empty, DIRECTIONS, make_plate(0.1), np.ones(2), np.ones(2, bool), REACH)) == 0
