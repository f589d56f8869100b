"""Around its islands a garment's picture goes on in their colour: a filter, or a seam that moved, meets no other part's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from assets.artefacts.geometry import Image
from stages.groom import colour, wardrobe
from stages.groom.texture_padding import mask_painted_texels, pad_texture

GARMENTS = [(slot, name) for slot in ("outfit", "shoes", "hat") for name in wardrobe.load_catalogue()[slot]]


@pytest.mark.parametrize(("slot", "name"), GARMENTS)
def test_within_the_islands_nothing_changes(slot: wardrobe.Slot, name: str) -> None:
    part = wardrobe.load_item(slot, name)
    before = colour.load_picture(part.pictures["diffuse"], 3)
    seen = mask_painted_texels(part, *before.shape[:2])
    assert seen.any()
    assert np.array_equal(pad_texture(Image(before), part).pixels[seen], before[seen])


def test_a_striped_shirt_goes_on_beyond_its_seams_and_no_skirt_begins_there() -> None:
    """The picture's ground has the skirt's green, which showed at the collar where triangles had been saved."""
    part = wardrobe.load_item("outfit", "female_elegantsuit01")
    before = colour.load_picture(part.pictures["diffuse"], 3)
    after = pad_texture(Image(before), part).pixels
    ground = before[2, 2].astype(int)
    shirt = mask_painted_texels(part, 512, 512)
    shirt[:275, :405] = False  # without the skirt
    beside = ndimage.binary_dilation(shirt, iterations=8) & ~mask_painted_texels(part, 512, 512)
    green = [np.abs(picture[beside].astype(int) - ground).max(1) < 12 for picture in (before, after)]
    assert green[0].mean() > 0.4
    assert green[1].mean() < 0.1
