"""What is woven or printed in two colours, along the grain or on the chest. Distances in metres."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from stages.groom.garments.paint import Cloths, cover_above, cover_bands

Paint = Callable[[Cloths], None]


def paint_pattern(c: Cloths, name: str) -> None:
    """The print or the weave in two colours."""
    if name != "plain":
        PATTERNS[name](c)


def _breton(c: Cloths) -> None:
    c.paint(cover_bands(c.v, 0.030, 0.011), c.colours.second)


def _wide_stripes(c: Cloths) -> None:
    c.paint(cover_bands(c.v, 0.074, 0.037), c.colours.second)


def _pinstripe(c: Cloths) -> None:
    c.paint(cover_bands(c.u, 0.020, 0.0016) * 0.6, c.colours.second)


def _stripes(c: Cloths) -> None:
    c.paint(cover_bands(c.u, 0.022, 0.009), c.colours.second)


def _gingham(c: Cloths) -> None:
    across, along = cover_bands(c.u, 0.024, 0.012), cover_bands(c.v, 0.024, 0.012)
    c.paint(0.5 * across + 0.5 * along, c.colours.second)


def _tartan(c: Cloths) -> None:
    for place in (c.u, c.v):
        c.paint(0.45 * cover_bands(place, 0.076, 0.030), c.colours.second)
        c.paint(0.6 * cover_bands(place + 0.038, 0.076, 0.0035), c.colours.accent)
        c.paint(0.4 * cover_bands(place + 0.028, 0.076, 0.005), c.colours.second * 0.5)


def _windowpane(c: Cloths) -> None:
    c.paint(0.55 * np.maximum(cover_bands(c.u, 0.055, 0.0028), cover_bands(c.v, 0.065, 0.0028)), c.colours.second)


def _herringbone(c: Cloths) -> None:
    slant = np.abs((c.u / 0.022) % 1 - 0.5) * 0.022 * 1.6
    c.shade(np.asarray(1 + 0.10 * np.sin(2 * np.pi * (c.v + slant) / 0.0055), np.float32))


def _dots(c: Cloths) -> None:
    row = np.floor(c.v / 0.030)
    x, y = (c.u + (row % 2) * 0.015 + 0.015) % 0.030 - 0.015, c.v % 0.030 - 0.015
    c.paint(cover_above(0.0055 - np.hypot(x, y)), c.colours.second)


def _flowers(c: Cloths) -> None:
    cell = 0.062
    row = np.floor(c.v / cell)
    place = c.u / cell + 0.5 * (row % 2)
    column = np.floor(place)
    spin = np.random.default_rng([c.seed, 0x77]).random((64, 64)).astype(np.float32)[row.astype(int) % 64, column.astype(int) % 64]
    x, y = (place - column - 0.5) * cell + 0.010 * (spin - 0.5), c.v - (row + 0.5) * cell + 0.012 * (spin * 7 % 1 - 0.5)
    radius, angle = np.hypot(x, y), np.arctan2(y, x) + 6.3 * spin
    size = 0.011 + 0.006 * spin
    c.paint(cover_above(size * (0.72 + 0.28 * np.cos(5 * angle)) - radius), c.colours.second)
    c.paint(cover_above(size * 0.26 - radius), c.colours.accent)


def _chest_band(c: Cloths) -> None:
    c.paint(cover_above(0.05 - np.abs(c.get("height") - c.marks["chest"])) * (c.get("arm") < 0.5), c.colours.second)


def _sun_print(c: Cloths) -> None:
    """Three waves under half a sun, on the chest."""
    x, y = c.get("x"), c.get("height") - c.marks["chest"] + 0.02
    front = np.asarray((c.get("depth") > 0) & (c.get("arm") < 0.3), np.float32)
    disc = cover_above(0.055 - np.hypot(x, y)) * cover_above(y)
    c.paint(disc * front, c.colours.second)
    for k in range(3):
        wave = y + 0.018 + 0.017 * k + 0.004 * np.sin(2 * np.pi * x / 0.05)
        c.paint(
            cover_above(0.0035 - np.abs(wave)) * cover_above(0.058 - np.abs(x)) * front, c.colours.accent if k % 2 else c.colours.second
        )


def _hills_print(c: Cloths) -> None:
    """Two hills in a ring, on the chest."""
    x, y = c.get("x"), c.get("height") - c.marks["chest"]
    front = np.asarray((c.get("depth") > 0) & (c.get("arm") < 0.3), np.float32)
    inside = cover_above(0.062 - np.hypot(x, y)) * front
    c.paint(inside, c.colours.second)
    c.paint(inside * cover_above(0.026 - 0.9 * np.abs(x + 0.018) - y), c.colours.accent)
    c.paint(inside * cover_above(0.004 - 0.7 * np.abs(x - 0.026) - y), c.colours.main * 0.75)


def _blocks(c: Cloths) -> None:
    c.paint(cover_above(c.get("height") - c.marks["chest"] - 0.03, 0.002), c.colours.second)


PATTERNS: dict[str, Paint] = {
    "breton": _breton,
    "wide_stripes": _wide_stripes,
    "pinstripe": _pinstripe,
    "stripes": _stripes,
    "gingham": _gingham,
    "tartan": _tartan,
    "windowpane": _windowpane,
    "herringbone": _herringbone,
    "dots": _dots,
    "flowers": _flowers,
    "chest_band": _chest_band,
    "sun": _sun_print,
    "hills": _hills_print,
    "blocks": _blocks,
}
"""Pattern -> how it is painted; `plain` has none."""


def list_patterns() -> tuple[str, ...]:
    """The names of all patterns, sorted."""
    return tuple(sorted(("plain", *PATTERNS)))
