"""The edges of a mesh and its connected parts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def list_edges(triangles: NDArray[Any]) -> NDArray[Any]:
    """(3t,2) the ends of every side of triangles (t,3): what two of them share is there twice."""
    return np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])


def find_components(triangles: NDArray[Any], count: int) -> NDArray[np.int32]:
    """(count,) number of the part that each vertex of the triangles (t,3) is in; a vertex of none is a part of its own."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    rows, columns = triangles[:, :2].ravel(), triangles[:, 1:].ravel()
    graph = coo_matrix((np.ones(len(rows), np.int8), (rows, columns)), (count, count))
    labels: NDArray[np.int32] = connected_components(graph, directed=False)[1]
    return labels
