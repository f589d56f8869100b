"""Which surfaces lie beneath which: skin under cloth, a shirt under its jacket, told by rays from the lower one outwards."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.mesh import components
from assets.rotation import cross

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
SKIN, CLOTH, OUTFIT = ("head", "body", "neck"), ("outfit", "shoes", "hat"), "outfit"
"""Names of the meshes that are covered, of those that cover and may be covered as well, and of the one that has layers of its own."""
REACH_M, SUNK_M = 0.03, 0.01
"""How far over what it covers a cover may lie, and how far below it where the two cross."""
PATCH_M = 0.025
"""Longest side of what is covered or bare as a whole."""
_ALONG = 0.3
"""Cosine between two surfaces from which one can cover the other."""
PROBES: Floats = np.array([[1 / 3, 1 / 3, 1 / 3], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
"""(4,3) middle and corners of a triangle."""
_SIZES_M = (-1.0, 0.01, 0.02, 0.03, 0.045, 0.07, 0.11, np.inf)


@dataclass(frozen=True)
class Patches:
    """Small parts of triangles."""

    owner: Ints
    """(p,) the triangle of each."""
    shares: Floats
    """(p,3,3) its corners, each in shares of the triangle's corners."""

    def __getitem__(self, chosen: Bools) -> Patches:
        return Patches(self.owner[chosen], self.shares[chosen])


@dataclass(frozen=True)
class Layers:
    """Triangles of skin and cloth, and which garment lies over which."""

    triangles: Ints
    """(t,3)"""
    kind: NDArray[np.str_]
    """(t,) name of the mesh that each is of."""
    island: Ints
    """(t,) number of the connected part."""
    order: Ints
    """(i,i) how many of the outfit's triangles of one part lie beneath another part."""

    @classmethod
    def of(cls, points: Floats, triangles: Ints, kind: NDArray[np.str_]) -> Layers:
        """The layers as these points (v,3), metres, show them."""
        island = islands(points, triangles)
        order = np.zeros((int(island.max(initial=0)) + 1,) * 2, np.int64)
        over = np.flatnonzero(kind == OUTFIT)
        corners, normal = points[triangles[over]], normals(points, triangles[over])
        ray, met, _ = _hits(corners.mean(1), normal, corners, normal, REACH_M)
        np.add.at(order, (island[over[ray]], island[over[met]]), 1)
        return cls(triangles, kind, island, order)

    @property
    def cloth(self) -> Bools:
        """(t,) which triangles cover."""
        return np.isin(self.kind, CLOTH)

    def heights(self, points: Floats, owner: Ints, shares: Floats) -> Floats:
        """(p,) metres from places on triangles (owner (p,), shares of corners (p,3)) to the nearest cover above; below 0 where it is
        beneath, nan where there is none.
        """
        normal, over = normals(points, self.triangles), np.flatnonzero(self.cloth)
        place = np.einsum("pa,pab->pb", shares, points[self.triangles[owner]])
        way = normal[owner]
        ray, met, far = _hits(place - SUNK_M * way, way, points[self.triangles[over]], normal[over], REACH_M + SUNK_M)
        lower = self._lower(owner[ray], over[met], far > SUNK_M)
        found = np.full(len(owner), np.nan)
        np.fmin.at(found, ray[lower], far[lower] - SUNK_M)
        return found

    def _lower(self, one: Ints, other: Ints, beneath: Bools) -> Bools:
        """(h,) whether `one` triangle belongs below the `other`, which it lies `beneath` or crosses."""
        own, theirs = self.island[one], self.island[other]
        # Of two layers of an outfit it is the one that mostly lies below. Shoe and trouser leg go either way round, laces have no order.
        layered = (self.kind[one] == OUTFIT) & (own != theirs) & (self.order[own, theirs] > self.order[theirs, own])
        garment = np.where(self.kind[one] == self.kind[other], layered, beneath)
        return np.isin(self.kind[one], SKIN) | garment

    def covered(self, points: Floats, able: Bools) -> Patches:
        """The patches of the `able` triangles (t,) that lie wholly beneath cloth, or cross what should cover them."""
        found = patches(points[self.triangles], np.flatnonzero(able))
        # The middle first: most fail there.
        for probe in PROBES:
            found = found[np.isfinite(self.heights(points, found.owner, probe @ found.shares))]
        return found

    def covering(self, points: Floats, below: Patches) -> Bools:
        """(t,) which cloth has one of these patches beneath it; the inner side of a collar has none."""
        over, normal = np.flatnonzero(self.cloth), normals(points, self.triangles)
        lower, found = below.shares @ points[self.triangles[below.owner]], np.zeros(len(self.triangles), bool)
        for probe in PROBES:
            place = probe @ points[self.triangles[over]] + SUNK_M * normal[over]
            ray, met, _ = _hits(place, -normal[over], lower, -normal[below.owner], REACH_M + SUNK_M)
            found[over[ray]] |= self.island[over[ray]] != self.island[below.owner[met]]
        return found


def patches(corners: Floats, chosen: Ints) -> Patches:
    """The chosen of triangles (t,3,3), cut into four until no side is longer than PATCH_M."""
    done: list[Patches] = []
    left = Patches(chosen, np.tile(np.eye(3), (len(chosen), 1, 1)))
    while len(left.owner):
        place = left.shares @ corners[left.owner]
        long = np.linalg.norm(place - np.roll(place, 1, 1), axis=2).max(1) > PATCH_M
        done.append(left[~long])
        a, b, c = left.shares[long].transpose(1, 0, 2)
        ab, bc, ca = (a + b) / 2, (b + c) / 2, (c + a) / 2
        four = ((a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca))
        left = Patches(np.tile(left.owner[long], 4), np.concatenate([np.stack(one, 1) for one in four]))
    return Patches(np.concatenate([p.owner for p in done]), np.concatenate([p.shares for p in done])) if done else left


def islands(points: Floats, triangles: Ints) -> Ints:
    """(t,) a number for each connected part, seams welded."""
    _, place = np.unique(np.round(points, 5), axis=0, return_inverse=True)
    faces = place.ravel()[triangles]
    label = components(faces, int(faces.max(initial=0)) + 1)
    _, number = np.unique(label[faces[:, 0]], return_inverse=True)
    return np.asarray(number.ravel(), np.int64)


def normals(points: Floats, triangles: Ints) -> Floats:
    """(t,3) unit normals of triangles."""
    a, b, c = (points[triangles[:, k]] for k in range(3))
    across = np.cross(b - a, c - a)
    return np.asarray(across / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-12))


def _hits(origin: Floats, way: Floats, cover: Floats, facing: Floats, reach: float) -> tuple[Ints, Ints, Floats]:
    """Every meeting within reach of a ray (n,3) with the inner side of a cover (c,3,3): (h,) rays, (h,) covers, (h,) metres."""
    from scipy.spatial import cKDTree

    middle = cover.mean(1)
    size = np.linalg.norm(cover - middle[:, None], axis=2).max(1, initial=0)
    rays, covers = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    # By size: the reach of a few large triangles would make every ray try all the small ones.
    for low, high in itertools.pairwise(_SIZES_M):
        index = np.flatnonzero((size > low) & (size <= high))
        if len(index):
            around = reach / 2 + float(size[index].max())
            near = cKDTree(middle[index]).sparse_distance_matrix(cKDTree(origin + reach / 2 * way), around, output_type="ndarray")
            rays.append(near["j"].astype(np.int64))
            covers.append(index[near["i"]])
    ray, met = np.concatenate(rays), np.concatenate(covers)
    along = _dot(way[ray], facing[met]) > _ALONG
    ray, met = ray[along], met[along]
    far = _distance(origin[ray], way[ray], cover[met])
    within = (far > 0) & (far < reach)
    return ray[within], met[within], far[within]


def _distance(origin: Floats, way: Floats, triangle: Floats) -> Floats:
    """(n,) metres along each ray to its triangle, nan where they do not meet.

    Source: Moller and Trumbore, Fast, minimum storage ray-triangle intersection, 1997.
    """
    one, two, arm = triangle[:, 1] - triangle[:, 0], triangle[:, 2] - triangle[:, 0], origin - triangle[:, 0]
    across, turned = cross(way, two), cross(arm, one)
    area = _dot(one, across)
    area[np.abs(area) < 1e-14] = np.nan
    u, v = _dot(arm, across) / area, _dot(way, turned) / area
    return np.where((u >= 0) & (v >= 0) & (u + v <= 1), _dot(two, turned) / area, np.nan)


def _dot(a: Floats, b: Floats) -> Floats:
    """(n,) of (n,3): numpy sums rows of three at a tenth of the speed."""
    return np.asarray(np.einsum("na,na->n", a, b))
