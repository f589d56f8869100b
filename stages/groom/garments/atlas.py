"""One picture for an outfit: all panels packed at the same scale, and which part of which panel each texel shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assets.artefacts.geometry import Doubles, Floats, Ints
from stages.groom.garments.sheet import Fine, Sheet
from stages.groom.garments.texels import Texels

SIDE = 1024
"""Texels a side of the picture of a bundle."""
_PADDING = 5
"""Texels around a panel."""
_SKY_SIDE, _SKY_RADIUS_M, _LIFT_M, _BIAS_M = 288, 1.15, 0.006, 0.010
"""Of the depth maps; the last two keep a surface from hiding itself."""
_STEPS = 14
"""Of the bisection for the largest scale: within 0.02 %."""


@dataclass(frozen=True)
class Place:
    """Where a panel is in the picture."""

    x: int
    y: int
    """Texels of its upper left corner."""
    turned: bool
    """By a quarter turn."""
    low: Floats
    """(2,) its smallest U and V, metres."""
    size: Floats
    """(2,) metres."""


@dataclass(frozen=True)
class Atlas:
    """Places of the panels of all sheets."""

    scale: float
    """Texels per metre."""
    places: tuple[tuple[Place, ...], ...]
    """By sheet and panel."""
    side: int = SIDE
    """Texels a side."""

    def map_rows(self, sheet: int, uv: Floats, panel: Ints) -> Floats:
        """(m,2) texels of pattern rows in metres."""
        found = np.zeros_like(uv)
        for k, place in enumerate(self.places[sheet]):
            own = panel == k
            u, v = ((uv[own] - place.low) * self.scale).T
            high = place.size * self.scale
            # V points up in the pattern and down in the picture.
            x, y = (v, u) if place.turned else (u, high[1] - v)
            found[own] = np.stack([x + place.x + _PADDING, y + place.y + _PADDING], 1)
        return found


def pack_sheets(sheets: Sequence[Sheet], side: int = SIDE) -> Atlas:
    """All panels in one picture, at the largest scale at which they fit."""
    lows, sizes, owner = [], [], []
    for number, sheet in enumerate(sheets):
        for k in range(int(sheet.fine.panel.max()) + 1):
            uv = sheet.fine.uv[sheet.fine.panel == k]
            lows.append(uv.min(0))
            sizes.append(np.ptp(uv, axis=0))
            owner.append(number)
    low, high, spots = 100.0, 3000.0, None
    for _ in range(_STEPS):
        scale = (low + high) / 2
        found = _pack([(int(np.ceil(w * scale)) + 2 * _PADDING, int(np.ceil(h * scale)) + 2 * _PADDING) for w, h in sizes], side)
        low, high, spots = (scale, high, found) if found else (low, scale, spots)
    assert spots is not None, "panels of several metres"
    places: list[list[Place]] = [[] for _ in sheets]
    for number, (x, y, turned), base, size in zip(owner, spots, lows, sizes, strict=True):
        places[number].append(Place(x, y, turned, base, size))
    return Atlas(low, tuple(map(tuple, places)), side)


def _pack(sizes: Sequence[tuple[int, int]], side: int) -> list[tuple[int, int, bool]] | None:
    """Corner of each rectangle and whether it is turned; None where they do not fit: bottom-left over a skyline, tallest first."""
    skyline = np.zeros(side, np.int64)
    spots: dict[int, tuple[int, int, bool]] = {}
    for index in sorted(range(len(sizes)), key=lambda i: (-max(sizes[i]), i)):
        options = []
        for turned in (False, True):
            w, h = sizes[index][::-1] if turned else sizes[index]
            if w > side:
                continue
            window = np.lib.stride_tricks.sliding_window_view(skyline, w)
            top = window.max(1)
            waste = top * w - window.sum(1)
            cost = (top + h) * side + waste
            x = int(cost.argmin())
            options.append((int(cost[x]), x, int(top[x]), turned, w, h))
        if not options:
            return None
        _, x, y, turned, w, h = min(options)
        if y + h > side:
            return None
        skyline[x : x + w] = y + h
        spots[index] = (x, y, turned)
    return [spots[i] for i in range(len(sizes))]


def find_texels(atlas: Atlas, number: int, fine: Fine) -> Texels:
    """The texels of a sheet."""
    from stages.groom.garments.kernels import rasterize

    at = atlas.map_rows(number, fine.uv, fine.panel).astype(np.float64)
    owner = np.full((atlas.side, atlas.side), -1, np.int32)
    shares = np.zeros((atlas.side, atlas.side, 2), np.float32)
    rasterize(at[fine.triangles], owner, shares)
    index = np.flatnonzero(owner.ravel() >= 0)
    both = shares.reshape(-1, 2)[index]
    return Texels(index, fine.triangles[owner.ravel()[index]], np.stack([1 - both.sum(1), both[:, 0], both[:, 1]], 1).astype(np.float32))


def measure_sky(points: Doubles, normals: Doubles, corners: Doubles, directions: int = 40) -> Floats:
    """(n,) the free part of the hemisphere over each point: depth maps from all sides, cosine-weighted.

    Args:
        points, normals: (n,3).
        corners: (t,3,3) triangles of everything that takes light away.
    """
    from stages.groom.garments.kernels import draw_depth

    index = np.arange(directions) + 0.5
    y, angle = 1 - 2 * index / directions, np.pi * (1 + 5**0.5) * index
    radius = np.sqrt(1 - y * y)
    ways = np.stack([np.cos(angle) * radius, y, np.sin(angle) * radius], 1)
    lifted = points + _LIFT_M * normals
    free, total = np.zeros(len(points)), np.full(len(points), 1e-6)
    for way in ways:
        side = np.cross(way, [0.0, 0.0, 1.0] if abs(way[2]) < 0.9 else [1.0, 0.0, 0.0])
        side /= np.linalg.norm(side)
        basis = np.stack([side, np.cross(way, side), way], 1)
        weight = np.maximum(normals @ way, 0)
        depth = np.full((_SKY_SIDE, _SKY_SIDE), -np.inf)
        centre = np.array([0.0, 0.95, 0.0])
        flat = (corners - centre) @ basis
        draw_depth(np.ascontiguousarray(flat), depth, _SKY_SIDE / (2 * _SKY_RADIUS_M))
        at = (lifted - centre) @ basis
        cell = np.clip(((at[:, :2] + _SKY_RADIUS_M) * _SKY_SIDE / (2 * _SKY_RADIUS_M)).astype(np.int64), 0, _SKY_SIDE - 1)
        free += weight * (at[:, 2] + _BIAS_M >= depth[cell[:, 1], cell[:, 0]])
        total += weight
    return np.asarray(free / total, np.float32)
