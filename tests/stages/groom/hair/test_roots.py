"""Roots: barycentric points of the base mesh, so the same on every body, and evenly spread at any number."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from assets.paths import get_baked_path
from stages.groom.hair.chart import Hairline, find_scalp, load_chart
from stages.groom.hair.roots import order_evenly, sample_scalp

pytestmark = pytest.mark.skipif(not get_baked_path("adults.safetensors").exists(), reason="`fenshen bake` makes the base mesh")


def test_roots_lie_behind_the_hairline_at_their_depth() -> None:
    roots = sample_scalp(Hairline(), 120, 1, (0.004, 1.0))
    place = roots.place(load_chart().arms)
    assert find_scalp(place).all()
    assert roots.depth.min() >= 0.004
    assert np.allclose(roots.shares.sum(1), 1, atol=1e-5)
    assert (roots.shares >= 0).all()


def test_roots_do_not_depend_on_a_body_and_are_repeatable() -> None:
    sample_scalp.cache_clear()
    one = sample_scalp(Hairline(), 60, 1)
    sample_scalp.cache_clear()
    two = sample_scalp(Hairline(), 60, 1)
    assert np.array_equal(one.corners, two.corners)
    assert np.array_equal(one.shares, two.shares)


def test_every_prefix_covers_the_whole_evenly() -> None:
    points = np.random.default_rng(1).random((800, 3)).astype(np.float32)
    order = order_evenly(points, 200)
    assert len(set(order.tolist())) == 200
    for count in (20, 60, 200):
        gap = cKDTree(points[order[:count]]).query(points)[0].max()
        nearest = cKDTree(points[order[:count]]).query(points[order[:count]], 2)[0][:, 1].min()
        # Farthest-point order: no gap is wider than the two nearest of the chosen are apart.
        assert gap <= nearest + 1e-6


def test_the_last_digit_of_another_processor_changes_no_root() -> None:
    """Every beard was another one where float32 sums are added in another order."""
    points = np.random.default_rng(2).random((3000, 3)) * 0.2
    noise = np.random.default_rng(3).normal(0, 1e-15, points.shape)
    assert np.array_equal(order_evenly(points, 800), order_evenly(points + noise, 800))
    grid = np.stack(np.meshgrid(*[np.arange(12) * 0.01] * 3), -1).reshape(-1, 3)
    noise = np.random.default_rng(4).normal(0, 1e-15, grid.shape)
    assert np.array_equal(order_evenly(grid, 300), order_evenly(grid + noise, 300))
