"""The parts of a shoe as they are drawn: caps, tongues, laces, straps. Distances in metres, lengths along the foot as shares."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from stages.groom.garments.paint import Cloths, cover_above

_BLACK = np.array([0.06, 0.06, 0.065], np.float32)


def _sole(c: Cloths) -> None:
    c.line(c.v - 0.010, 0.0008, 0.18)
    tread = 0.5 + 0.5 * np.cos(2 * np.pi * c.u / 0.008)
    low = np.asarray(c.get("height") < 0.0, np.float32)
    c.relief -= (0.0008 * tread * low).astype(np.float32)
    c.shade(1 - 0.10 * tread * low)


def _sneaker(c: Cloths) -> None:
    along, across, high = c.get("along"), c.get("across"), c.get("height")
    toe = along - 0.80 - 0.6 * across**2 / 0.05
    c.line(toe * 0.27, 0.0008, 0.25, 0.0022)
    tongue = np.abs(across) - 0.020 - 0.02 * np.clip(0.6 - along, 0, 1)
    on_top = np.asarray((along > 0.36) & (along < 0.74) & (high > 0.035), np.float32)
    c.paint(cover_above(-tongue) * on_top * 0.8, c.colours.second)
    c.line(tongue, 0.0010, 0.35, where=on_top)
    lace = np.abs(((along - 0.36) * 8.5) % 1 - 0.5) * 0.03
    bars = cover_above(0.0042 - lace) * (np.abs(across) < 0.032) * on_top
    c.paint(bars * 0.95, c.colours.accent)
    c.relief += (0.002 * bars).astype(np.float32)
    c.line((along - 0.22 - 1.2 * (high - 0.03)) * 0.27, 0.0006, 0.22)
    c.paint(cover_above((0.16 - along) * 0.27, 0.002) * 0.85, c.colours.second)
    slash = np.abs((along - 0.47) * 0.27 + 0.7 * (high - 0.035))
    c.paint(cover_above(0.006 - slash) * (np.abs(across) > 0.030) * (high < 0.06), c.colours.second)
    c.line(c.get("opening") - 0.012, 0.0008, 0.22)


def _loafer(c: Cloths) -> None:
    along, across = c.get("along"), c.get("across")
    vamp = np.hypot((along - 0.60) * 0.27, across) - 0.050
    front = np.asarray(along > 0.60, np.float32)
    c.line(vamp - 0.004, 0.0012, 0.35, 0.002, where=front)
    strap = np.abs((along - 0.62) * 0.27) - 0.010
    c.line(strap, 0.0010, 0.32, 0.002)
    c.line(c.get("opening") - 0.006, 0.0008, 0.25)


def _derby(c: Cloths) -> None:
    along, across = c.get("along"), c.get("across")
    c.line((along - 0.76 - 0.4 * across**2 / 0.05) * 0.27, 0.0009, 0.30, 0.002)
    quarter = (along - 0.52) * 0.27 + 0.6 * np.abs(across)
    c.line(quarter - 0.012, 0.0009, 0.28, 0.002)
    on_top = np.asarray((along > 0.36) & (along < 0.60), np.float32)
    lace = np.abs(((along - 0.36) * 13) % 1 - 0.5) * 0.021
    c.paint(cover_above(0.0028 - lace) * (np.abs(across) < 0.020) * on_top, c.colours.main * 0.35)
    c.relief += (0.0015 * cover_above(0.0028 - lace) * (np.abs(across) < 0.020) * on_top).astype(np.float32)


def _boot(c: Cloths) -> None:
    along, high = c.get("along"), c.get("height")
    gore = np.maximum(np.abs((along - 0.24) * 0.27) - 0.022 - 0.2 * np.clip(high - 0.08, 0, 1), 0.055 - high)
    c.paint(cover_above(-gore) * 0.8, _BLACK)
    c.line(gore, 0.0008, 0.25)
    c.line(c.get("opening") - 0.008, 0.0008, 0.25)
    c.line((along - 0.80) * 0.27, 0.0006, 0.15, 0.003)


def _sandal(c: Cloths) -> None:
    """Straps over a bare foot are cut by alpha; here the edges of the straps."""
    c.line(c.get("opening") - 0.004, 0.0008, 0.25)


SHOE_DETAILS: dict[str, Callable[[Cloths], None]] = {
    "sole": _sole, "sneaker": _sneaker, "loafer": _loafer, "derby": _derby, "boot": _boot, "sandal": _sandal,
}  # fmt: skip
"""Name -> how it is drawn."""
