"""Where each pixel of the head tile is on the average adult: distances to lids and lips, along which the face is painted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Surface
from assets.base_mesh import load_adult_positions, load_skin_surface
from assets.conventions import LID_EDGES, LIP_VERTICES
from assets.mesh import find_components
from assets.uv_tile import rasterise
from stages.texture.tiles import fill_margins

Mask = NDArray[np.bool_]
SIDE = 512
"""Pixels of the maps: what is painted along them is soft."""
_NEAR_M = 0.02
"""Distances are exact up to this."""


@dataclass(frozen=True)
class FaceMap:
    """Maps of SIDE pixels; distances in metres."""

    mouth: Mask
    """The inside of the mouth."""
    sockets: Mask
    """The inside of the lids."""
    lip_depth: Floats
    """In the mouth, distance behind the inner edge of the lips."""
    upper_lid: Floats
    """Distance from the edge of the upper lid; _NEAR_M where the lower lid is nearer."""
    lower_lid: Floats
    """Likewise."""
    inner_corner: Floats
    """Distance from the inner corner of the nearer eye."""
    upper_lip: Floats
    """0..1 the red of the upper lip."""
    lower_lip: Floats
    """0..1 the red of the lower lip."""


@lru_cache(maxsize=1)  # 9 MB
def load_face_map() -> FaceMap:
    """The maps of the baked base mesh; raises BackendError if it is not baked."""
    surface, adult = load_skin_surface("head"), load_adult_positions("male")
    positions = adult[surface.base]
    mouth, sockets = find_inner_islands(surface, positions)
    places, covered = rasterise(surface.uv, surface.triangles, positions, SIDE)
    inside = [rasterise(surface.uv, surface.triangles[mask[surface.triangles].all(1)], positions, SIDE)[1] for mask in (mouth, sockets)]
    seam = np.intersect1d(surface.base[mouth], surface.base[~mouth])
    upper, lower = (_measure_lid(places, covered, adult, lid) for lid in (0, 1))
    corners = adult[[edges[0][0] for edges in LID_EDGES.values()]]
    is_face = covered & ~inside[0] & ~inside[1]
    lips = _map_lips(places, is_face, adult)
    return FaceMap(
        inside[0], inside[1], _measure(places, inside[0], adult[seam]), np.where(upper <= lower, upper, _NEAR_M),
        np.where(lower < upper, lower, _NEAR_M), _measure(places, covered, corners), *lips,
    )  # fmt: skip


def find_inner_islands(surface: Surface, positions: Floats) -> tuple[Mask, Mask]:
    """(n,) which vertices of the head surface are inside the mouth, and (n,) inside the lids: UV islands apart from the face's own."""
    island = find_components(surface.triangles, len(surface.uv))
    sizes = np.bincount(island)
    aside = np.bincount(island, np.abs(positions[:, 0])) / np.maximum(sizes, 1)
    middle = np.abs(np.bincount(island, positions[:, 0]) / np.maximum(sizes, 1)) < 0.01
    is_inner = np.arange(len(sizes)) != int(sizes.argmax())
    return np.asarray((is_inner & middle)[island]), np.asarray((is_inner & ~middle & (aside > 0.01))[island])


def _measure(places: Floats, mask: Mask, points: Floats) -> Floats:
    """(s,s) metres to the nearest of the points where the mask is set, at most _NEAR_M x 3; that elsewhere."""
    from scipy.spatial import cKDTree

    found = np.full(mask.shape, 3 * _NEAR_M, np.float32)
    distance = cKDTree(points).query(places[mask], distance_upper_bound=3 * _NEAR_M)[0]
    found[mask] = np.minimum(distance, 3 * _NEAR_M)
    return found


def _measure_lid(places: Floats, covered: Mask, adult: Floats, lid: int) -> Floats:
    """(s,s) metres to the edges of both upper (0) or lower (1) lids, at most _NEAR_M."""
    points = np.concatenate([_subdivide(adult[list(edges[lid])]) for edges in LID_EDGES.values()])
    return np.minimum(_measure(places, covered, points), np.float32(_NEAR_M))


def _subdivide(line: Floats) -> Floats:
    """(8(n-1)+1,3) points along a polyline (n,3)."""
    steps = np.linspace(0, len(line) - 1, 8 * (len(line) - 1) + 1)
    return np.stack([np.interp(steps, np.arange(len(line)), line[:, k]) for k in range(3)], 1).astype(np.float32)


def _map_lips(places: Floats, is_face: Mask, adult: Floats) -> tuple[Floats, Floats]:
    """(s,s) 0..1 of the red of the upper and of the lower lip, by their outlines seen from the front."""
    at = {name: adult[index] for name, index in LIP_VERTICES.items()}
    line = float(at["upper"][1] + at["lower"][1]) / 2
    across = np.abs(places[..., 0]) / (float(at["corner"][0]) + 0.0015)
    height = places[..., 1] - line
    # The bow of the upper lip: two peaks on both sides of a dip in the middle.
    bow = 1 - 0.10 * np.exp(-((across / 0.12) ** 2))
    top = (float(at["top"][1]) - line) * 1.12 * bow * np.clip(1 - across**1.9, 0, 1) ** 0.85
    bottom = (line - float(at["bottom"][1])) * 1.0 * np.clip(1 - across**2.2, 0, 1) ** 0.8
    front = is_face & (across < 1.02) & (places[..., 2] > float(at["corner"][2]) - 0.012)
    soft = 0.0012
    upper = np.clip((top - height) / soft, 0, 1) * (height >= 0)
    lower = np.clip((bottom + height) / soft, 0, 1) * (height < 0)
    return (upper * front).astype(np.float32), (lower * front).astype(np.float32)


def enlarge(picture: Floats, size: int) -> Floats:
    """(size,size[,c]) a map at the size of a tile."""
    import cv2

    found: Floats = cv2.resize(picture, (size, size), interpolation=cv2.INTER_LINEAR)
    return found


def extend(picture: Floats, mask: Mask) -> Floats:
    """The picture with what is outside of the mask filled from its edge, so that smaller mip levels mix in nothing else."""
    return np.asarray(fill_margins(picture, mask), np.float32)
