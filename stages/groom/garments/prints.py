"""Text or a picture of the user's own, printed on the chest of a garment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assets.artefacts.geometry import Floats
from assets.errors import Finding, SpecError
from assets.formats.image import resize
from assets.rights import Source
from assets.spec.appearance import PrintSpec
from assets.untrusted_media import load_untrusted_image
from stages.groom.garments.paint import Cloths
from stages.groom.garments.style import Garment

_MOST_M = (0.24, 0.20)
"""Width and height of the largest print, on a person of 1.72 m."""
_TEXT_HEIGHT_M, _LETTER_PX, _SIDE = 0.055, 96, 512
"""Height of one line of text at most, and pixels of a letter and of a picture."""
_DROP_M = 0.03
"""From the middle of the chest to that of the print."""


@dataclass(frozen=True)
class ChestPrint:
    """What is printed."""

    pixels: Floats
    """(h,w,4) sRGB and cover 0..1; the colour of text is chosen where it is painted."""
    size: tuple[float, float]
    """Width and height, metres on a person of 1.72 m."""
    is_text: bool
    source: Source | None = None


def load_print(spec: PrintSpec, field_name: str) -> ChestPrint:
    """The print of a spec whose path is absolute; raises SpecError for letters that the font lacks, FormatError for no picture."""
    if spec.picture:
        return _load_picture(spec)
    return _draw_text(spec.text or "", field_name)


def _load_picture(spec: PrintSpec) -> ChestPrint:
    path = Path(spec.picture or "")
    found = resize(load_untrusted_image(path), _SIDE).pixels.astype(np.float32) / 255
    colour = np.repeat(found, 3, 2) if found.shape[2] == 1 else found[..., :3]
    cover = found[..., 3:] if found.shape[2] == 4 else np.ones((*found.shape[:2], 1), np.float32)
    high, wide = found.shape[:2]
    scale = min(_MOST_M[0] / wide, _MOST_M[1] / high)
    source = Source(f"print {path.name}", spec.licence or "", path.name, spec.author or "")
    return ChestPrint(np.concatenate([colour, cover], 2), (wide * scale, high * scale), False, source)


def explain_no_chest(garment: Garment) -> Finding | None:
    """The finding for a garment that has no place for a print; None where it has one."""
    if garment.kind == "top" and not garment.opens:
        return None
    return Finding("groom/print-place", f"groom.pieces: {garment.name} has no chest to print on", fix="print on a top or a dress")


def find_lacking_letters(text: str, field_name: str) -> Finding | None:
    """The finding for letters that the font of prints cannot draw; characters that nobody sees are named by their number."""
    from PIL import ImageFont

    font = ImageFont.load_default(_LETTER_PX)
    unknown = bytes(font.getmask("\uffff"))
    unseen = {letter for letter in text if letter not in " \n" and not (letter.isprintable() and bytes(font.getmask(letter)).strip(b"\0"))}
    lacking = unseen | {letter for letter in text if letter not in " \n" and bytes(font.getmask(letter)) == unknown}
    if not lacking:
        return None
    shown = " ".join(f"U+{ord(letter):04X}" if letter in unseen else letter for letter in sorted(lacking))
    message = f"{field_name}: the font of prints has no {shown}"
    return Finding("groom/print-letter", message, fix="use Latin letters, or print a picture of the text")


def _draw_text(text: str, field_name: str) -> ChestPrint:
    from PIL import Image, ImageDraw, ImageFont

    # The font that Pillow contains, Aileron, is in the public domain.
    font = ImageFont.load_default(_LETTER_PX)
    if finding := find_lacking_letters(text, field_name):
        raise SpecError(finding)
    left, top, right, bottom = ImageDraw.Draw(Image.new("L", (8, 8))).multiline_textbbox((0, 0), text, font, align="center")
    canvas = Image.new("L", (max(int(right - left), 1) + 8, max(int(bottom - top), 1) + 8))
    ImageDraw.Draw(canvas).multiline_text((4 - left, 4 - top), text, 255, font, align="center", stroke_width=2)
    cover = np.asarray(canvas, np.float32)[..., None] / 255
    lines = text.count("\n") + 1
    scale = min(_MOST_M[0] / cover.shape[1], min(_TEXT_HEIGHT_M * lines, _MOST_M[1]) / cover.shape[0])
    return ChestPrint(np.repeat(cover, 4, 2), (cover.shape[1] * scale, cover.shape[0] * scale), True)


def paint_print(c: Cloths, one: ChestPrint) -> None:
    """Paints it on the front, in the piece's second colour where it is text."""
    from scipy.ndimage import map_coordinates  # cv2.remap takes no more than 32,767 points in a row

    wide, high = one.size
    front = np.asarray((c.get("depth") > 0) & (c.get("arm") < 0.3), np.float32)
    # A print hangs with the cloth: its place along the body is that of the pattern, not of the folds.
    x = (c.get("x") / wide + 0.5) * one.pixels.shape[1]
    y = (0.5 - (c.get("height") - c.marks["chest"] + _DROP_M) / high) * one.pixels.shape[0]
    found = np.stack([map_coordinates(channel, [y, x], order=1, prefilter=False) for channel in np.moveaxis(one.pixels, 2, 0)], 1)
    cover = (found[:, 3] * front)[:, None]
    colour = c.colours.second if one.is_text else found[:, :3] / np.maximum(found[:, 3:], 1e-3)
    c.rgb += cover * (colour - c.rgb)
    c.rough -= (0.15 * cover[:, 0]).astype(np.float32)
