"""Gutters: around its islands a garment's picture goes on in their colour, as far as a filter or a saved triangle may reach."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Image, Pixels
from stages.groom.colour import load_picture
from stages.groom.fit import Mask
from stages.groom.wardrobe import Slot, WardrobeItem, load_item

PADDING_WIDTH = 0.05
"""Share of the picture's side. Where triangles are saved a seam moves into the ground beside it, which has the colour of another part."""
_MAX_GROUND_DIFFERENCE = 10
"""Of 255: as near to the ground's colour a patch at an island's rim was left out by the painter."""
_MIN_ISLAND_DIFFERENCE = 40
"""Of 255: as far from it is an island's own colour; a nearer one is painted like the ground."""


def mask_painted_texels(part: WardrobeItem, height: int, width: int) -> Mask:
    """(height,width) the texels that a triangle shows and somebody painted, and nothing that is mixed with the ground."""
    import cv2

    drawn = np.zeros((height, width), np.uint8)
    # 4 bits of fraction; a texel's middle lies at half.
    corners = ((part.uv[part.triangles] * [width, height] - 0.5) * 16).round().astype(np.int32)
    for triangle in corners:
        cv2.fillConvexPoly(drawn, triangle, 1, shift=4)
    picture = np.asarray(
        cv2.resize(load_picture(part.pictures["diffuse"], 3), (width, height), interpolation=cv2.INTER_NEAREST), np.float32
    )
    ground = np.median(picture[drawn == 0], 0) if (drawn == 0).any() else np.zeros(3)
    off = np.abs(picture - ground).max(2)
    return _erode_mixed_texels((drawn > 0) & ~_find_unpainted_patches(off, drawn), picture, off)


def _find_unpainted_patches(off: Floats, drawn: Pixels) -> Mask:
    """(h,w) patches of the ground's colour at the rim of islands that have another: their painter stopped short of the seam.

    `off` is every texel's distance from the ground's colour.
    """
    import cv2

    count, island = cv2.connectedComponents(drawn)
    own = np.array([np.median(off[island == k]) > _MIN_ISLAND_DIFFERENCE for k in range(count)])
    reach = max(3, round(PADDING_WIDTH / 4 * max(drawn.shape)))
    rim = cv2.distanceTransform(drawn, cv2.DIST_L2, 3) < reach
    like_ground = (own[island] & rim & (off < _MAX_GROUND_DIFFERENCE)).astype(np.uint8)
    # A stripe of that colour is narrower than a patch.
    return np.asarray(cv2.morphologyEx(like_ground, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0)


def _erode_mixed_texels(painted: Mask, picture: Floats, off: Floats) -> Mask:
    """(h,w) without the outermost texels, nor those behind them that are nearer to the ground's colour than to their island's."""
    from scipy import ndimage

    first = ndimage.binary_erosion(painted, np.ones((3, 3)))
    inner = ndimage.binary_erosion(first, np.ones((3, 3)))
    rows, columns = ndimage.distance_transform_edt(~inner, return_distances=False, return_indices=True)
    mixed = off < np.abs(picture - picture[rows, columns]).max(2)
    return np.asarray(first & (inner | ~mixed))


@lru_cache(maxsize=32)
def _find_source_texels(slot: Slot, name: str, height: int, width: int) -> NDArray[np.int32]:
    """(2,height,width) row and column that each texel takes its colour from: the island's nearest within WIDTH, else itself."""
    from scipy import ndimage

    far, from_where = ndimage.distance_transform_edt(~mask_painted_texels(load_item(slot, name), height, width), return_indices=True)
    reached = far <= PADDING_WIDTH * max(height, width)
    return np.where(reached, from_where, np.indices((height, width))).astype(np.int32)


def pad_texture(image: Image, part: WardrobeItem) -> Image:
    """The part's picture with gutters; what lies within the islands stays as it is."""
    rows, columns = _find_source_texels(part.slot, part.name, *image.pixels.shape[:2])
    return Image(np.ascontiguousarray(image.pixels[rows, columns]), image.srgb)
