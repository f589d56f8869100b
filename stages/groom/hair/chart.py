"""The chart of the head: azimuth and elevation of every skin vertex, the same on every body, and the lines where hair begins.

Regions are lines over the azimuth, in degrees, drawn on the average adult. Because all bodies share one base mesh, a line lies on the
same vertices of every head.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Ints
from assets.base_mesh import load_adult_positions, load_skin_triangles
from assets.conventions import EYE_VERTICES, SKIN_VERTICES

Bools = NDArray[np.bool_]
Floats = NDArray[np.floating[Any]]
"""Any precision: hair is computed in whatever numpy gives, and stored as float32."""
_CENTRE_ABOVE_EYES_M = 0.025
_CRANIUM_ELEVATION = 25.0
"""Degrees from which vertices belong to the cranium, by whose size and place a chart is fitted to a body."""
_LOWEST_ELEVATION, _MIN_OUTER_RADIUS = -62.0, 0.066
"""Degrees and metres: below and nearer are the neck, the mouth and the eye sockets."""
# Azimuth 0 is the front. 1 degree is 1.75 mm on the average adult.
_HAIRLINE = {
    0: 22, 10: 22.5, 20: 24.5, 28: 26, 36: 22, 43: 12, 50: 5, 56: 0, 62: -9, 67: -22, 72: -27, 76: -22, 80: -10, 85: -5, 95: -4,
    103: -8, 110: -22, 117: -38, 128: -50, 150: -55, 180: -54,
}  # fmt: skip
_FRONT_RISE = 3.0
"""Degrees more in front: the forehead from glabella to hairline would be 47 mm without it; people have about 55."""
_EAR_AZIMUTH, _EAR_ELEVATION, _EAR_MIN_X = (76.0, 118.0), 2.0, 0.073
_CHEEK = {0: -33.4, 8: -33.6, 13: -34.5, 18: -40, 24: -45, 40: -44, 55: -37, 66: -27, 75: -24}
_JAW = {0: -74, 30: -72, 60: -62, 80: -50}
_UPPER_LIP = {0: -38.2, 4: -38.3, 8: -39.3, 11: -41.3, 14: -44.8, 15: -46}
_LOWER_LIP = {0: -47.5, 8: -47.4, 12: -46.9, 15: -46}
_MIN_FACE_RADIUS, _MAX_HEAD_RADIUS = 0.086, 0.18
"""Metres from the centre: nearer vertices are inside the mouth or the eye sockets, farther ones are hands and shoulders."""
_BROW_MIDDLE = {7: -8.3, 11: -7.5, 15: -6.9, 19: -5.7, 23: -4.7, 27: -5.4, 31: -7.5, 35: -10}
BROW_AZIMUTH = (7.0, 35.0)


@dataclass(frozen=True)
class Hairline:
    """Changes of the hairline, degrees."""

    height: float = 0.0
    """Higher in front: a receded or shaved forehead."""
    recession: float = 0.0
    """Higher at the temples."""
    peak: float = 0.0
    """Lower in the middle: a widow's peak."""
    sideburn: float = 0.0
    """Lower before the ear."""
    nape: float = 0.0
    """Higher at the nape."""
    crown: float = 0.0
    """Radius of a bald crown."""


@dataclass(frozen=True)
class Chart:
    """The average adult's head in polar coordinates."""

    positions: Floats
    """(13380,3) skin vertices at rest, metres."""
    triangles: Ints
    """(t,3)"""
    centre: Floats
    """(3,) metres."""
    azimuth: Floats
    """(13380,) degrees, 0 in front, positive on the character's left."""
    elevation: Floats
    """(13380,) degrees."""
    cranium: NDArray[np.int64]
    """Vertices of the skull's upper part."""
    outer: NDArray[np.int64]
    """Vertices that can be found by direction: those of the outside of the head, without the ears."""

    @property
    def arms(self) -> Floats:
        """(13380,3) from the centre to every vertex, metres."""
        return self.positions - self.centre


@lru_cache(maxsize=1)  # one template: 0.5 MB
def load_chart() -> Chart:
    """The chart of the mean of the average woman and man."""
    base = (load_adult_positions("female") + load_adult_positions("male")) / 2
    skin, eyes = base[:SKIN_VERTICES], base[EYE_VERTICES]
    level = float(eyes[:, 1].mean()) + _CENTRE_ABOVE_EYES_M
    ring = skin[np.abs(skin[:, 1] - level) < 0.03]
    centre = np.array([0, level, (ring[:, 2].min() + ring[:, 2].max()) / 2], np.float32)
    azimuth, elevation, radius = to_polar(skin - centre)
    arms = (skin - centre).astype(np.float32)
    cranium = np.flatnonzero(elevation > _CRANIUM_ELEVATION)
    outer = np.flatnonzero((elevation > _LOWEST_ELEVATION) & (radius > _MIN_OUTER_RADIUS) & ~find_ear(arms))
    return Chart(skin.astype(np.float32), load_skin_triangles(), centre, azimuth, elevation, cranium, outer)


def to_polar(arm: Floats) -> tuple[Floats, Floats, Floats]:
    """(n,) azimuth and (n,) elevation in degrees, and (n,) distance, of arms (n,3) from the centre.

    In float64: float32 functions differ in their last digit from processor to processor, and would move roots over a region's edge.
    """
    arm = np.asarray(arm, np.float64)
    radius = np.linalg.norm(arm, axis=-1)
    azimuth = np.degrees(np.arctan2(arm[..., 0], arm[..., 2]))
    elevation = np.degrees(np.arcsin(np.clip(arm[..., 1] / np.maximum(radius, 1e-9), -1, 1)))
    return azimuth.astype(np.float32), elevation.astype(np.float32), radius.astype(np.float32)


def to_directions(azimuth: Floats, elevation: Floats) -> Floats:
    """(n,3) unit vectors of azimuths and elevations in degrees."""
    a, e = np.radians(azimuth), np.radians(elevation)
    return np.stack([np.sin(a) * np.cos(e), np.sin(e), np.cos(a) * np.cos(e)], -1).astype(np.float32)


def evaluate_line(knots: dict[int, float], azimuth: Floats) -> Floats:
    """(n,) elevation of a line at azimuths (n,), degrees: a monotone cubic through its knots, the same on both sides."""
    from scipy.interpolate import PchipInterpolator

    at, value = np.array(list(knots), float), np.array(list(knots.values()), float)
    return np.asarray(PchipInterpolator(at, value)(np.clip(np.abs(azimuth), at[0], at[-1])), np.float32)


def evaluate_hairline(azimuth: Floats, change: Hairline = Hairline()) -> Floats:
    """(n,) elevation above which hair grows, degrees."""
    side = np.abs(azimuth)
    front = np.clip((52 - side) / 20, 0, 1)
    line = evaluate_line(dict(_HAIRLINE), azimuth) + (_FRONT_RISE + change.height) * front * front * (3 - 2 * front)
    line = line + change.recession * _bump(side, 27, 11) - change.peak * _bump(side, 0, 6)
    return np.asarray(line - change.sideburn * _bump(side, 71, 5) + change.nape * _bump(side, 180, 60), np.float32)


def _bump(side: Floats, middle: float, width: float) -> Floats:
    return np.asarray(np.exp(-(((side.astype(np.float64) - middle) / width) ** 2)), np.float32)


def find_scalp(arm: Floats, change: Hairline = Hairline()) -> Bools:
    """(n,) whether hair of the head grows at arms (n,3) from the template's centre."""
    azimuth, elevation, radius = to_polar(arm)
    inside = (elevation > evaluate_hairline(azimuth, change)) & (radius < _MAX_HEAD_RADIUS)
    if change.crown > 0:
        # The crown's whorl: 62 degrees up at the back.
        away = np.degrees(np.arccos(np.clip(arm @ to_directions(np.array(180), np.array(66)) / np.linalg.norm(arm, axis=-1), -1, 1)))
        inside &= away > change.crown
    return np.asarray(inside & ~find_ear(arm))


def find_ear(arm: Floats) -> Bools:
    """(n,) whether arms (n,3) end on an ear."""
    azimuth, elevation, _ = to_polar(arm)
    side = np.abs(azimuth)
    return np.asarray(
        (side > _EAR_AZIMUTH[0]) & (side < _EAR_AZIMUTH[1]) & (elevation < _EAR_ELEVATION) & (np.abs(arm[..., 0]) > _EAR_MIN_X)
    )


def find_beard(arm: Floats) -> Bools:
    """(n,) whether a full beard grows at arms (n,3)."""
    azimuth, elevation, radius = to_polar(arm)
    side = np.abs(azimuth)
    region = (elevation < evaluate_line(dict(_CHEEK), azimuth)) & (elevation > evaluate_line(dict(_JAW), azimuth)) & (side < 80)
    lips = (side < 15) & (elevation > evaluate_line(dict(_LOWER_LIP), azimuth)) & (elevation < evaluate_line(dict(_UPPER_LIP), azimuth))
    return np.asarray(region & ~lips & (radius > _MIN_FACE_RADIUS) & (radius < _MAX_HEAD_RADIUS) & ~find_ear(arm))


def evaluate_brow(azimuth: Floats) -> Floats:
    """(n,) elevation of the middle of the brow, degrees."""
    return evaluate_line(dict(_BROW_MIDDLE), azimuth)
