"""Paints a sheet in its pattern: fabric along the grain, prints, and what is sewn; relief goes into the normal map.

Every value is a column over the texels of one sheet, so that a detail is a few lines of arithmetic on distances in metres.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from assets.artefacts.geometry import Floats
from stages.groom.garments.style import Fabric
from stages.groom.garments.texels import Texels, Values

if TYPE_CHECKING:
    from stages.groom.garments.sheet import Sheet

_TABLE = 256


@dataclass(frozen=True)
class Colours:
    """sRGB 0..1 of one piece."""

    main: Floats
    """(3,)"""
    second: Floats
    """(3,) of stripes and prints."""
    accent: Floats
    """(3,) of stitches, buttons and trims."""
    leather: Floats
    """(3,) of a belt."""


@dataclass
class Cloths:
    """The texels of one sheet while they are painted."""

    u: Floats
    """(n,) metres across the grain, 0 at the middle of the body."""
    v: Floats
    """(n,) metres along the grain, 0 at the height of the crotch."""
    channels: dict[str, Floats]
    colours: Colours
    fabric: Fabric
    seed: int
    rgb: Floats
    """(n,3)"""
    relief: Floats
    """(n,) metres."""
    rough: Floats
    """(n,)"""
    marks: dict[str, float] = field(default_factory=dict)

    def get(self, name: str) -> Floats:
        """(n,) a channel of the sheet; far where it has none."""
        return self.channels.get(name, np.full(len(self.u), 1.0, np.float32))

    def noise(self, cell_u: float, cell_v: float, stream: int) -> Floats:
        """(n,) smooth noise about 0 with deviation 1, whose bumps are so large in metres."""
        table = np.random.default_rng([self.seed, 0x401, stream]).standard_normal((_TABLE, _TABLE)).astype(np.float32)
        x, y = self.u / cell_u, self.v / cell_v
        left, low = np.floor(x).astype(int), np.floor(y).astype(int)
        a, b = x - left, y - low
        a, b = a * a * (3 - 2 * a), b * b * (3 - 2 * b)
        rows = [table[(low + j) % _TABLE, (left + i) % _TABLE] for j in (0, 1) for i in (0, 1)]
        mixed = (rows[0] * (1 - a) + rows[1] * a) * (1 - b) + (rows[2] * (1 - a) + rows[3] * a) * b
        return np.asarray(mixed / np.sqrt(((1 - a) ** 2 + a**2) * ((1 - b) ** 2 + b**2)), np.float32)

    def paint(self, cover: Values, colour: Floats) -> None:
        """Lays a colour over the texels by its cover (n,)."""
        self.rgb += np.clip(cover, 0, 1)[:, None] * (colour - self.rgb)

    def shade(self, factor: Values) -> None:
        """Multiplies the colour (n,)."""
        self.rgb *= factor[:, None]

    def line(self, distance: Values, depth: float = 0.0006, dark: float = 0.25, width: float = 0.0016, where: Values | None = None) -> None:
        """A seam: a groove with a little shade, where the distance is 0."""
        cover = np.exp(-((distance / width) ** 2)) * (1 if where is None else where)
        self.shade(1 - dark * cover)
        self.relief -= (depth * cover).astype(np.float32)

    def stitch(self, distance: Values, colour: Floats, strength: float = 0.7, where: Values | None = None) -> None:
        """A row of stitches in this colour."""
        cover = np.exp(-((distance / 0.0011) ** 2)) * strength * (1 if where is None else where)
        self.paint(cover, colour)
        self.relief -= (0.0003 * cover).astype(np.float32)


def start_painting(sheet: Sheet, texels: Texels, colours: Colours, fabric: Fabric, seed: int, scale: float) -> Cloths:
    """The texels of a sheet in their plain colour; lengths are divided by the scale of the body."""
    fine = sheet.fine
    uv = fine.uv.copy()
    for k in range(int(fine.panel.max()) + 1):
        own = fine.panel == k
        # Front and back of a body share the height of their stripes and the middle of their checks.
        on_arm = float(fine.channels["arm"][own].mean()) > 0.5
        uv[own, 1] -= 0 if on_arm else float((fine.uv[own, 1] - fine.channels["height"][own]).mean())
        middle = np.abs(fine.channels["x"][own]) < 0.02
        here = fine.uv[own, 0]
        uv[own, 0] -= float(here[middle].mean()) if middle.any() and not on_arm else float(here.mean())
    plain = texels.sample(uv) / scale
    channels = {name: texels.sample(values) for name, values in fine.channels.items()}
    for name in channels:
        if name not in ("sleeve", "leg", "arm", "curvature"):
            channels[name] = channels[name] / np.float32(scale)
    count = len(texels.index)
    rgb = np.tile(colours.main.astype(np.float32), (count, 1))
    return Cloths(
        plain[:, 0],
        plain[:, 1],
        channels,
        colours,
        fabric,
        seed,
        rgb,
        np.zeros(count, np.float32),
        np.full(count, fabric.roughness, np.float32),
    )


def paint_fabric(c: Cloths) -> None:
    """Threads, stitches and uneven dye."""
    fabric = c.fabric
    wave = {"knit": _knit, "rib": _rib, "cable": _cable, "twill": _twill, "weave": _weave, "denim": _denim, "slub": _slub,
            "fleece": _fleece, "leather": _leather, "quilt": _quilt}.get(fabric.kind, _plain)(c)  # fmt: skip
    mottle = 0.6 * c.noise(0.045, 0.06, 11) + 0.4 * c.noise(0.012, 0.016, 12)
    c.shade(1 + fabric.contrast * np.clip(wave, -2, 2) + fabric.mottle * np.clip(mottle, -2, 2))
    c.relief += (fabric.relief * np.clip(wave, -1.5, 1.5)).astype(np.float32)


def _plain(c: Cloths) -> Floats:
    return 0.7 * c.noise(0.0022, 0.0030, 1)


def _knit(c: Cloths) -> Floats:
    """Columns of stitches, each a V."""
    column = c.u / (c.fabric.scale * 4)
    slant = np.abs(column % 1 - 0.5) * c.fabric.scale * 4
    row = np.sin(2 * np.pi * (c.v + slant * 1.4) / (c.fabric.scale * 3.2))
    return np.asarray(0.8 * row + 0.5 * np.cos(2 * np.pi * column) + 0.4 * c.noise(0.003, 0.003, 1), np.float32)


def _rib(c: Cloths) -> Floats:
    return np.asarray(np.cos(2 * np.pi * c.u / (c.fabric.scale * 4)) + 0.3 * c.noise(0.002, 0.004, 1), np.float32)


def _cable(c: Cloths) -> Floats:
    """Braids of two strands next to plain ribs; a strand is four texels wide, or it would blur."""
    place = (c.u + 0.045) % 0.09 - 0.045
    phase = 2 * np.pi * c.v / 0.056
    turn, over = 0.0085 * np.sin(phase), 0.5 + 0.5 * np.cos(phase)
    one, two = np.exp(-(((place - turn) / 0.0062) ** 2)), np.exp(-(((place + turn) / 0.0062) ** 2))
    # At a crossing one strand goes over the other, in turn.
    strand = np.maximum(one * (0.65 + 0.35 * over), two * (1 - 0.35 * over))
    groove = np.exp(-(((np.abs(place) - 0.020) / 0.0028) ** 2))
    ribs = (np.abs(place) > 0.024) * np.cos(2 * np.pi * (np.abs(place) - 0.024) / 0.0105)
    return np.asarray(1.9 * strand - 0.7 - 0.9 * groove + 0.75 * ribs + 0.2 * c.noise(0.003, 0.003, 1), np.float32)


def _twill(c: Cloths) -> Floats:
    return np.asarray(0.5 * np.sin(2 * np.pi * (c.u + 0.8 * c.v) / (c.fabric.scale * 3)) + 0.5 * c.noise(0.0018, 0.006, 1), np.float32)


def _weave(c: Cloths) -> Floats:
    return np.asarray(0.6 * c.noise(0.0018, 0.010, 1) + 0.6 * c.noise(0.010, 0.0018, 2), np.float32)


def _slub(c: Cloths) -> Floats:
    """Threads of uneven thickness, as in linen."""
    return np.asarray(0.8 * c.noise(0.0016, 0.022, 1) + 0.8 * c.noise(0.022, 0.0016, 2), np.float32)


def _denim(c: Cloths) -> Floats:
    threads = 0.9 * c.noise(0.0016, 0.018, 1) + 0.5 * c.noise(0.004, 0.05, 2)
    leg = c.get("leg")
    worn = np.exp(-(((leg - 0.22) / 0.17) ** 2)) * (c.get("depth") > 0) + 0.6 * np.exp(-(((leg - 0.52) / 0.09) ** 2)) * (c.get("depth") > 0)
    seat = 0.7 * np.exp(-(((leg - 0.02) / 0.10) ** 2)) * (c.get("depth") < 0)
    across = np.exp(-((c.u / 0.075) ** 2))
    wash = (worn + seat) * (0.35 + 0.65 * across) + 0.25 * np.clip(c.get("curvature"), 0, 1)
    pale = np.array([0.62, 0.70, 0.78], np.float32)
    c.paint(np.clip(c.fabric.sheen * wash, 0, 0.55), c.colours.main * 0.45 + pale * 0.55)
    return np.asarray(threads, np.float32)


def _fleece(c: Cloths) -> Floats:
    return np.asarray(0.6 * c.noise(0.003, 0.003, 1) + 0.6 * c.noise(0.008, 0.010, 2), np.float32)


def _leather(c: Cloths) -> Floats:
    c.rough += (0.05 * c.noise(0.02, 0.02, 5)).astype(np.float32)
    return np.asarray(0.5 * c.noise(0.0025, 0.0025, 1) + 0.5 * c.noise(0.03, 0.03, 2), np.float32)


def _quilt(c: Cloths) -> Floats:
    """Padded bands between seams."""
    place = (c.v % 0.075) / 0.075
    c.relief += (0.006 * np.sin(np.pi * place) ** 0.6).astype(np.float32)
    c.shade(np.asarray(0.82 + 0.18 * np.sin(np.pi * place) ** 0.5, np.float32))
    return 0.5 * c.noise(0.004, 0.02, 1)


def cover_above(value: Values, edge: float = 0.0012) -> Floats:
    """Cover 0..1 of where the value, in metres, is above 0."""
    return np.asarray(np.clip(value / edge * 0.5 + 0.5, 0, 1), np.float32)


def cover_bands(place: Values, period: float, width: float) -> Floats:
    """Cover of bands of this width, one in each period; metres."""
    return cover_above(width / 2 - np.abs((place + period / 2) % period - period / 2))
