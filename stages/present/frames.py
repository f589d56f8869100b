"""The pictures of a part: slide, figure and caption side by side; what stays the same is drawn once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from assets.artefacts.geometry import Floats, Pixels
from assets.spec.film import FilmSpec
from stages.present.artefacts import FilmPart
from stages.present.typeface import BODY, draw_text
from stages.render.posing import Pose

PAPER, INK = (22, 24, 28), (240, 240, 236)
"""Of the strip with the captions: light on dark, as on television."""
CAPTION_ROW, CAPTION_SIZE = 42, 30
"""Pixels from row to row, and of the letters, at a height of 720."""
CAPTION_MARGIN = 60

Draw = Callable[[Pose, tuple[int, int]], Pixels]
"""A pose and a size (w,h) -> (h,w,3)."""


def iterate_frames(part: FilmPart, draw: Draw, options: FilmSpec) -> Iterator[Pixels]:
    """(h,w,3) each frame of the part; one array, overwritten by the next frame."""
    width, height = options.size
    frame = np.zeros((height, width, 3), np.uint8)
    strip = height - options.caption_height
    frame[:strip, : options.slide_size[0]] = part.slide.pixels
    rows: tuple[str, ...] | None = None
    previous: tuple[Floats, ...] | None = None
    for number in range(part.frames):
        shown = find_caption(part, number)
        if shown != rows:
            rows, frame[strip:] = shown, draw_caption(shown, options)
        pose = Pose(part.rotations[number], part.root[number], part.face[number])
        arrays = (pose.rotations, pose.root, pose.face)
        if previous is None or not all(map(np.array_equal, arrays, previous)):
            frame[:strip, options.slide_size[0] :] = draw(pose, options.figure_size)
            previous = arrays
        yield frame


def find_caption(part: FilmPart, number: int) -> tuple[str, ...]:
    """The rows that a frame shows; none between two captions."""
    return next((caption.rows for caption in part.captions if caption.first <= number < caption.last), ())


def draw_caption(rows: tuple[str, ...], options: FilmSpec) -> Pixels:
    """(h,w,3) the strip with these rows, centred."""
    strip = np.full((options.caption_height, options.size[0], 3), PAPER, np.uint8)
    step, size = CAPTION_ROW * options.scale, CAPTION_SIZE * options.scale
    top = (options.caption_height - step * len(rows)) / 2
    for number, row in enumerate(rows):
        draw_text(strip, row, BODY, size, INK, (options.size[0] / 2, top + (number + 0.5) * step), centred=True)
    return strip
