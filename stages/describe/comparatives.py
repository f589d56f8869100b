"""Comparatives in a description, where there is nothing to compare with: `an older man with longer hair`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from stages.describe.claims import Claim, Reading

_MEANT: Mapping[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "height": (("height", "tall"), ("height", "short")), "weight": (("build", "heavy"), ("build", "thin")),
    "muscle": (("build", "muscular"), ("build", "average")), "tone": (("tone", "dark"), ("tone", "light")),
    "hair_length": (("hair_length", "long"), ("hair_length", "short")), "age": (("age", "55-70"), ("age", "20-30")),
    "hair_texture": (("hair_texture", "curly"), ("hair_texture", "straight")), "freckles": (("freckles", "yes"), ("freckles", "no")),
    "grey": (("hair_colour", "grey"), ("hair_colour", "grey")), "wrinkles": (("wrinkles", "0.8"), ("wrinkles", "0.0")),
    "hair_shade": (("hair_colour", "blond|brown"), ("hair_colour", "black|brown")), "rate": (("rate", "1.15"), ("rate", "0.87")),
}  # fmt: skip
"""Axis -> what more and less of it mean by themselves."""


def take_comparatives(reading: Reading) -> Reading:
    """The reading with each comparative as the value that it points to."""
    return replace(reading, claims=[_resolve(claim) for claim in reading.claims])


def _resolve(claim: Claim) -> Claim:
    if not claim.name.startswith("+"):
        return claim
    axis, amount = claim.name[1:], float(claim.value)
    if axis.startswith("local."):
        return replace(claim, name=axis)
    if axis not in _MEANT:
        return claim
    name, value = _MEANT[axis][0 if amount > 0 else 1]
    return replace(claim, name=name, value=value)
