"""Which part of a face is in front, seen along one direction: the visibility that any renderer would find, counted in pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Mesh
from stages.render.posing import apply_morphs

PIXEL_M = 0.00025


@dataclass(frozen=True)
class FaceView:
    """The nearest triangle of each pixel."""

    part: NDArray[np.int32]
    """(h,w) index of the mesh in front, -1 where there is none."""
    triangle: NDArray[np.int32]
    """(h,w) row of its triangle."""
    corner: NDArray[np.float64]
    """(2,) metres of the lower left pixel, across and up."""

    def count(self, part: int) -> int:
        """Pixels of a mesh."""
        return int((self.part == part).sum())


def pose_face(meshes: Sequence[Mesh], weights: Mapping[str, float]) -> list[NDArray[np.float32]]:
    """Bind positions (v,3) of the meshes with their morphs at these weights."""
    from assets.conventions import MORPHS_67

    face = np.array([weights.get(name, 0.0) for name in MORPHS_67], np.float32)
    return [apply_morphs(mesh, face) for mesh in meshes]


def view_face(
    points: Sequence[NDArray[np.floating]],
    triangles: Sequence[NDArray[np.integer]],
    centre: NDArray[np.floating],
    half: tuple[float, float],
    yaw: float = 0.0,
) -> FaceView:
    """What is in front within `half` (across, up) metres of `centre` (3,), seen in parallel rays from `yaw` degrees to the left."""
    angle = np.radians(yaw)
    across, towards = np.array([np.cos(angle), 0, np.sin(angle)]), np.array([-np.sin(angle), 0, np.cos(angle)])
    width, height = (round(2 * h / PIXEL_M) for h in half)
    depth = np.full((height, width), -np.inf)
    part, triangle = np.full((height, width), -1, np.int32), np.full((height, width), -1, np.int32)
    for index, (place, faces) in enumerate(zip(points, triangles, strict=True)):
        local = np.asarray(place, np.float64) - centre
        flat = np.stack([(local @ across + half[0]) / PIXEL_M, (local[:, 1] + half[1]) / PIXEL_M, local @ towards / PIXEL_M], 1)[faces]
        low, high = flat[..., :2].min(1), flat[..., :2].max(1)
        seen = np.flatnonzero((high[:, 0] > 0) & (high[:, 1] > 0) & (low[:, 0] < width) & (low[:, 1] < height))
        for row in seen:
            _draw(flat[row], int(row), index, depth, part, triangle)
    return FaceView(part, triangle, np.array([-half[0], -half[1]]))


def _draw(
    corners: NDArray[np.float64], row: int, index: int, depth: NDArray[np.float64], part: NDArray[np.int32], triangle: NDArray[np.int32]
) -> None:
    height, width = depth.shape
    (x0, y0), (x1, y1) = np.floor(corners[:, :2].min(0)).astype(int), np.ceil(corners[:, :2].max(0)).astype(int)
    x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
    (ax, ay, az), (bx, by, bz), (cx, cy, cz) = corners.tolist()
    area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
    if x0 >= x1 or y0 >= y1 or abs(area) < 1e-12:
        return
    x, y = np.arange(x0, x1)[None] + 0.5, np.arange(y0, y1)[:, None] + 0.5
    b = ((x - ax) * (cy - ay) - (cx - ax) * (y - ay)) / area
    c = ((bx - ax) * (y - ay) - (x - ax) * (by - ay)) / area
    inside = (b >= 0) & (c >= 0) & (b + c <= 1)
    z = az + b * (bz - az) + c * (cz - az)
    window = (slice(y0, y1), slice(x0, x1))
    nearer = inside & (z > depth[window])
    depth[window][nearer] = z[nearer]
    part[window][nearer], triangle[window][nearer] = index, row
