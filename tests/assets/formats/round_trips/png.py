"""A picture as PNG: survives exactly, with its alpha."""

from __future__ import annotations

import numpy as np

from assets.artefacts.geometry import Image

_Y, _X = np.mgrid[0:24, 0:32]
PICTURE = Image(np.stack([_X * 8, _Y * 10, (_X + _Y) * 4, 255 - _X * 4], -1).astype(np.uint8))


def make_arguments() -> tuple[Image]:
    return (PICTURE,)


def check(loaded: Image) -> None:
    assert loaded.pixels.shape == PICTURE.pixels.shape
    assert np.abs(loaded.pixels.astype(int) - PICTURE.pixels).mean() <= 0
