"""A contact sheet: many pictures in a grid, each with its name."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from assets.artefacts.geometry import Image, Pixels
from assets.errors import Finding, FormatError
from assets.formats.image import resize

PAPER_COLOUR = (216, 222, 228)
CAPTION_HEIGHT = 26


def build_contact_sheet(images: Mapping[str, Image], columns: int = 4, cell: int = 320) -> Image:
    """(h,w,3) every picture in a cell of `cell` pixels, in order, with its name below; raises FormatError without pictures."""
    if not images:
        raise FormatError(Finding("sheet/empty", "the contact sheet has no pictures"))
    columns = max(1, min(columns, len(images)))
    rows = -(-len(images) // columns)
    sheet = np.full((rows * (cell + CAPTION_HEIGHT), columns * cell, 3), PAPER_COLOUR, np.uint8)
    for index, (name, image) in enumerate(images.items()):
        small = _flatten_alpha(resize(image, cell).pixels)
        top, left = index // columns * (cell + CAPTION_HEIGHT), index % columns * cell
        y, x = top + (cell - small.shape[0]) // 2, left + (cell - small.shape[1]) // 2
        sheet[y : y + small.shape[0], x : x + small.shape[1]] = small
        sheet[top + cell : top + cell + CAPTION_HEIGHT, left : left + cell] = _draw_caption(name, cell)
    return Image(sheet)


def _flatten_alpha(pixels: Pixels) -> Pixels:
    """(h,w,3): grey repeated to RGB, transparent pixels blended with the paper."""
    if pixels.shape[2] != 4:
        return np.broadcast_to(pixels, (*pixels.shape[:2], 3)).astype(np.uint8)
    alpha = pixels[..., 3:] / 255.0
    return (pixels[..., :3] * alpha + np.array(PAPER_COLOUR) * (1 - alpha) + 0.5).astype(np.uint8)


def _draw_caption(name: str, width: int) -> Pixels:
    """(CAPTION_HEIGHT,width,3) the name, centred, in Pillow's own font; a longer name is cut off."""
    from PIL import Image as Picture
    from PIL import ImageDraw, ImageFont

    strip = Picture.new("RGB", (width, CAPTION_HEIGHT), PAPER_COLOUR)
    font = ImageFont.load_default(size=15)
    # Pillow's own font has no Chinese: such names would be a row of boxes.
    text = name if name.isascii() else name.encode("ascii", "replace").decode()
    ImageDraw.Draw(strip).text((width / 2, CAPTION_HEIGHT / 2 - 2), text, fill=(50, 56, 64), font=font, anchor="mm")
    return np.asarray(strip, np.uint8).copy()
