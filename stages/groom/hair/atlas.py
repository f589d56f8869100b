"""The picture of hair: columns of strands from dense to wispy, a column of tufts, and tiles for ropes and sheets; or curls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Image
from stages.groom.hair.chart import Floats

SIDE = 1024
"""Pixels a side of the picture of a bundle."""
COLUMNS, TUFT_COLUMN = 8, 7
STRAND_HEIGHT = 0.70
"""Share of the picture that the columns take; below is an opaque tile, after a gap."""
_TILE_TOP = 0.745
_ROPE_LEFT = 0.5
"""The tile's left half is that of sheets, its right half that of ropes."""
_SHEET_STRANDS, _SHEET_COLUMNS = 1100, 4
"""Strands drawn on the tile of sheets; and how many strands of a sheet it is wide."""
_DENSITY = (230, 190, 150, 115, 84, 56, 32)
_GREY, _GREY_SHARE = np.array([0.70, 0.69, 0.67], np.float32), 0.84
"""Grey keeps a little of the pigment around it: pure white among black strands glitters."""
_DARK_LEVEL = 0.6
"""Dark hair is stored this bright and darkened by the material's factor: a palette leaves one flat black otherwise."""
_ROOT_GAP, _TIP_GAP = 0.13, (0.26, 0.45)
_COVERAGE_GAIN = 1.4
CURL_CELLS, _CURLS_PER_CELL, _TUFT_DABS = 6, 110, 90
_TUFT_COUNT = 22


@dataclass(frozen=True)
class HairColour:
    """Colours of hair, sRGB 0..1."""

    root: Floats
    """(3,)"""
    tip: Floats
    """(3,)"""
    grey: float = 0.0
    """Share of strands without pigment."""

    @property
    def mean(self) -> Floats:
        """(3,) what hair looks like from afar."""
        return np.asarray(self._mix(0.45), np.float32)

    def _mix(self, share: float) -> Floats:
        pigment = self.root * (1 - share) + self.tip * share
        return np.asarray(pigment * (1 - self.grey) + _GREY * self.grey, np.float32)


@dataclass(frozen=True)
class Atlas:
    """The picture, and the linear factor that restores its colour."""

    image: Image
    factor: tuple[float, float, float, float]


def paint_atlas(colour: HairColour, rng: np.random.Generator, *, curls: bool, side: int = SIDE, steps: int = 9) -> Atlas:
    """The atlas of straight strands, each of so many straight pieces, or of curls, in this colour."""
    gain = _choose_gain(colour)
    bright = HairColour(np.clip(colour.root * gain, 0, 1), np.clip(colour.tip * gain, 0, 1), colour.grey)
    canvas = np.zeros((side, side, 4), np.uint8)
    if curls:
        _draw_curls(canvas, bright, gain, rng)
    else:
        for column in range(COLUMNS):
            _draw_column(canvas, column, bright, gain, rng, steps)
    _draw_tiles(canvas, bright, gain, rng)
    factor = float((1 / gain) ** 2.2)
    return Atlas(_finish(canvas, bright), (round(factor, 5),) * 3 + (1.0,))


def _choose_gain(colour: HairColour) -> float:
    """Factor on the sRGB values of dark hair, 1 for fair hair or where grey strands would be too bright."""
    most = float(max(colour.root.max(), colour.tip.max(), _GREY.max() if colour.grey > 0 else 0))
    return max(1.0, _DARK_LEVEL / max(most, 0.05))


def _vary(colour: HairColour, gain: float, count: int, rng: np.random.Generator, *, softness: float = 0.0) -> tuple[Floats, Floats]:
    """(count,3) root and tip of strands: each has its own value and hue, and some are grey."""
    value = (1 + 0.14 * rng.standard_normal((count, 1))).clip(0.6, 1.5)
    warmth = 0.035 * rng.standard_normal((count, 1)) * np.array([1, 0, -1])
    is_grey = rng.random((count, 1)) < colour.grey
    keep = _GREY_SHARE * (1 - softness)
    grey = np.minimum(_GREY * gain, 1) * keep + colour.root * (1 - keep)
    root = np.where(is_grey, grey, colour.root * (1 + warmth)) * value
    tip = np.where(is_grey, grey, colour.tip * (1 + warmth)) * value
    return root.astype(np.float32), tip.astype(np.float32)


def _draw_column(canvas: NDArray[np.uint8], column: int, colour: HairColour, gain: float, rng: np.random.Generator, steps: int) -> None:
    """One column of strands, back to front, which converge to a few locks."""
    is_tuft = column == TUFT_COLUMN
    size = len(canvas)
    left, width, height = column * size / COLUMNS, size / COLUMNS, STRAND_HEIGHT * size
    count = _TUFT_COUNT if is_tuft else _DENSITY[column]
    roots, tips = _vary(colour, gain, count, rng)
    locks = rng.uniform(0.14, 0.86, 3 + column % 3)
    at = np.linspace(0, 1, steps + 1)
    for k in range(count):
        start = rng.uniform(0.08, 0.92)
        lock = locks[np.abs(locks - start).argmin()]
        pull = rng.uniform(0.25, 0.7) * at**1.4
        sway = 0.02 * np.sin(at * rng.uniform(2, 6) + rng.uniform(0, 6.3))
        x = left + width * np.clip(start * (1 - pull) + lock * pull + sway, 0.05, 0.95)
        low = rng.uniform(0, _ROOT_GAP if not is_tuft else 0.22)
        high = 1 - rng.uniform(0, _TIP_GAP[0] + (_TIP_GAP[1] - _TIP_GAP[0]) * rng.random() if not is_tuft else 0.55)
        y = height * (low + (max(high, low + 0.2) - low) * at)
        light = 0.42 + 0.66 * k / count
        _draw_strand(canvas, x, y, roots[k] * light, tips[k] * light * 1.2, 2 if is_tuft or k % 2 == 0 else 1)


def _draw_strand(canvas: NDArray[np.uint8], x: Floats, y: Floats, root: Floats, tip: Floats, thickness: int) -> None:
    import cv2

    points = np.round(np.stack([x, y], 1) * 16).astype(int)
    shares = np.linspace(0, 1, len(points) - 1)
    for a, b, share in zip(points[:-1], points[1:], shares, strict=True):
        rgb = np.clip((root * (1 - share) + tip * share) * 255, 0, 255)
        thin = max(1, (thickness if share < 0.75 else thickness - 1) * len(canvas) // SIDE)
        cv2.line(canvas, a.tolist(), b.tolist(), (*map(float, rgb), 255.0), thin, cv2.LINE_AA, 4)


def _draw_curls(canvas: NDArray[np.uint8], colour: HairColour, gain: float, rng: np.random.Generator) -> None:
    """A grid of tufts of curls, each a different one; coils of a spring seen from the side, and rings."""
    import cv2

    size = len(canvas)
    cell_x, cell_y = size / CURL_CELLS, STRAND_HEIGHT * size / (CURL_CELLS - 1)
    for cell in range(CURL_CELLS * (CURL_CELLS - 1)):
        row, column = divmod(cell, CURL_CELLS)
        roots, tips = _vary(colour, gain, _CURLS_PER_CELL, rng, softness=0.45)
        _draw_tuft(canvas, (cell_x * (column + 0.5), cell_y * (row + 0.5)), cell_x, roots, rng)
        for k in range(_CURLS_PER_CELL):
            angle, radius = rng.uniform(0, 6.3), 0.36 * np.sqrt(rng.random())
            x = cell_x * (column + 0.5 + radius * np.cos(angle))
            y = cell_y * (row + 0.5 + radius * np.sin(angle))
            ring = rng.uniform(0.03, 0.075) * cell_x
            axes = (round(float(ring) * 16), round(float(ring * rng.uniform(0.55, 1)) * 16))
            light = 0.45 + 0.65 * k / _CURLS_PER_CELL
            rgb = np.clip((roots[k] if k % 2 else tips[k]) * light * 255, 0, 255)
            start = float(rng.uniform(0, 360))
            end = start + float(rng.uniform(170, 330))
            ink, width = (*map(float, rgb), 255.0), max(1, 3 * size // SIDE)
            middle, turn = (round(x * 16), round(y * 16)), float(rng.uniform(0, 180))
            cv2.ellipse(canvas, middle, axes, turn, start, end, ink, width, cv2.LINE_AA, 4)


def _draw_tuft(canvas: NDArray[np.uint8], middle: tuple[float, float], size: float, roots: Floats, rng: np.random.Generator) -> None:
    """The hair in the depth of a tuft: without it, single curls are rings of wire."""
    import cv2

    for k in range(_TUFT_DABS):
        angle, radius = rng.uniform(0, 6.3), 0.31 * size * np.sqrt(rng.random())
        place = (round(float(middle[0] + radius * np.cos(angle)) * 16), round(float(middle[1] + radius * np.sin(angle)) * 16))
        rgb = np.clip(roots[k % len(roots)] * rng.uniform(0.38, 0.62) * 255, 0, 255)
        cv2.circle(canvas, place, round(float(rng.uniform(0.035, 0.07)) * size * 16), (*map(float, rgb), 255.0), -1, cv2.LINE_AA, 4)


def curl_uv(count: int, rng: np.random.Generator) -> Floats:
    """(count,4,2) corners of random curl cells, turned by quarter turns."""
    column, row = rng.integers(CURL_CELLS, size=count), rng.integers(CURL_CELLS - 1, size=count)
    corner = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    turn = (np.arange(4)[None] + rng.integers(4, size=(count, 1))) % 4
    cell = np.stack([np.full(count, 1 / CURL_CELLS), np.full(count, STRAND_HEIGHT / (CURL_CELLS - 1))], 1)[:, None]
    return np.asarray((np.stack([column, row], 1)[:, None] + corner[turn]) * cell, np.float32)


def _draw_tiles(canvas: NDArray[np.uint8], colour: HairColour, gain: float, rng: np.random.Generator) -> None:
    """An opaque tile of long strands for sheets, and one of twisted strands for ropes."""
    size = len(canvas)
    top = round(_TILE_TOP * size)
    base = np.clip((colour.root * 0.55 + colour.tip * 0.1) * 255, 0, 255)
    canvas[top:, :] = (*base.astype(np.uint8), 255)
    middle = round(_ROPE_LEFT * size)
    roots, tips = _vary(colour, gain, _SHEET_STRANDS + 600, rng)
    _draw_sheet_tile(canvas, (middle, top), roots[:_SHEET_STRANDS], tips[:_SHEET_STRANDS], rng)
    _draw_rope_tile(canvas, (middle, top), roots[_SHEET_STRANDS:], tips[_SHEET_STRANDS:], rng)


def _draw_sheet_tile(canvas: NDArray[np.uint8], corner: tuple[int, int], roots: Floats, tips: Floats, rng: np.random.Generator) -> None:
    """Strands from root (left) to tip (right), without a gap between them."""
    right, top = corner
    size = len(canvas)
    for k in range(len(roots)):
        start = rng.uniform(-0.3, 0.85)
        at = np.clip(np.linspace(start, start + rng.uniform(0.3, 0.7), 6), 0, 1)
        if at[-1] - at[0] < 0.02:
            continue
        sway = rng.uniform(-3, 3) * np.sin(at * rng.uniform(2, 6))
        y = np.clip(rng.uniform(top + 1, size - 1) + sway, top + 1, size - 1)
        light = rng.uniform(0.6, 1.0) + 0.1 * k / len(roots)
        ends = (roots[k] * (1 - share) + tips[k] * 1.1 * share for share in (at[0], at[-1]))
        first, last = (end * light for end in ends)
        _draw_strand(canvas, at * (right - 3), y, first, last, 2 if k % 3 else 1)


def _draw_rope_tile(canvas: NDArray[np.uint8], corner: tuple[int, int], roots: Floats, tips: Floats, rng: np.random.Generator) -> None:
    """Strands that cross the rope at a slant and change sides: the pattern of a braid, repeating along v."""
    size = len(canvas)
    left, top = corner
    width, height = size - left, size - top
    turns = 4
    for k in range(600):
        turn, share = k % turns, rng.random()
        side = k // turns % 2
        x = left + width * (0.02 + 0.96 * (np.array([0.0, 0.5]) + 0.5 * side))
        rise = height / turns * 0.55
        y0 = top + height * (turn + share) / turns
        y = np.array([y0, y0 + (rise if side else -rise)])
        light = 0.45 + 0.6 * np.sin(np.pi * share)
        _draw_strand(canvas, x, y.clip(top + 1, size - 1), roots[k] * light, tips[k] * light, 3)


def map_sheet(count: int, at: Floats) -> Floats:
    """(count,s,2) UVs on the tile of sheets, of neighbouring strands at shares along them (s,)."""
    # Up and down again: the tile cannot repeat within an atlas.
    across = np.abs((np.arange(count) / _SHEET_COLUMNS + 1) % 2 - 1)
    uv = np.zeros((count, len(at), 2), np.float32)
    uv[..., 0] = 0.008 + (_ROPE_LEFT - 0.016) * at[None]
    uv[..., 1] = _TILE_TOP + 0.012 + (1 - _TILE_TOP - 0.024) * across[:, None]
    return uv


def map_rope(around: Floats, at: Floats, length: Floats, radius: float) -> Floats:
    """(n,s,r,2) UVs on the tile of ropes, of shares around a rope (r,) and along it (s,), for ropes of these lengths (n,)."""
    u = _ROPE_LEFT + (1 - _ROPE_LEFT) * (0.02 + 0.96 * around)
    # The tile cannot repeat within an atlas: it goes down and up again, once per 12 radii of rope.
    turns = np.maximum(length / (24 * radius), 0.5)[:, None] * at[None]
    v = 1 - np.abs(1 - (2 * turns) % 2)
    v = _TILE_TOP + 0.012 + (1 - _TILE_TOP - 0.024) * v
    uv = np.zeros((len(length), len(at), len(around), 2), np.float32)
    uv[..., 0] = u[None, None]
    uv[..., 1] = v[..., None]
    return uv


def _finish(canvas: NDArray[np.uint8], colour: HairColour) -> Image:
    """The atlas at its own size: alpha a little wider, and the colour of hair under everything that is clear."""
    import cv2

    small = canvas.astype(np.float32)
    alpha = small[..., 3:] / 255
    # Drawn over nothing, colours are premultiplied by their coverage.
    plain = np.clip((colour.root * 0.5 + colour.tip * 0.35) * 255, 0, 255)
    soft = cv2.GaussianBlur(small, (0, 0), 3 * len(canvas) / SIDE)
    around = np.where(soft[..., 3:] > 2, soft[..., :3] * 255 / np.maximum(soft[..., 3:], 1), plain)
    rgb = np.where(alpha > 0.02, small[..., :3] / np.maximum(alpha, 0.02), around)
    wide = np.clip(alpha * _COVERAGE_GAIN, 0, 1) * 255
    return Image(np.concatenate([np.clip(rgb, 0, 255), wide], 2).round().astype(np.uint8))
