"""Texture padding: continues the colours of a garment's UV islands beyond their edges, where filters and reduced triangles sample."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Image, Pixels
from stages.groom.colour import load_picture
from stages.groom.fit import Mask
from stages.groom.wardrobe import Slot, WardrobeItem, load_item

PADDING_WIDTH = 0.05
"""Share of the picture's side. Reduction moves seams into the background next to them, which has the colour of another part."""
_MAX_BACKGROUND_DIFFERENCE = 10
"""Of 255: a patch at an island's rim whose colour is this near to the background's was never painted."""
_MIN_ISLAND_DIFFERENCE = 40
"""Of 255: an island whose colour is nearer to the background's than this is painted like the background."""


def mask_painted_texels(item: WardrobeItem, height: int, width: int) -> Mask:
    """(height,width) the texels that a triangle shows and that were painted, without those mixed with the background."""
    import cv2

    shown = np.zeros((height, width), np.uint8)
    # OpenCV takes 4 bits of fraction; the centre of a texel is at half.
    corners = ((item.uv[item.triangles] * [width, height] - 0.5) * 16).round().astype(np.int32)
    for triangle in corners:
        cv2.fillConvexPoly(shown, triangle, 1, shift=4)
    picture = np.asarray(
        cv2.resize(load_picture(item.pictures["diffuse"], 3), (width, height), interpolation=cv2.INTER_NEAREST), np.float32
    )
    background = np.median(picture[shown == 0], 0) if (shown == 0).any() else np.zeros(3)
    difference = np.abs(picture - background).max(2)
    return _erode_mixed_texels((shown > 0) & ~_find_unpainted_patches(difference, shown), picture, difference)


def _find_unpainted_patches(difference: Floats, shown: Pixels) -> Mask:
    """(h,w) patches in the background's colour at the rim of islands of another colour: their author stopped short of the seam.

    Args:
        difference: (h,w) of every texel from the background's colour, of 255.
        shown: (h,w) 1 where a triangle shows the texel.
    """
    import cv2

    count, island = cv2.connectedComponents(shown)
    has_own_colour = np.array([np.median(difference[island == k]) > _MIN_ISLAND_DIFFERENCE for k in range(count)])
    reach = max(3, round(PADDING_WIDTH / 4 * max(shown.shape)))
    is_rim = cv2.distanceTransform(shown, cv2.DIST_L2, 3) < reach
    like_background = (has_own_colour[island] & is_rim & (difference < _MAX_BACKGROUND_DIFFERENCE)).astype(np.uint8)
    # Opening removes stripes of that colour, which are narrower than patches.
    return np.asarray(cv2.morphologyEx(like_background, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0)


def _erode_mixed_texels(painted: Mask, picture: Floats, difference: Floats) -> Mask:
    """(h,w) without the outermost texels, and without those behind them that are nearer to the background's colour than to the island's."""
    from scipy import ndimage

    outer = ndimage.binary_erosion(painted, np.ones((3, 3)))
    inner = ndimage.binary_erosion(outer, np.ones((3, 3)))
    rows, columns = ndimage.distance_transform_edt(~inner, return_distances=False, return_indices=True)
    is_mixed = difference < np.abs(picture - picture[rows, columns]).max(2)
    return np.asarray(outer & (inner | ~is_mixed))


# One entry for each of the wardrobe's 19 garments, whose pictures are of one size: 1 MB each. Finding one takes 0.1 to 0.5 s.
@lru_cache(maxsize=20)
def _find_source_texels(slot: Slot, name: str, height: int, width: int) -> NDArray[np.int16]:
    """(2,height,width) row and column from which each texel takes its colour: the nearest of an island within reach, or its own."""
    from scipy import ndimage

    distance, nearest = ndimage.distance_transform_edt(~mask_painted_texels(load_item(slot, name), height, width), return_indices=True)
    is_near = distance <= PADDING_WIDTH * max(height, width)
    # 16 bits hold a row or column of MAX_PICTURE_SIDE.
    return np.where(is_near, nearest, np.indices((height, width))).astype(np.int16)


def pad_texture(image: Image, item: WardrobeItem) -> Image:
    """The item's picture with padding around its islands, which stay as they are."""
    rows, columns = _find_source_texels(item.slot, item.name, *image.pixels.shape[:2])
    return Image(np.ascontiguousarray(image.pixels[rows, columns]), image.srgb)
