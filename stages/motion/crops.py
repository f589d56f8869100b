"""Squares cut out of a frame and enlarged for a landmark model."""

from __future__ import annotations

import numpy as np

from assets.artefacts.geometry import Floats, Pixels


def crop_square(pixels: Pixels, corner: Floats, side: float, out: int, *, repeat_edge: bool = False) -> Pixels:
    """(out,out,3) the square of `side` px whose upper left corner (2,) is given; outside of the frame black, or its edge repeated."""
    import cv2

    zoom = out / side
    matrix = np.array([[zoom, 0, -corner[0] * zoom], [0, zoom, -corner[1] * zoom]], np.float32)
    interpolation = cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC
    border = cv2.BORDER_REPLICATE if repeat_edge else cv2.BORDER_CONSTANT
    return np.asarray(cv2.warpAffine(pixels, matrix, (out, out), flags=interpolation, borderMode=border), np.uint8)
