"""Hair under a hat: pulled in beneath it, and not drawn where nobody can see it.

Seen from the middle of its opening, a hat is in every upward direction. Its distance in each direction therefore decides what is
inside it. The brim is taken to continue outwards: hair outside it does not rise above it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from assets.artefacts.geometry import Floats
from assets.mesh import find_boundary_edges, list_edges_both_ways
from stages.groom.fit import FittedItem, Mask
from stages.groom.placement import weld_item_triangles

_HAT_CLEARANCE = 0.010
"""Metres that hair keeps from the hat."""
_HAIR_ROOM_SCALE = np.array([1.06, 1.04, 1.06], np.float32)
"""How much wider a hat is over hair than on a bald head, where it touches the skin."""
_VISIBLE_BAND = 0.018
"""Metres of hair kept above the hat's opening, because they are seen from below."""
_BRIM_SWELL, _FREE_ANGLE, _FREE_SWELL = 0.1, 0.35, 2.0
"""For every radian below the brim, hair may reach this many metres further out; beyond the angle it hangs freely, at the second rate."""
_AZIMUTHS, _NEIGHBOURS, _MAX_NEIGHBOUR_DISTANCE = 36, 24, 0.08
_PULL_FALLOFF, _MAX_ROUNDS, _MIN_SKIN_DISTANCE = 0.05, 40, 0.02
"""Metres of hair over which a pull fades to a third; and how near the skin hair may come because its neighbours are pulled in."""


@dataclass(frozen=True)
class HatDome:
    """A hat as seen from the middle of its opening."""

    centre: Floats
    """(3,) metres."""
    directions: Floats
    """(s,3) unit directions of points of the hat."""
    distances: Floats
    """(s,) metres to them."""

    @classmethod
    def from_item(cls, hat: FittedItem) -> HatDome:
        """From points all over the hat, a few millimetres apart."""
        shares = np.array([(a, b, 4 - a - b) for a in range(5) for b in range(5 - a)], np.float32) / 4
        points = np.einsum("sk,tkd->tsd", shares, hat.positions[weld_item_triangles(hat.item)]).reshape(-1, 3)
        centre = _find_opening(hat).mean(0)
        distances = np.linalg.norm(points - centre, axis=1)
        return cls(centre, (points - centre) / distances[:, None], distances)

    def measure_limit(self, directions: Floats) -> Floats:
        """(n,) metres to which hair may reach in unit directions (n,3): the hat's inner side, and further out below the brim."""
        from scipy.spatial import cKDTree

        distance, index = cKDTree(self.directions).query(directions, _NEIGHBOURS, distance_upper_bound=_MAX_NEIGHBOUR_DISTANCE)
        inside = np.where(np.isfinite(distance), np.append(self.distances, np.inf)[index], np.inf).min(1)
        slope, edge = self._find_brim(np.arctan2(directions[:, 0], directions[:, 2]))
        # A brim that turns up at its edge dips before it: `inside` limits hair there too.
        below = slope - np.arcsin(np.clip(directions[:, 1], -1, 1))
        outside = edge + _BRIM_SWELL * np.maximum(below, 0) + _FREE_SWELL * np.maximum(below - _FREE_ANGLE, 0)
        return np.asarray(np.minimum(inside, np.where(below > 0, outside, edge)) - _HAT_CLEARANCE, np.float32)

    def _find_brim(self, azimuth: Floats) -> tuple[Floats, Floats]:
        """(n,) elevation in radians and (n,) distance in metres of the brim's edge at these azimuths (n,)."""
        azimuths = np.arctan2(self.directions[:, 0], self.directions[:, 2])
        radius = self.distances * np.linalg.norm(self.directions[:, [0, 2]], axis=1)
        middles = (np.arange(_AZIMUTHS) + 0.5) * 2 * np.pi / _AZIMUTHS - np.pi
        bins = np.minimum(((azimuths + np.pi) * _AZIMUTHS / (2 * np.pi)).astype(int), _AZIMUTHS - 1)
        edges = np.array([np.argmax(np.where(bins == k, radius, -1)) for k in range(_AZIMUTHS)])
        slope = np.interp(azimuth, middles, np.arcsin(self.directions[edges, 1]), period=2 * np.pi)
        return slope, np.interp(azimuth, middles, self.distances[edges], period=2 * np.pi)


def add_hair_room(hat: FittedItem) -> FittedItem:
    """The hat, widened to have room for hair."""
    centre = _find_opening(hat).mean(0)
    return replace(hat, positions=((hat.positions - centre) * _HAIR_ROOM_SCALE + centre).astype(np.float32))


def fit_hair_under_hat(hair: FittedItem, hat: FittedItem, skin: Floats) -> tuple[FittedItem, Mask]:
    """The hair within the hat or below its brim, and (n,) which of its vertices are too deep inside to be drawn.

    Args:
        skin: (s,3) points all over the skin, metres.
    """
    dome = HatDome.from_item(hat)
    arm = hair.positions - dome.centre
    distance = np.maximum(np.linalg.norm(arm, axis=1), 1e-6)
    directions = arm / distance[:, None]
    need = distance - np.minimum(distance, dome.measure_limit(directions))
    pull = np.maximum(need, np.minimum(_spread_pull(need, hair), _measure_skin_clearance(hair.positions, skin)))
    moved = (dome.centre + directions * (distance - pull)[:, None]).astype(np.float32)
    return replace(hair, positions=moved), _measure_height_over(moved, _find_opening(hat)) > _VISIBLE_BAND


def press_strands(points: Floats, hat: FittedItem) -> tuple[Floats, Mask]:
    """(n,3) points of strands within the hat or below its brim, and (n,) which are too deep inside to be drawn."""
    dome = HatDome.from_item(hat)
    arm = points - dome.centre
    distance = np.maximum(np.linalg.norm(arm, axis=1), 1e-6)
    directions = arm / distance[:, None]
    pressed = (dome.centre + directions * np.minimum(distance, dome.measure_limit(directions))[:, None]).astype(np.float32)
    return pressed, _measure_height_over(pressed, _find_opening(hat)) > _VISIBLE_BAND


def _spread_pull(pull: Floats, hair: FittedItem) -> Floats:
    """(n,) metres inwards: neighbours of hair that is pulled in follow it, less the further away they are.

    Pulled in only where it had to be, long hair showed a corner just below the brim.
    """
    start, end = list_edges_both_ways(weld_item_triangles(hair.item)).T
    fade = np.exp(-np.linalg.norm(hair.positions[start] - hair.positions[end], axis=1) / _PULL_FALLOFF)
    for _ in range(_MAX_ROUNDS):
        spread = pull.copy()
        np.maximum.at(spread, start, pull[end] * fade)
        if np.allclose(spread, pull, atol=1e-5):
            break
        pull = spread
    return pull


def _measure_skin_clearance(points: Floats, skin: Floats) -> Floats:
    """(n,) metres that points (n,3) can move before they are too near the skin."""
    from scipy.spatial import cKDTree

    return np.asarray(np.maximum(cKDTree(skin).query(points)[0] - _MIN_SKIN_DISTANCE, 0))


def _find_opening(hat: FittedItem) -> Floats:
    """(n,3) vertices on the hat's open edge, where the head goes in."""
    return np.asarray(hat.positions[np.unique(find_boundary_edges(weld_item_triangles(hat.item)))], np.float32)


def _measure_height_over(points: Floats, ring: Floats) -> Floats:
    """(n,) metres that points (n,3) are above the plane that fits a ring (r,3) best."""
    normal = np.linalg.svd(ring - ring.mean(0))[2][2]
    return np.asarray((points - ring.mean(0)) @ (normal * np.sign(normal[1])), np.float32)
