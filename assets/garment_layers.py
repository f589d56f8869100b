"""Which surfaces lie beneath which, decided by rays from the lower one outwards: skin under cloth, a shirt under its jacket.

trimesh casts no such rays: only hits on inner sides within a few centimetres count, and all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.mesh import compute_face_normals, find_islands, measure_edge_lengths

Doubles = NDArray[np.float64]
Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]
SKIN_MESHES, CLOTH_MESHES, OUTFIT_MESH = ("head", "body", "neck"), ("outfit", "shoes", "hat"), "outfit"
"""Names of the meshes that are only ever covered, of those that cover (and may be covered), and of the one with layers of its own."""
MAX_GAP_M, MAX_PENETRATION_M = 0.03, 0.01
"""A cover counts up to this height above what it covers, and down to this depth below it, where the two cross."""
MAX_PATCH_M = 0.025
"""Longest edge of a patch, which is covered or bare as a whole."""
PROBES: Doubles = np.array([[1 / 3, 1 / 3, 1 / 3], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
"""(4,3) barycentric coordinates of the points of a triangle that are tested: its centroid and its corners."""
_SIZE_BINS_M = np.array([0.01, 0.02, 0.03, 0.045, 0.07, 0.11])
"""Radii of covers: one grid for all would have cells as large as its few large triangles, and every ray would try all the small ones."""


@dataclass(frozen=True)
class Patches:
    """Small parts of triangles."""

    triangle: Int64s
    """(p,) the triangle that each is part of."""
    barycentric: Doubles
    """(p,3,3) the corners of each, in barycentric coordinates of that triangle."""

    def __getitem__(self, chosen: Bools) -> Patches:
        return Patches(self.triangle[chosen], self.barycentric[chosen])


@dataclass(frozen=True)
class GarmentLayers:
    """Triangles of skin and cloth, and which layer of a garment is the lower one."""

    triangles: Int64s
    """(t,3)"""
    kind: NDArray[np.str_]
    """(t,) name of the mesh of each triangle."""
    component: Int64s
    """(t,) number of the connected part of each triangle."""
    beneath_counts: Int64s
    """(c,c) how many of the outfit's triangles of one part lie beneath another part."""

    @classmethod
    def from_mesh(cls, points: Doubles, triangles: Int64s, kind: NDArray[np.str_]) -> GarmentLayers:
        """The layers of a mesh with these points (v,3), metres."""
        component = find_islands(points, triangles)
        counts = np.zeros((int(component.max(initial=0)) + 1,) * 2, np.int64)
        outfit = np.flatnonzero(kind == OUTFIT_MESH)
        corners, normal = points[triangles[outfit]], compute_face_normals(points, triangles[outfit])
        ray, hit, _ = _find_hits(corners.mean(1), normal, corners, normal, MAX_GAP_M)
        np.add.at(counts, (component[outfit[ray]], component[outfit[hit]]), 1)
        return cls(triangles, kind, component, counts)

    @property
    def is_cloth(self) -> Bools:
        """(t,) which triangles can cover others."""
        return np.isin(self.kind, CLOTH_MESHES)

    def measure_heights(self, points: Doubles, triangle: Int64s, barycentric: Doubles) -> Doubles:
        """(p,) metres from places on triangles up to the nearest cover; negative where the cover is below, nan where there is none.

        Args:
            points: (v,3) metres.
            triangle: (p,) the triangle of each place.
            barycentric: (p,3) its coordinates there.
        """
        normal, cloth = compute_face_normals(points, self.triangles), np.flatnonzero(self.is_cloth)
        place = np.einsum("pa,pab->pb", barycentric, points[self.triangles[triangle]])
        direction = normal[triangle]
        # Rays start below the surface, so that a cover which has sunk into it is hit as well.
        ray, hit, distance = _find_hits(
            place - MAX_PENETRATION_M * direction, direction, points[self.triangles[cloth]], normal[cloth], MAX_GAP_M + MAX_PENETRATION_M
        )
        lower = self._is_lower(triangle[ray], cloth[hit], distance > MAX_PENETRATION_M)
        heights = np.full(len(triangle), np.nan)
        np.fmin.at(heights, ray[lower], distance[lower] - MAX_PENETRATION_M)
        return heights

    def _is_lower(self, one: Int64s, other: Int64s, is_beneath: Bools) -> Bools:
        """(h,) whether triangle `one` belongs under the `other`; `is_beneath` says on which side of it the ray met it."""
        part, other_part = self.component[one], self.component[other]
        # Of two layers of an outfit, the lower one is the one that lies beneath in most places. Shoe and trouser leg go either way
        # round, and laces have no order.
        is_inner = self.beneath_counts[part, other_part] > self.beneath_counts[other_part, part]
        layered = (self.kind[one] == OUTFIT_MESH) & (part != other_part) & is_inner
        garment = np.where(self.kind[one] == self.kind[other], layered, is_beneath)
        return np.isin(self.kind[one], SKIN_MESHES) | garment

    def find_covered(self, points: Doubles, candidates: Bools) -> Patches:
        """The patches of the candidate triangles (t,) that are wholly beneath cloth, or cross what should cover them."""
        found = split_into_patches(points[self.triangles], np.flatnonzero(candidates))
        # The centroid is tested first: most patches fail there.
        for probe in PROBES:
            found = found[np.isfinite(self.measure_heights(points, found.triangle, probe @ found.barycentric))]
        return found

    def find_covering(self, points: Doubles, beneath: Patches) -> Bools:
        """(t,) the cloth that has one of these patches beneath it; the inner side of a collar has none."""
        cloth, normal = np.flatnonzero(self.is_cloth), compute_face_normals(points, self.triangles)
        corners, found = beneath.barycentric @ points[self.triangles[beneath.triangle]], np.zeros(len(self.triangles), bool)
        for probe in PROBES:
            place = probe @ points[self.triangles[cloth]] + MAX_PENETRATION_M * normal[cloth]
            ray, hit, _ = _find_hits(place, -normal[cloth], corners, -normal[beneath.triangle], MAX_GAP_M + MAX_PENETRATION_M)
            found[cloth[ray]] |= self.component[cloth[ray]] != self.component[beneath.triangle[hit]]
        return found


def split_into_patches(corners: Doubles, chosen: Int64s) -> Patches:
    """The chosen of triangles (t,3,3), each cut into four until no edge is longer than MAX_PATCH_M."""
    done: list[Patches] = []
    left = Patches(chosen, np.tile(np.eye(3), (len(chosen), 1, 1)))
    while len(left.triangle):
        is_long = measure_edge_lengths(left.barycentric @ corners[left.triangle]).max(1) > MAX_PATCH_M
        done.append(left[~is_long])
        a, b, c = left.barycentric[is_long].transpose(1, 0, 2)
        ab, bc, ca = (a + b) / 2, (b + c) / 2, (c + a) / 2
        quarters = ((a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca))
        left = Patches(np.tile(left.triangle[is_long], 4), np.concatenate([np.stack(quarter, 1) for quarter in quarters]))
    return Patches(np.concatenate([p.triangle for p in done]), np.concatenate([p.barycentric for p in done])) if done else left


def _find_hits(origin: Doubles, direction: Doubles, cover: Doubles, facing: Doubles, max_distance: float) -> tuple[Int64s, Int64s, Doubles]:
    """Every hit of rays (n,3) on the inner sides of covers (c,3,3) within metres: (h,) rays, (h,) covers, (h,) metres."""
    from assets.ray_hits import find_short_hits

    return find_short_hits(origin, direction, cover, facing, max_distance, _SIZE_BINS_M)
