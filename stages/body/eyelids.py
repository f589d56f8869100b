"""Lids that close on every face: the model's blink was made for its mean face, and on others leaves a slit or lets the eyeball through."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, MorphTarget
from assets.conventions import EYE_VERTICES, LID_EDGES, SKIN_VERTICES

_OVERLAP_M = 0.0004
"""By how much the upper lid passes the lower one, in height: a reduced mesh cuts corners by less."""
_UPPER_SHARE = 0.7
"""Of a gap that the upper lid closes; the lower one rises by the rest."""
_REACH_M = 0.0028
"""Distance from the edge over which its correction fades."""
_CLEARANCE, _CORNEA = 0.032, 0.030
"""Clearance of closed lids from the eyeball and its cornea, as shares of the radius: the chord of a lid's triangle cuts in by 0.03."""
_CORNEA_ANGLE = 0.2 * np.pi
_FORWARD_ASIDE = 0.6, 0.85
"""Squared distance from the eye's axis, in radii, up to which lids move forwards, and from which on outwards."""
_NEAR = 1.6
"""Radii around the centre of the eyeball within which skin may be a lid."""


def close_eyelids(blink: MorphTarget, positions: Floats, side: str) -> MorphTarget:
    """The blink of one side ("Left" or "Right") that closes on this body.

    Args:
        positions: (19158,3) of the body in the pose of the morph, metres.
    """
    eye = positions[EYE_VERTICES].astype(np.float64)
    eye = eye[eye[:, 0] > 0] if side == "Left" else eye[eye[:, 0] < 0]
    centre, half = (eye.max(0) + eye.min(0)) / 2, (eye.max(0) - eye.min(0)) / 2
    half[2] = min(half[2], half[:2].mean() * 1.04)
    closed = positions.astype(np.float64)
    closed[blink.indices] += blink.deltas
    closed = _close_gap(closed, positions, side)
    lids = _find_lids(positions, centre, half)
    closed[lids] = _push_out(closed[lids], centre, half)
    return _to_target(blink.name, closed - positions)


def _close_gap(closed: NDArray[np.float64], positions: Floats, side: str) -> NDArray[np.float64]:
    """(v,3) the closed lids with their edges in touch from corner to corner."""
    upper, lower = (np.array(edge) for edge in LID_EDGES[side])
    order = np.argsort(closed[lower, 0])
    gap = closed[upper, 1] - np.interp(closed[upper, 0], closed[lower[order], 0], closed[lower[order], 1]) + _OVERLAP_M
    gap = np.maximum(gap, 0)
    gap[[0, -1]] = 0  # the corners are in both edges
    order = np.argsort(closed[upper, 0])
    below = np.interp(closed[lower, 0], closed[upper[order], 0], gap[order])
    below[[0, -1]] = 0
    found = closed.copy()
    for edge, moves in ((upper, -_UPPER_SHARE * gap), (lower, (1 - _UPPER_SHARE) * below)):
        found[:SKIN_VERTICES, 1] += _spread(positions[:SKIN_VERTICES], edge, [*upper, *lower], moves)
    return found


def _spread(points: Floats, edge: NDArray[np.int64], both: list[int], moves: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) the moves (m,) of an edge's vertices on all skin, fading with the distance; the vertices of the other edge stay."""
    from scipy.spatial import cKDTree

    places = points[edge]
    distance, nearest = cKDTree(places).query(points, distance_upper_bound=3 * _REACH_M)
    found = np.zeros(len(points))
    near = np.isfinite(distance)
    found[near] = moves[nearest[near]] * np.exp(-((distance[near] / _REACH_M) ** 2))
    others = np.setdiff1d(both, edge)
    # What is nearer to the other edge belongs to the other lid.
    away = cKDTree(points[others]).query(points[near])[0]
    found[near] *= distance[near] <= away
    return found


def _find_lids(positions: Floats, centre: NDArray[np.float64], half: NDArray[np.float64]) -> NDArray[np.int64]:
    """(k,) skin vertices in front of the eyeball and near to it, when the eye is open."""
    arm = (positions[:SKIN_VERTICES] - centre) / half
    return np.flatnonzero((np.linalg.norm(arm, axis=1) < _NEAR) & (arm[:, 2] > 0))


def _push_out(points: NDArray[np.float64], centre: NDArray[np.float64], half: NDArray[np.float64]) -> NDArray[np.float64]:
    """(k,3) points moved out of the eyeball until they are clear of it: forwards, which keeps the lids shut, or outwards at its sides."""
    arm = (points - centre) / half
    radius = np.linalg.norm(arm, axis=1)
    angle = np.arccos(np.clip(arm[:, 2] / np.maximum(radius, 1e-9), -1, 1))
    least = 1 + _CLEARANCE + _CORNEA * np.clip(1 - (angle / _CORNEA_ANGLE) ** 2, 0, 1)
    outward = arm * np.maximum(1, least / np.maximum(radius, 1e-9))[:, None]
    aside = (arm[:, :2] ** 2).sum(1)
    forward = arm.copy()
    forward[:, 2] = np.maximum(arm[:, 2], np.sqrt(np.maximum(least**2 - aside, 0)))
    share = np.clip((_FORWARD_ASIDE[1] - aside) / (_FORWARD_ASIDE[1] - _FORWARD_ASIDE[0]), 0, 1)[:, None]
    return np.asarray(centre + (outward + share * (forward - outward)) * half)


def _to_target(name: str, deltas: NDArray[np.float64]) -> MorphTarget:
    moved = np.flatnonzero(np.abs(deltas).max(1) > 1e-6).astype(np.int32)
    return MorphTarget(name, moved, deltas[moved].astype(np.float32))
