"""What spans the gap between the legs, so that the back of a coat or a skirt is not drawn into it.

Cloth is kept off the nearest point of what is under it. Between the legs that is the inside of a thigh, whose plane lets cloth in.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from assets.artefacts.geometry import Doubles
from stages.groom.garments.drape import Collider
from stages.groom.garments.figure import Figure

_SLICE_M, _STEP_M = 0.015, 0.012
"""Between the heights at which legs are spanned, and between points along a span."""
_MIN_GAP_M = 0.03
"""A straight piece of the outline that is longer spans a gap."""
_BELOW_CROTCH_M, _ARMS_ABOVE_M = 0.01, 0.06
"""Spans begin so far below the crotch; sleeves hang no lower than so far below it, on people of the usual height."""


def bridge_legs(figure: Figure, under: Sequence[Collider]) -> Collider:
    """Points on the straight lines from leg to leg, in front and behind, with normals away from the body; in the draping pose.

    Args:
        under: what is worn under the cloth, trousers among it.
    """
    legs = figure.collider.points[figure.collider_legs]
    top = figure.crotch - _BELOW_CROTCH_M * figure.scale
    low = figure.crotch - _ARMS_ABOVE_M * figure.scale
    layers = [legs, *(one.points[one.points[:, 1] < low] for one in under)]
    points = np.concatenate(layers)
    ankle = float(figure.heads["LeftFoot"][1])
    spans = [_span(points[np.abs(points[:, 1] - height) < _SLICE_M][:, [0, 2]], height) for height in np.arange(ankle, top, _SLICE_M)]
    found = np.concatenate([np.zeros((0, 6)), *spans])
    return Collider(found[:, :3], found[:, 3:])


def _span(outline: Doubles, height: float) -> Doubles:
    """(k,6) places and normals on the longer pieces of the convex outline of points (n,2), X and Z at this height."""
    from scipy.spatial import ConvexHull

    if len(outline) < 8:
        return np.zeros((0, 6))
    # Counter-clockwise, so that (y, -x) of a piece faces outwards.
    corners = outline[ConvexHull(outline).vertices]
    rows = []
    for start, end in zip(corners, np.roll(corners, -1, 0), strict=True):
        along = end - start
        length = float(np.hypot(*along))
        if length < _MIN_GAP_M:
            continue
        shares = (np.arange(int(length / _STEP_M)) + 0.5) * _STEP_M / length
        places = start + along * shares[:, None]
        normal = np.array([along[1], 0.0, -along[0]]) / length
        heights = np.full(len(places), height)
        rows.append(np.column_stack([places[:, 0], heights, places[:, 1], np.tile(normal, (len(places), 1))]))
    return np.concatenate([np.zeros((0, 6)), *rows])
