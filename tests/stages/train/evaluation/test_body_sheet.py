"""Sheets of bodies: taller people are drawn taller, and every body has its cell."""

from __future__ import annotations

import numpy as np
import pytest

from assets.base_mesh import load_skin_triangles
from assets.paths import get_baked_path
from stages.train.evaluation.body_sheet import CELL_HEIGHT, CELL_WIDTH, build_body_shape, draw_body_sheet, draw_front_view

pytestmark = pytest.mark.skipif(not get_baked_path("body.safetensors").exists(), reason="run `fenshen bake` first")
NAMES = ("height", "weight", "age")


def test_a_child_is_drawn_shorter_than_an_adult_whatever_age_is_in_the_vector() -> None:
    vector = np.array([0.5, 0.5, 0.0], np.float32)
    views = [draw_front_view(build_body_shape(vector, NAMES, age, 0.5).positions, load_skin_triangles()) for age in (0.06, 0.3)]
    child, adult = ((view < 250).any((1, 2)).sum() for view in views)
    assert child < 0.8 * adult < CELL_HEIGHT


def test_a_sheet_has_a_cell_for_every_body() -> None:
    sheet = draw_body_sheet(np.full((4, 3), 0.5, np.float32), np.array([[0.3, 0.0]] * 4, np.float32), NAMES, columns=2)
    assert sheet.shape == (2 * CELL_HEIGHT, 2 * CELL_WIDTH, 3)
    for row in (0, 1):
        for column in (0, 1):
            assert (sheet[row * CELL_HEIGHT : (row + 1) * CELL_HEIGHT, column * CELL_WIDTH : (column + 1) * CELL_WIDTH] < 250).any()


def test_a_cell_without_a_body_stays_white() -> None:
    sheet = draw_body_sheet(np.full((3, 3), 0.5, np.float32), np.array([[0.3, 0.0]] * 3, np.float32), NAMES, columns=2)
    assert sheet.shape == (2 * CELL_HEIGHT, 2 * CELL_WIDTH, 3)
    assert (sheet[CELL_HEIGHT:, :CELL_WIDTH] < 250).any()
    assert (sheet[CELL_HEIGHT:, CELL_WIDTH:] == 255).all()
