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

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
_BORDER = 30.0  # A border's plane weighs this much more than a face's: a hem or an eyelid is an outline.
_FLIP = 0.25  # cosine below which a triangle counts as turned over
_SHARE = 0.12  # of the vertices that may go in one round: small enough to stay near the greedy order


@dataclass(frozen=True)
class Soup:
    """Triangles twice over: by place (welded where parts touch) and by wedge (one per UV)."""

    places: Floats
    """(p,3) metres."""
    faces: Ints
    """(t,3) places."""
    wedges: Ints
    """(t,3) wedges of the same corners."""
    importance: Floats
    """(p,) 1 for cloth, more where the eye looks."""
    paint: Floats
    """(w,2) UV of each wedge in metres of surface: how far a picture would slide counts as an error too."""

    @property
    def points(self) -> Floats:
        """(w,6) homogeneous: place, paint, 1."""
        found = np.ones((len(self.paint), 6))
        found[self.wedges.ravel(), :3] = self.places[self.faces.ravel()]
        found[:, 3:5] = self.paint
        return found


def reduce(soup: Soup, triangles: int) -> tuple[Ints, Ints]:
    """(t,3) wedges of at most `triangles` triangles where the shape allows, and (t,) the part row each came from."""
    faces, wedges, rows = soup.faces.copy(), soup.wedges.copy(), np.arange(len(soup.faces))
    points = soup.points
    quadrics = _quadrics(soup, points)
    while len(faces) > triangles:
        moves = _round(soup, points, faces, wedges, quadrics, len(faces) - triangles)
        if not len(moves):
            break
        faces, wedges, rows = _apply(moves, faces, wedges, rows, quadrics)
    return wedges, rows


def _quadrics(soup: Soup, points: Floats) -> Floats:
    """(w,6,6) squared distances in place and paint to the faces around (Garland-Heckbert) and to the planes across borders."""
    corner = points[soup.wedges][:, :, :5]
    one = _unit(corner[:, 1] - corner[:, 0])
    rest = corner[:, 2] - corner[:, 0]
    two = _unit(rest - one * (rest * one).sum(1, keepdims=True))
    flat = np.eye(5) - one[:, :, None] * one[:, None, :] - two[:, :, None] * two[:, None, :]
    each = np.zeros((len(corner), 6, 6))
    each[:, :5, :5] = flat
    each[:, :5, 5] = each[:, 5, :5] = -np.einsum("tij,tj->ti", flat, corner[:, 0])
    each[:, 5, 5] = np.einsum("ti,tij,tj->t", corner[:, 0], flat, corner[:, 0])
    place = points[soup.wedges][:, :, :3]
    normal = np.cross(place[:, 1] - place[:, 0], place[:, 2] - place[:, 0])
    each *= (np.linalg.norm(normal, axis=1) / 6)[:, None, None]
    found = np.zeros((len(points), 6, 6))
    for k in range(3):
        np.add.at(found, soup.wedges[:, k], each)
    _hold_edges(soup, points, _unit(normal), found)
    weight = np.ones(len(points))
    weight[soup.wedges.ravel()] = soup.importance[soup.faces.ravel()]
    return found * weight[:, None, None]


def _unit(vectors: Floats) -> Floats:
    unit: Floats = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-18)
    return unit


def _hold_edges(soup: Soup, points: Floats, normals: Floats, found: Floats) -> None:
    """Adds the planes that stand on borders and seams, so that outlines do not shrink."""
    a, b, face, border = _open_edges(soup.faces, soup.wedges)
    along = points[b, :3] - points[a, :3]
    plane = np.zeros((len(a), 6))
    plane[:, :3] = _unit(np.cross(along, normals[face]))
    plane[:, 5] = -(plane[:, :3] * points[a, :3]).sum(1)
    each = plane[:, :, None] * plane[:, None, :]
    each *= ((along**2).sum(1) * np.where(border, _BORDER, _BORDER / 6))[:, None, None]
    np.add.at(found, a, each)
    np.add.at(found, b, each)


def _edges(faces: Ints) -> tuple[Ints, Ints]:
    """(3t,) begin and (3t,) end of each directed edge, corner by corner."""
    return faces.T.ravel(), np.roll(faces, -1, axis=1).T.ravel()


def _open_edges(faces: Ints, wedges: Ints) -> tuple[Ints, Ints, Ints, Bools]:
    """Begin and end wedge and face of edges that are borders (True) or UV seams (False)."""
    a, b = _edges(faces)
    wa, wb = _edges(wedges)
    n = int(max(faces.max(initial=0), wedges.max(initial=0))) + 1
    twin = np.isin(a * n + b, b * n + a)
    same = np.isin(wa * n + wb, wb * n + wa)
    keep = ~twin | ~same
    face = np.tile(np.arange(len(faces)), 3)
    return wa[keep], wb[keep], face[keep], ~twin[keep]


def _round(soup: Soup, points: Floats, faces: Ints, wedges: Ints, quadrics: Floats, surplus: int) -> NDArray[np.int64]:
    """(m,2) moves from place to place that do not touch one another, cheapest first."""
    n = len(soup.places)
    u, v, edge, wu, wv = _candidates(faces, wedges, n)
    error = np.einsum("ei,eij,ej->e", points[wv], quadrics[wu], points[wv])
    slips: Floats = np.bincount(edge, np.maximum(error, 0), len(u)).astype(np.float64)
    cost = _cost(soup, slips, u, v)
    for _ in range(4):
        best = _cheapest(u, cost)
        target = np.full(n, -1)
        target[u[best]] = v[best]
        bad = _flipping(soup.places, faces, target)
        turned = np.zeros(len(u), bool)
        turned[best] = bad[u[best]]
        if not turned.any():
            break
        cost[turned] = np.inf
    best = _cheapest(u, cost)
    good = best[np.isfinite(cost[best]) & ~_flips(soup.places, faces, u[best], v[best], n)]
    order = good[np.argsort(cost[good], kind="stable")]
    order = order[: max(8, int(_SHARE * len(np.unique(faces))) * 2)]
    return _independent(faces, u[order], v[order], n, max(1, (surplus + 1) // 2), max(8, int(_SHARE * len(np.unique(faces)))))


def _candidates(faces: Ints, wedges: Ints, n: int) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Moves u -> v along edges that keep the surface a surface, its borders borders and its seams seams.

    Then for each wedge that such a move takes along: the move's row, the wedge, and the wedge that it becomes.
    """
    a, b = _edges(faces)
    wa, wb = _edges(wedges)
    u, v = np.concatenate([a, b]), np.concatenate([b, a])
    wu, wv = np.concatenate([wa, wb]), np.concatenate([wb, wa])
    key, first, inverse, uses = np.unique(u * n + v, return_index=True, return_inverse=True, return_counts=True)
    eu, ev = u[first], v[first]
    border_edge = uses == 1
    on_border = np.zeros(n, bool)
    on_border[eu[border_edge]] = True
    # Every wedge of u has to be led to a wedge of v by a triangle on this edge.
    led = np.bincount(_rows(inverse, wu)[0], minlength=len(key))
    move, old, new = _rows(inverse, wu, wv)
    single = np.bincount(move, minlength=len(key)) == led
    wedge_count = np.bincount(_rows(faces.ravel(), wedges.ravel())[0], minlength=n)
    keeps = single & (led == wedge_count[eu]) & (uses <= 2) & (~on_border[eu] | border_edge)
    link = _common(eu, ev, n) == uses
    valence = np.bincount(eu, minlength=n)
    # A tetrahedron would become two triangles back to back.
    keep = keeps & link & ~((valence[eu] == 3) & (valence[ev] == 3) & ~border_edge)
    stays = keep[move]
    return eu[keep], ev[keep], (np.cumsum(keep) - 1)[move[stays]], old[stays], new[stays]


def _rows(*columns: Ints) -> tuple[Ints, ...]:
    """The columns of their distinct rows in ascending order; as one number a row, which sorts ten times as fast as rows do."""
    spans = [int(column.max(initial=0)) + 1 for column in columns]
    assert math.prod(spans) < 2**63, "rows fit into one number"
    return np.unravel_index(np.unique(np.ravel_multi_index(columns, spans)), spans)


def _common(u: Ints, v: Ints, n: int) -> Ints:
    """(e,) how many neighbours the two ends of each edge share."""
    one = sparse.csr_matrix((np.ones(len(u), np.int32), (u, v)), (n, n))
    both = (one @ one).multiply(one).tocsr()
    return np.asarray(both[u, v]).ravel().astype(np.int64)


def _cost(soup: Soup, error: Floats, u: Ints, v: Ints) -> Floats:
    length = ((soup.places[u] - soup.places[v]) ** 2).sum(1)
    # On a flat sheet all errors are 0: then the shortest edge goes first and triangles stay round.
    cost: Floats = error + 1e-7 * length * soup.importance[u] * np.sqrt(length)
    return cost


def _cheapest(u: Ints, cost: Floats) -> Ints:
    """Row of the cheapest move of each u, the first of equals; u ascends."""
    starts = np.flatnonzero(np.diff(u, prepend=-1))
    least = np.repeat(np.minimum.reduceat(cost, starts), np.diff(starts, append=len(u)))
    hits = np.flatnonzero(cost == least)
    first: Ints = hits[np.diff(u[hits], prepend=-1) != 0]
    return first


def _flips(places: Floats, faces: Ints, u: Ints, v: Ints, n: int) -> Bools:
    target = np.full(n, -1)
    target[u] = v
    return _flipping(places, faces, target)[u]


def _flipping(places: Floats, faces: Ints, target: Ints) -> Bools:
    """(p,) True where moving a place onto its target would turn a triangle over or crush it."""
    bad = np.zeros(len(places), bool)
    corner = places[faces]
    before = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    for k in range(3):
        u = faces[:, k]
        v = target[u]
        stays = (v >= 0) & (faces != v[:, None]).all(1)
        moved = corner[stays].copy()
        moved[:, k] = places[v[stays]]
        after = np.cross(moved[:, 1] - moved[:, 0], moved[:, 2] - moved[:, 0])
        size = np.linalg.norm(before[stays], axis=1) * np.linalg.norm(after, axis=1)
        dot = (before[stays] * after).sum(1)
        bad[u[stays][dot <= _FLIP * size]] = True
    return bad


def _independent(faces: Ints, u: Ints, v: Ints, n: int, most: int, share: int) -> NDArray[np.int64]:
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


def _apply(moves: Ints, faces: Ints, wedges: Ints, rows: Ints, quadrics: Floats) -> tuple[Ints, Ints, Ints]:
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
    whole = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
    return faces[whole], wedges[whole], rows[whole]
