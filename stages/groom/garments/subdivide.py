"""Two finer levels of a cloth by Loop subdivision; vertices keep their numbers, and pattern pieces are split at the same points.

Source: Loop, Smooth subdivision surfaces based on triangles, 1987.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from assets.artefacts.geometry import Ints
from stages.groom.garments.cloth import Bools, Int64s, index_edges


@dataclass(frozen=True)
class Level:
    """A level of a cloth: every triangle of the level before became four, in the same order for vertices and pattern rows."""

    triangles: Ints
    """(t,3) vertices."""
    corners: Ints
    """(t,3) rows of the pattern."""
    smooth: Any
    """(n,m) sparse: vertices of this level as the Loop rule mixes those of the level before."""
    linear: Any
    """(n,m) sparse: as midpoints of edges."""
    linear_rows: Any
    """The same for rows of the pattern."""


def refine(triangles: Ints, corners: Ints, vertices: int, rows: int) -> Level:
    """The next level of a cloth with so many vertices and pattern rows."""
    edges, number = index_edges(triangles)
    row_edges, row_number = index_edges(corners)
    return Level(
        _split(triangles, number + vertices), _split(corners, row_number + rows), _build_loop_rule(triangles, edges, number, vertices),
        _build_midpoints(edges, vertices), _build_midpoints(row_edges, rows),
    )  # fmt: skip


def _split(triangles: NDArray[Any], middle: Int64s) -> Ints:
    a, b, c = triangles.T
    ab, bc, ca = middle.T
    return np.concatenate([np.stack(k, 1) for k in ((a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca))]).astype(np.int32)


def _build_midpoints(edges: Int64s, count: int) -> Any:
    middle = sparse.coo_matrix((np.full(edges.size, 0.5), (np.repeat(np.arange(len(edges)), 2), edges.ravel())), (len(edges), count))
    return sparse.vstack([sparse.identity(count), middle]).tocsr()


def find_border(number: Int64s, count: int) -> Bools:
    """(count,) which edges only one triangle has."""
    return np.asarray(np.bincount(number.ravel(), minlength=count) == 1)


def _build_loop_rule(triangles: Ints, edges: Int64s, number: Int64s, count: int) -> Any:
    border = find_border(number, len(edges))
    opposite = np.roll(triangles, 1, 1)  # the corner that the edge from a corner to the next does not have
    inner = ~border[number.ravel()]
    own = np.where(border, 0.5, 0.375)
    odd = sparse.coo_matrix((np.repeat(own, 2), (np.repeat(np.arange(len(edges)), 2), edges.ravel())), (len(edges), count))
    wings = sparse.coo_matrix((np.full(int(inner.sum()), 0.125), (number.ravel()[inner], opposite.ravel()[inner])), (len(edges), count))
    return sparse.vstack([_build_even_rule(edges, border, count), odd + wings]).tocsr()


def _build_even_rule(edges: Int64s, border: Bools, count: int) -> Any:
    on_border = np.zeros(count, bool)
    on_border[edges[border]] = True
    both = np.concatenate([edges, edges[:, ::-1]])
    is_border = np.concatenate([border, border])
    # A vertex of the border takes part along the border alone.
    used = both[np.where(on_border[both[:, 0]], is_border, True)]
    valence = np.bincount(used[:, 0], minlength=count)
    beta = np.where(on_border, 0.25 / np.maximum(valence, 1), np.where(valence > 3, 0.375 / np.maximum(valence, 1), 0.1875))
    around = sparse.coo_matrix((beta[used[:, 0]], (used[:, 0], used[:, 1])), (count, count))
    return around + sparse.diags(1 - beta * valence)
