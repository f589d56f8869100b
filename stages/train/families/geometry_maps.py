"""Geometry maps of the skin tiles: where each texel lies on the base body, and which part of it that is."""

from __future__ import annotations

import numpy as np

from assets.artefacts.geometry import Floats, Surface
from assets.conventions import SKIN_VERTICES

# Which vertices a part has is told by the local changes that move it; the weight is how far they move it.
HEAD_PARTS: dict[str, tuple[str, ...]] = {
    "lips": ("mouth-upperlip-volume-incr", "mouth-lowerlip-volume-incr"),
    "eyes": ("l-eye-scale-incr", "r-eye-scale-incr"),
    "brows": ("eyebrows-trans-forward",),
    "ears": ("l-ear-scale-incr", "r-ear-scale-incr"),
    "nose": ("nose-volume-incr",),
    "jaw": ("chin-jaw-drop-incr",),
}
BODY_PARTS: dict[str, tuple[str, ...]] = {
    "hands": ("l-hand-scale-incr", "r-hand-scale-incr"),
    "feet": ("l-foot-scale-incr", "r-foot-scale-incr"),
}
MAP_COUNT = 3 + len(HEAD_PARTS) + 3 + len(BODY_PARTS)


def draw_geometry_maps(size: int) -> Floats:
    """(14,size,size): head positions x, y, z in -1..1 and six parts 0..1, then the body's positions and two parts.

    Raises:
        BackendError: the tiles or the body model are not baked.
    """
    from stages.body.anny import load_baked_model
    from stages.texture.tiles import load_skin_library

    head, body = load_skin_library().surfaces
    baked = load_baked_model()

    def weight(changes: tuple[str, ...]) -> Floats:
        moved = np.zeros(len(baked.arrays["template"]), np.float32)
        for name in changes:
            vertices, deltas = baked.locals[2 * baked.names["locals"].index(name)]
            moved[vertices] = np.maximum(moved[vertices], np.linalg.norm(deltas, axis=1))
        return moved / max(float(moved[:SKIN_VERTICES].max()), 1e-9)

    positions = baked.arrays["template"].astype(np.float32)
    tiles = [(head, HEAD_PARTS), (body, BODY_PARTS)]
    return np.concatenate([_draw_tile(surface, positions, [weight(c) for c in parts.values()], size) for surface, parts in tiles])


def _draw_tile(surface: Surface, positions: Floats, parts: list[Floats], size: int) -> Floats:
    """(3+parts,size,size) of one surface; texels that carry no skin take their nearest neighbour's values."""
    from stages.texture.tiles import fill_margins, rasterise

    own = positions[surface.base]
    low, high = own.min(0), own.max(0)
    values = np.concatenate([(own - low) / (high - low) * 2 - 1, np.stack([part[surface.base] for part in parts], 1)], 1)
    picture, covered = rasterise(surface.uv, surface.triangles, values.astype(np.float32), size)
    filled: Floats = np.ascontiguousarray(fill_margins(picture, covered).transpose(2, 0, 1)).astype(np.float32)
    return filled
