"""The connected parts of a mesh."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def components(triangles: NDArray[Any], count: int) -> NDArray[np.int32]:
    """(count,) number of the part that each vertex of the triangles (t,3) is in; a vertex of none is a part of its own."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    rows, columns = triangles[:, :2].ravel(), triangles[:, 1:].ravel()
    graph = coo_matrix((np.ones(len(rows), np.int8), (rows, columns)), (count, count))
    labels: NDArray[np.int32] = connected_components(graph, directed=False)[1]
    return labels
