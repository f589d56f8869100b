"""Geometry maps: the position and the body part of every texel."""

from __future__ import annotations

import numpy as np
import pytest

from assets.paths import get_baked_path
from stages.train.families.geometry_maps import BODY_PARTS, HEAD_PARTS, MAP_COUNT, draw_geometry_maps

pytestmark = pytest.mark.skipif(not get_baked_path("tiles.safetensors").exists(), reason="run `fenshen bake` first")
NAMES = ["x", "y", "z", *HEAD_PARTS, "body x", "body y", "body z", *BODY_PARTS]


@pytest.fixture(scope="module")
def maps() -> dict[str, np.ndarray]:
    planes = draw_geometry_maps(64)
    assert planes.shape == (MAP_COUNT, 64, 64)
    return dict(zip(NAMES, planes, strict=True))


def find_centre(mask: np.ndarray) -> tuple[float, float]:
    """Row and column, 0..1, of a mask's centre of mass."""
    rows, columns = np.indices(mask.shape)
    return float((rows * mask).sum() / mask.sum() / len(mask)), float((columns * mask).sum() / mask.sum() / len(mask))


def test_positions_run_from_minus_one_to_one_and_the_face_looks_forward(maps: dict[str, np.ndarray]) -> None:
    for name in ("x", "y", "z", "body x", "body y", "body z"):
        assert -1.001 <= maps[name].min() < -0.8
        assert 0.8 < maps[name].max() <= 1.001
    # The nose is the foremost part of the head, and the head tile is upright: y falls down the rows.
    assert maps["z"][int(0.62 * 64), 32] > 0.9
    assert maps["y"][12, 32] > maps["y"][50, 32]


def test_left_and_right_of_the_body_are_on_opposite_sides_of_the_tile(maps: dict[str, np.ndarray]) -> None:
    assert maps["x"][32, 20] * maps["x"][32, 44] < 0


def test_parts_are_where_faces_have_them(maps: dict[str, np.ndarray]) -> None:
    rows = {name: find_centre(maps[name])[0] for name in HEAD_PARTS}
    assert rows["brows"] < rows["nose"] < rows["lips"] < rows["jaw"]
    assert rows["eyes"] < rows["nose"]
    for name in ("lips", "nose", "jaw"):
        assert find_centre(maps[name])[1] == pytest.approx(0.5, abs=0.03)


def test_parts_are_weights(maps: dict[str, np.ndarray]) -> None:
    for name in (*HEAD_PARTS, *BODY_PARTS):
        assert maps[name].min() >= 0
        assert 0.5 < maps[name].max() <= 1.001
