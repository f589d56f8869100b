"""Depth maps of plain triangles: what stands in front of what, with no colour and no light."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from assets.artefacts.geometry import Floats, Ints, Material
from stages.render.preview import GL_LOCK

DepthRenderer = Callable[[Floats, Ints, Floats], Floats]
"""Points (v,3), triangles (t,3) and a clip matrix (4,4) -> (side,side) depth 0..1, 1 where there is nothing, first row at the bottom."""


@contextmanager
def open_depth_renderer(side: int) -> Iterator[DepthRenderer]:
    """What draws depth maps, for as long as its context lives.

    Raises:
        BackendError: no EGL on this machine.
    """
    from stages.render import gl

    with GL_LOCK, gl.open_context():
        painter = gl.Renderer({}, shadow_side=side)

        def draw(points: Floats, triangles: Ints, clip: Floats) -> Floats:
            flat = np.zeros((len(points), 3), np.float32)
            piece = gl.RenderMesh(points, flat, flat[:, :2], triangles, flat[:, 0], Material("plain"))
            with painter.upload_meshes([piece]) as held:
                painter.draw_depth(held, clip)
                return painter.read_depth(side).copy()

        yield draw
