"""Painted hair over the albedo: what the skin itself shows of hair is removed, the rest of the skin stays."""

from __future__ import annotations

import numpy as np

from assets.artefacts.character import SkinPaint
from assets.artefacts.geometry import Image
from assets.conventions import SKIN_VERTICES
from stages.model.skin_paint import paint_head, roughen_head

SKIN, OLD, NEW = (200, 150, 120), (60, 40, 30), (20, 80, 20)


def build_paint(alpha: int, bare: int) -> SkinPaint:
    """A layer of NEW in the left quarter, and a bare patch in the upper half."""
    layer, mask = np.zeros((64, 64, 4), np.uint8), np.zeros((32, 32, 1), np.uint8)
    layer[:, :16] = (*NEW, alpha)
    mask[8:24, 8:24] = bare
    return SkinPaint(Image(layer), Image(mask, srgb=False), np.zeros(SKIN_VERTICES, np.float32))


def build_albedo() -> Image:
    pixels = np.full((128, 128, 3), SKIN, np.uint8)
    pixels[40:88, 40:88] = OLD
    return Image(pixels)


def test_old_hair_becomes_the_skin_around_it() -> None:
    painted = paint_head(build_albedo(), build_paint(0, 255)).pixels
    assert np.abs(painted[64, 64].astype(int) - SKIN).max() < 12


def test_skin_that_nothing_covers_is_kept() -> None:
    painted = paint_head(build_albedo(), build_paint(0, 0)).pixels
    assert np.array_equal(painted, build_albedo().pixels)


def test_opaque_paint_covers_and_half_clear_paint_mixes() -> None:
    full, half = (paint_head(build_albedo(), build_paint(alpha, 0)).pixels[10, 5].astype(int) for alpha in (255, 128))
    assert np.abs(full - NEW).max() <= 1
    assert np.abs(half - (np.array(NEW) + SKIN) / 2).max() <= 2


def test_painted_hair_is_matt_and_metal_and_occlusion_stay() -> None:
    orm = Image(np.full((128, 128, 3), (200, 110, 7), np.uint8), srgb=False)
    rough = roughen_head(orm, build_paint(255, 0)).pixels
    assert np.array_equal(rough[..., [0, 2]], orm.pixels[..., [0, 2]])
    assert rough[64, 5, 1] > 210
    assert rough[64, 100, 1] == 110
