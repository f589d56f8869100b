"""Beards: hair painted on the skin, which a longer one raises (relief.py), so that it moves with the face as the skin does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from assets.errors import Finding, SpecError
from assets.spec.wording import suggest_name
from stages.groom.hair.atlas import HairColour
from stages.groom.hair.chart import Bools, Floats, find_beard, to_polar
from stages.groom.hair.paint import Painter, paint_stubble

_LONG_TINT, _SHORT_TINT = 0.75, 0.34
"""Of the skin under hair that is longer than stubble, whose hairs shade each other, and under stubble."""
MOUSTACHE_EDGE_M = 0.0035
"""Over which the hair above the lip rises to its height and density."""


@dataclass(frozen=True)
class BeardStyle:
    """How a beard grows."""

    title: str
    region: str = "full"
    """full, moustache, goatee, chinstrap or sideburns."""
    shadow: float = 0.8
    """Strength of the painted hair."""
    length: float = 0.0
    """Metres; 0 where it does not raise the skin."""


BEARDS: Mapping[str, BeardStyle] = {
    "shadow": BeardStyle("shaved this morning", shadow=0.35),
    "stubble": BeardStyle("three days", shadow=0.8),
    "short_beard": BeardStyle("short full beard", shadow=0.95, length=0.010),
    "full_beard": BeardStyle("full beard", shadow=0.95, length=0.024),
    "goatee": BeardStyle("goatee with moustache", region="goatee", shadow=0.95, length=0.013),
    "moustache": BeardStyle("moustache", region="moustache", shadow=0.95, length=0.012),
}


def list_beards() -> tuple[str, ...]:
    """The names of all beards, sorted."""
    return tuple(sorted(BEARDS))


def get_beard(name: str) -> BeardStyle:
    """The beard of that name; raises SpecError for an unknown one."""
    if name in BEARDS:
        return BEARDS[name]
    fix = suggest_name(name, (*list_beards(), "none"))
    raise SpecError(Finding("groom/unknown-beard", f"groom.beard: unknown beard {name!r}", fix=fix))


def find_region(arm: Floats, region: str) -> Bools:
    """(n,) whether hair of a beard with this region grows at arms (n,3) from the template's centre."""
    inside = find_beard(arm)
    azimuth, elevation, _ = to_polar(arm)
    side = np.abs(azimuth)
    if region == "moustache":
        return np.asarray(inside & (elevation > -42) & (side < 21))
    if region == "goatee":
        return np.asarray(inside & (side < 19) & ((elevation > -66) | (side < 12)))
    return inside


def paint_beard(painter: Painter, beard: BeardStyle, colour: HairColour, seed: int) -> None:
    """The painted hair of a beard."""
    long = min(0.006, 0.0022 + 0.3 * beard.length)
    tint = _LONG_TINT if beard.length > 0 else _SHORT_TINT * beard.shadow
    paint_stubble(painter, colour, beard.shadow, seed, partial(find_region, region=beard.region), long, tint)
    if beard.length > 0:
        # It is nowhere as deep as the edge of a cheek is soft.
        paint_stubble(painter, colour, beard.shadow, seed + 1, partial(find_region, region="moustache"), long, tint, MOUSTACHE_EDGE_M)
