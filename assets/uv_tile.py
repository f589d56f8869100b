"""Values of a mesh's vertices as a picture over its texture tile."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Ints


def rasterise(uv: Floats, triangles: Ints, values: Floats, size: int) -> tuple[Floats, NDArray[np.bool_]]:
    """(s,s,k) values of vertices (v,k), interpolated over a tile of `size` pixels, and (s,s) which pixels are covered."""
    import cv2

    owner = np.full((size, size), -1, np.int32)
    # Texel i has its centre at (i + 0.5) / size, but cv2 has it at i.
    corners = uv[triangles] * size - 0.5
    # Sixteenths of a pixel, for the shift of 4 bits.
    fixed = np.round(corners * 16).astype(np.int32)
    for index, corner in enumerate(fixed):
        cv2.fillConvexPoly(owner, corner, index, shift=4)
    rows, columns = np.nonzero(owner >= 0)
    chosen = owner[rows, columns]
    a, b, c = (corners[chosen, k].astype(np.float64) for k in range(3))
    p = np.stack([columns, rows], 1).astype(np.float64)
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (c[:, 0] - a[:, 0]) * (b[:, 1] - a[:, 1])
    area = np.where(np.abs(area) < 1e-9, 1e-9, area)
    wb = ((p[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (c[:, 0] - a[:, 0]) * (p[:, 1] - a[:, 1])) / area
    wc = ((b[:, 0] - a[:, 0]) * (p[:, 1] - a[:, 1]) - (p[:, 0] - a[:, 0]) * (b[:, 1] - a[:, 1])) / area
    # The filler also covers pixels that the edge only touches; their centres are outside, with negative weights.
    weights = np.clip(np.stack([1 - wb - wc, wb, wc], 1), 0, 1)
    weights /= weights.sum(1, keepdims=True)
    picture = np.zeros((size, size, values.shape[1]), np.float32)
    picture[rows, columns] = np.einsum("nk,nkc->nc", weights, values[triangles[chosen]])
    return picture, owner >= 0
