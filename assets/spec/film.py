"""The shape of a film: the options of the stages that draw one."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from assets.spec.appearance import Number, Section

FPS = 25


class FilmSpec(Section):
    """A film's picture."""

    height: Annotated[int, Field(ge=90, le=1080, multiple_of=18), Number] = 720
    """Pixels; the picture is 16:9."""
    quality: Annotated[int, Field(ge=0, le=51), Number] = 20
    """Constant rate factor of H.264: less is better and larger."""

    @property
    def size(self) -> tuple[int, int]:
        """(w,h) pixels, both even, as H.264 wants them."""
        return self.height * 16 // 9, self.height

    @property
    def scale(self) -> float:
        """Of lengths that are given for a height of 720."""
        return self.height / 720

    @property
    def caption_height(self) -> int:
        """Pixels of the strip at the bottom in which captions stand."""
        return self.height // 6

    @property
    def figure_size(self) -> tuple[int, int]:
        """(w,h) pixels of the figure's picture, at the upper right."""
        return self.height * 2 // 3, self.height - self.caption_height

    @property
    def slide_size(self) -> tuple[int, int]:
        """(w,h) pixels of the slide, at the upper left."""
        return self.size[0] - self.figure_size[0], self.figure_size[1]
