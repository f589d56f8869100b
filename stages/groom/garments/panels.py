"""Pattern pieces: a sheet of cloth opened along its seams and laid flat, in metres, with the grain pointing up.

Source: Levy et al., Least squares conformal maps, 2002; Liu et al., A local/global approach to mesh parameterization, 2008.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

from assets.artefacts.geometry import Floats, Ints
from assets.mesh import compact_vertices, list_edges
from stages.groom.garments.cloth import Bools, Cloth, Field, Int64s, Line, index_edges

Doubles = NDArray[np.float64]
_ROUNDS = 12
"""Of ARAP: the change of an edge is below 1 % after them."""
_MIN_COTANGENT = 0.02
_MAX_SLIVERS, _MAX_SLIVER_SHARE = 40, 0.05
"""Slivers that are joined to panels at most, and their share of the cloth's triangles."""


@dataclass(frozen=True)
class Seam:
    """Where panels are sewn together: the vertices of a line of which both ends of an edge are chosen."""

    line: Line
    field: Field
    """Its sign is the side of a triangle."""
    where: Bools | None = None
    """(n,) vertices; None for all of the line."""


@dataclass(frozen=True)
class Pattern:
    """The flat pieces of a cloth."""

    uv: Floats
    """(m,2) metres; each panel has a place of its own, V points up along the grain."""
    corners: Ints
    """(t,3) rows of `uv` of each triangle's corners."""
    vertex: Ints
    """(m,) the vertex of the cloth of each row."""
    panel: Ints
    """(m,) number of the panel of each row."""

    @property
    def count(self) -> int:
        """Of panels."""
        return int(self.panel.max(initial=-1)) + 1


def find_seam_edges(cloth: Cloth, seams: Sequence[Seam]) -> tuple[Int64s, Bools]:
    """(e,2) the edges of the cloth, and which of them are sewn."""
    edges, number = index_edges(cloth.triangles)
    sewn = np.zeros(len(edges), bool)
    for seam in seams:
        chosen = (cloth.lines & seam.line) != 0
        if seam.where is not None:
            chosen &= seam.where
        side = cloth.find_side(seam.field)
        # A seam has a triangle on each side; an edge between two vertices of the line may be next to it.
        count = np.bincount(number.ravel(), np.repeat(side, 3), len(edges))
        sewn |= chosen[edges].all(1) & (count == 1) & (np.bincount(number.ravel(), minlength=len(edges)) == 2)
    return edges, _join_slivers(number, sewn)


def _join_slivers(number: Int64s, sewn: Bools) -> Bools:
    """(e,) the sewn edges, without those between a sliver and the panel that it shares most of its outline with.

    Where a body bends, a line may cross itself, and what it encloses is no panel.
    """
    order = np.argsort(number.ravel(), kind="stable")
    key = number.ravel()[order]
    pairs = np.flatnonzero(key[1:] == key[:-1])
    one, two, edge = order[pairs] // 3, order[pairs + 1] // 3, key[pairs]
    found = sewn.copy()
    for _ in range(_MAX_SLIVERS):
        open_ = ~found[edge]
        graph = sparse.coo_matrix((np.ones(int(open_.sum()), np.int8), (one[open_], two[open_])), (len(number),) * 2)
        panel = connected_components(graph, directed=False)[1]
        size = np.bincount(panel)
        smallest = int(size.argmin())
        if size[smallest] > _MAX_SLIVER_SHARE * len(number):
            break
        touches = found[edge] & ((panel[one] == smallest) != (panel[two] == smallest))
        other = np.where(panel[one] == smallest, panel[two], panel[one])
        if not touches.any():
            break
        nearest = int(np.bincount(other[touches]).argmax())
        found[edge[touches & (other == nearest)]] = False
    return found


def open_seams(cloth: Cloth, seams: Sequence[Seam]) -> tuple[Ints, Ints, Ints]:
    """(t,3) a row for each corner, rows joined across edges that are not sewn; (m,) their vertices; (m,) their panels."""
    _, number = index_edges(cloth.triangles)
    _, sewn = find_seam_edges(cloth, seams)
    triangle, corner = np.divmod(np.arange(number.size), 3)
    order = np.argsort(number.ravel(), kind="stable")
    key = number.ravel()[order]
    pairs = np.flatnonzero((key[1:] == key[:-1]) & ~sewn[key[1:]])
    one, two = order[pairs], order[pairs + 1]
    # The second triangle has the edge the other way round.
    starts = (triangle[one] * 3 + corner[one], triangle[two] * 3 + (corner[two] + 1) % 3)
    ends = (triangle[one] * 3 + (corner[one] + 1) % 3, triangle[two] * 3 + corner[two])
    rows, columns = (np.concatenate([s, e]) for s, e in zip(starts, ends, strict=True))
    graph = sparse.coo_matrix((np.ones(len(rows), np.int8), (rows, columns)), (number.size,) * 2)
    count, label = connected_components(graph, directed=False)
    vertex = np.zeros(count, np.int32)
    vertex[label] = cloth.triangles.ravel()
    corners = label.reshape(-1, 3).astype(np.int32)
    edges = list_edges(corners)
    graph = sparse.coo_matrix((np.ones(len(edges), np.int8), edges.T), (count, count))
    return corners, vertex, connected_components(graph, directed=False)[1].astype(np.int32)


def lay_flat(cloth: Cloth, points: Floats, grain: Floats, seams: Sequence[Seam]) -> Pattern:
    """The pattern of the cloth.

    Args:
        points: (n,3) the shape from which lengths are taken, metres.
        grain: (n,) a value that grows along the grain, towards the top of a panel.
    """
    corners, vertex, panel = open_seams(cloth, seams)
    uv = np.zeros((len(vertex), 2))
    for k in range(int(panel.max()) + 1):
        own = panel[corners[:, 0]] == k
        kept, triangles = compact_vertices(corners[own], len(vertex))
        flat = _flatten(points[vertex[kept]].astype(np.float64), triangles)
        uv[kept] = _turn_to_grain(flat, triangles, grain[vertex[kept]].astype(np.float64))
    return Pattern(uv.astype(np.float32), corners, vertex, panel)


def _flatten(points: Doubles, triangles: Ints) -> Doubles:
    """(n,2) metres: a conformal map, then as rigid as possible."""
    local = _lay_triangles(points, triangles)
    uv = _map_conformally(local, triangles, len(points), points)
    cotangents = _compute_cotangents(local)
    i, j = triangles.ravel(), np.roll(triangles, -1, 1).ravel()
    weight = cotangents.ravel()
    laplacian = sparse.coo_matrix(
        (np.concatenate([weight, weight, -weight, -weight]), (np.concatenate([i, j, i, j]), np.concatenate([i, j, j, i]))),
        (len(points),) * 2,
    ).tocsc()
    # One vertex stays where it is: the others are known up to a shift.
    solver = splu(laplacian + sparse.coo_matrix(([1.0], ([0], [0])), laplacian.shape))
    edge = local[:, [1, 2, 0]] - local
    for _ in range(_ROUNDS):
        turn = _fit_rotations(edge, np.roll(uv[triangles], -1, 1) - uv[triangles], cotangents)
        pull = cotangents[:, :, None] * np.einsum("tab,tkb->tka", turn, edge)
        right = np.zeros_like(uv)
        np.add.at(right, j, pull.reshape(-1, 2))
        np.add.at(right, i, -pull.reshape(-1, 2))
        uv = solver.solve(right)
    return np.asarray(uv)


def _lay_triangles(points: Doubles, triangles: Ints) -> Doubles:
    """(t,3,2) each triangle in its own plane."""
    a, b, c = (points[triangles[:, k]] for k in range(3))
    along = np.linalg.norm(b - a, axis=1)
    x = ((c - a) * (b - a)).sum(1) / np.maximum(along, 1e-9)
    y = np.sqrt(np.maximum(((c - a) ** 2).sum(1) - x**2, 1e-14))
    zero = np.zeros_like(x)
    return np.asarray(np.stack([np.stack([zero, zero], 1), np.stack([along, zero], 1), np.stack([x, y], 1)], 1))


def _compute_cotangents(local: Doubles) -> Doubles:
    """(t,3) half the cotangent of the angle opposite of the edge from each corner to the next."""
    found = []
    for k in range(3):
        one, two = local[:, k] - local[:, k - 1], local[:, (k + 1) % 3] - local[:, k - 1]
        area = np.abs(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0])
        found.append(0.5 * (one * two).sum(1) / np.maximum(area, 1e-10))
    return np.asarray(np.clip(np.stack(found, 1), _MIN_COTANGENT, 20))


def _fit_rotations(edge: Doubles, image: Doubles, weight: Doubles) -> Doubles:
    """(t,2,2) the rotations that turn the edges (t,3,2) into their images best."""
    moment = np.einsum("tk,tka,tkb->tab", weight, image, edge)
    cosine, sine = moment[:, 0, 0] + moment[:, 1, 1], moment[:, 1, 0] - moment[:, 0, 1]
    length = np.maximum(np.hypot(cosine, sine), 1e-12)
    cosine, sine = cosine / length, sine / length
    return np.stack([np.stack([cosine, -sine], 1), np.stack([sine, cosine], 1)], 1)


def _map_conformally(local: Doubles, triangles: Ints, count: int, points: Doubles) -> Doubles:
    """(count,2) the least-squares conformal map with two far vertices held."""
    area = local[:, 1, 0] * local[:, 2, 1]
    # Complex coefficients of each corner: the edge opposite of it.
    opposite = local[:, [2, 0, 1]] - local[:, [1, 2, 0]]
    coefficient = (opposite[..., 0] + 1j * opposite[..., 1]) / np.sqrt(np.maximum(area, 1e-12))[:, None]
    row = np.repeat(np.arange(len(triangles)), 3)
    matrix: Any = sparse.coo_matrix((coefficient.ravel(), (row, triangles.ravel())), (len(triangles), count)).tocsr()
    first = int(np.linalg.norm(points - points.mean(0), axis=1).argmax())
    second = int(np.linalg.norm(points - points[first], axis=1).argmax())
    held = np.array([first, second])
    free = np.setdiff1d(np.arange(count), held)
    target = np.array([0, np.linalg.norm(points[second] - points[first])], complex)
    left, right = matrix[:, free], -(matrix[:, held] @ target)
    normal = (left.conj().T @ left).tocsc() + 1e-12 * sparse.identity(len(free), format="csc")
    found = np.zeros(count, complex)
    found[held] = target
    found[free] = splu(normal).solve(left.conj().T @ right)
    return np.stack([found.real, found.imag], 1)


def _turn_to_grain(uv: Doubles, triangles: Ints, grain: Doubles) -> Doubles:
    """(n,2) turned so that the grain grows along V, and moved to begin at 0."""
    one, two = uv[triangles[:, 1]] - uv[triangles[:, 0]], uv[triangles[:, 2]] - uv[triangles[:, 0]]
    rise = np.stack([grain[triangles[:, 1]] - grain[triangles[:, 0]], grain[triangles[:, 2]] - grain[triangles[:, 0]]], 1)
    # Twice the area times the gradient, summed: the mean gradient over the panel.
    gradient = np.stack([two[:, 1] * rise[:, 0] - one[:, 1] * rise[:, 1], one[:, 0] * rise[:, 1] - two[:, 0] * rise[:, 0]], 1).sum(0)
    up = gradient / max(float(np.linalg.norm(gradient)), 1e-12)
    turned = np.stack([uv @ np.array([up[1], -up[0]]), uv @ up], 1)
    return np.asarray(turned - turned.min(0))
