"""What is sewn onto a garment: hems, ribs, plackets, pockets, waistbands. Distances in metres."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from assets.artefacts.geometry import Floats
from stages.groom.garments.paint import Cloths, cover_above
from stages.groom.garments.shoe_details import SHOE_DETAILS
from stages.groom.garments.texels import Values

_METAL = np.array([0.62, 0.60, 0.56], np.float32)


def paint_details(c: Cloths, names: tuple[str, ...]) -> None:
    """Draws the details in this order."""
    for name in names:
        DETAILS[name](c)


def _thread(c: Cloths, strength: float = 0.35) -> Floats:
    """The colour of thread that is nearly the cloth's."""
    light = float(c.colours.main.mean())
    return np.asarray(
        np.clip(c.colours.main * (1 - strength if light > 0.25 else 1 + 2 * strength) + (0.03 if light < 0.25 else 0), 0, 1), np.float32
    )


def _front(c: Cloths) -> Floats:
    return np.asarray((c.get("depth") > 0) & (c.get("arm") < 0.4), np.float32)


def _back(c: Cloths) -> Floats:
    return np.asarray((c.get("depth") <= 0) & (c.get("arm") < 0.4), np.float32)


def _seams(c: Cloths) -> None:
    c.line(c.get("side"), 0.0005, 0.16)
    c.line(c.get("armhole"), 0.0007, 0.20)


def _hem(c: Cloths) -> None:
    for name in ("hem", "cuff"):
        c.line(c.get(name) - 0.020, 0.0004, 0.10)
        c.stitch(c.get(name) - 0.0175, _thread(c), 0.4)
        c.line(c.get(name), 0.0, 0.12, 0.003)


def _make_rib(line: str, width: float) -> Callable[[Cloths], None]:
    def rib(c: Cloths) -> None:
        inside = cover_above(width - c.get(line))
        along = c.u if line != "neck" else np.arctan2(c.get("x"), c.get("depth")) * 0.09
        wave = np.cos(2 * np.pi * along / 0.0052)
        c.shade(1 + inside * (0.07 * wave - 0.03))
        c.relief += (inside * 0.0005 * wave).astype(np.float32)
        c.line(c.get(line) - width, 0.0007, 0.20)

    return rib


def _ringer(c: Cloths) -> None:
    """Neck and cuffs in the second colour."""
    c.paint(np.maximum(cover_above(0.020 - c.get("neck")), cover_above(0.016 - c.get("cuff"))), c.colours.second)


def _placket(c: Cloths, low: float = -9.0) -> None:
    front = _front(c) * (c.v > low)
    x = c.get("x")
    c.line(np.abs(x) - 0.016, 0.0006, 0.22, where=front)
    c.stitch(np.abs(x) - 0.0125, _thread(c), 0.3, where=front)
    _buttons(c, 0.088, 0.0052, low)


def _buttons(c: Cloths, step: float, radius: float, low: float = -9.0) -> None:
    top = c.marks["neck"] - 0.035
    place = (top - c.get("height") + step / 2) % step - step / 2
    front = _front(c) * (c.get("height") < top + step / 2) * (c.get("hem") > 0.03) * (c.v > low)
    _dot(c, np.hypot(c.get("x"), place), radius, front, c.colours.accent)


def _dot(c: Cloths, distance: Values, radius: float, where: Values, colour: Floats) -> None:
    inside = cover_above(radius - distance) * where
    ring = np.exp(-(((distance - radius) / 0.0016) ** 2)) * where
    c.shade(1 - 0.35 * ring)
    c.paint(inside * 0.9, colour)
    c.relief += (0.0013 * inside).astype(np.float32)
    c.rough -= (0.35 * inside).astype(np.float32)


def _polo_placket(c: Cloths) -> None:
    low = c.marks["neck"] - 0.19
    front, x, height = _front(c) * (c.get("height") > low), c.get("x"), c.get("height")
    c.line(np.abs(x) - 0.016, 0.0006, 0.22, where=front)
    c.line(height - low, 0.0006, 0.22, where=_front(c) * (np.abs(x) < 0.016))
    place = (c.marks["neck"] - 0.045 - height + 0.03) % 0.06 - 0.03
    _dot(c, np.hypot(x, place), 0.005, front * (height > low + 0.015) * (height < c.marks["neck"] - 0.015), c.colours.accent)


def _zip(c: Cloths) -> None:
    front, x = _front(c), c.get("x")
    c.line(np.abs(x) - 0.011, 0.0005, 0.18, where=front)
    c.paint(cover_above(0.0034 - np.abs(x)) * front, _METAL * 0.8)
    c.shade(1 - 0.5 * np.exp(-((x / 0.0010) ** 2)) * front)


def _box(c: Cloths, x: float, y: float, wide: float, high: float, where: Values, pointed: float = 0.0) -> tuple[Floats, Floats]:
    """Distance from the outline of a patch, and its inside; placed on both sides where x > 0 is mirrored by |x|."""
    a = np.abs(c.get("x") - x) - wide / 2
    low = -high / 2 - pointed * np.clip(1 - np.abs(c.get("x") - x) / (wide / 2), 0, 1)
    b = np.maximum(c.get("height") - y - high / 2, low - (c.get("height") - y))
    outside = np.maximum(a, b)
    return np.asarray(outside, np.float32), np.asarray((outside < 0) * where, np.float32)


def _patch(c: Cloths, x: float, y: float, wide: float, high: float, where: Values, thread: Floats, pointed: float = 0.0) -> None:
    outside, inside = _box(c, x, y, wide, high, where, pointed)
    c.line(outside, 0.0005, 0.25, where=where)
    c.stitch(outside + 0.004, thread, 0.5, where=where)
    c.relief += (0.0006 * inside).astype(np.float32)


def _chest_pocket(c: Cloths) -> None:
    _patch(c, 0.082, c.marks["chest"] - 0.005, 0.105, 0.12, _front(c), _thread(c), 0.012)


def _patch_pockets(c: Cloths) -> None:
    for x in (-0.105, 0.105):
        _patch(c, x, c.marks["crotch"] + 0.10, 0.135, 0.15, _front(c), _thread(c))


def _welt_pockets(c: Cloths) -> None:
    for x in (-0.105, 0.105):
        outside, inside = _box(c, x, c.marks["crotch"] + 0.16, 0.14, 0.045, _front(c))
        c.line(outside, 0.0008, 0.28, where=_front(c))
        c.relief += (0.0009 * inside).astype(np.float32)
    outside, _ = _box(c, 0.085, c.marks["chest"] + 0.02, 0.09, 0.018, _front(c))
    c.line(outside, 0.0007, 0.24, where=_front(c))


def _kangaroo(c: Cloths) -> None:
    x, y = np.abs(c.get("x")), c.get("height") - (c.marks["crotch"] + 0.16)
    outside = np.maximum(np.maximum(x - 0.15, np.abs(y) - 0.08), x - 0.12 - (0.04 - y) * 0.4)
    c.line(outside, 0.0007, 0.26, where=_front(c))
    c.stitch(outside + 0.004, _thread(c), 0.4, where=_front(c))


def _raglan(c: Cloths) -> None:
    c.paint(np.asarray(c.get("arm") > 0.5, np.float32), c.colours.second)


def _waistband(c: Cloths, width: float, thread: Floats) -> None:
    inside = cover_above(width - c.get("waist"))
    c.line(c.get("waist") - width, 0.0008, 0.28)
    c.stitch(c.get("waist") - width + 0.0035, thread, 0.5)
    c.stitch(c.get("waist") - 0.004, thread, 0.4)
    c.relief += (0.0007 * inside).astype(np.float32)


def _loops(c: Cloths) -> None:
    for x in (-0.13, -0.065, 0.065, 0.13, 0.0):
        where = (c.get("waist") < 0.042) * (_back(c) if x == 0 else 1)
        outside = np.abs(c.get("x") - x) - 0.006
        c.line(outside, 0.0008, 0.22, where=where)
        c.relief += (0.0012 * (outside < 0) * where).astype(np.float32)


def _fly(c: Cloths, thread: Floats) -> None:
    front = _front(c)
    x, below = c.get("x"), c.get("waist")
    c.line(x, 0.0008, 0.30, where=front * (np.abs(x) < 0.02))
    curve = np.where(below < 0.13, x - 0.032, np.hypot(np.maximum(x, 0) - 0.0, (below - 0.13)) - 0.032)
    c.stitch(curve, thread, 0.6, where=front * (x > -0.002) * (below > 0.036) * (below < 0.165))


def _jeans(c: Cloths) -> None:
    thread = np.array([0.66, 0.47, 0.24], np.float32) if c.fabric.kind == "denim" else _thread(c)
    _waistband(c, 0.040, thread)
    _loops(c)
    _fly(c, thread)
    for sign in (-1, 1):
        x, below = sign * c.get("x"), c.get("waist") - 0.040
        arc = np.hypot((x - 0.165) / 1.0, (below + 0.005) / 0.8) - 0.085
        where = _front(c) * (below > 0) * (x > 0)
        c.line(arc, 0.0007, 0.25, where=where)
        c.stitch(arc + 0.004, thread, 0.6, where=where)
        c.stitch(arc + 0.0085, thread, 0.5, where=where)
        _patch(c, sign * 0.082, c.marks["crotch"] + 0.095, 0.125, 0.115, _back(c) * (c.get("waist") < 0.30), thread, 0.022)
    yoke = c.get("waist") - 0.075 - 0.16 * (0.13 - np.abs(c.get("x")))
    c.line(yoke, 0.0006, 0.22, where=_back(c))
    c.stitch(yoke + 0.004, thread, 0.6, where=_back(c))
    for distance in (0.0, 0.0045):
        c.stitch(c.get("centre") - 0.003 - distance, thread, 0.45, where=_back(c) * (c.get("waist") < 0.3))
    c.line(c.get("side"), 0.0009, 0.30, 0.002)
    c.stitch(c.get("side") - 0.005, thread, 0.4, where=(c.get("leg") < 0.6).astype(np.float32))
    c.line(c.get("hem") - 0.018, 0.0006, 0.2)
    c.stitch(c.get("hem") - 0.0145, thread, 0.5)
    _dot(c, np.hypot(c.get("x"), c.get("waist") - 0.020), 0.0075, _front(c), np.array([0.50, 0.36, 0.22], np.float32))


def _trousers(c: Cloths) -> None:
    _waistband(c, 0.036, _thread(c))
    _loops(c)
    _fly(c, _thread(c))
    for sign in (-1, 1):
        x, below = sign * c.get("x"), c.get("waist") - 0.036
        slant = (x - 0.105) - 0.30 * below
        c.line(slant, 0.0008, 0.30, where=_front(c) * (below > 0) * (below < 0.15) * (x > 0))
        outside, _ = _box(c, sign * 0.085, c.marks["crotch"] + 0.135, 0.12, 0.010, _back(c))
        c.line(outside, 0.0007, 0.28, where=_back(c) * (c.get("waist") < 0.25))
    c.line(c.get("side"), 0.0006, 0.20)
    c.line(c.get("centre"), 0.0005, 0.18, where=(c.get("waist") < 0.3).astype(np.float32))


def _crease(c: Cloths) -> None:
    """The pressed fold down the middle of each leg, which a pattern has at the middle of its panel."""
    below = np.clip((c.get("leg") - 0.12) / 0.1, 0, 1)
    c.relief += (0.0012 * np.exp(-((c.u / 0.006) ** 2)) * below).astype(np.float32)
    c.shade(1 + 0.10 * np.exp(-((c.u / 0.004) ** 2)) * below)


def _cargo(c: Cloths) -> None:
    leg = c.get("leg")
    outer = np.abs(c.get("side"))
    outside = np.maximum(outer - 0.075, np.abs(leg - 0.36) * 0.8 - 0.085)
    where = (np.abs(c.get("x")) > 0.13).astype(np.float32)
    c.line(outside, 0.0009, 0.28, where=where)
    c.stitch(outside + 0.004, _thread(c), 0.5, where=where)
    c.line((leg - 0.29) * 0.8, 0.0012, 0.30, where=where * (outside < 0))


def _elastic(c: Cloths) -> None:
    inside = cover_above(0.040 - c.get("waist"))
    wave = np.cos(2 * np.pi * c.u / 0.009)
    c.shade(1 + 0.08 * inside * wave)
    c.relief += (0.0009 * inside * wave).astype(np.float32)
    c.line(c.get("waist") - 0.040, 0.0008, 0.25)
    for x in (-0.012, 0.012):
        c.paint(
            cover_above(0.0028 - np.abs(c.get("x") - x - 0.004 * np.sin(c.get("waist") * 60)))
            * _front(c)
            * (c.get("waist") > 0.018)
            * (c.get("waist") < 0.13),
            c.colours.accent,
        )


def _side_stripes(c: Cloths) -> None:
    outer = np.abs(c.get("x")) > 0.12
    distance = c.get("side")
    c.paint(cover_above(0.004 - np.abs(distance - 0.006)) * outer, c.colours.accent)


def _skirt_band(c: Cloths) -> None:
    _waistband(c, 0.034, _thread(c))
    c.line(c.get("side"), 0.0005, 0.16)
    c.line(c.get("hem") - 0.025, 0.0004, 0.10)


def _pleats(c: Cloths) -> None:
    """Knife pleats below a yoke."""
    angle = np.arctan2(c.get("x"), c.get("depth"))
    place = (angle / (2 * np.pi) * 26) % 1
    below = np.clip((c.get("waist") - 0.05) / 0.08, 0, 1)
    c.relief += (0.005 * place * below).astype(np.float32)
    c.shade(1 - 0.40 * np.exp(-((place / 0.10) ** 2)) * below)


def _belt(c: Cloths) -> None:
    inside = cover_above(0.034 - c.get("waist")) * cover_above(c.get("waist") - 0.002)
    c.line(c.get("waist") - 0.034, 0.0012, 0.40)
    c.paint(inside, c.colours.leather)
    c.rough -= (inside * (c.rough - 0.5)).astype(np.float32)
    c.relief += (0.002 * inside).astype(np.float32)
    x, y = np.abs(c.get("x")), np.abs(c.get("waist") - 0.018)
    ring = np.maximum(x - 0.024, y - 0.019)
    frame = cover_above(0.0025 - np.abs(ring)) * _front(c)
    c.paint(frame, _METAL)
    c.rough -= (0.25 * frame).astype(np.float32)


def _waist_tie(c: Cloths) -> None:
    band = np.abs(c.get("height") - c.marks["waist"] - 0.02)
    c.line(band - 0.018, 0.0007, 0.22, where=np.asarray(c.get("arm") < 0.4, np.float32))


def _waist_belt(c: Cloths) -> None:
    band = np.abs(c.get("height") - c.marks["waist"] - 0.02)
    where = np.asarray(c.get("arm") < 0.3, np.float32)
    c.paint(cover_above(0.014 - band) * where, c.colours.leather)
    c.line(band - 0.014, 0.001, 0.35, where=where)


def _hivis(c: Cloths) -> None:
    """Bands that reflect, round the body and over the shoulders."""
    silver, where = np.array([0.78, 0.79, 0.80], np.float32), np.asarray(c.get("arm") < 0.4, np.float32)
    bands = [np.abs(c.get("height") - c.marks["crotch"] - k) - 0.025 for k in (0.08, 0.22)]
    bands.append(np.where(c.get("height") > c.marks["crotch"] + 0.22, np.abs(np.abs(c.get("x")) - 0.11) - 0.025, 1))
    for outside in bands:
        c.paint(cover_above(-outside) * where, silver)
        c.rough -= (cover_above(-outside) * where * 0.35).astype(np.float32)
        c.line(outside, 0.0004, 0.18, where=where)


def _princess(c: Cloths) -> None:
    for sign in (-1, 1):
        c.line(sign * c.get("x") - 0.085, 0.0006, 0.14, where=np.asarray(c.get("arm") < 0.3, np.float32))


def _qipao(c: Cloths) -> None:
    """The slanting front from the collar to the side, piped."""
    x, below = c.get("x"), c.marks["neck"] - c.get("height")
    curve = below - 0.03 - 0.55 * np.clip(-x, 0, 0.2) ** 1.0
    c.paint(cover_above(0.0025 - np.abs(curve)) * _front(c) * (x < 0.004), c.colours.accent)
    for name in ("hem", "cuff", "neck"):
        c.paint(cover_above(0.0045 - c.get(name)), c.colours.accent)
    for at in (0.0, -0.06, -0.12):
        _dot(c, np.hypot(x - at, curve), 0.005, _front(c), c.colours.accent)


def _lapel(c: Cloths) -> None:
    """Front edges of a jacket."""
    c.line(c.get("x"), 0.0012, 0.30, where=_front(c) * (np.abs(c.get("x")) < 0.02))
    for k in (0.0, 0.10):
        place = np.hypot(c.get("x") + 0.016, c.get("height") - (c.marks["button"] - k))
        _dot(c, place, 0.0085, _front(c), c.colours.accent)


def _overlap(c: Cloths) -> None:
    """The edge of a coat's front, with buttons next to it."""
    c.line(c.get("x") - 0.022, 0.0012, 0.30, where=_front(c))
    step = 0.13
    top = c.marks["button"] if "button" in c.marks else c.marks["neck"] - 0.06
    place = (top - c.get("height") + step / 2) % step - step / 2
    where = _front(c) * (c.get("height") < top + step / 2) * (c.get("height") > c.marks["crotch"] - 0.05)
    _dot(c, np.hypot(c.get("x"), place), 0.0095, where, c.colours.accent)


def _tie(c: Cloths) -> None:
    """The knot, darker where the blade comes out of it."""
    below = float(c.v.max()) - c.v - 0.040
    c.line(below, 0.0012, 0.45, 0.0022)
    for name in ("hem",):
        c.line(c.get(name), 0.0003, 0.14, 0.002)


def _collar(c: Cloths) -> None:
    c.stitch(np.abs(c.get("hem") - 0.004), _thread(c), 0.35)
    c.line(c.get("hem"), 0.0004, 0.18)


DETAILS: dict[str, Callable[[Cloths], None]] = SHOE_DETAILS | {
    "seams": _seams, "hem": _hem, "neck_rib": _make_rib("neck", 0.020), "cuff_rib": _make_rib("cuff", 0.050),
    "hem_rib": _make_rib("hem", 0.055), "ringer": _ringer, "placket": _placket, "polo_placket": _polo_placket, "zip": _zip,
    "chest_pocket": _chest_pocket, "patch_pockets": _patch_pockets, "welt_pockets": _welt_pockets, "kangaroo": _kangaroo, "raglan": _raglan,
    "jeans": _jeans, "trousers": _trousers, "crease": _crease, "cargo": _cargo, "elastic": _elastic, "side_stripes": _side_stripes,
    "skirt_band": _skirt_band, "pleats": _pleats, "belt": _belt, "waist_tie": _waist_tie, "waist_belt": _waist_belt, "hivis": _hivis,
    "princess": _princess, "qipao": _qipao, "lapel": _lapel, "overlap": _overlap, "collar": _collar, "tie": _tie,
}  # fmt: skip
"""Name -> how it is drawn."""
