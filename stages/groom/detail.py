"""How finely a person is groomed: all of a bundle, or what a small portrait shows of it.

Both give the same person: choices, colours, strands and folds come from the same random numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

DRAPE_FRAMES = ((60, 10), (16, 8), (6, 4))
"""Frames and substeps of the three levels of draping: fine cloth alone sags before it folds, and crumples like paper."""


@dataclass(frozen=True)
class GroomDetail:
    """What is made, and at which size."""

    cloth_side: int = 1024
    """Pixels a side of the picture of made clothes."""
    skin_side: int = 1024
    """Pixels a side of the hair that is painted on the head."""
    hair_side: int = 1024
    """Pixels a side of the picture of hair."""
    eye_side: int = 512
    """Pixels a side of the picture of an eye."""
    strand_steps: int = 9
    """Straight pieces of each strand in the picture of hair."""
    sky_directions: int = 40
    """From which cloth is lit."""
    drape_frames: tuple[tuple[int, int], ...] = DRAPE_FRAMES
    """Of the three levels; none leaves a level as the coarser one made it."""
    hair_level: int | None = None
    """The one level of detail at which hair is grown, without joints of its own; None for all three, with joints."""
    is_upper_body: bool = False
    """Whether trousers, skirts and shoes are left out."""


BUNDLE = GroomDetail()
PORTRAIT = GroomDetail(
    cloth_side=512, skin_side=512, hair_side=512, eye_side=256, strand_steps=4, sky_directions=14,
    drape_frames=((24, 8), (8, 8), (0, 0)), hair_level=1, is_upper_body=True,
)  # fmt: skip
"""For pictures of head and shoulders of at most 512 px; hair as on a web page."""
THUMBNAIL = replace(PORTRAIT, cloth_side=256, eye_side=128, sky_directions=8, drape_frames=((16, 6), (4, 6), (0, 0)))
"""For the same pictures of at most 128 px."""
