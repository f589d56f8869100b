"""Lashes of the wardrobe, cut to a natural length: its own stand out past the corners of the eyes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.character import Body
from assets.conventions import LID_EDGES
from stages.groom.fit import FittedItem

_LENGTHS_M = (0.0120, 0.0060)
"""Longest lashes of the upper and the lower lid."""
_CORNER_SHARE = 0.55
"""Of that length at the corners of the eye."""


def trim_lashes(lashes: FittedItem, body: Body) -> FittedItem:
    """The lashes with none longer than natural, shorter towards the corners, and none past the outer corner."""
    positions = lashes.positions.astype(np.float64)
    for side, sign in (("Left", 1), ("Right", -1)):
        mine = positions[:, 0] * sign > 0
        positions[mine] = _trim_side(positions[mine], [body.positions[list(edge)].astype(np.float64) for edge in LID_EDGES[side]], sign)
    return replace(lashes, positions=positions.astype(np.float32))


def _trim_side(points: NDArray[np.float64], edges: list[NDArray[np.float64]], sign: int) -> NDArray[np.float64]:
    """(n,3) the lashes of one eye, of its upper and lower edge (m,3) from the inner corner to the outer one."""
    lines = [_subdivide(edge) for edge in edges]
    distances = np.stack([np.linalg.norm(points[:, None] - line[None], axis=2).min(1) for line in lines], 1)
    middle = (edges[0][0, 1] + edges[0][-1, 1]) / 2
    lid = np.where(np.abs(distances[:, 0] - distances[:, 1]) < 1e-4, (points[:, 1] < middle).astype(int), distances.argmin(1))
    found = points.copy()
    for k, line in enumerate(lines):
        mine = lid == k
        if mine.any():
            found[mine] = _shorten(points[mine], line, _LENGTHS_M[k])
    # The rest of a long lash at the corner is folded back to it: hairs there would be seen against the temple.
    past = np.maximum(found[:, 0] * sign - (edges[0][-1, 0] * sign + 0.0005), 0)
    found[:, 0] -= sign * 0.8 * past
    return found


def _shorten(points: NDArray[np.float64], line: NDArray[np.float64], longest: float) -> NDArray[np.float64]:
    """(n,3) points drawn towards their nearest place on the lid's edge until none is further away than the longest lash there."""
    nearest = np.linalg.norm(points[:, None] - line[None], axis=2).argmin(1)
    share = nearest / max(len(line) - 1, 1)
    limit = longest * (_CORNER_SHARE + (1 - _CORNER_SHARE) * np.sin(np.pi * np.clip(0.1 + 0.75 * share, 0, 1)))
    arm = points - line[nearest]
    length = np.linalg.norm(arm, axis=1)
    # Soft: lashes of different lengths stay different.
    shorter = limit * np.tanh(length / limit)
    return np.asarray(line[nearest] + arm * (shorter / np.maximum(length, 1e-9))[:, None])


def _subdivide(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """(6(n-1)+1,3) points along a polyline (n,3)."""
    steps = np.linspace(0, len(line) - 1, 6 * (len(line) - 1) + 1)
    return np.stack([np.interp(steps, np.arange(len(line)), line[:, k]) for k in range(3)], 1)
