"""Cloth under gravity on a body: extended position-based dynamics with one sweep a substep.

Source: Macklin et al., XPBD, 2016, and Small steps in physics simulation, 2019. Unlike there, the order of the constraints is random
and every second sweep goes backwards: a fixed order leaves its direction in the folds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Doubles, Ints
from stages.groom.garments.cloth import Int64s, index_edges

FRAME_S = 1 / 60
_GRAVITY, _DAMPING = 1.0, 0.95
"""Less than the Earth's pull: with few sweeps, real weight stretches cloth by a tenth. The damping is per substep."""
STRETCH_COMPLIANCE = 1e-9
GAP_M = 0.004
"""Between cloth and what is under it."""
_FRAMES_PER_SEARCH = 2


@dataclass(frozen=True)
class Collider:
    """Points (c,3) of what is under the cloth, with their normals (c,3)."""

    points: Doubles
    normals: Doubles
    arms: NDArray[np.bool_] | None = None
    """(c,) which points are of an arm; left out: none."""


@dataclass(frozen=True)
class Springs:
    """Distances that the cloth keeps: edges, the far corners of neighbouring triangles, and long tethers to what is pinned."""

    ends: Int64s
    """(s,2)"""
    lengths: Doubles
    """(s,) metres."""
    compliance: Doubles
    """(s,)"""
    anchor: Int64s
    """(n,) the pinned vertex that each vertex hangs from, or -1."""
    reach: Doubles
    """(n,) metres along the cloth to it."""


def find_bends(triangles: Ints) -> tuple[Int64s, Int64s]:
    """(b,2) far corners of triangles that share an edge, and (b,2) the ends of that edge."""
    edges, number = index_edges(triangles)
    order = np.argsort(number.ravel(), kind="stable")
    key = number.ravel()[order]
    pairs = np.flatnonzero(key[1:] == key[:-1])
    opposite = np.roll(triangles, 1, 1).ravel()
    return np.stack([opposite[order[pairs]], opposite[order[pairs + 1]]], 1).astype(np.int64), edges[key[pairs]]


def find_tethers(edges: Int64s, lengths: Doubles, pinned: NDArray[np.bool_]) -> tuple[Int64s, Doubles]:
    """The nearest pinned vertex along the cloth (n,), -1 for none, and its distance (n,)."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import dijkstra

    count = len(pinned)
    if not pinned.any():
        return np.full(count, -1, np.int64), np.zeros(count)
    graph = coo_matrix((np.maximum(lengths, 1e-6), edges.T), (count, count)).tocsr()
    distance, _, source = dijkstra(graph, directed=False, indices=np.flatnonzero(pinned), return_predecessors=True, min_only=True)
    known = np.isfinite(distance) & ~pinned
    return np.where(known, source, -1).astype(np.int64), np.where(known, distance, 0.0)


def settle(
    points: Doubles, springs: Springs, pinned: NDArray[np.bool_], collider: Collider, gap: NDArray[np.float64], *,
    frames: int, substeps: int, rng: np.random.Generator, gravity: float = _GRAVITY, on_torso: NDArray[np.bool_] | None = None,
) -> Doubles:  # fmt: skip
    """(n,3) the points after so many frames under gravity.

    Args:
        points: (n,3) metres.
        pinned: (n,) vertices that stay where they are.
        gap: (n,) metres to keep from the collider.
        on_torso: (n,) vertices that pass through arms, which the others alone lie on: a wide coat would end up on the other side of a
            wrist, and a wide sleeve, pushed out by the torso, on the other side of its arm.
    """
    from stages.groom.garments.kernels import advance

    find_nearest = _index_collider(collider, on_torso)
    order = rng.permutation(len(springs.ends))
    ends, lengths, compliance = springs.ends[order], springs.lengths[order], springs.compliance[order]
    at, speed = points.astype(np.float64).copy(), np.zeros((len(points), 3))
    free = (~pinned).astype(np.float64)
    for _ in range(0, frames, _FRAMES_PER_SEARCH):
        nearest = find_nearest(at)
        advance(
            at, speed, free, ends, lengths, compliance, springs.anchor, springs.reach, collider.points[nearest], collider.normals[nearest],
            gap, _FRAMES_PER_SEARCH * substeps, FRAME_S / substeps, _DAMPING, gravity,
        )  # fmt: skip
    return at


def _index_collider(collider: Collider, on_torso: NDArray[np.bool_] | None) -> Callable[[Doubles], Int64s]:
    """A function from points (n,3) to the index (n,) of the collider's nearest point: on an arm for a sleeve, on no arm for the torso."""
    from scipy.spatial import cKDTree

    if collider.arms is None or on_torso is None or not collider.arms.any():
        whole = cKDTree(collider.points)
        return lambda points: np.asarray(whole.query(points)[1], np.int64)
    groups = [(mask, np.flatnonzero(part)) for mask, part in ((on_torso, ~collider.arms), (~on_torso, collider.arms)) if mask.any()]
    trees = [(mask, index, cKDTree(collider.points[index])) for mask, index in groups]

    def find_nearest(points: Doubles) -> Int64s:
        found = np.empty(len(points), np.int64)
        for mask, index, tree in trees:
            found[mask] = index[tree.query(points[mask])[1]]
        return found

    return find_nearest
