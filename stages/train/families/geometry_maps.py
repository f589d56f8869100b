"""Geometry maps of the skin tiles: each texel's position on the base body, and the body part it belongs to."""

from __future__ import annotations

import numpy as np

from assets.artefacts.geometry import Floats, Surface
from assets.conventions import SKIN_VERTICES

# A part is the vertices that its local morphs move, weighted by how far they move.
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
    """(14,size,size): the head's x, y, z in -1..1 and six parts in 0..1, then the body's x, y, z and two parts.

    Raises:
        BackendError: the tiles or the body model are not baked.
    """
    from stages.body.anny import load_baked_model
    from stages.texture.tiles import load_skin_library

    head, body = load_skin_library().surfaces
    positions = load_baked_model().arrays["template"].astype(np.float32)
    tiles = [(head, HEAD_PARTS), (body, BODY_PARTS)]
    return np.concatenate([_draw_tile(surface, positions, [_weigh_part(m) for m in parts.values()], size) for surface, parts in tiles])


def _weigh_part(morphs: tuple[str, ...]) -> Floats:
    """(v,) how far the morphs move each vertex, the farthest skin vertex being 1."""
    from stages.body.anny import load_baked_model

    baked = load_baked_model()
    distance = np.zeros(len(baked.arrays["template"]), np.float32)
    for name in morphs:
        vertices, deltas = baked.locals[2 * baked.names["locals"].index(name)]
        distance[vertices] = np.maximum(distance[vertices], np.linalg.norm(deltas, axis=1))
    return distance / max(float(distance[:SKIN_VERTICES].max()), 1e-9)


def _draw_tile(surface: Surface, positions: Floats, parts: list[Floats], size: int) -> Floats:
    """(3+parts,size,size) of one surface; texels without skin take the values of the nearest texel with skin."""
    from assets.uv_tile import rasterise
    from stages.texture.tiles import fill_margins

    own = positions[surface.base]
    low, high = own.min(0), own.max(0)
    values = np.concatenate([(own - low) / (high - low) * 2 - 1, np.stack([part[surface.base] for part in parts], 1)], 1)
    picture, covered = rasterise(surface.uv, surface.triangles, values.astype(np.float32), size)
    filled: Floats = np.ascontiguousarray(fill_margins(picture, covered).transpose(2, 0, 1)).astype(np.float32)
    return filled
