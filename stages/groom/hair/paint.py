"""Hair painted on the skin: the scalp under hair, brows and stubble, as a layer over the albedo of the head.

It makes the soft hairline, costs no triangles, moves with the face, and is all that is left of hair far away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.character import SkinPaint
from assets.artefacts.geometry import Image, Surface
from assets.base_mesh import load_skin_surface
from assets.rotation import normalize_vectors
from assets.uv_tile import rasterise
from stages.groom.hair.atlas import HairColour
from stages.groom.hair.chart import BROW_AZIMUTH, Bools, Floats, evaluate_brow, find_beard, find_scalp, load_chart, to_directions, to_polar
from stages.groom.hair.guides import CombField, subdivide
from stages.groom.hair.head import Head
from stages.groom.hair.roots import find_region_triangles, measure_depth, scatter_points
from stages.groom.hair.style import Style

SIDE, _FIELD_SHARE = 1024, 0.5
"""Pixels a side in a bundle; and the side of the tint over that of the picture."""
_OVERSAMPLING = 2
_OUTSIDE_M, _INSIDE_M = 0.0015, 0.010
"""The tint of the scalp begins this far outside the hairline and is full this far inside it."""
_TINT_SHADE, _TINT_SHARE = 0.72, 0.9
_SCALP_HAIRS, _STUBBLE_HAIRS, _STUBBLE_LENGTH = 9000, 15000, 0.0020
_STUBBLE_EDGE_M = 0.010
_THIN_M, _SPARSE_M = 0.010, 0.003
"""Hairs thin out over the first distance behind the hairline, and some stand before it."""
_BARE_MARGIN_M = 0.006
_UNDYED: Floats = np.array([0.22, 0.15, 0.11], np.float32)
"""Brows and beards of people whose hair has a colour that does not grow."""


@dataclass(frozen=True)
class Brow:
    """How brows are painted."""

    width: float = 1.0
    """Of the ordinary width."""
    density: float = 1.0
    arch: float = 0.0
    """Degrees by which the outer third is raised."""


@dataclass(frozen=True)
class _Tile:
    """The head's texture tile with places on the template."""

    surface: Surface
    triangle: NDArray[np.int64]
    """(t,) row of each base triangle in the surface, -1 for those of the body."""
    arm: Floats
    """(s,s,3) from the template's centre to each texel of a small tile, metres."""
    covered: Bools
    """(s,s)"""


@lru_cache(maxsize=2)  # of bundles and of portraits: 4 and 1 MB
def _load_tile(field_side: int) -> _Tile:
    chart, surface = load_chart(), load_skin_surface("head")
    rows = {tuple(sorted(map(int, face))): i for i, face in enumerate(surface.base[surface.triangles])}
    triangle = np.array([rows.get(tuple(sorted(map(int, face))), -1) for face in chart.triangles], np.int64)
    skin = (surface.base[surface.triangles] < len(chart.positions)).all(1)
    arms = chart.arms[np.minimum(surface.base, len(chart.positions) - 1)]
    arm, covered = rasterise(surface.uv, surface.triangles[skin], arms, field_side)
    return _Tile(surface, triangle, arm, covered)


def _thin(mask: Bools) -> int:
    """Step by which places of a region are taken: a region of many places needs few of them."""
    return 3 if int(mask.sum()) > 20_000 else 1


class Painter:
    """Collects painted hair, then gives it as one layer."""

    def __init__(self, side: int = SIDE) -> None:
        self._side = side
        field_side = round(side * _FIELD_SHARE)
        self._tile = _load_tile(field_side)
        self._tint = np.zeros((field_side, field_side, 4), np.float32)
        self._bare = np.zeros((field_side, field_side), np.float32)
        size = side * _OVERSAMPLING
        self._hairs = np.zeros((size, size, 4), np.uint8)

    def clear(self, is_inside: Callable[[Floats], Bools], reach: float) -> None:
        """Removes what the skin itself shows of hair in a region, up to `reach` metres outside of it."""
        self._bare = np.maximum(self._bare, np.clip(1 + self._measure(is_inside, reach) / reach, 0, 1))

    def tint(self, is_inside: Callable[[Floats], Bools], colour: Floats, share: float, edge: tuple[float, float]) -> None:
        """Colours a region, from 0 at edge[0] metres outside of it to `share` at edge[1] metres inside."""
        depth = self._measure(is_inside, max(edge) + 0.002)
        soft = np.clip((depth + edge[0]) / (edge[0] + edge[1]), 0, 1)
        alpha = (share * soft * soft * (3 - 2 * soft))[..., None]
        layer = np.concatenate([np.broadcast_to(colour, (*alpha.shape[:2], 3)) * alpha, alpha], 2)
        self._tint = layer + self._tint * (1 - alpha)

    def lighten(self, is_inside: Callable[[Floats], Bools], edge: float) -> None:
        """Takes most of the tint off a region again, with a soft edge in metres."""
        depth = self._measure(is_inside, edge + 0.001)
        self._tint *= 1 - 0.75 * np.clip((depth + edge) / edge, 0, 1)[..., None]

    def _measure(self, is_inside: Callable[[Floats], Bools], reach: float) -> Floats:
        """(s,s) metres inside a region, negative outside, exact up to `reach`; -1 where the tile is empty."""
        tile = self._tile
        arm = tile.arm[tile.covered]
        inside = np.asarray(is_inside(arm))
        depth = np.full(inside.shape, -1.0, np.float32)
        if inside.any() and not inside.all():
            from scipy.spatial import cKDTree

            trees = cKDTree(arm[inside][:: _thin(inside)]), cKDTree(arm[~inside][:: _thin(~inside)])
            for mask, tree, sign in ((~inside, trees[0], -1.0), (inside, trees[1], 1.0)):
                found = tree.query(arm[mask], distance_upper_bound=reach)[0]
                depth[mask] = sign * np.minimum(found, reach)
        elif inside.any():
            depth[:] = reach
        picture = np.full(tile.covered.shape, -1.0, np.float32)
        picture[tile.covered] = depth
        return picture

    def draw_hairs(
        self,
        corners: tuple[NDArray[np.int64], Floats],
        directions: Floats,
        lengths: Floats,
        colours: Floats,
        opacity: Floats,
        width: int = 2,
    ) -> None:
        """Draws single hairs from places (triangles and barycentric coordinates) along directions (n,3) on the template."""
        import cv2

        start, end = self._trace(corners, directions * lengths[:, None])
        size = self._side * _OVERSAMPLING
        # At half the side, a hair of half the width has the same look.
        width = max(1, round(width * self._side / SIDE))
        points = np.round(np.stack([start, end], 1) * size * 16 - 8).astype(int)
        middle = (points[:, 0] * 2 + points[:, 1]) // 3
        # A seam of the tile lies between ends that are far apart.
        near = np.abs(points[:, 0] - points[:, 1]).max(1) < 16 * size // 12
        for (a, b), m, rgb, alpha, ok in zip(points, middle, colours, opacity, near, strict=True):
            if ok:
                ink = tuple(float(v) for v in (*(rgb * alpha * 255), alpha * 255))
                cv2.line(self._hairs, a.tolist(), m.tolist(), ink, max(width, 1), cv2.LINE_AA, 4)
                cv2.line(self._hairs, m.tolist(), b.tolist(), ink, max(width - 1, 1), cv2.LINE_AA, 4)

    def _trace(self, corners: tuple[NDArray[np.int64], Floats], moves: Floats) -> tuple[Floats, Floats]:
        """(n,2) UVs of places and of their ends after moves (n,3) along the skin, by the Jacobian of each triangle."""
        chart, tile = load_chart(), self._tile
        triangle, shares = corners
        row = tile.triangle[triangle]
        base = tile.surface.base[tile.surface.triangles[row]].astype(np.int64)
        # The surface lists a triangle's corners in an order of its own.
        order = np.argsort(chart.triangles[triangle], 1), np.argsort(np.argsort(base, 1), 1)
        shares = np.take_along_axis(np.take_along_axis(shares, order[0], 1), order[1], 1)
        place = chart.positions[base].astype(np.float64)
        uv = tile.surface.uv[tile.surface.triangles[row]].astype(np.float64)
        one, two = place[:, 1] - place[:, 0], place[:, 2] - place[:, 0]
        a, b, c = (np.einsum("ij,ij->i", x, y) for x, y in ((one, one), (one, two), (two, two)))
        d, e = np.einsum("ij,ij->i", moves, one), np.einsum("ij,ij->i", moves, two)
        det = np.maximum(a * c - b * b, 1e-14)
        s, t = (c * d - b * e) / det, (a * e - b * d) / det
        start = np.einsum("nk,nkd->nd", shares, uv)
        move = s[:, None] * (uv[:, 1] - uv[:, 0]) + t[:, None] * (uv[:, 2] - uv[:, 0])
        return start.astype(np.float32), (start + move).astype(np.float32)

    def on_head(self, triangle: NDArray[np.int64]) -> Bools:
        """(n,) which base triangles are in the head's tile."""
        return np.asarray(self._tile.triangle[triangle] >= 0)

    def finish(self, relief: Floats) -> SkinPaint:
        """The layer, on skin that is raised by `relief` (13380,) metres."""
        import cv2

        size = (self._side, self._side)
        hairs = cv2.resize(self._hairs, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        tint = cv2.resize(self._tint, size, interpolation=cv2.INTER_LINEAR)
        both = hairs + tint * (1 - hairs[..., 3:])
        rgb = both[..., :3] / np.maximum(both[..., 3:], 1e-3)
        pixels = (np.clip(np.concatenate([rgb, both[..., 3:]], 2), 0, 1) * 255 + 0.5).astype(np.uint8)
        bare = (np.clip(self._bare, 0, 1) * 255 + 0.5).astype(np.uint8)[..., None]
        return SkinPaint(Image(pixels), Image(bare, srgb=False), relief)


def paint_scalp(painter: Painter, style: Style, colour: HairColour, seed: int) -> None:
    """The scalp under hair: the skin's own hair removed, a tint, and single hairs along the comb."""
    rng = np.random.default_rng([seed, 0x5CA1])

    lines = _list_part_lines(style)

    def is_inside(arm: Floats) -> Bools:
        return find_scalp(arm, style.hairline) & ~_find_part(arm, lines, style.part_width)

    # Also where this style's line is higher: the skins show the hair of their own people.
    painter.clear(lambda arm: find_scalp(arm) | is_inside(arm), _BARE_MARGIN_M)
    if style.scalp <= 0:
        return
    shade = colour.mean * _TINT_SHADE
    painter.tint(lambda arm: find_scalp(arm, style.hairline), shade, _TINT_SHARE * style.scalp, (_OUTSIDE_M, _INSIDE_M))
    painter.lighten(lambda arm: _find_part(arm, lines, style.part_width), 0.0012)
    triangle, shares = scatter_points(find_region_triangles(is_inside), _SCALP_HAIRS, rng)
    arm = _locate(triangle, shares)
    # Grown outwards a little: the first hairs stand before the line.
    inside = np.asarray(is_inside(arm + np.array([0, _SPARSE_M, 0], np.float32)))
    depth = np.where(inside, measure_depth(arm, arm[~inside]) if (~inside).any() else 1.0, 0)
    keep = inside & (rng.random(len(arm)) < np.clip(depth / _THIN_M, 0.05, 1)) & painter.on_head(triangle)
    directions = _comb(arm[keep], style)
    directions = directions + 0.35 * rng.standard_normal(directions.shape)
    count = int(keep.sum())
    lengths = style.scalp_hair * rng.uniform(0.6, 1.1, count)
    tones = _tone(colour, count, rng)
    painter.draw_hairs((triangle[keep], shares[keep]), directions, lengths, tones, style.scalp * rng.uniform(0.45, 0.95, count))


def _list_part_lines(style: Style) -> Floats:
    """(p,3) unit directions of points along the lines on which the scalp shows."""
    lines = [*style.part_lines, *((style.comb.source,) if style.show_part and len(style.comb.source) > 2 else ())]
    if not lines:
        return np.zeros((0, 3), np.float32)
    return np.concatenate([to_directions(*subdivide(line, 160)) for line in lines])


def _find_part(arm: Floats, lines: Floats, width: float) -> Bools:
    """(n,) whether arms (n,3) end on a part, half a width from its line."""
    return np.asarray(_measure_distance(arm, lines) < width / 2)


def measure_part_distance(arm: Floats, style: Style) -> Floats:
    """(n,) metres from the ends of arms (n,3) to the lines on which the scalp shows; far away without one."""
    return _measure_distance(arm, _list_part_lines(style))


def _measure_distance(arm: Floats, lines: Floats) -> Floats:
    from scipy.spatial import cKDTree

    if not len(lines):
        return np.full(arm.shape[:-1], np.inf)
    radius = np.linalg.norm(arm, axis=-1)
    away = cKDTree(lines).query(arm / np.maximum(radius, 1e-6)[..., None], distance_upper_bound=0.2)[0]
    return np.asarray(away * radius)


def _locate(triangle: NDArray[np.int64], shares: Floats) -> Floats:
    chart = load_chart()
    return np.asarray(np.einsum("nk,nkd->nd", shares, chart.arms[chart.triangles[triangle]]), np.float32)


def _tone(colour: HairColour, count: int, rng: np.random.Generator) -> Floats:
    """(count,3) colours of single hairs near the root."""
    grey = np.array([0.72, 0.71, 0.69], np.float32)
    is_grey = rng.random((count, 1)) < colour.grey
    value = 0.82 * (1 + 0.16 * rng.standard_normal((count, 1))).clip(0.5, 1.5)
    return np.clip(np.where(is_grey, grey, colour.root) * value, 0, 1).astype(np.float32)


def _comb(arm: Floats, style: Style) -> Floats:
    """(n,3) directions in which hair lies on the template."""
    chart = load_chart()
    head = Head(chart.positions, _template_normals(), chart.centre, 1.0, float(chart.centre[1]) - 0.025)
    unit = normalize_vectors(arm, 1e-6)
    return CombField(head, style).evaluate(arm + chart.centre, unit)


@lru_cache(maxsize=1)
def _template_normals() -> Floats:
    from assets.mesh import compute_vertex_normals

    chart = load_chart()
    return compute_vertex_normals(chart.positions, chart.triangles, product=np.float64, total=np.float64, floor=1e-12)


def paint_brows(painter: Painter, brow: Brow, colour: HairColour, seed: int) -> None:
    """Both brows as single hairs: up at the nose, outwards after it, meeting along a middle line."""
    rng = np.random.default_rng([seed, 0xB704])

    def is_inside(arm: Floats) -> Bools:
        azimuth, elevation, radius = to_polar(arm)
        middle, half = _shape_brow(azimuth, brow)
        side = np.abs(azimuth)
        return np.asarray((np.abs(elevation - middle) < half) & (side > BROW_AZIMUTH[0] - 1) & (side < BROW_AZIMUTH[1]) & (radius > 0.08))

    def is_near(arm: Floats) -> Bools:
        azimuth, elevation, radius = to_polar(arm)
        side = np.abs(azimuth)
        return np.asarray((np.abs(elevation - evaluate_brow(azimuth)) < 3.2) & (side > 4) & (side < 38) & (radius > 0.08))

    painter.clear(is_near, 0.004)
    shade = _darken(colour)
    painter.tint(is_inside, shade.mean, 0.34 * brow.density, (0.0012, 0.0022))
    triangle, shares = scatter_points(find_region_triangles(is_inside), round(16000 * brow.density), rng)
    arm = _locate(triangle, shares)
    keep = np.flatnonzero(np.asarray(is_inside(arm)) & painter.on_head(triangle))
    keep = keep[: round(900 * brow.density)]
    directions, lengths, count = *_direct_brow_hairs(arm[keep], brow, rng), len(keep)
    tones = _tone(shade, count, rng)
    side = np.abs(to_polar(arm[keep])[0])
    # Few hairs at the inner end: a dense one looks stamped.
    opacity = rng.uniform(0.5, 0.95, count) * np.clip(0.25 + (side - BROW_AZIMUTH[0]) / 5, 0, 1)
    painter.draw_hairs((triangle[keep], shares[keep]), directions, lengths, tones, opacity)


def _shape_brow(azimuth: Floats, brow: Brow) -> tuple[Floats, Floats]:
    """(n,) middle and (n,) half width of the brow, degrees."""
    side = np.abs(azimuth)
    share = np.clip((side - BROW_AZIMUTH[0]) / (BROW_AZIMUTH[1] - BROW_AZIMUTH[0]), 0, 1)
    middle = evaluate_brow(azimuth) + brow.arch * np.exp(-(((share - 0.58) / 0.34) ** 2))
    half = brow.width * np.interp(share, [0, 0.14, 0.5, 1], [0.75, 1.4, 1.15, 0.3])
    return np.asarray(middle, np.float32), np.asarray(half, np.float32)


def _direct_brow_hairs(arm: Floats, brow: Brow, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """(n,3) directions and (n,) lengths of brow hairs."""
    azimuth, elevation, _ = to_polar(arm)
    middle, half = _shape_brow(azimuth, brow)
    share = np.clip((np.abs(azimuth) - BROW_AZIMUTH[0]) / (BROW_AZIMUTH[1] - BROW_AZIMUTH[0]), 0, 1)
    outward = np.sign(azimuth) * np.interp(share, [0, 0.15, 0.4, 1], [0.25, 0.7, 1, 1])
    upward = np.interp(share, [0, 0.15, 0.4, 1], [1, 0.75, 0.25, -0.3]) - 0.45 * (elevation - middle) / half * np.clip(share * 3, 0, 1)
    # Across the face at this azimuth: to the side and a little back.
    a = np.radians(azimuth)
    across = np.stack([np.cos(a), np.zeros_like(a), -np.sin(a)], 1)
    directions = across * outward[:, None] + np.array([0, 1, 0], np.float32) * upward[:, None]
    directions = directions + 0.16 * rng.standard_normal(directions.shape)
    directions = normalize_vectors(directions)
    lengths = np.interp(share, [0, 0.5, 1], [0.0065, 0.0075, 0.0045]) * rng.uniform(0.7, 1.1, len(arm))
    return directions.astype(np.float32), lengths.astype(np.float32)


def _darken(colour: HairColour) -> HairColour:
    """Brows and beards are darker than hair, the more so the fairer it is; they turn grey later."""
    scale = np.float32(0.86 - 0.36 * float(colour.root.max()))
    # Fair hair, darkened, would look olive on skin.
    natural = colour.root if is_natural(colour.root) else _UNDYED
    shade = natural * scale * 0.8 + 0.2 * np.array([0.20, 0.13, 0.10])
    return HairColour(shade, shade, colour.grey * 0.6)


def is_natural(rgb: Floats) -> bool:
    """Whether hair grows in this sRGB colour: red is never less than green, nor green than blue by more than a little."""
    red, green, blue = (float(v) for v in rgb)
    return red >= green - 0.02 and green >= blue - 0.03 and red < 2.6 * max(green, 0.05)


def paint_stubble(
    painter: Painter,
    colour: HairColour,
    strength: float,
    seed: int,
    is_inside: Callable[[Floats], Bools] = find_beard,
    length: float = _STUBBLE_LENGTH,
    tint: float = 0.3,
    edge: float = _STUBBLE_EDGE_M,
) -> None:
    """The shadow of a beard: a soft tint, full `edge` metres inside its region, and short hairs that point down."""
    rng = np.random.default_rng([seed, 0xBEA7])
    shade = _darken(colour)
    painter.tint(is_inside, shade.mean, tint, (0.001, edge))
    triangle, shares = scatter_points(find_region_triangles(is_inside), _STUBBLE_HAIRS, rng)
    arm = _locate(triangle, shares)
    inside = np.asarray(is_inside(arm))
    depth = np.where(inside, measure_depth(arm, arm[~inside]), 0)
    keep = inside & (rng.random(len(arm)) < np.clip(depth / (0.8 * edge), 0.08, 1)) & painter.on_head(triangle)
    count = int(keep.sum())
    directions = np.array([0, -1, 0.05], np.float32) + 0.3 * rng.standard_normal((count, 3))
    lengths = length * rng.uniform(0.6, 1.2, count)
    painter.draw_hairs(
        (triangle[keep], shares[keep]), directions, lengths, _tone(shade, count, rng), strength * rng.uniform(0.35, 0.8, count)
    )
