"""Short hair on the skin: painted over the head's albedo, from which its own hair is removed first, matt, and in relief."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from assets.artefacts.character import Body, SkinPaint
from assets.artefacts.geometry import Floats, Image, Ints
from assets.mesh import compute_vertex_normals

_HAIR_ROUGHNESS = 0.86
_MIN_LENGTH = 1e-14
_FILL_SIDE = 256
"""Pixels at which bare skin is estimated: smooth colour needs no more."""
_FILL_SIGMAS = (2.0, 5.0, 12.0, 30.0, 80.0)
"""Of the blurs that carry skin into hairy parts, in those pixels: each fills what the one before did not reach."""
_MIN_WEIGHT = 0.08
_DETAIL_SIGMA, _DETAIL_SHARE, _MAX_DETAIL = 1.2, 0.6, 5.0
"""Of the skin's own detail under hair: the finest is kept, weakened, and clipped in steps of 8 bits, for pores without old hairs."""


def paint_head(albedo: Image, paint: SkinPaint) -> Image:
    """The albedo (s,s,3) with the painted hair."""
    import cv2

    skin = albedo.pixels[..., :3].astype(np.float32)
    size = skin.shape[1::-1]
    bare = cv2.resize(paint.bare.pixels[..., 0], size, interpolation=cv2.INTER_LINEAR).astype(np.float32)[..., None] / 255
    layer = cv2.resize(
        _premultiply(paint.layer), size, interpolation=cv2.INTER_AREA if size[0] < len(paint.layer.pixels) else cv2.INTER_LINEAR
    )
    fine = skin - cv2.GaussianBlur(skin, (0, 0), _DETAIL_SIGMA * size[0] / 1024)
    clean = _estimate_bare_skin(skin, bare) + np.clip(fine * _DETAIL_SHARE, -_MAX_DETAIL, _MAX_DETAIL)
    mixed = skin + (clean - skin) * bare
    painted = layer[..., :3] * 255 + mixed * (1 - layer[..., 3:])
    return Image(np.clip(painted + 0.5, 0, 255).astype(np.uint8), albedo.srgb)


def roughen_head(orm: Image, paint: SkinPaint) -> Image:
    """The occlusion, roughness and metalness (s,s,3) with hair as matt as it is: on skin's own roughness a crop shines like a wet cap."""
    import cv2

    size = orm.pixels.shape[1::-1]
    cover = cv2.resize(paint.layer.pixels[..., 3], size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    pixels = orm.pixels.copy()
    rough = pixels[..., 1] + (_HAIR_ROUGHNESS * 255 - pixels[..., 1]) * cover
    pixels[..., 1] = np.clip(np.maximum(rough, pixels[..., 1]) + 0.5, 0, 255)
    return Image(pixels, orm.srgb)


def raise_skin(body: Body, relief: Floats, triangles: Ints) -> Body:
    """The body with its skin raised along its normals by relief (13380,) metres, for hair that is painted on it."""
    if not relief.any():
        return body
    normals = compute_vertex_normals(body.positions, triangles, product=np.float64, total=np.float64, floor=_MIN_LENGTH)
    positions = body.positions.copy()
    positions[: len(relief)] += relief[:, None] * normals[: len(relief)]
    return replace(body, positions=positions)


def _premultiply(image: Image) -> Floats:
    pixels = image.pixels.astype(np.float32) / 255
    pixels[..., :3] *= pixels[..., 3:]
    return np.asarray(pixels, np.float32)


def _estimate_bare_skin(skin: Floats, bare: Floats) -> Floats:
    """(s,s,3) the colour of the surrounding skin carried into what is hairy."""
    import cv2

    small = cv2.resize(skin, (_FILL_SIDE, _FILL_SIDE), interpolation=cv2.INTER_AREA)
    weight = 1 - np.clip(cv2.resize(bare, (_FILL_SIDE, _FILL_SIDE), interpolation=cv2.INTER_AREA) * 4, 0, 1)
    found, left = np.zeros_like(small), np.ones((_FILL_SIDE, _FILL_SIDE, 1), np.float32)
    for sigma in _FILL_SIGMAS:
        total = cv2.GaussianBlur(small * weight[..., None], (0, 0), sigma)
        share = cv2.GaussianBlur(weight, (0, 0), sigma)[..., None]
        reach = np.clip(share / _MIN_WEIGHT, 0, 1) * left
        found += reach * total / np.maximum(share, 1e-4)
        left = left - reach
    typical = np.median(small[weight > 0.5], 0) if (weight > 0.5).any() else small.mean((0, 1))
    return np.asarray(cv2.resize(found + left * typical, skin.shape[1::-1], interpolation=cv2.INTER_CUBIC), np.float32)
