"""Depth maps of plain triangles, without colour or light."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from assets.artefacts.geometry import Floats, Ints, Material
from stages.render.preview import GL_LOCK

DepthRenderer = Callable[[Floats, Ints, Floats], Floats]
"""Points (v,3), triangles (t,3) and a clip matrix (4,4) -> (side,side) depth 0..1, 1 where nothing is; the first row is at the bottom."""


@contextmanager
def open_depth_renderer(side: int) -> Iterator[DepthRenderer]:
    """A function that draws depth maps inside this context.

    Raises:
        BackendError: this machine has no EGL.
    """
    from stages.render import gl

    with GL_LOCK, gl.open_context():
        renderer = gl.Renderer({}, shadow_side=side)

        def draw(points: Floats, triangles: Ints, clip: Floats) -> Floats:
            # A depth pass reads positions only; normals, UVs and sky are placeholders.
            zeros = np.zeros((len(points), 3), np.float32)
            mesh = gl.RenderMesh(points, zeros, zeros[:, :2], triangles, zeros[:, 0], Material("plain"))
            with renderer.upload_meshes([mesh]) as uploaded:
                renderer.draw_depth(uploaded, clip)
                return renderer.read_depth(side).copy()

        yield draw
