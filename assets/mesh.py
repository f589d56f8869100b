"""Triangle meshes as arrays: edges, connected parts, welding and normals.

Bundles are compared byte by byte, so every function keeps one order of operations: float sums depend on it. trimesh takes other
differences of corners (b - a, c - b) and lists edges in another order; its results differ in the last bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Ints
from assets.rotation import cross, normalize_vectors

Bools = NDArray[np.bool_]
_WELD_DECIMALS = 5
"""Points that agree to 10 micrometres are one; float32 resolves 0.2 micrometres at 2 m."""


def list_edges(triangles: NDArray[Any]) -> NDArray[Any]:
    """(3t,2) the directed edges of triangles (t,3): all first edges, then all second, then all third; a shared edge occurs twice."""
    return np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])


def list_edges_both_ways(triangles: NDArray[Any]) -> NDArray[Any]:
    """(6t,2) the directed edges of triangles (t,3), followed by the same edges reversed."""
    edges = list_edges(triangles)
    return np.concatenate([edges, edges[:, ::-1]])


def find_boundary_edges(triangles: NDArray[Any]) -> NDArray[Any]:
    """(e,2) the edges that only one triangle has, ascending, each with its smaller index first."""
    ends = np.sort(list_edges(triangles), 1).astype(np.int64)
    span = int(ends.max(initial=0)) + 1
    # One integer an edge: unique rows take ten times as long.
    keys, uses = np.unique(ends[:, 0] * span + ends[:, 1], return_counts=True)
    alone = keys[uses == 1]
    return np.stack([alone // span, alone % span], 1).astype(triangles.dtype)


def measure_edge_lengths(corners: NDArray[Any]) -> NDArray[Any]:
    """(t,3) lengths of the edges of triangles (t,3,3), each edge ending at its corner."""
    return np.asarray(np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2))


def find_degenerate(triangles: NDArray[Any]) -> Bools:
    """(t,) which triangles (t,3) use a vertex twice."""
    return np.asarray((triangles == np.roll(triangles, 1, axis=1)).any(1))


def find_components(triangles: NDArray[Any], count: int) -> Ints:
    """(count,) the connected component of each vertex; a vertex without a triangle is a component of its own."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    rows, columns = triangles[:, :2].ravel(), triangles[:, 1:].ravel()
    graph = coo_matrix((np.ones(len(rows), np.int8), (rows, columns)), (count, count))
    labels: Ints = connected_components(graph, directed=False)[1]
    return labels


def split_components(triangles: NDArray[Any], count: int) -> list[NDArray[np.int64]]:
    """The vertices of each connected component, ascending."""
    label = find_components(triangles, count)
    return [np.flatnonzero(label == i) for i in range(int(label.max(initial=-1)) + 1)]


def label_triangles(triangles: NDArray[Any], count: int) -> Ints:
    """(t,) the connected component of each triangle, as numbered by `find_components`."""
    labels: Ints = find_components(triangles, count)[triangles[:, 0]]
    return labels


def weld_points(points: NDArray[Any]) -> NDArray[np.int64]:
    """(v,) a number for each place, from 0: points (v,3) that agree to 10 micrometres share it.

    Call it with float32 points as they are: their float64 copies round differently near half a step.
    """
    return np.asarray(np.unique(np.round(points, _WELD_DECIMALS), axis=0, return_inverse=True)[1].ravel(), np.int64)


def find_islands(points: NDArray[Any], triangles: NDArray[Any]) -> NDArray[np.int64]:
    """(t,) the connected part of each triangle, from 0, with the points (v,3) welded: a UV seam does not separate two parts."""
    faces = weld_points(points)[triangles]
    _, number = np.unique(label_triangles(faces, int(faces.max(initial=0)) + 1), return_inverse=True)
    return np.asarray(number.ravel(), np.int64)


def compact_vertices(triangles: NDArray[Any], count: int) -> tuple[Ints, Ints]:
    """(n,) the vertices that the triangles use, ascending, and (t,3) the triangles renumbered to them."""
    kept = np.unique(triangles).astype(np.int32)
    renumbered = np.zeros(count, np.int32)
    renumbered[kept] = np.arange(len(kept), dtype=np.int32)
    return kept, renumbered[triangles]


def merge_corners(vertices: NDArray[Any], uvs: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """(m,2) the distinct pairs of vertex and UV index, and their row for every corner, in the shape of `vertices`.

    A file indexes positions and UVs separately; a drawn vertex has one of each, so a seam repeats its vertices.
    """
    pairs, row = np.unique(np.stack([vertices.ravel(), uvs.ravel()], 1), axis=0, return_inverse=True)
    return pairs, np.asarray(row.reshape(vertices.shape), np.int64)


def cross_edges(corners: NDArray[Any]) -> NDArray[Any]:
    """(t,3) normals of triangles (t,3,3), each as long as twice the triangle's area; in the precision of the corners."""
    return cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])


def compute_face_normals(points: NDArray[Any], triangles: NDArray[Any]) -> NDArray[Any]:
    """(t,3) unit normals of triangles; shorter than 1 where a triangle has no area."""
    return normalize_vectors(cross_edges(points[triangles]), 1e-12)


def compute_vertex_normals(
    points: NDArray[Any],
    triangles: NDArray[Any],
    *,
    product: type[np.floating[Any]],
    total: type[np.floating[Any]],
    floor: float,
    fallback: tuple[float, float, float] | None = None,
    groups: NDArray[Any] | None = None,
) -> Floats:
    """(v,3) unit normals, each triangle weighted by its area.

    Groom, model and previews differ in the last bits of these; every caller states its own precision.

    Args:
        product: precision of the cross products.
        total: precision of their sum at a vertex.
        floor: length up to which a sum counts as zero.
        fallback: normal of a vertex whose sum is zero; without it the sum is divided by `floor`.
        groups: (v,) vertices with the same number share a normal.
    """
    faces = cross_edges(points[triangles].astype(product, copy=False)).astype(total, copy=False)
    index, count = (triangles, len(points)) if groups is None else (groups[triangles], int(groups.max(initial=0)) + 1)
    sums = _sum_at_vertices(index, faces, count)
    return normalize_vectors(sums if groups is None else sums[groups], floor, fallback).astype(np.float32)


def _sum_at_vertices(triangles: NDArray[Any], faces: NDArray[Any], count: int) -> NDArray[Any]:
    """(count,3) the sum of face vectors (t,3) at each vertex: at first corners, then at second, then at third ones."""
    sums = np.zeros((3, count), faces.dtype)
    # np.add.at is four times as fast on one axis at a time.
    columns = np.ascontiguousarray(faces.T)
    for corner in triangles.T:
        for axis in range(3):
            np.add.at(sums[axis], corner, columns[axis])
    return np.ascontiguousarray(sums.T)
