"""Roots: where each strand leaves the skin, as barycentric coordinates on the base mesh, so that they are the same on every body."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from assets.mesh import cross_edges
from stages.groom.hair.chart import Bools, Floats, Hairline, find_scalp, load_chart, to_polar

Region = Callable[[Floats], Bools]
"""Whether arms (n,3) from the centre of the template end in it."""
_CANDIDATES_PER_ROOT = 8
_FRONT_DENSITY = 0.7
_EVEN_DECIMALS = 7
"""Of metres: float64 is good for 16."""
_MIN_CANDIDATES, _SURROUNDINGS = 4000, 6000


@dataclass(frozen=True)
class Roots:
    """Points on the skin, in an order in which any first few are spread evenly."""

    corners: NDArray[np.int64]
    """(n,3) base vertices of each root's triangle."""
    shares: Floats
    """(n,3) barycentric coordinates."""
    azimuth: Floats
    """(n,) degrees."""
    elevation: Floats
    """(n,) degrees."""
    depth: Floats
    """(n,) metres behind the edge of the region, on the average adult."""

    def __len__(self) -> int:
        return len(self.azimuth)

    def __getitem__(self, chosen: NDArray[np.integer] | Bools | slice) -> Roots:
        return Roots(self.corners[chosen], self.shares[chosen], self.azimuth[chosen], self.elevation[chosen], self.depth[chosen])

    def place(self, values: Floats) -> Floats:
        """(n,k) values of base vertices (v,k) at the roots."""
        return np.asarray(np.einsum("nk,nkd->nd", self.shares, values[self.corners]), np.float32)


@lru_cache(maxsize=24)  # a few regions at 1 MB: what one build and its neighbours in a batch use
def sample_scalp(change: Hairline, count: int, seed: int, depth: tuple[float, float] = (0.0, 1.0)) -> Roots:
    """About `count` roots of the hair of the head, between two depths behind the hairline in metres."""
    return _sample_region(lambda arm: find_scalp(arm, change), count, seed, depth)


@lru_cache(maxsize=8)
def sample_fringe(change: Hairline, azimuth: float, count: int, seed: int, depth: tuple[float, float]) -> Roots:
    """About `count` roots of a fringe."""
    roots = sample_scalp(change, count * 12, seed, depth)
    return roots[np.flatnonzero(np.abs(roots.azimuth) < azimuth)[:count]]


def scatter_points(chosen: NDArray[np.int64], count: int, rng: np.random.Generator) -> tuple[NDArray[np.int64], Floats]:
    """(count,) triangles drawn by their area from those chosen, and (count,3) barycentric coordinates in them."""
    chart = load_chart()
    area = np.linalg.norm(cross_edges(chart.positions[chart.triangles[chosen]].astype(np.float64)), axis=1)
    triangle = chosen[rng.choice(len(chosen), count, p=area / area.sum())]
    u, v = rng.random((2, count))
    flip = u + v > 1
    u, v = np.where(flip, 1 - u, u), np.where(flip, 1 - v, v)
    return triangle, np.stack([1 - u - v, u, v], 1).astype(np.float32)


def find_region_triangles(is_inside: Region, margin: int = 1) -> NDArray[np.int64]:
    """The triangles of the template that a region may touch: those with a corner in it, and their neighbours."""
    chart = load_chart()
    inside = np.asarray(is_inside(chart.arms))
    for _ in range(margin):
        inside[chart.triangles[inside[chart.triangles].any(1)]] = True
    return np.flatnonzero(inside[chart.triangles].any(1))


def _sample_region(is_inside: Region, count: int, seed: int, depth: tuple[float, float]) -> Roots:
    chart, rng = load_chart(), np.random.default_rng([seed, 0x4001])
    chosen = find_region_triangles(is_inside)
    total = max(_MIN_CANDIDATES, 2 * _CANDIDATES_PER_ROOT * count) + _SURROUNDINGS
    triangle, shares = scatter_points(chosen, total, rng)
    corners = chart.triangles[triangle].astype(np.int64)
    arm = (shares[..., None].astype(np.float64) * chart.arms[corners]).sum(1)
    inside = np.asarray(is_inside(arm))
    behind = measure_depth(arm[inside], arm[~inside])
    keep = np.flatnonzero(inside)[(behind >= depth[0]) & (behind < depth[1])]
    behind = behind[(behind >= depth[0]) & (behind < depth[1])]
    # Thin rows of strips show the scalp nowhere so much as behind the hairline in front.
    front = np.clip((70 - np.abs(to_polar(arm[keep])[0])) / 30, 0, 1)
    dense = 1 + _FRONT_DENSITY * front * np.exp(-behind.astype(np.float64) / 0.018)
    order = order_evenly(arm[keep] * dense[:, None], count)
    azimuth, elevation, _ = to_polar(arm[keep[order]])
    return Roots(corners[keep[order]], shares[keep[order]], azimuth, elevation, behind[order])


def measure_depth(points: Floats, outside: Floats) -> Floats:
    """(n,) metres from points (n,3) to the nearest point outside their region."""
    from scipy.spatial import cKDTree

    return np.asarray(cKDTree(outside).query(points)[0], np.float32)


def order_evenly(points: Floats, count: int) -> NDArray[np.int64]:
    """Indices of `count` points, each the farthest from those before it, so that every prefix covers the whole evenly.

    One tie that falls the other way changes all that follow: points are rounded, so that another processor's last digit is no tie.
    """
    points = np.round(points.astype(np.float64), _EVEN_DECIMALS)
    count = min(count, len(points))
    found = np.zeros(count, np.int64)
    distance = np.full(len(points), np.inf)
    for k in range(count):
        if k:
            found[k] = int(distance.argmax())
        distance = np.minimum(distance, ((points - points[found[k]]) ** 2).sum(1))
    return found
