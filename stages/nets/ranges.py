"""Ranges of the numbers that nets and their recipes are made of, written at the field: the settings' parser and the reader of weights
files hold every value to them."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Ge, Interval, MinLen, MultipleOf
from pydantic import AllowInfNan

Count = Annotated[int, Interval(ge=1, le=65536)]
NonNegativeCount = Annotated[int, Ge(0)]
Weight = Annotated[float, AllowInfNan(False), Ge(0)]
"""Rates, weights of losses and deviations."""
Fraction = Annotated[float, AllowInfNan(False), Interval(ge=0, le=1)]
FractionBelowOne = Annotated[float, AllowInfNan(False), Interval(ge=0, lt=1)]
"""Momenta and dropouts: at 1 nothing would ever change, or pass."""
Width = Annotated[int, Interval(ge=1, le=4096)]
"""Channels of a layer."""
GroupedWidth = Annotated[int, Interval(ge=8, le=4096), MultipleOf(8)]
"""Channels of a layer whose norm has eight groups."""
GroupedWidths = Annotated[tuple[GroupedWidth, ...], MinLen(1)]
Patch = Literal[1, 2, 4, 8]
"""Pixels a side that a level handles as channels."""


def check_power_of_two(size: int, patch: int = 1, least: int = 4) -> None:
    """Raises ValueError for a size whose pictures do not halve to four pixels a side."""
    if size < least * patch or size & (size - 1):
        raise ValueError(f"its pictures are {size} px a side, which must be a power of two from {least * patch}")


def check_multiple(size: int, part: int) -> None:
    """Raises ValueError for a size that is no multiple of `part`."""
    if size < part or size % part:
        raise ValueError(f"its pictures are {size} px a side, which must be a multiple of {part}")
