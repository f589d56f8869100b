"""Types of the numbers in nets' shapes and training recipes, each with its valid range.

The parser of settings and the reader of weights files check every value against them.
"""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Ge, Interval, MinLen, MultipleOf
from pydantic import AllowInfNan

Count = Annotated[int, Interval(ge=1, le=65536)]
NonNegativeCount = Annotated[int, Ge(0)]
Weight = Annotated[float, AllowInfNan(False), Ge(0)]
"""Rates, weights of losses and standard deviations."""
Fraction = Annotated[float, AllowInfNan(False), Interval(ge=0, le=1)]
FractionBelowOne = Annotated[float, AllowInfNan(False), Interval(ge=0, lt=1)]
"""Momentum and dropout: at 1 nothing would change, or nothing would pass."""
Width = Annotated[int, Interval(ge=1, le=4096)]
"""Channels of a layer."""
GroupedWidth = Annotated[int, Interval(ge=8, le=4096), MultipleOf(8)]
"""Channels of a layer whose group norm has eight groups."""
GroupedWidths = Annotated[tuple[GroupedWidth, ...], MinLen(1)]
Patch = Literal[1, 2, 4, 8]
"""Pixels a side that a level handles as channels (space to depth)."""


def check_power_of_two(size: int, patch: int = 1, minimum: int = 4) -> None:
    """Raises ValueError unless images of that size can be halved down to `minimum` patches a side."""
    if size < minimum * patch or size & (size - 1):
        raise ValueError(f"size must be a power of two and at least {minimum * patch}, not {size}")


def check_multiple(size: int, divisor: int) -> None:
    """Raises ValueError unless `size` is a positive multiple of `divisor`."""
    if size < divisor or size % divisor:
        raise ValueError(f"size must be a multiple of {divisor}, not {size}")
