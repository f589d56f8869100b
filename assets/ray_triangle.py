"""Where a ray meets a triangle; compiled, so imported where it is needed only.

A trap: numba does not compile the cached callers of a function again when the function changes; touch them too.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
_MIN_DETERMINANT = 1e-14


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def intersect_triangle(origin: Doubles, direction: Doubles, corners: Doubles, both: bool) -> float:
    """Metres along a ray to a triangle (3,3), -1 where they do not meet, or where the ray meets its back and not `both` sides count.

    Source: Moller and Trumbore, Fast, minimum storage ray-triangle intersection, 1997.
    """
    ex, ey, ez = corners[1, 0] - corners[0, 0], corners[1, 1] - corners[0, 1], corners[1, 2] - corners[0, 2]
    fx, fy, fz = corners[2, 0] - corners[0, 0], corners[2, 1] - corners[0, 1], corners[2, 2] - corners[0, 2]
    px, py, pz = direction[1] * fz - direction[2] * fy, direction[2] * fx - direction[0] * fz, direction[0] * fy - direction[1] * fx
    # Positive where the ray meets the side from which the corners are counter-clockwise.
    determinant = ex * px + ey * py + ez * pz
    if abs(determinant) < _MIN_DETERMINANT or (determinant < 0 and not both):
        return -1.0
    ax, ay, az = origin[0] - corners[0, 0], origin[1] - corners[0, 1], origin[2] - corners[0, 2]
    u = (ax * px + ay * py + az * pz) / determinant
    if u < 0:
        return -1.0
    qx, qy, qz = ay * ez - az * ey, az * ex - ax * ez, ax * ey - ay * ex
    v = (direction[0] * qx + direction[1] * qy + direction[2] * qz) / determinant
    if v < 0 or u + v > 1:
        return -1.0
    return float((fx * qx + fy * qy + fz * qz) / determinant)
