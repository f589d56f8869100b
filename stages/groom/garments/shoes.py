"""Shoes: the body's toeless foot cut at an opening, given room at the toes, on a sole of its own outline."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from assets.artefacts.geometry import Doubles, Floats
from assets.mesh import compute_vertex_normals
from stages.groom.garments.cloth import COLUMNS, WIDTH, Cloth, Line, cut, order_borders, trim
from stages.groom.garments.figure import Figure, average_over_edges
from stages.groom.garments.panels import Pattern, Seam, lay_flat
from stages.groom.garments.sheet import Sheet, make_sheet
from stages.groom.garments.strips import build_strip
from stages.groom.garments.style import Garment
from stages.groom.garments.subdivide import refine
from stages.groom.garments.tailor import Draped

_EASE_M, _CUT_M, _OUTLINE = 0.0055, 0.012, 40
"""Ease of the upper, height above the ground at which it ends, and points of a sole's outline."""
_ROUND_M, _SMOOTHING, _INSTEP_M = 0.02, 4, 0.105
"""Radius of the opening's corners, rounds of smoothing, and a height that the top of no foot reaches."""


@dataclass(frozen=True)
class _Foot:
    """One foot: its heel's place and its direction on the ground, and its length; metres."""

    side: int
    heel: Floats
    ahead: Floats
    length: float

    def along(self, points: Floats) -> Floats:
        """(n,) 0 at the heel, 1 at the toes."""
        return np.asarray(_project(points - self.heel, self.ahead) / self.length, np.float32)

    def across(self, points: Floats) -> Floats:
        """(n,) metres to the left of the middle of the foot."""
        return np.asarray(_project(points - self.heel, np.array([self.ahead[1], -self.ahead[0]])), np.float32)


def _project(points: Floats, way: Floats) -> Doubles:
    """(n,) metres along a direction (2,) on the ground; term by term, because a matrix product rounds differently on each processor."""
    return np.asarray(points[:, 0].astype(np.float64) * way[0] + points[:, 2].astype(np.float64) * way[1])


def make_shoes(figure: Figure, garment: Garment) -> list[Sheet]:
    """Uppers and soles of both shoes."""
    found = []
    for side in (1, -1):
        foot = _measure_foot(figure, side)
        upper = _cut_upper(figure, garment, foot)
        found += [_finish(figure, garment, foot, _cut_straps(garment, foot, upper)), _build_sole(figure, garment, foot, upper)]
    return found


def _measure_foot(figure: Figure, side: int) -> _Foot:
    bind = figure.tights.get("bind")
    ankle = figure.heads["LeftFoot" if side > 0 else "RightFoot"]
    foot = bind[(np.sign(bind[:, 0]) == side) & (bind[:, 1] < ankle[1] * 0.8)]
    ahead = foot[foot[:, 2] > np.quantile(foot[:, 2], 0.85)].mean(0) - foot[foot[:, 2] < np.quantile(foot[:, 2], 0.15)].mean(0)
    ahead = ahead[[0, 2]] / np.hypot(ahead[0], ahead[2])
    reach = _project(foot - ankle, ahead)
    heel = np.array([ankle[0] + reach.min() * ahead[0], 0, ankle[2] + reach.min() * ahead[1]], np.float32)
    return _Foot(side, heel, ahead.astype(np.float32), float(np.ptp(reach)))


def _cut_upper(figure: Figure, garment: Garment, foot: _Foot) -> Cloth:
    """The foot's surface between sole and opening, opened along the middle, with ease."""
    scale, tights = figure.scale, figure.tights
    bind = tights.get("bind")
    near = (np.sign(bind[:, 0]) == foot.side) & (bind[:, 1] < float(figure.heads["LeftLeg"][1]))
    cloth = tights.keep(near[tights.triangles].all(1))

    def opening(c: Cloth) -> Floats:
        along, high = foot.along(c.get("bind")), c.get("bind")[:, 1]
        rim = (garment.height - garment.dip * np.sin(np.pi * np.clip(along / max(garment.reach, 0.1), 0, 1)) ** 2) * scale
        # The shin is in front of the rim as well, and above it.
        ahead = np.minimum((along - garment.reach) * foot.length, max(garment.height, _INSTEP_M) * scale - high)
        below = rim - high
        # A smooth union of what is below the rim and what is in front of it.
        mix = np.clip(0.5 + 0.5 * (ahead - below) / (_ROUND_M * scale), 0, 1)
        return np.asarray(below * (1 - mix) + ahead * mix + _ROUND_M * scale * mix * (1 - mix), np.float32)

    cloth = trim(cloth, opening, Line.OPENING)
    cloth = trim(cloth, lambda c: c.get("bind")[:, 1] - np.float32(_CUT_M * scale), Line.SOLE)
    cloth = cut(cloth, lambda c: foot.across(c.get("bind")), Line.CENTRE)
    points = cloth.get("bind")
    smooth = average_over_edges(points, cloth.triangles, _SMOOTHING)
    border = (cloth.lines & int(Line.OPENING | Line.SOLE)) != 0
    points = np.where(border[:, None], points, smooth)
    normals = compute_vertex_normals(points, cloth.triangles, product=np.float64, total=np.float64, floor=1e-12)
    points = points + normals * _EASE_M * scale
    room = garment.toe_room * scale * np.clip((foot.along(points) - 0.7) / 0.3, 0, 1.2)[:, None]
    points = points + room * np.array([foot.ahead[0], 0, foot.ahead[1]], np.float32)
    points[(cloth.lines & Line.SOLE) != 0, 1] = _CUT_M * scale * 0.6
    values = cloth.values.copy()
    values[:, COLUMNS["bind"]] = points
    return replace(cloth, values=values)


def _cut_straps(garment: Garment, foot: _Foot, upper: Cloth) -> Cloth:
    """The bands of a sandal, cut out of an upper; the upper itself where it has none."""
    if not garment.straps:
        return upper

    def bands(cloth: Cloth) -> Floats:
        along = foot.along(cloth.get("bind"))
        return np.asarray(np.max([np.minimum(along - a, b - along) for a, b in garment.straps], 0) * foot.length, np.float32)

    return trim(upper, bands, Line.OPENING)


def _finish(figure: Figure, garment: Garment, foot: _Foot, cloth: Cloth) -> Sheet:
    points = cloth.get("bind")
    seams = (Seam(Line.CENTRE, lambda c: foot.across(c.get("bind"))),)
    pattern = lay_flat(cloth, points, points[:, 1] + 0.5 * foot.along(points) * foot.length, seams)
    return with_foot_channels(_make_sheet(figure, garment, cloth, pattern, seams), foot)


def _make_sheet(figure: Figure, garment: Garment, cloth: Cloth, pattern: Pattern, seams: tuple[Seam, ...]) -> Sheet:
    """The sheet of what is made in the T-pose: no joint of a foot turns in the draping pose."""
    one = refine(cloth.triangles, pattern.corners, len(cloth.values), len(pattern.uv))
    two = refine(one.triangles, one.corners, one.linear.shape[0], one.linear_rows.shape[0])
    low = cloth.get("bind").astype(np.float64)
    middle: Doubles = one.smooth @ low
    return make_sheet(figure, Draped(garment, cloth, pattern, seams, (one, two), low, middle, two.smooth @ middle))


def with_foot_channels(sheet: Sheet, foot: _Foot) -> Sheet:
    """The sheet with the channels that a shoemaker draws by."""
    points = sheet.fine.points.astype(np.float32)
    channels = sheet.fine.channels | {"along": foot.along(points), "across": foot.across(points)}
    return replace(sheet, fine=replace(sheet.fine, channels=channels))


def _build_sole(figure: Figure, garment: Garment, foot: _Foot, upper: Cloth) -> Sheet:
    scale = figure.scale
    bind = upper.get("bind")
    loop = min(order_borders(upper.triangles), key=lambda vertices: float(bind[vertices, 1].mean()))
    outline = _resample(bind[loop].astype(np.float64), _OUTLINE)
    middle = outline.mean(0)
    out = outline - middle
    out[:, 1] = 0
    out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-6)
    along = foot.along(outline.astype(np.float32))
    heel = garment.heel * np.clip((0.42 - along) / 0.08, 0, 1)
    thick = (garment.sole + heel) * scale
    spring = 0.004 * scale * np.clip((along - 0.8) / 0.2, 0, 1)  # toes are a little off the ground
    top = (0.004 if garment.straps else _CUT_M + 0.004) * scale
    # Between straps the sole is seen from above.
    inner = [(-0.02, top)] if garment.straps else []
    ring = [*inner, (-0.002, top), (0.0035, top - 0.001), (0.005, (top - thick) * 0.3), (0.0035, None), (-0.02, None)]
    rows = []
    for offset, height in ring:
        row = outline + out * offset * scale
        row[:, 1] = -thick + spring if height is None else np.minimum(height, top)
        rows.append(row)
    bottom = outline.copy()
    across = foot.across(outline.astype(np.float32))[:, None] * np.array([[foot.ahead[1], 0, -foot.ahead[0]]])
    bottom -= 0.96 * across  # to the middle line of the sole
    bottom[:, 1] = -thick + spring
    rows.append(bottom)
    points = np.stack(rows)[:, ::-1]
    cloth_values = _nearest_values(figure, points.reshape(-1, 3).astype(np.float32))
    piece = replace(garment, name="sole", details=("sole",))
    draped = build_strip(piece, points, cloth_values[:, COLUMNS["weights"]], closed=True)
    return with_foot_channels(make_sheet(figure, draped), foot)


def _nearest_values(figure: Figure, points: Floats) -> Floats:
    from scipy.spatial import cKDTree

    values = np.zeros((len(points), WIDTH), np.float32)
    _, nearest = cKDTree(figure.tights.get("bind")).query(points)
    values[:, COLUMNS["weights"]] = figure.tights.get("weights")[nearest]
    return values


def _resample(loop: Doubles, count: int) -> Doubles:
    """(count,3) points at equal steps along a closed line."""
    closed = np.concatenate([loop, loop[:1]])
    at = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    steps = np.arange(count) / count * at[-1]
    return np.stack([np.interp(steps, at, closed[:, k]) for k in range(3)], 1)
