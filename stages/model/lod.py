"""Fewer triangles by quadric edge collapse, keeping seams, borders, skin weights and morphs.

Every collapse moves a vertex onto a neighbour, so the vertices that remain are some of the original ones and their morphs, weights,
UVs and normals stay exact. All parts are reduced together, so triangles go where they are seen most.

Source: Garland and Heckbert, Surface simplification using quadric error metrics, 1997, and Simplifying surfaces with color and
texture using quadric error metrics, 1998; here vertices only move onto existing ones, in rounds of independent collapses.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from assets.mesh import cross_edges, find_degenerate, list_edges, list_edges_both_ways
from assets.rotation import normalize_vectors

Doubles = NDArray[np.float64]
Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]
_BORDER_WEIGHT = 30.0
"""Weight of a border's plane; a face's is 1. A hem or an eyelid is an outline."""
_MIN_LENGTH = 1e-18
_MIN_FLIP_COSINE = 0.25
"""Cosine between a triangle's normals before and after a collapse below which it counts as flipped."""
_FLIP_TRIES = 4
_MAX_ROUND_SHARE, _MIN_ROUND_SIZE = 0.12, 8
"""Vertices that may go in one round, as a share of all and in number: few enough to stay near the greedy order."""


@dataclass(frozen=True)
class WedgeMesh:
    """Triangles indexed twice: by place (one for all vertices that are welded) and by wedge (one for each UV at a place)."""

    positions: Doubles
    """(p,3) of the places, metres."""
    faces: Int64s
    """(t,3) places."""
    wedges: Int64s
    """(t,3) wedges of the same corners."""
    importance: Doubles
    """(p,) 1 for cloth, more where the eye looks."""
    uv_metres: Doubles
    """(w,2) UV of each wedge in metres of surface: the distance by which a picture slides counts as an error too."""

    @property
    def points(self) -> Doubles:
        """(w,6) homogeneous: position, UV, 1."""
        found = np.ones((len(self.uv_metres), 6))
        found[self.wedges.ravel(), :3] = self.positions[self.faces.ravel()]
        found[:, 3:5] = self.uv_metres
        return found


def decimate(mesh: WedgeMesh, triangles: int) -> tuple[Int64s, Int64s]:
    """(t,3) wedges of at most `triangles` triangles, more where the shape allows no fewer, and (t,) the row each had before."""
    faces, wedges, rows = mesh.faces.copy(), mesh.wedges.copy(), np.arange(len(mesh.faces))
    points = mesh.points
    quadrics = _compute_quadrics(mesh, points)
    while len(faces) > triangles:
        moves = _choose_collapses(mesh, points, faces, wedges, quadrics, len(faces) - triangles)
        if not len(moves):
            break
        faces, wedges, rows = _apply_collapses(moves, faces, wedges, rows, quadrics)
    return wedges, rows


def _compute_quadrics(mesh: WedgeMesh, points: Doubles) -> Doubles:
    """(w,6,6) for each wedge: squared distances, in position and UV, from its triangles and from the planes across its borders."""
    corner = points[mesh.wedges][:, :, :5]
    # Two orthonormal vectors span the triangle; what is left of the identity without them measures the distance from its plane.
    one = _normalize(corner[:, 1] - corner[:, 0])
    rest = corner[:, 2] - corner[:, 0]
    two = _normalize(rest - one * (rest * one).sum(1, keepdims=True))
    outside = np.eye(5) - one[:, :, None] * one[:, None, :] - two[:, :, None] * two[:, None, :]
    each = np.zeros((len(corner), 6, 6))
    each[:, :5, :5] = outside
    each[:, :5, 5] = each[:, 5, :5] = -np.einsum("tij,tj->ti", outside, corner[:, 0])
    each[:, 5, 5] = np.einsum("ti,tij,tj->t", corner[:, 0], outside, corner[:, 0])
    normal = cross_edges(points[mesh.wedges][:, :, :3])
    # A third of the triangle's area for each of its corners.
    each *= (np.linalg.norm(normal, axis=1) / 6)[:, None, None]
    quadrics = np.zeros((len(points), 6, 6))
    for k in range(3):
        np.add.at(quadrics, mesh.wedges[:, k], each)
    _add_edge_quadrics(mesh, points, _normalize(normal), quadrics)
    weight = np.ones(len(points))
    weight[mesh.wedges.ravel()] = mesh.importance[mesh.faces.ravel()]
    return quadrics * weight[:, None, None]


def _normalize(vectors: Doubles) -> Doubles:
    return normalize_vectors(vectors, _MIN_LENGTH)


def _add_edge_quadrics(mesh: WedgeMesh, points: Doubles, normals: Doubles, quadrics: Doubles) -> None:
    """Adds planes through borders and seams, perpendicular to their triangles, so that outlines do not shrink."""
    a, b, face, is_border = _find_open_edges(mesh.faces, mesh.wedges)
    along = points[b, :3] - points[a, :3]
    plane = np.zeros((len(a), 6))
    plane[:, :3] = _normalize(np.cross(along, normals[face]))
    plane[:, 5] = -(plane[:, :3] * points[a, :3]).sum(1)
    each = plane[:, :, None] * plane[:, None, :]
    each *= ((along**2).sum(1) * np.where(is_border, _BORDER_WEIGHT, _BORDER_WEIGHT / 6))[:, None, None]
    np.add.at(quadrics, a, each)
    np.add.at(quadrics, b, each)


def _find_open_edges(faces: Int64s, wedges: Int64s) -> tuple[Int64s, Int64s, Int64s, Bools]:
    """First and last wedge and face of each edge that is open, and whether it is a border (True) or a UV seam (False)."""
    a, b = list_edges(faces).T
    wa, wb = list_edges(wedges).T
    n = int(max(faces.max(initial=0), wedges.max(initial=0))) + 1
    has_twin = np.isin(a * n + b, b * n + a)
    has_same_uv = np.isin(wa * n + wb, wb * n + wa)
    is_open = ~has_twin | ~has_same_uv
    face = np.tile(np.arange(len(faces)), 3)
    return wa[is_open], wb[is_open], face[is_open], ~has_twin[is_open]


def _choose_collapses(
    mesh: WedgeMesh, points: Doubles, faces: Int64s, wedges: Int64s, quadrics: Doubles, surplus: int
) -> NDArray[np.int64]:
    """(m,2) moves from place to place whose neighbourhoods are disjoint, cheapest first."""
    n = len(mesh.positions)
    u, v, edge, wu, wv = _find_candidates(faces, wedges, n)
    error = np.einsum("ei,eij,ej->e", points[wv], quadrics[wu], points[wv])
    total: Doubles = np.bincount(edge, np.maximum(error, 0), len(u)).astype(np.float64)
    cost = _compute_cost(mesh, total, u, v)
    # A place whose cheapest move flips a triangle takes its next one; after a few tries it stays.
    for _ in range(_FLIP_TRIES):
        best = _find_cheapest(u, cost)
        flips = np.zeros(len(u), bool)
        flips[best] = _find_flipping_moves(mesh.positions, faces, u[best], v[best], n)
        if not flips.any():
            break
        cost[flips] = np.inf
    best = _find_cheapest(u, cost)
    good = best[np.isfinite(cost[best]) & ~_find_flipping_moves(mesh.positions, faces, u[best], v[best], n)]
    round_size = int(_MAX_ROUND_SHARE * len(np.unique(faces)))
    # Many of the cheapest are neighbours, so twice as many are considered.
    order = good[np.argsort(cost[good], kind="stable")][: max(_MIN_ROUND_SIZE, 2 * round_size)]
    # A collapse takes two triangles.
    return _choose_independent(faces, u[order], v[order], n, min(max(1, (surplus + 1) // 2), max(_MIN_ROUND_SIZE, round_size)))


def _find_candidates(faces: Int64s, wedges: Int64s, n: int) -> tuple[Int64s, Int64s, Int64s, Int64s, Int64s]:
    """The moves u -> v along edges that keep the surface manifold, borders on borders and seams on seams.

    The other three columns list every wedge that a move takes along: the move's row, the wedge, and the wedge that it becomes.
    """
    u, v = list_edges_both_ways(faces).T
    wu, wv = list_edges_both_ways(wedges).T
    key, first, inverse, uses = np.unique(u * n + v, return_index=True, return_inverse=True, return_counts=True)
    eu, ev = u[first], v[first]
    is_border = uses == 1
    on_border = np.zeros(n, bool)
    on_border[eu[is_border]] = True
    # A triangle on the edge must map every wedge of u to a wedge of v, and all triangles must agree.
    mapped = np.bincount(_find_unique_rows(inverse, wu)[0], minlength=len(key))
    move, old, new = _find_unique_rows(inverse, wu, wv)
    agree = np.bincount(move, minlength=len(key)) == mapped
    wedge_count = np.bincount(_find_unique_rows(faces.ravel(), wedges.ravel())[0], minlength=n)
    keeps_kind = agree & (mapped == wedge_count[eu]) & (uses <= 2) & (~on_border[eu] | is_border)
    # The link condition: both ends may share the corners opposite the edge and no other neighbour.
    is_linked = _count_common_neighbours(eu, ev, n) == uses
    valence = np.bincount(eu, minlength=n)
    # A tetrahedron would become two triangles back to back.
    keep = keeps_kind & is_linked & ~((valence[eu] == 3) & (valence[ev] == 3) & ~is_border)
    stays = keep[move]
    return eu[keep], ev[keep], (np.cumsum(keep) - 1)[move[stays]], old[stays], new[stays]


def _find_unique_rows(*columns: Int64s) -> tuple[Int64s, ...]:
    """The columns of the distinct rows, ascending. Each row is packed into one integer, which sorts ten times as fast."""
    spans = [int(column.max(initial=0)) + 1 for column in columns]
    assert math.prod(spans) < 2**63, "a row does not fit into 64 bits"
    return np.unravel_index(np.unique(np.ravel_multi_index(columns, spans)), spans)


def _count_common_neighbours(u: Int64s, v: Int64s, n: int) -> Int64s:
    """(e,) how many neighbours the two ends of each edge share."""
    one = sparse.csr_matrix((np.ones(len(u), np.int32), (u, v)), (n, n))
    both = (one @ one).multiply(one).tocsr()
    return np.asarray(both[u, v]).ravel().astype(np.int64)


def _compute_cost(mesh: WedgeMesh, error: Doubles, u: Int64s, v: Int64s) -> Doubles:
    squared = ((mesh.positions[u] - mesh.positions[v]) ** 2).sum(1)
    # On a flat sheet all errors are 0: then the shortest edge goes first, which keeps triangles round.
    cost: Doubles = error + 1e-7 * squared * mesh.importance[u] * np.sqrt(squared)
    return cost


def _find_cheapest(u: Int64s, cost: Doubles) -> Int64s:
    """Row of the cheapest move of each u, the first of equal ones; u is ascending."""
    starts = np.flatnonzero(np.diff(u, prepend=-1))
    least = np.repeat(np.minimum.reduceat(cost, starts), np.diff(starts, append=len(u)))
    hits = np.flatnonzero(cost == least)
    first: Int64s = hits[np.diff(u[hits], prepend=-1) != 0]
    return first


def _find_flipping_moves(positions: Doubles, faces: Int64s, u: Int64s, v: Int64s, n: int) -> Bools:
    """(m,) whether a move u -> v by itself would flip a triangle or leave it without area."""
    target = np.full(n, -1)
    target[u] = v
    return _find_flipping_places(positions, faces, target)[u]


def _find_flipping_places(positions: Doubles, faces: Int64s, target: Int64s) -> Bools:
    """(p,) as above, for places that each have a target; -1 for none."""
    flips = np.zeros(len(positions), bool)
    corner = positions[faces]
    before = cross_edges(corner)
    for k in range(3):
        u = faces[:, k]
        v = target[u]
        stays = (v >= 0) & (faces != v[:, None]).all(1)
        moved = corner[stays].copy()
        moved[:, k] = positions[v[stays]]
        after = cross_edges(moved)
        size = np.linalg.norm(before[stays], axis=1) * np.linalg.norm(after, axis=1)
        dot = (before[stays] * after).sum(1)
        flips[u[stays][dot <= _MIN_FLIP_COSINE * size]] = True
    return flips


def _choose_independent(faces: Int64s, u: Int64s, v: Int64s, n: int, most: int) -> NDArray[np.int64]:
    """(m,2) the first moves of the list, at most `most`, whose neighbourhoods are disjoint."""
    rows = np.concatenate([faces.ravel()] * 2)
    ends = np.concatenate([np.roll(faces, -1, 1).ravel(), np.roll(faces, 1, 1).ravel()])
    ring = sparse.csr_matrix((np.ones(len(rows), np.int8), (rows, ends)), (n, n))
    taken = np.zeros(n, bool)
    kept = []
    for a, b in zip(u.tolist(), v.tolist(), strict=True):
        around = ring.indices[ring.indptr[a] : ring.indptr[a + 1]]
        if taken[a] or taken[b] or taken[around].any():
            continue
        taken[around] = True
        taken[a] = True
        kept.append((a, b))
        if len(kept) >= most:
            break
    return np.array(kept, np.int64).reshape(-1, 2)


def _apply_collapses(moves: Int64s, faces: Int64s, wedges: Int64s, rows: Int64s, quadrics: Doubles) -> tuple[Int64s, Int64s, Int64s]:
    """Faces, wedges and rows without the triangles that vanish; adds the quadrics of moved wedges to those that they become."""
    target = np.arange(int(faces.max()) + 1)
    target[moves[:, 0]] = moves[:, 1]
    # A moved wedge becomes the one at the other end of the vanishing edge.
    becomes = np.arange(len(quadrics))
    for k in range(3):
        for step in (1, 2):
            other = (k + step) % 3
            hit = (target[faces[:, k]] == faces[:, other]) & (target[faces[:, k]] != faces[:, k])
            becomes[wedges[hit, k]] = wedges[hit, other]
    moved = np.flatnonzero(becomes != np.arange(len(becomes)))
    np.add.at(quadrics, becomes[moved], quadrics[moved])
    faces, wedges = target[faces], becomes[wedges]
    stays = ~find_degenerate(faces)
    return faces[stays], wedges[stays], rows[stays]
