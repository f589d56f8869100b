"""Lips that meet at rest: changes of the face move the two lips apart on one person in four, who then shows a dark line between them."""

from __future__ import annotations

import numpy as np

from assets.artefacts.geometry import Floats
from assets.conventions import LIP_VERTICES, SKIN_VERTICES
from stages.body.morphs import FacialActions

_MAX_GAP_M = 0.0005
"""Between the lips' edges in the middle, in height: the rounded edges then hide what is behind them."""
_UPPER_SHARE = 0.4
"""Of what is closed by the upper lip; the lower one, which the jaw carries, rises by the rest."""
_REACH_M, _DEPTH_M = 0.007, 0.012
"""Height over which the move fades, and depth behind the lips from which on nothing moves."""
_JAW_SHARES = 0.3, 0.7
"""Shares of the jaw's motion up to which skin belongs to the upper lip, and from which on to the lower one."""


def close_lips(positions: Floats, actions: FacialActions) -> Floats:
    """(v,3) the positions at rest (v,3), metres, with lips that meet in the middle and are left alone towards the corners."""
    upper, lower, corner = (positions[LIP_VERTICES[name]].astype(np.float64) for name in ("upper", "lower", "corner"))
    surplus = float(upper[1] - lower[1]) - _MAX_GAP_M
    if surplus <= 0:
        return positions
    skin = positions[:SKIN_VERTICES].astype(np.float64)
    middle = (upper + lower) / 2
    width = max(float(corner[0] - middle[0]), 1e-3)
    share = 1 - np.clip(np.abs(skin[:, 0] - middle[0]) / width, 0, 1) ** 2
    share *= np.exp(-(((skin[:, 1] - middle[1]) / _REACH_M) ** 2)) * np.clip((skin[:, 2] - middle[2]) / _DEPTH_M + 1, 0, 1)
    vertices, deltas = actions["jawOpen"]
    jaw = np.zeros(len(positions))
    jaw[vertices] = np.linalg.norm(deltas, axis=1)
    follows = jaw[:SKIN_VERTICES] / max(float(jaw[LIP_VERTICES["lower"]]), 1e-6)
    below = np.clip((follows - _JAW_SHARES[0]) / (_JAW_SHARES[1] - _JAW_SHARES[0]), 0, 1)
    found = positions.copy()
    found[:SKIN_VERTICES, 1] += (surplus * share * ((1 - _UPPER_SHARE) * below - _UPPER_SHARE * (1 - below))).astype(np.float32)
    return found
