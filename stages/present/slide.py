"""A slide as a picture: text at the size at which all of it fits, and its pictures below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assets.artefacts.geometry import Image, Pixels
from assets.errors import FenshenError, Finding, Location, SpecError
from stages.present.blocks import Block
from stages.present.script import Script, Slide
from stages.present.typeface import BODY, CODE, HEADING, RGB, Typeface, draw_text, measure_text, wrap_text

PAPER: RGB = (250, 249, 246)
_INK, _TITLE, _QUIET = (36, 40, 48), (22, 48, 92), (96, 104, 116)
_MARGIN, _INDENT, _GAP = 44, 34, 14
"""Pixels at a height of 720, as are the sizes below."""
_HEADINGS = (46, 38, 32, 30, 28, 28)
_SIZES = {"text": 28, "item": 28, "quote": 26, "code": 22}
_ROW = 1.36
"""Height of a row over the size of its letters."""
_SMALLEST = 0.5
_PICTURE_SHARE = 0.4
"""Of a slide's height, that its pictures get at least."""
Loader = Callable[[Path], Image]


@dataclass(frozen=True)
class _Row:
    """One row of text, in pixels from the slide's upper left."""

    text: str
    face: Typeface
    size: float
    colour: RGB
    left: float
    middle: float
    marker: str = ""


def draw_slides(script: Script, size: tuple[int, int], scale: float, load: Loader) -> list[Image]:
    """A picture (h,w,3) of each slide.

    Args:
        size: (w,h) pixels.
        scale: of the letters; 1 suits a film of 720 rows.
        load: decodes a picture's file.

    Raises:
        SpecError: with every picture that cannot be used, and every slide whose text is too long for it.
    """
    findings: list[Finding] = []
    pictures = [_load_pictures(script, slide, load, findings) for slide in script.slides]
    drawn = [_draw_slide(script, slide, found, size, scale, findings) for slide, found in zip(script.slides, pictures, strict=True)]
    if findings:
        raise SpecError(*findings)
    return drawn


def _load_pictures(script: Script, slide: Slide, load: Loader, findings: list[Finding]) -> list[Image]:
    found = []
    for block in slide.blocks:
        if block.kind == "image":
            try:
                found.append(load(find_picture(script.path, block)))
            except FenshenError as error:
                where = Location(str(script.path), block.line)
                findings += [Finding(e.code, f"{block.text}: {e.message}", location=where, fix=e.fix) for e in error.findings]
    return found


def find_picture(script: Path, block: Block) -> Path:
    """The file of a picture; raises SpecError where it is not a file in the script's folder or below it."""
    folder = script.resolve().parent
    if "://" in block.text or block.text.startswith("data:"):
        raise SpecError(Finding("script/picture", "a picture on the network is not fetched", fix="save it next to the script"))
    try:
        path = (folder / block.text).resolve()
        inside, there = path.is_relative_to(folder), path.is_file()
    except (OSError, ValueError):
        inside, there = True, False
    if not inside:
        raise SpecError(Finding("script/outside", "the picture is outside the script's folder", fix="copy it there"))
    if not there:
        raise SpecError(Finding("script/no-picture", "there is no such picture", fix="write its path relative to the script"))
    return path


def _draw_slide(
    script: Script, slide: Slide, pictures: Sequence[Image], size: tuple[int, int], scale: float, findings: list[Finding]
) -> Image:
    canvas = np.full((size[1], size[0], 3), PAPER, np.uint8)
    margin = _MARGIN * scale
    free = size[1] - 2 * margin
    for shrink in np.arange(1.0, _SMALLEST - 0.01, -0.05):
        rows, height = _set_text(slide.blocks, size[0] - 2 * margin, scale * float(shrink))
        if height <= free * (1 - _PICTURE_SHARE if pictures else 1):
            break
    else:
        message = "the slide has more text than fits"
        findings.append(
            Finding("script/too-full", message, location=Location(str(script.path), slide.line), fix="split the slide with ---")
        )
    # Without pictures the text stands a little above the middle, where a title looks best.
    top = margin if pictures else margin + max(0.0, (free - height) * 0.4)
    for row in rows:
        _draw_row(canvas, row, margin, top)
    if pictures:
        start = margin + height + (_GAP * scale if rows else 0)
        _place_pictures(canvas, pictures, (margin, start, size[0] - margin, size[1] - margin), _GAP * scale)
    return Image(canvas)


def _draw_row(canvas: Pixels, row: _Row, left: float, top: float) -> None:
    if row.marker:
        width = measure_text(row.marker, row.face, row.size)
        draw_text(canvas, row.marker, row.face, row.size, _QUIET, (left + row.left - width - 0.35 * row.size, top + row.middle))
    draw_text(canvas, row.text, row.face, row.size, row.colour, (left + row.left, top + row.middle))


def _set_text(blocks: Sequence[Block], width: float, scale: float) -> tuple[list[_Row], float]:
    """The rows of all blocks, and their height together."""
    rows: list[_Row] = []
    top = 0.0
    previous = ""
    for block in (block for block in blocks if block.kind != "image"):
        heading = block.kind == "heading"
        size = (_HEADINGS[block.level - 1] if heading else _SIZES[block.kind]) * scale
        face = HEADING if heading else CODE if block.kind == "code" else BODY
        colour = _TITLE if heading else _QUIET if block.kind == "quote" else _INK
        left = _INDENT * scale * (block.level if block.kind == "item" else 1 if block.kind == "quote" else 0)
        if rows:
            top += _GAP * scale * (0.0 if block.kind == previous == "code" else 0.4 if block.kind == previous == "item" else 1.2)
        for number, text in enumerate(wrap_text(block.text, face, size, width - left) or [""]):
            rows.append(_Row(text, face, size, colour, left, top + 0.5 * _ROW * size, "" if number else block.marker))
            top += _ROW * size
        previous = block.kind
    return rows, top


def _place_pictures(canvas: Pixels, pictures: Sequence[Image], box: tuple[float, float, float, float], gap: float) -> None:
    """Draws the pictures side by side, each as large as its share of the box (left, top, right, bottom) allows."""
    import cv2

    left, top, right, bottom = box
    share = (right - left - gap * (len(pictures) - 1)) / len(pictures)
    for number, picture in enumerate(pictures):
        pixels = _flatten(picture)
        factor = min(share / pixels.shape[1], (bottom - top) / pixels.shape[0])
        width, height = max(1, int(pixels.shape[1] * factor)), max(1, int(pixels.shape[0] * factor))
        small = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC)
        x, y = int(left + number * (share + gap) + (share - width) / 2), int(top + (bottom - top - height) / 2)
        canvas[y : y + height, x : x + width] = small


def _flatten(picture: Image) -> Pixels:
    """(h,w,3): grey repeated, what is transparent on paper."""
    pixels = picture.pixels
    if pixels.shape[2] != 4:
        return np.ascontiguousarray(np.broadcast_to(pixels[..., :3], (*pixels.shape[:2], 3)))
    alpha = pixels[..., 3:] / 255.0
    return (pixels[..., :3] * alpha + np.array(PAPER) * (1 - alpha) + 0.5).astype(np.uint8)
