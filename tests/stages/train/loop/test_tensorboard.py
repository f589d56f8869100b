"""Sample sheets and curves."""

from __future__ import annotations

import math

import numpy as np

from stages.train.loop.tensorboard import draw_curves, draw_sample_sheet


def test_a_sheet_shows_every_image_and_a_skins_body_below_its_head() -> None:
    samples = np.arange(16, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 6), np.uint8)
    sheet = draw_sample_sheet(samples)
    assert sheet.shape == (16, 32, 3)
    assert sheet[0, ::4, 0].tolist() == sheet[4, ::4, 0].tolist() == list(range(8))


def test_every_number_has_a_chart() -> None:
    history = [{"step": i, "critic": 1.0 / (i + 1), "distance": float(i)} for i in range(5)]
    assert draw_curves(history, (100, 60)).shape == (60, 200, 3)


def test_numbers_that_are_never_finite_have_no_chart() -> None:
    history = [{"step": 1.0, "loss": 2.0, "best": math.inf}, {"step": 2.0, "loss": math.nan, "best": math.inf}]
    with np.errstate(invalid="raise"):
        assert draw_curves(history, (100, 60)).shape == (60, 200, 3)  # the loss's chart and an empty one


def test_an_empty_history_is_one_empty_chart() -> None:
    assert (draw_curves([], (100, 60)) == np.full((60, 100, 3), 255)).all()
