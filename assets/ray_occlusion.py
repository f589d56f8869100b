"""How much of the sky points of a scene see: rays through a grid of cells; compiled, so imported where it is needed only."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from assets.ray_triangle import intersect_triangle

Doubles = NDArray[np.float64]
Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]
_CELL_M = 0.02
"""Side of a cell: a reduced character has a few triangles in each."""
_MIN_COSINE = 0.05
"""Smallest cosine between a ray and the normal at its origin: flatter rays graze the surface that they leave."""
_MIN_LIGHT = 0.02


def measure_open_sky(
    points: Doubles, normals: Doubles, directions: Doubles, corners: Doubles, opacity: Doubles, two_sided: Bools, reach: float
) -> Doubles:
    """(n,) the light that reaches each point from a uniform sky, 0..1, weighted by the cosine with its normal.

    Args:
        points, normals: (n,3) metres, lifted off their surface; unit vectors.
        directions: (d,3) unit vectors, spread over the whole sphere.
        corners: (t,3,3) of the triangles in the way.
        opacity: (t,) share of the light that a triangle keeps off, 0..1.
        two_sided: (t,) whether its back does so too.
        reach: metres, more than 0; triangles keep off less light the farther away they are, and none from here on.
    """
    if not len(points) or not len(corners):
        return np.ones(len(points))
    low = np.minimum(points.min(0), corners.reshape(-1, 3).min(0)) - _CELL_M
    high = np.maximum(points.max(0), corners.reshape(-1, 3).max(0)) + _CELL_M
    shape = np.ceil((high - low) / _CELL_M).astype(np.int64)
    starts, members = _fill_grid(corners, low, shape)
    return np.asarray(_trace(points, normals, directions, corners, opacity, two_sided, reach, low, shape, starts, members), np.float64)


def _fill_grid(corners: Doubles, low: Doubles, shape: Int64s) -> tuple[Int64s, Int64s]:
    """First row of each cell, and the triangles of the cells in order: each is in all cells that its bounding box touches."""
    first = ((corners.min(1) - low) / _CELL_M).astype(np.int64)
    span = ((corners.max(1) - low) / _CELL_M).astype(np.int64) - first + 1
    count = span.prod(1)
    triangle = np.repeat(np.arange(len(corners)), count)
    step = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    wide, deep = span[triangle, 1], span[triangle, 2]
    x, y, z = (first[triangle] + np.stack([step // (wide * deep), step // deep % wide, step % deep], 1)).T
    cell = (x * shape[1] + y) * shape[2] + z
    order = np.argsort(cell, kind="stable")
    starts = np.searchsorted(cell[order], np.arange(int(shape.prod()) + 1))
    return starts.astype(np.int64), triangle[order]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _trace(
    points: Doubles,
    normals: Doubles,
    directions: Doubles,
    corners: Doubles,
    opacity: Doubles,
    two_sided: Bools,
    reach: float,
    low: Doubles,
    shape: Int64s,
    starts: Int64s,
    members: Int64s,
) -> Doubles:
    """(n,) as `measure_open_sky`."""
    found = np.ones(len(points))
    # The last ray that met a triangle: one that is in several cells counts once.
    seen = np.full(len(corners), -1, np.int64)
    ray = 0
    for point in range(len(points)):
        free, total = 0.0, 0.0
        for way in range(len(directions)):
            d = directions[way]
            cosine = normals[point, 0] * d[0] + normals[point, 1] * d[1] + normals[point, 2] * d[2]
            if cosine > _MIN_COSINE:
                ray += 1
                total += cosine
                free += cosine * _follow(points[point], d, corners, opacity, two_sided, reach, low, shape, starts, members, seen, ray)
        if total > 0:
            found[point] = free / total
    return found


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _follow(
    origin: Doubles,
    direction: Doubles,
    corners: Doubles,
    opacity: Doubles,
    two_sided: Bools,
    reach: float,
    low: Doubles,
    shape: Int64s,
    starts: Int64s,
    members: Int64s,
    seen: Int64s,
    ray: int,
) -> float:
    """The light 0..1 that comes along one ray, from cell to cell.

    Source: Amanatides and Woo, A fast voxel traversal algorithm for ray tracing, 1987.
    """
    at, step = np.empty(3, np.int64), np.empty(3, np.int64)
    following, width = np.empty(3), np.empty(3)
    for k in range(3):
        at[k] = int((origin[k] - low[k]) / _CELL_M)
        step[k] = 1 if direction[k] > 0 else -1
        if abs(direction[k]) < 1e-12:
            following[k], width[k] = np.inf, np.inf
        else:
            edge = low[k] + (at[k] + (1 if direction[k] > 0 else 0)) * _CELL_M
            following[k], width[k] = (edge - origin[k]) / direction[k], _CELL_M / abs(direction[k])
    light = 1.0
    while True:
        cell = (at[0] * shape[1] + at[1]) * shape[2] + at[2]
        for row in range(starts[cell], starts[cell + 1]):
            triangle = members[row]
            if seen[triangle] != ray:
                seen[triangle] = ray
                distance = intersect_triangle(origin, direction, corners[triangle], two_sided[triangle])
                if 0 < distance < reach:
                    light *= 1 - opacity[triangle] * (1 - (distance / reach) ** 2)
        axis = 0 if following[0] <= following[1] else 1
        if following[2] < following[axis]:
            axis = 2
        if light < _MIN_LIGHT or following[axis] >= reach:
            return light
        at[axis] += step[axis]
        following[axis] += width[axis]
        if at[axis] < 0 or at[axis] >= shape[axis]:
            return light
