"""Fewer triangles: quadric edge collapse that keeps seams, borders, skin weights and morphs.

Every collapse moves a vertex onto a neighbour, so what is left is a subset of the vertices that were there: their
morphs, weights, UVs and normals stay exact. All parts are reduced together, so the budget goes where it shows.
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
_BORDER_WEIGHT = 30.0  # A border's plane weighs this much more than a face's: a hem or an eyelid is an outline.
_MIN_LENGTH = 1e-18
_MIN_FLIP_COSINE = 0.25  # cosine below which a triangle counts as turned over
_MAX_ROUND_SHARE = 0.12  # of the vertices that may go in one round: small enough to stay near the greedy order


@dataclass(frozen=True)
class WedgeMesh:
    """Triangles twice over: by place (welded where parts touch) and by wedge (one per UV)."""

    places: Doubles
    """(p,3) metres."""
    faces: Int64s
    """(t,3) places."""
    wedges: Int64s
    """(t,3) wedges of the same corners."""
    importance: Doubles
    """(p,) 1 for cloth, more where the eye looks."""
    uv_metres: Doubles
    """(w,2) UV of each wedge in metres of surface: how far a picture would slide counts as an error too."""

    @property
    def points(self) -> Doubles:
        """(w,6) homogeneous: place, paint, 1."""
        found = np.ones((len(self.uv_metres), 6))
        found[self.wedges.ravel(), :3] = self.places[self.faces.ravel()]
        found[:, 3:5] = self.uv_metres
        return found


def decimate(soup: WedgeMesh, triangles: int) -> tuple[Int64s, Int64s]:
    """(t,3) wedges of at most `triangles` triangles where the shape allows, and (t,) the part row each came from."""
    faces, wedges, rows = soup.faces.copy(), soup.wedges.copy(), np.arange(len(soup.faces))
    points = soup.points
    quadrics = _compute_quadrics(soup, points)
    while len(faces) > triangles:
        moves = _choose_collapses(soup, points, faces, wedges, quadrics, len(faces) - triangles)
        if not len(moves):
            break
        faces, wedges, rows = _apply_collapses(moves, faces, wedges, rows, quadrics)
    return wedges, rows


def _compute_quadrics(soup: WedgeMesh, points: Doubles) -> Doubles:
    """(w,6,6) squared distances in place and paint to the faces around (Garland-Heckbert) and to the planes across borders."""
    corner = points[soup.wedges][:, :, :5]
    one = _normalize(corner[:, 1] - corner[:, 0])
    rest = corner[:, 2] - corner[:, 0]
    two = _normalize(rest - one * (rest * one).sum(1, keepdims=True))
    flat = np.eye(5) - one[:, :, None] * one[:, None, :] - two[:, :, None] * two[:, None, :]
    each = np.zeros((len(corner), 6, 6))
    each[:, :5, :5] = flat
    each[:, :5, 5] = each[:, 5, :5] = -np.einsum("tij,tj->ti", flat, corner[:, 0])
    each[:, 5, 5] = np.einsum("ti,tij,tj->t", corner[:, 0], flat, corner[:, 0])
    normal = cross_edges(points[soup.wedges][:, :, :3])
    each *= (np.linalg.norm(normal, axis=1) / 6)[:, None, None]
    found = np.zeros((len(points), 6, 6))
    for k in range(3):
        np.add.at(found, soup.wedges[:, k], each)
    _add_edge_quadrics(soup, points, _normalize(normal), found)
    weight = np.ones(len(points))
    weight[soup.wedges.ravel()] = soup.importance[soup.faces.ravel()]
    return found * weight[:, None, None]


def _normalize(vectors: Doubles) -> Doubles:
    return normalize_vectors(vectors, _MIN_LENGTH)


def _add_edge_quadrics(soup: WedgeMesh, points: Doubles, normals: Doubles, found: Doubles) -> None:
    """Adds the planes that stand on borders and seams, so that outlines do not shrink."""
    a, b, face, border = _find_open_edges(soup.faces, soup.wedges)
    along = points[b, :3] - points[a, :3]
    plane = np.zeros((len(a), 6))
    plane[:, :3] = _normalize(np.cross(along, normals[face]))
    plane[:, 5] = -(plane[:, :3] * points[a, :3]).sum(1)
    each = plane[:, :, None] * plane[:, None, :]
    each *= ((along**2).sum(1) * np.where(border, _BORDER_WEIGHT, _BORDER_WEIGHT / 6))[:, None, None]
    np.add.at(found, a, each)
    np.add.at(found, b, each)


def _find_open_edges(faces: Int64s, wedges: Int64s) -> tuple[Int64s, Int64s, Int64s, Bools]:
    """Begin and end wedge and face of edges that are borders (True) or UV seams (False)."""
    a, b = list_edges(faces).T
    wa, wb = list_edges(wedges).T
    n = int(max(faces.max(initial=0), wedges.max(initial=0))) + 1
    twin = np.isin(a * n + b, b * n + a)
    same = np.isin(wa * n + wb, wb * n + wa)
    keep = ~twin | ~same
    face = np.tile(np.arange(len(faces)), 3)
    return wa[keep], wb[keep], face[keep], ~twin[keep]


def _choose_collapses(
    soup: WedgeMesh, points: Doubles, faces: Int64s, wedges: Int64s, quadrics: Doubles, surplus: int
) -> NDArray[np.int64]:
    """(m,2) moves from place to place that do not touch one another, cheapest first."""
    n = len(soup.places)
    u, v, edge, wu, wv = _find_candidates(faces, wedges, n)
    error = np.einsum("ei,eij,ej->e", points[wv], quadrics[wu], points[wv])
    slips: Doubles = np.bincount(edge, np.maximum(error, 0), len(u)).astype(np.float64)
    cost = _compute_cost(soup, slips, u, v)
    for _ in range(4):
        best = _find_cheapest(u, cost)
        target = np.full(n, -1)
        target[u[best]] = v[best]
        bad = _find_flipping_places(soup.places, faces, target)
        turned = np.zeros(len(u), bool)
        turned[best] = bad[u[best]]
        if not turned.any():
            break
        cost[turned] = np.inf
    best = _find_cheapest(u, cost)
    good = best[np.isfinite(cost[best]) & ~_find_flipping_moves(soup.places, faces, u[best], v[best], n)]
    order = good[np.argsort(cost[good], kind="stable")]
    order = order[: max(8, int(_MAX_ROUND_SHARE * len(np.unique(faces))) * 2)]
    return _choose_independent(
        faces, u[order], v[order], n, max(1, (surplus + 1) // 2), max(8, int(_MAX_ROUND_SHARE * len(np.unique(faces))))
    )


def _find_candidates(faces: Int64s, wedges: Int64s, n: int) -> tuple[Int64s, Int64s, Int64s, Int64s, Int64s]:
    """Moves u -> v along edges that keep the surface a surface, its borders borders and its seams seams.

    Then for each wedge that such a move takes along: the move's row, the wedge, and the wedge that it becomes.
    """
    u, v = list_edges_both_ways(faces).T
    wu, wv = list_edges_both_ways(wedges).T
    key, first, inverse, uses = np.unique(u * n + v, return_index=True, return_inverse=True, return_counts=True)
    eu, ev = u[first], v[first]
    border_edge = uses == 1
    on_border = np.zeros(n, bool)
    on_border[eu[border_edge]] = True
    # Every wedge of u has to be led to a wedge of v by a triangle on this edge.
    led = np.bincount(_find_unique_rows(inverse, wu)[0], minlength=len(key))
    move, old, new = _find_unique_rows(inverse, wu, wv)
    single = np.bincount(move, minlength=len(key)) == led
    wedge_count = np.bincount(_find_unique_rows(faces.ravel(), wedges.ravel())[0], minlength=n)
    keeps = single & (led == wedge_count[eu]) & (uses <= 2) & (~on_border[eu] | border_edge)
    link = _count_common_neighbours(eu, ev, n) == uses
    valence = np.bincount(eu, minlength=n)
    # A tetrahedron would become two triangles back to back.
    keep = keeps & link & ~((valence[eu] == 3) & (valence[ev] == 3) & ~border_edge)
    stays = keep[move]
    return eu[keep], ev[keep], (np.cumsum(keep) - 1)[move[stays]], old[stays], new[stays]


def _find_unique_rows(*columns: Int64s) -> tuple[Int64s, ...]:
    """The columns of their distinct rows in ascending order; as one number a row, which sorts ten times as fast as rows do."""
    spans = [int(column.max(initial=0)) + 1 for column in columns]
    assert math.prod(spans) < 2**63, "rows fit into one number"
    return np.unravel_index(np.unique(np.ravel_multi_index(columns, spans)), spans)


def _count_common_neighbours(u: Int64s, v: Int64s, n: int) -> Int64s:
    """(e,) how many neighbours the two ends of each edge share."""
    one = sparse.csr_matrix((np.ones(len(u), np.int32), (u, v)), (n, n))
    both = (one @ one).multiply(one).tocsr()
    return np.asarray(both[u, v]).ravel().astype(np.int64)


def _compute_cost(soup: WedgeMesh, error: Doubles, u: Int64s, v: Int64s) -> Doubles:
    length = ((soup.places[u] - soup.places[v]) ** 2).sum(1)
    # On a flat sheet all errors are 0: then the shortest edge goes first and triangles stay round.
    cost: Doubles = error + 1e-7 * length * soup.importance[u] * np.sqrt(length)
    return cost


def _find_cheapest(u: Int64s, cost: Doubles) -> Int64s:
    """Row of the cheapest move of each u, the first of equals; u ascends."""
    starts = np.flatnonzero(np.diff(u, prepend=-1))
    least = np.repeat(np.minimum.reduceat(cost, starts), np.diff(starts, append=len(u)))
    hits = np.flatnonzero(cost == least)
    first: Int64s = hits[np.diff(u[hits], prepend=-1) != 0]
    return first


def _find_flipping_moves(places: Doubles, faces: Int64s, u: Int64s, v: Int64s, n: int) -> Bools:
    target = np.full(n, -1)
    target[u] = v
    return _find_flipping_places(places, faces, target)[u]


def _find_flipping_places(places: Doubles, faces: Int64s, target: Int64s) -> Bools:
    """(p,) True where moving a place onto its target would turn a triangle over or crush it."""
    bad = np.zeros(len(places), bool)
    corner = places[faces]
    before = cross_edges(corner)
    for k in range(3):
        u = faces[:, k]
        v = target[u]
        stays = (v >= 0) & (faces != v[:, None]).all(1)
        moved = corner[stays].copy()
        moved[:, k] = places[v[stays]]
        after = cross_edges(moved)
        size = np.linalg.norm(before[stays], axis=1) * np.linalg.norm(after, axis=1)
        dot = (before[stays] * after).sum(1)
        bad[u[stays][dot <= _MIN_FLIP_COSINE * size]] = True
    return bad


def _choose_independent(faces: Int64s, u: Int64s, v: Int64s, n: int, most: int, share: int) -> NDArray[np.int64]:
    """The first moves of the list whose neighbourhoods do not meet."""
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
        if len(kept) >= min(most, share):
            break
    return np.array(kept, np.int64).reshape(-1, 2)


def _apply_collapses(moves: Int64s, faces: Int64s, wedges: Int64s, rows: Int64s, quadrics: Doubles) -> tuple[Int64s, Int64s, Int64s]:
    target = np.arange(int(faces.max()) + 1)
    target[moves[:, 0]] = moves[:, 1]
    # The wedge that a moved wedge becomes is the one beside it on the edge that vanishes.
    becomes = np.arange(len(quadrics))
    for k in range(3):
        for step in (1, 2):
            other = (k + step) % 3
            hit = (target[faces[:, k]] == faces[:, other]) & (target[faces[:, k]] != faces[:, k])
            becomes[wedges[hit, k]] = wedges[hit, other]
    moved = np.flatnonzero(becomes != np.arange(len(becomes)))
    np.add.at(quadrics, becomes[moved], quadrics[moved])
    faces, wedges = target[faces], becomes[wedges]
    whole = ~find_degenerate(faces)
    return faces[whole], wedges[whole], rows[whole]
