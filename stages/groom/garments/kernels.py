"""Inner loops of draping and drawing, compiled by numba; import this module where they are called, as numba takes a second.

No fast mathematics: equal inputs must give equal bytes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

_FRICTION, _MAX_SPEED = 0.3, 1.8
"""The latter in metres a second: 3 cm in a frame."""


@njit(cache=True)  # type: ignore[untyped-decorator]
def advance(  # type: ignore[no-untyped-def]  # pragma: no cover
    at: Any, speed: Any, free: Any, ends: Any, lengths: Any, compliance: Any, anchor: Any, reach: Any, plane: Any, normal: Any, gap: Any,
    substeps: int, step: float, damping: float, gravity: float,
):  # fmt: skip
    """Moves `at` and `speed` (n,3) on in place; compiled."""
    count, springs = len(at), len(ends)
    before = np.empty((count, 3))
    limit = _MAX_SPEED * step
    for sub in range(substeps):
        for i in range(count):
            for k in range(3):
                before[i, k] = at[i, k]
            if free[i] > 0:
                speed[i, 1] -= gravity * step
                length = np.sqrt(speed[i, 0] ** 2 + speed[i, 1] ** 2 + speed[i, 2] ** 2) * step
                scale = 1.0 if length <= limit else limit / length
                for k in range(3):
                    at[i, k] += speed[i, k] * step * scale
        for n in range(springs):
            s = n if sub % 2 == 0 else springs - 1 - n
            i, j = ends[s, 0], ends[s, 1]
            weight = free[i] + free[j]
            if weight == 0:
                continue
            dx, dy, dz = at[i, 0] - at[j, 0], at[i, 1] - at[j, 1], at[i, 2] - at[j, 2]
            length = np.sqrt(dx * dx + dy * dy + dz * dz)
            if length < 1e-9:
                continue
            pull = (length - lengths[s]) / (weight + compliance[s] / (step * step)) / length
            a, b = free[i] * pull, free[j] * pull
            at[i, 0] -= a * dx
            at[i, 1] -= a * dy
            at[i, 2] -= a * dz
            at[j, 0] += b * dx
            at[j, 1] += b * dy
            at[j, 2] += b * dz
        for i in range(count):
            if free[i] == 0:
                continue
            p = anchor[i]
            if p >= 0:
                dx, dy, dz = at[i, 0] - at[p, 0], at[i, 1] - at[p, 1], at[i, 2] - at[p, 2]
                length = np.sqrt(dx * dx + dy * dy + dz * dz)
                if length > reach[i]:
                    pull = 1 - reach[i] / length
                    at[i, 0] -= pull * dx
                    at[i, 1] -= pull * dy
                    at[i, 2] -= pull * dz
            depth = gap[i]
            for k in range(3):
                depth -= (at[i, k] - plane[i, k]) * normal[i, k]
            if depth > 0:
                along = 0.0
                for k in range(3):
                    at[i, k] += depth * normal[i, k]
                    along += (at[i, k] - before[i, k]) * normal[i, k]
                for k in range(3):
                    at[i, k] -= _FRICTION * (at[i, k] - before[i, k] - along * normal[i, k])
            for k in range(3):
                speed[i, k] = (at[i, k] - before[i, k]) / step * damping


@njit(cache=True)  # type: ignore[untyped-decorator]
def _find_bounds(a: float, b: float, c: float, side: int):  # type: ignore[no-untyped-def]  # pragma: no cover
    """First and last row or column of a map whose centres a triangle with these corners may hold; compiled."""
    return max(0, int(np.floor(min(a, b, c) - 0.5))), min(side - 1, int(np.ceil(max(a, b, c))))


@njit(cache=True)  # type: ignore[untyped-decorator]
def _compute_shares(x: float, y: float, bx: float, by: float, cx: float, cy: float, area: float):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Shares of the second and third corner at a point; all are relative to the first corner, `area` is twice the triangle's; compiled."""
    return (x * cy - cx * y) / area, (bx * y - x * by) / area


@njit(cache=True)  # type: ignore[untyped-decorator]
def rasterize(corners: Any, owner: Any, shares: Any):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Fills the owner of each texel whose centre is in a triangle (t,3,2), and the shares of its second and third corner; compiled."""
    side = owner.shape[0]
    for t in range(len(corners)):
        ax, ay, bx, by, cx, cy = (
            corners[t, 0, 0], corners[t, 0, 1], corners[t, 1, 0], corners[t, 1, 1], corners[t, 2, 0], corners[t, 2, 1]
        )  # fmt: skip
        area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        if abs(area) < 1e-12:
            continue
        low_y, high_y = _find_bounds(ay, by, cy, side)
        low_x, high_x = _find_bounds(ax, bx, cx, side)
        for y in range(low_y, high_y + 1):
            for x in range(low_x, high_x + 1):
                one, two = _compute_shares(x + 0.5 - ax, y + 0.5 - ay, bx - ax, by - ay, cx - ax, cy - ay, area)
                if one >= -1e-6 and two >= -1e-6 and one + two <= 1 + 1e-6:
                    owner[y, x] = t
                    shares[y, x, 0] = one
                    shares[y, x, 1] = two


@njit(cache=True)  # type: ignore[untyped-decorator]
def draw_depth(corners: Any, depth: Any, scale: float):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Nearest depth (largest third coordinate) of triangles (t,3,3) over a square map; compiled."""
    side = depth.shape[0]
    half = side / 2
    for t in range(len(corners)):
        ax, ay, az = corners[t, 0, 0] * scale + half, corners[t, 0, 1] * scale + half, corners[t, 0, 2]
        bx, by, bz = corners[t, 1, 0] * scale + half, corners[t, 1, 1] * scale + half, corners[t, 1, 2]
        cx, cy, cz = corners[t, 2, 0] * scale + half, corners[t, 2, 1] * scale + half, corners[t, 2, 2]
        area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        if abs(area) < 1e-9:
            continue
        low_y, high_y = _find_bounds(ay, by, cy, side)
        low_x, high_x = _find_bounds(ax, bx, cx, side)
        for y in range(low_y, high_y + 1):
            for x in range(low_x, high_x + 1):
                one, two = _compute_shares(x + 0.5 - ax, y + 0.5 - ay, bx - ax, by - ay, cx - ax, cy - ay, area)
                if one >= -1e-6 and two >= -1e-6 and one + two <= 1 + 1e-6:
                    z = az + one * (bz - az) + two * (cz - az)
                    if z > depth[y, x]:
                        depth[y, x] = z
