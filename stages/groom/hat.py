"""Hair beneath a hat: pressed under it, and not drawn where nobody can look.

Seen from the middle of its opening a hat lies in every direction upwards, so one number for each direction, how far it is, tells
what is inside it. The brim is taken to go on outwards: hair beside it does not stand up past it.
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
"""Metres of hair kept above the hat's opening: what is seen from below."""
_BRIM_SWELL, _FREE_ANGLE, _FREE_SWELL = 0.1, 0.35, 2.0
"""Metres that hair may stand out further for every radian below the brim; radians from which on it hangs freely, and metres there."""
_AZIMUTHS, _NEIGHBOURS, _MAX_NEIGHBOUR_DISTANCE = 36, 24, 0.08
_PULL_FALLOFF, _MAX_ROUNDS, _MIN_SKIN_DISTANCE = 0.05, 40, 0.02
"""Metres of hair over which a pull fades to a third; how near the skin hair lies that comes no nearer on another's account."""


@dataclass(frozen=True)
class HatDome:
    """A hat as seen from the middle of its opening."""

    centre: Floats
    """(3,) metres."""
    directions: Floats
    """(s,3) unit directions in which it lies."""
    distances: Floats
    """(s,) metres to it."""

    @classmethod
    def of(cls, hat: FittedItem) -> HatDome:
        """From points all over the hat, a few millimetres apart."""
        shares = np.array([(a, b, 4 - a - b) for a in range(5) for b in range(5 - a)], np.float32) / 4
        points = np.einsum("sk,tkd->tsd", shares, hat.positions[weld_item_triangles(hat.item)]).reshape(-1, 3)
        centre = _find_opening(hat).mean(0)
        far = np.linalg.norm(points - centre, axis=1)
        return cls(centre, (points - centre) / far[:, None], far)

    def limit(self, ways: Floats) -> Floats:
        """(n,) metres to the hat's inner side in directions (n,3); beside the brim more by `_SWELL`, the lower the more."""
        from scipy.spatial import cKDTree

        distance, index = cKDTree(self.directions).query(ways, _NEIGHBOURS, distance_upper_bound=_MAX_NEIGHBOUR_DISTANCE)
        inside = np.where(np.isfinite(distance), np.append(self.distances, np.inf)[index], np.inf).min(1)
        slope, edge = self._find_brim(np.arctan2(ways[:, 0], ways[:, 2]))
        # A brim that turns up at its edge dips before it: `inside` holds hair there too.
        below = slope - np.arcsin(np.clip(ways[:, 1], -1, 1))
        beside = edge + _BRIM_SWELL * np.maximum(below, 0) + _FREE_SWELL * np.maximum(below - _FREE_ANGLE, 0)
        return np.asarray(np.minimum(inside, np.where(below > 0, beside, edge)) - _HAT_CLEARANCE, np.float32)

    def _find_brim(self, azimuth: Floats) -> tuple[Floats, Floats]:
        """(n,) radians above the level and (n,) metres, of the brim's edge in these directions."""
        own = np.arctan2(self.directions[:, 0], self.directions[:, 2])
        level = self.distances * np.linalg.norm(self.directions[:, [0, 2]], axis=1)
        middles = (np.arange(_AZIMUTHS) + 0.5) * 2 * np.pi / _AZIMUTHS - np.pi
        bins = np.minimum(((own + np.pi) * _AZIMUTHS / (2 * np.pi)).astype(int), _AZIMUTHS - 1)
        edges = np.array([np.argmax(np.where(bins == k, level, -1)) for k in range(_AZIMUTHS)])
        slope = np.interp(azimuth, middles, np.arcsin(self.directions[edges, 1]), period=2 * np.pi)
        return slope, np.interp(azimuth, middles, self.distances[edges], period=2 * np.pi)


def add_hair_room(hat: FittedItem) -> FittedItem:
    """The hat with room for hair."""
    centre = _find_opening(hat).mean(0)
    return replace(hat, positions=((hat.positions - centre) * _HAIR_ROOM_SCALE + centre).astype(np.float32))


def fit_hair_under_hat(hair: FittedItem, hat: FittedItem, skin: Floats) -> tuple[FittedItem, Mask]:
    """The hair within the hat or below its brim, and (n,) which of its vertices need not be drawn: those deep inside.

    Args:
        skin: (s,3) metres, points all over it.
    """
    dome = HatDome.of(hat)
    arm = hair.positions - dome.centre
    far = np.maximum(np.linalg.norm(arm, axis=1), 1e-6)
    ways = arm / far[:, None]
    need = far - np.minimum(far, dome.limit(ways))
    pull = np.maximum(need, np.minimum(_spread_pull(need, hair), _measure_skin_clearance(hair.positions, skin)))
    moved = (dome.centre + ways * (far - pull)[:, None]).astype(np.float32)
    return replace(hair, positions=moved), _measure_height_over(moved, _find_opening(hat)) > _VISIBLE_BAND


def _spread_pull(pull: Floats, hair: FittedItem) -> Floats:
    """(n,) metres inwards: what lies beside hair that is pulled in comes along, less the farther off it is.

    Pulled in only where it must be, long hair had a corner just below the brim.
    """
    one, two = list_edges_both_ways(weld_item_triangles(hair.item)).T
    fade = np.exp(-np.linalg.norm(hair.positions[one] - hair.positions[two], axis=1) / _PULL_FALLOFF)
    for _ in range(_MAX_ROUNDS):
        along = pull.copy()
        np.maximum.at(along, one, pull[two] * fade)
        if np.allclose(along, pull, atol=1e-5):
            break
        pull = along
    return pull


def _measure_skin_clearance(points: Floats, skin: Floats) -> Floats:
    """(n,) metres that points (n,3) can go before they lie on the skin."""
    from scipy.spatial import cKDTree

    return np.asarray(np.maximum(cKDTree(skin).query(points)[0] - _MIN_SKIN_DISTANCE, 0))


def _find_opening(hat: FittedItem) -> Floats:
    """(n,3) the edge of the hat that no cloth closes: where the head goes in."""
    return np.asarray(hat.positions[np.unique(find_boundary_edges(weld_item_triangles(hat.item)))], np.float32)


def _measure_height_over(points: Floats, ring: Floats) -> Floats:
    """(n,) metres that points (n,3) lie above the plane of a ring (r,3)."""
    normal = np.linalg.svd(ring - ring.mean(0))[2][2]
    return np.asarray((points - ring.mean(0)) @ (normal * np.sign(normal[1])), np.float32)
