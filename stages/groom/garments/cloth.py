"""A sheet of cloth as triangles with values at their vertices, and cuts along lines where a field is zero.

Everything that a later step needs (places in three poses, distances along the body, skin weights) is linear along an edge, so a cut
interpolates one row of numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntFlag
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Ints
from assets.conventions import JOINTS
from assets.mesh import compact_vertices

Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]
_SNAP_SHARE = 0.22
"""A vertex nearer to a line than this share of its edge is moved onto it: a cut next to it would leave a sliver."""
_ON_LINE = 1e-7


class Line(IntFlag):
    """Lines of a garment: its borders and its seams."""

    HEM = 1
    CUFF = 2
    NECK = 4
    WAIST = 8
    ARMHOLE = 16
    SIDE = 32
    CENTRE = 64
    OPENING = 128
    SOLE = 256
    SLIT = 512


# Columns of `Cloth.values`: place in the T-pose and the A-pose, distances along the body (fields.py), then a weight for each joint.
COLUMNS: dict[str, slice] = {
    "bind": slice(0, 3), "rest": slice(3, 6), "sleeve": slice(6, 7), "leg": slice(7, 8), "depth": slice(8, 9), "arm": slice(9, 10),
    "weights": slice(10, 10 + len(JOINTS)),
}  # fmt: skip
WIDTH = 10 + len(JOINTS)
Field = Callable[["Cloth"], NDArray[np.floating[Any]]]
"""Values (n,) at the vertices; a cut goes along their zeros."""


@dataclass(frozen=True)
class Cloth:
    """Triangles whose vertices may be shared by several panels."""

    values: Floats
    """(n,WIDTH) rows of COLUMNS."""
    triangles: Ints
    """(t,3)"""
    lines: NDArray[np.int32]
    """(n,) the Lines that each vertex is on."""

    def get(self, column: str) -> Floats:
        """(n,) or (n,k) a column."""
        found = self.values[:, COLUMNS[column]]
        return found[:, 0] if found.shape[1] == 1 else found

    def keep(self, chosen: Bools) -> Cloth:
        """The cloth with the chosen triangles (t,) alone."""
        kept, triangles = compact_vertices(self.triangles[chosen], len(self.values))
        return Cloth(self.values[kept], triangles, self.lines[kept])

    def find_side(self, field: Field) -> Bools:
        """(t,) which triangles are on the positive side of a line that the cloth has been cut along."""
        return np.asarray(field(self)[self.triangles].sum(1) > 0)

    def mark(self, chosen: Bools, line: Line) -> Cloth:
        """The cloth with vertices (n,) on a line."""
        return replace(self, lines=np.where(chosen, self.lines | line, self.lines).astype(np.int32))


def index_edges(triangles: NDArray[Any]) -> tuple[Int64s, Int64s]:
    """(e,2) the edges, smaller index first, and (t,3) the edge from each corner to the next one."""
    ends = np.sort(np.stack([triangles, np.roll(triangles, -1, 1)], 2).reshape(-1, 2).astype(np.int64), 1)
    span = int(triangles.max(initial=0)) + 1
    # One integer an edge: unique rows take ten times as long.
    key, number = np.unique(ends[:, 0] * span + ends[:, 1], return_inverse=True)
    return np.stack([key // span, key % span], 1), number.reshape(-1, 3)


def trim(cloth: Cloth, field: Field, line: Line) -> Cloth:
    """The part of the cloth where the field is positive; its new border is on the line."""
    found = cut(cloth, field, line)
    return found.keep(found.find_side(field))


def cut(cloth: Cloth, field: Field, line: Line) -> Cloth:
    """The cloth with its triangles split along the zeros of the field; vertices there are on the line."""
    cloth, heights = _snap(cloth, field(cloth).astype(np.float64))
    heights[np.abs(heights) < _ON_LINE] = 0
    edges, number = index_edges(cloth.triangles)
    ends = heights[edges]
    crossing = ends[:, 0] * ends[:, 1] < 0
    new = np.full(len(edges), -1, np.int64)
    new[crossing] = len(heights) + np.arange(int(crossing.sum()))
    a, b = edges[crossing].T
    share = (heights[a] / (heights[a] - heights[b]))[:, None].astype(np.float32)
    values = np.concatenate([cloth.values, cloth.values[a] * (1 - share) + cloth.values[b] * share])
    lines = np.concatenate([np.where(heights == 0, cloth.lines | line, cloth.lines), (cloth.lines[a] & cloth.lines[b]) | line])
    return Cloth(values, _split(cloth.triangles, np.sign(heights), new[number]), lines.astype(np.int32))


def _snap(cloth: Cloth, heights: NDArray[np.float64]) -> tuple[Cloth, NDArray[np.float64]]:
    """The cloth with vertices close to the line moved onto it, along an edge, and their field (n,)."""
    edges, _ = index_edges(cloth.triangles)
    both = np.concatenate([edges, edges[:, ::-1]])
    start, end = both.T
    near = (heights[start] * heights[end] < 0) & (np.abs(heights[start]) < _SNAP_SHARE * np.abs(heights[start] - heights[end]))
    # A vertex on an earlier line may move along that line only, or panels that meet there would merge.
    near &= (cloth.lines[start] & ~cloth.lines[end]) == 0
    start, end = start[near], end[near]
    share = heights[start] / (heights[start] - heights[end])
    order = np.lexsort((end, share, start))
    first = order[np.diff(start[order], prepend=-1) != 0]
    start, end, share = start[first], end[first], share[first].astype(np.float32)[:, None]
    # Both ends of an edge cannot be near; a vertex whose partner moves as well stays.
    free = ~np.isin(end, start)
    start, end, share = start[free], end[free], share[free]
    values, moved = cloth.values.copy(), heights.copy()
    values[start] = cloth.values[start] * (1 - share) + cloth.values[end] * share
    moved[start] = 0
    return replace(cloth, values=values), moved


def _split(triangles: Ints, signs: NDArray[np.float64], new: Int64s) -> Ints:
    """(u,3) the triangles, those that cross the line split; `new` (t,3) is the new vertex on each edge, -1 where there is none."""
    side = signs[triangles]
    crossed = (new >= 0).sum(1)
    done = [triangles[crossed == 0]]
    for corner in range(3):
        # The lone vertex of its side, with the two edges that it ends.
        lone = (crossed == 2) & (side[:, corner] != 0) & (new[:, corner] >= 0) & (new[:, corner - 1] >= 0)
        a, b, c = (triangles[lone, (corner + k) % 3] for k in range(3))
        m, n = new[lone, corner], new[lone, corner - 1]
        done += [np.stack(corners, 1) for corners in ((a, m, n), (m, b, c), (m, c, n))]
        # A vertex on the line, opposite of the one edge that crosses it.
        opposite = (crossed == 1) & (new[:, (corner + 1) % 3] >= 0)
        a, b, c = (triangles[opposite, (corner + k) % 3] for k in range(3))
        m = new[opposite, (corner + 1) % 3]
        done += [np.stack(corners, 1) for corners in ((a, b, m), (a, m, c))]
    return np.concatenate(done).astype(np.int32)


def order_borders(triangles: NDArray[Any]) -> list[Int64s]:
    """The border loops, each as vertices in the order in which triangles have their edges, longest first."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]).astype(np.int64)
    span = int(triangles.max(initial=0)) + 1
    open_ = ~np.isin(edges[:, 0] * span + edges[:, 1], edges[:, 1] * span + edges[:, 0])
    following = dict(edges[open_].tolist())
    loops = []
    while following:
        start, vertex = next(iter(following.items()))
        loop = [start]
        del following[start]
        while vertex in following:
            loop.append(vertex)
            vertex = following.pop(vertex)
        loops.append(np.array(loop, np.int64))
    return sorted(loops, key=len, reverse=True)
