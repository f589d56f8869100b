"""Short rays against triangles: the grid finds what a search of all pairs finds."""

from __future__ import annotations

import numpy as np
import pytest

from assets.mesh import cross_edges
from assets.ray_hits import MIN_COSINE, find_short_hits
from assets.rotation import normalize_vectors

SIZES = np.array([0.01, 0.03, 0.1])


def search_all_pairs(origin: np.ndarray, direction: np.ndarray, corners: np.ndarray, facing: np.ndarray, length: float) -> dict:
    """(ray, triangle) -> metres, from a linear system for each pair: origin + t direction = a + u (b - a) + v (c - a)."""
    found = {}
    for ray in range(len(origin)):
        for triangle, (a, b, c) in enumerate(corners):
            if direction[ray] @ facing[triangle] > MIN_COSINE:
                t, u, v = np.linalg.solve(np.stack([-direction[ray], b - a, c - a], 1), origin[ray] - a)
                if 0 < t < length and u >= 0 and v >= 0 and u + v <= 1:
                    found[ray, triangle] = t
    return found


@pytest.mark.parametrize("size", [0.01, 0.03, 0.3])
def test_all_hits_on_inner_sides_within_reach_are_found(size: float) -> None:
    rng = np.random.default_rng(7)
    middle = rng.random((300, 3)) * 0.1 - 5
    corners = middle[:, None] + rng.normal(size=(300, 3, 3)) * size * rng.random((300, 1, 1))
    origin, direction = rng.random((80, 3)) * 0.1 - 5, normalize_vectors(rng.normal(size=(80, 3)))
    facing = normalize_vectors(cross_edges(corners))
    rays, hits, metres = find_short_hits(origin, direction, corners, facing, 0.05, SIZES)
    expected = search_all_pairs(origin, direction, corners, facing, 0.05)
    assert len(expected) > (0 if size < 0.02 else 10)
    assert set(zip(rays.tolist(), hits.tolist(), strict=True)) == set(expected)
    assert len(rays) == len(expected)
    assert metres == pytest.approx([expected[pair] for pair in zip(rays.tolist(), hits.tolist(), strict=True)], abs=1e-12)


def test_nothing_meets_nothing() -> None:
    none, some = np.zeros((0, 3)), np.eye(3)
    for origin, corners in ((none, np.zeros((0, 3, 3))), (some, np.zeros((0, 3, 3))), (none, np.eye(3)[None])):
        rays, hits, metres = find_short_hits(origin, origin, corners, np.ones((len(corners), 3)), 0.05, SIZES)
        assert len(rays) == len(hits) == len(metres) == 0
