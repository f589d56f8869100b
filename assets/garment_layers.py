"""Which surfaces lie beneath which: skin under cloth, a shirt under its jacket, told by rays from the lower one outwards."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.mesh import compute_face_normals, find_islands, measure_edge_lengths
from assets.rotation import cross, dot

Doubles = NDArray[np.float64]
Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]
SKIN_MESHES, CLOTH_MESHES, OUTFIT_MESH = ("head", "body", "neck"), ("outfit", "shoes", "hat"), "outfit"
"""Names of the meshes that are covered, of those that cover and may be covered as well, and of the one that has layers of its own."""
MAX_GAP_M, MAX_PENETRATION_M = 0.03, 0.01
"""How far over what it covers a cover may lie, and how far below it where the two cross."""
MAX_PATCH_M = 0.025
"""Longest side of what is covered or bare as a whole."""
_MIN_COSINE = 0.3
"""Cosine between two surfaces from which one can cover the other."""
PROBES: Doubles = np.array([[1 / 3, 1 / 3, 1 / 3], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
"""(4,3) middle and corners of a triangle."""
_SIZE_BINS_M = (-1.0, 0.01, 0.02, 0.03, 0.045, 0.07, 0.11, np.inf)


@dataclass(frozen=True)
class Patches:
    """Small parts of triangles."""

    owner: Int64s
    """(p,) the triangle of each."""
    barycentric: Doubles
    """(p,3,3) its corners, each in shares of the triangle's corners."""

    def __getitem__(self, chosen: Bools) -> Patches:
        return Patches(self.owner[chosen], self.barycentric[chosen])


@dataclass(frozen=True)
class GarmentLayers:
    """Triangles of skin and cloth, and which garment lies over which."""

    triangles: Int64s
    """(t,3)"""
    kind: NDArray[np.str_]
    """(t,) name of the mesh that each is of."""
    component: Int64s
    """(t,) number of the connected part."""
    order: Int64s
    """(i,i) how many of the outfit's triangles of one part lie beneath another part."""

    @classmethod
    def of(cls, points: Doubles, triangles: Int64s, kind: NDArray[np.str_]) -> GarmentLayers:
        """The layers as these points (v,3), metres, show them."""
        island = find_islands(points, triangles)
        order = np.zeros((int(island.max(initial=0)) + 1,) * 2, np.int64)
        over = np.flatnonzero(kind == OUTFIT_MESH)
        corners, normal = points[triangles[over]], compute_face_normals(points, triangles[over])
        ray, met, _ = _find_hits(corners.mean(1), normal, corners, normal, MAX_GAP_M)
        np.add.at(order, (island[over[ray]], island[over[met]]), 1)
        return cls(triangles, kind, island, order)

    @property
    def cloth(self) -> Bools:
        """(t,) which triangles cover."""
        return np.isin(self.kind, CLOTH_MESHES)

    def measure_heights(self, points: Doubles, owner: Int64s, shares: Doubles) -> Doubles:
        """(p,) metres from places on triangles (owner (p,), shares of corners (p,3)) to the nearest cover above; below 0 where it is
        beneath, nan where there is none.
        """
        normal, over = compute_face_normals(points, self.triangles), np.flatnonzero(self.cloth)
        place = np.einsum("pa,pab->pb", shares, points[self.triangles[owner]])
        way = normal[owner]
        ray, met, far = _find_hits(
            place - MAX_PENETRATION_M * way, way, points[self.triangles[over]], normal[over], MAX_GAP_M + MAX_PENETRATION_M
        )
        lower = self._is_lower(owner[ray], over[met], far > MAX_PENETRATION_M)
        found = np.full(len(owner), np.nan)
        np.fmin.at(found, ray[lower], far[lower] - MAX_PENETRATION_M)
        return found

    def _is_lower(self, one: Int64s, other: Int64s, beneath: Bools) -> Bools:
        """(h,) whether `one` triangle belongs below the `other`, which it lies `beneath` or crosses."""
        own, theirs = self.component[one], self.component[other]
        # Of two layers of an outfit it is the one that mostly lies below. Shoe and trouser leg go either way round, laces have no order.
        layered = (self.kind[one] == OUTFIT_MESH) & (own != theirs) & (self.order[own, theirs] > self.order[theirs, own])
        garment = np.where(self.kind[one] == self.kind[other], layered, beneath)
        return np.isin(self.kind[one], SKIN_MESHES) | garment

    def covered(self, points: Doubles, able: Bools) -> Patches:
        """The patches of the `able` triangles (t,) that lie wholly beneath cloth, or cross what should cover them."""
        found = split_into_patches(points[self.triangles], np.flatnonzero(able))
        # The middle first: most fail there.
        for probe in PROBES:
            found = found[np.isfinite(self.measure_heights(points, found.owner, probe @ found.barycentric))]
        return found

    def covering(self, points: Doubles, below: Patches) -> Bools:
        """(t,) which cloth has one of these patches beneath it; the inner side of a collar has none."""
        over, normal = np.flatnonzero(self.cloth), compute_face_normals(points, self.triangles)
        lower, found = below.barycentric @ points[self.triangles[below.owner]], np.zeros(len(self.triangles), bool)
        for probe in PROBES:
            place = probe @ points[self.triangles[over]] + MAX_PENETRATION_M * normal[over]
            ray, met, _ = _find_hits(place, -normal[over], lower, -normal[below.owner], MAX_GAP_M + MAX_PENETRATION_M)
            found[over[ray]] |= self.component[over[ray]] != self.component[below.owner[met]]
        return found


def split_into_patches(corners: Doubles, chosen: Int64s) -> Patches:
    """The chosen of triangles (t,3,3), cut into four until no side is longer than PATCH_M."""
    done: list[Patches] = []
    left = Patches(chosen, np.tile(np.eye(3), (len(chosen), 1, 1)))
    while len(left.owner):
        place = left.barycentric @ corners[left.owner]
        long = measure_edge_lengths(place).max(1) > MAX_PATCH_M
        done.append(left[~long])
        a, b, c = left.barycentric[long].transpose(1, 0, 2)
        ab, bc, ca = (a + b) / 2, (b + c) / 2, (c + a) / 2
        four = ((a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca))
        left = Patches(np.tile(left.owner[long], 4), np.concatenate([np.stack(one, 1) for one in four]))
    return Patches(np.concatenate([p.owner for p in done]), np.concatenate([p.barycentric for p in done])) if done else left


def _find_hits(origin: Doubles, way: Doubles, cover: Doubles, facing: Doubles, reach: float) -> tuple[Int64s, Int64s, Doubles]:
    """Every meeting within reach of a ray (n,3) with the inner side of a cover (c,3,3): (h,) rays, (h,) covers, (h,) metres."""
    from scipy.spatial import cKDTree

    middle = cover.mean(1)
    size = np.linalg.norm(cover - middle[:, None], axis=2).max(1, initial=0)
    rays, covers = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    # By size: the reach of a few large triangles would make every ray try all the small ones.
    for low, high in itertools.pairwise(_SIZE_BINS_M):
        index = np.flatnonzero((size > low) & (size <= high))
        if len(index):
            around = reach / 2 + float(size[index].max())
            near = cKDTree(middle[index]).sparse_distance_matrix(cKDTree(origin + reach / 2 * way), around, output_type="ndarray")
            rays.append(near["j"].astype(np.int64))
            covers.append(index[near["i"]])
    ray, met = np.concatenate(rays), np.concatenate(covers)
    along = dot(way[ray], facing[met]) > _MIN_COSINE
    ray, met = ray[along], met[along]
    far = _intersect_triangles(origin[ray], way[ray], cover[met])
    within = (far > 0) & (far < reach)
    return ray[within], met[within], far[within]


def _intersect_triangles(origin: Doubles, way: Doubles, triangle: Doubles) -> Doubles:
    """(n,) metres along each ray to its triangle, nan where they do not meet.

    Source: Moller and Trumbore, Fast, minimum storage ray-triangle intersection, 1997.
    """
    one, two, arm = triangle[:, 1] - triangle[:, 0], triangle[:, 2] - triangle[:, 0], origin - triangle[:, 0]
    across, turned = cross(way, two), cross(arm, one)
    area = dot(one, across)
    area[np.abs(area) < 1e-14] = np.nan
    u, v = dot(arm, across) / area, dot(way, turned) / area
    return np.where((u >= 0) & (v >= 0) & (u + v <= 1), dot(two, turned) / area, np.nan)
