"""Many pictures on one sheet."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from assets.artefacts.geometry import Image, Pixels
from assets.errors import Finding, FormatError
from assets.formats.image import resize

PAPER_COLOUR = (216, 222, 228)
CAPTION_HEIGHT = 26


def build_contact_sheet(images: Mapping[str, Image], columns: int = 4, cell: int = 320) -> Image:
    """(h,w,3): every picture within a cell of `cell` px, in order, its name below; raises FormatError where there is none."""
    if not images:
        raise FormatError(Finding("sheet/empty", "there is no picture for the contact sheet"))
    columns = max(1, min(columns, len(images)))
    rows = -(-len(images) // columns)
    sheet = np.full((rows * (cell + CAPTION_HEIGHT), columns * cell, 3), PAPER_COLOUR, np.uint8)
    for place, (name, image) in enumerate(images.items()):
        small = _flatten_alpha(resize(image, cell).pixels)
        top, left = place // columns * (cell + CAPTION_HEIGHT), place % columns * cell
        y, x = top + (cell - small.shape[0]) // 2, left + (cell - small.shape[1]) // 2
        sheet[y : y + small.shape[0], x : x + small.shape[1]] = small
        sheet[top + cell : top + cell + CAPTION_HEIGHT, left : left + cell] = _draw_caption(name, cell)
    return Image(sheet)


def _flatten_alpha(pixels: Pixels) -> Pixels:
    """(h,w,3): grey spread to RGB, alpha laid on the paper."""
    if pixels.shape[2] != 4:
        return np.broadcast_to(pixels, (*pixels.shape[:2], 3)).astype(np.uint8)
    alpha = pixels[..., 3:] / 255.0
    return (pixels[..., :3] * alpha + np.array(PAPER_COLOUR) * (1 - alpha) + 0.5).astype(np.uint8)


def _draw_caption(name: str, width: int) -> Pixels:
    """(CAPTION,width,3) the name in the middle, in Pillow's own font; what does not fit is cut."""
    from PIL import Image as Picture
    from PIL import ImageDraw, ImageFont

    strip = Picture.new("RGB", (width, CAPTION_HEIGHT), PAPER_COLOUR)
    font = ImageFont.load_default(size=15)
    # Pillow's own font knows no Chinese: such names would be a row of boxes.
    text = name if name.isascii() else name.encode("ascii", "replace").decode()
    ImageDraw.Draw(strip).text((width / 2, CAPTION_HEIGHT / 2 - 2), text, fill=(50, 56, 64), font=font, anchor="mm")
    return np.asarray(strip, np.uint8).copy()
