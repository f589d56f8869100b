"""A garment's colours continue beyond its UV islands, so that filters and moved seams never show another part's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from assets.artefacts.geometry import Image
from stages.groom import colour, wardrobe
from stages.groom.texture_padding import mask_painted_texels, pad_texture

GARMENTS = [(slot, name) for slot in ("outfit", "shoes", "hat") for name in wardrobe.load_catalogue()[slot]]


@pytest.mark.parametrize(("slot", "name"), GARMENTS)
def test_padding_leaves_the_islands_unchanged(slot: wardrobe.Slot, name: str) -> None:
    item = wardrobe.load_item(slot, name)
    before = colour.load_picture(item.pictures["diffuse"], 3)
    seen = mask_painted_texels(item, *before.shape[:2])
    assert seen.any()
    assert np.array_equal(pad_texture(Image(before), item).pixels[seen], before[seen])


def test_a_striped_shirt_continues_beyond_its_seams_and_no_skirt_begins_there() -> None:
    """The picture's background has the skirt's green, which showed at the collar after the reduction of its triangles."""
    item = wardrobe.load_item("outfit", "female_elegantsuit01")
    before = colour.load_picture(item.pictures["diffuse"], 3)
    after = pad_texture(Image(before), item).pixels
    background = before[2, 2].astype(int)
    shirt = mask_painted_texels(item, 512, 512)
    shirt[:275, :405] = False  # without the skirt
    around = ndimage.binary_dilation(shirt, iterations=8) & ~mask_painted_texels(item, 512, 512)
    green = [np.abs(picture[around].astype(int) - background).max(1) < 12 for picture in (before, after)]
    assert green[0].mean() > 0.4
    assert green[1].mean() < 0.1
