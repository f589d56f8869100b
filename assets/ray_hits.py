"""Every triangle that short rays meet, by a grid of cells; compiled, so imported where it is needed only."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from assets.ray_triangle import intersect_triangle

Doubles = NDArray[np.float64]
Int64s = NDArray[np.int64]
MIN_COSINE = 0.3
"""Smallest cosine between a ray and the normal of a triangle that it meets."""
_CELL_BITS = 21
"""Of a cell's number along each axis: two million cells of a centimetre are 20 km."""


def find_short_hits(
    origin: Doubles, direction: Doubles, corners: Doubles, facing: Doubles, length: float, sizes: Doubles
) -> tuple[Int64s, Int64s, Doubles]:
    """(h,) rays, (h,) triangles and (h,) metres of all hits of rays of this length on the inner sides of triangles.

    Args:
        origin, direction: (n,3) of the rays, directions of unit length.
        corners, facing: (c,3,3) and unit normals (c,3) of the triangles.
        length: metres, more than 0.
        sizes: (b,) ascending; the triangles of one bin of radii share a grid, whose cells its largest triangle decides.
    """
    middle = corners.mean(1)
    radius = np.linalg.norm(corners - middle[:, None], axis=2).max(1, initial=0)
    found = []
    for chosen in (np.flatnonzero(np.searchsorted(sizes, radius) == number) for number in range(len(sizes) + 1)):
        if len(chosen) and len(origin):
            # A ray's middle is no farther than this from the middle of a triangle that it meets.
            reach = length / 2 + float(radius[chosen].max())
            low = np.minimum(middle[chosen].min(0), (origin + length / 2 * direction).min(0)) - 2 * reach
            cell = _number_cells(middle[chosen], low, reach)
            order = np.argsort(cell, kind="stable")
            found.append(_find_in_cells(origin, direction, corners, facing, length, low, reach, cell[order], chosen[order], middle))
    rays, hits, metres = zip(*found, strict=True) if found else ((), (), ())
    empty = np.zeros(0, np.int64)
    return np.concatenate([empty, *rays]), np.concatenate([empty, *hits]), np.concatenate([np.zeros(0), *metres])


def _number_cells(points: Doubles, low: Doubles, cell: float) -> Int64s:
    """(n,) one number for each point's cell; those of neighbours along z differ by 1."""
    x, y, z = ((points - low) / cell).astype(np.int64).T
    return np.asarray((x << 2 * _CELL_BITS) | (y << _CELL_BITS) | z)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _find_in_cells(
    origin: Doubles,
    direction: Doubles,
    corners: Doubles,
    facing: Doubles,
    length: float,
    low: Doubles,
    reach: float,
    cells: Int64s,
    triangles: Int64s,
    middle: Doubles,
) -> tuple[Int64s, Int64s, Doubles]:
    """Tries the triangles of the 27 cells around each ray's middle; `cells` (c,) is ascending and has that of each of `triangles` (c,)."""
    count, room = 0, max(64, 2 * len(origin))
    rays, hits, metres = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.float64)
    for ray in range(len(origin)):
        a, d = origin[ray], direction[ray]
        px, py, pz = a[0] + length / 2 * d[0], a[1] + length / 2 * d[1], a[2] + length / 2 * d[2]
        cx, cy, cz = int((px - low[0]) / reach), int((py - low[1]) / reach), int((pz - low[2]) / reach)
        for x in range(cx - 1, cx + 2):
            for y in range(cy - 1, cy + 2):
                # Three neighbours along z have numbers in a row.
                first = (x << 2 * _CELL_BITS) | (y << _CELL_BITS) | (cz - 1)
                for k in range(np.searchsorted(cells, first), np.searchsorted(cells, first + 3)):
                    triangle = triangles[k]
                    n, m = facing[triangle], middle[triangle]
                    if (px - m[0]) ** 2 + (py - m[1]) ** 2 + (pz - m[2]) ** 2 > reach * reach:
                        continue
                    if d[0] * n[0] + d[1] * n[1] + d[2] * n[2] <= MIN_COSINE:
                        continue
                    t = intersect_triangle(a, d, corners[triangle], True)
                    if 0 < t < length:
                        if count == room:
                            room *= 2
                            rays, hits, metres = _grow_ints(rays, room), _grow_ints(hits, room), _grow_doubles(metres, room)
                        rays[count], hits[count], metres[count] = ray, triangle, t
                        count += 1
    return rays[:count], hits[:count], metres[:count]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _grow_ints(values: Int64s, room: int) -> Int64s:
    larger = np.empty(room, np.int64)
    larger[: len(values)] = values
    return larger


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _grow_doubles(values: Doubles, room: int) -> Doubles:
    larger = np.empty(room, np.float64)
    larger[: len(values)] = values
    return larger
