"""Collars that stand around the neck: the folded tube of a turtleneck, and the band of a stand collar.

They are built in cylindrical coordinates about the neck: angle, height along the axis and radius. Both reach down over the neckline of
the garment, so that there is no gap, nor one that a reduction of triangles could open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from assets.artefacts.geometry import Doubles, Floats, Skin
from assets.conventions import JOINTS, SKIN_VERTICES
from assets.rotation import normalize_vectors
from assets.skinning import apply_matrices, blend_matrices
from stages.groom.garments.figure import Figure
from stages.groom.garments.strips import borrow_weights, build_strip, find_neckline
from stages.groom.garments.tailor import Draped

_COLUMNS = 40
_RISE_M, _LEAST_RISE_M = 0.026, 0.006
"""Of the folded edge above the garment's neckline, where the jaw leaves room."""
_FALL_M, _LEAST_FALL_M = 0.022, 0.013
"""Of the collar's lower edge below the neckline, where the shoulders leave room."""
_FLARE_M = 0.016
"""The collar ends where the garment below is so much wider than the neckline: it would lie on the shoulder like a cape."""
_JAW_M, _THROAT_M, _JAW_ROOM_M = 0.013, 0.001, 0.010
"""Skin so far outside of the neckline is of the jaw or the chin; where it begins to go out to them; and how far an edge is below that."""
_REACH_M = 0.16
"""Of the skin that is looked at, around the middle of the neckline."""
_NEIGHBOURS = 8
_PROFILE = (
    (-1.0, 0.0024), (-0.85, 0.0055), (-0.45, 0.0070), (0.0, 0.0076), (0.25, 0.0080),
    (0.6, 0.0074), (1.0, 0.0050), (0.75, 0.0022), (0.0, 0.0016),
)  # fmt: skip
"""Rows from the lower outer edge over the fold to the inside: share of the fall (below 0) or the rise, and metres off the surface."""
_COVER_SHARE = 0.25
"""Of the rise: up to here it is outside of the garment's edge."""
_BAND_M, _BAND_GAP_M, _BAND_COLUMNS = 0.034, 0.003, 37
"""Height of a stand collar, half of its opening in front, and its columns from there around the neck."""
_BAND_COVER_M, _BAND_ABOVE_M, _BAND_NEIGHBOURS = 0.006, 0.0015, 30
"""How far it reaches over its neckline, how far above the garment; and how many points say in which direction that is."""
_LEAN, _LAYER_LEAN = 0.75, 0.35
"""By which share of the way a stand collar leans from its neckline towards the neck; and one over other garments."""
_BAND_ROOM_M = 0.005


@dataclass(frozen=True)
class _Neck:
    """Cylindrical coordinates about the neck."""

    centre: Doubles
    """(3,) of the neckline."""
    frame: Doubles
    """(3,3) rows: to the wearer's left, up along the neck, to the front."""

    def unroll(self, points: Doubles) -> tuple[Doubles, Doubles, Doubles]:
        """(n,) angle from the front to the left, height and radius of points (n,3)."""
        x, y, z = np.einsum("ka,na->kn", self.frame, points - self.centre)
        return np.arctan2(x, z), y, np.hypot(x, z)

    def roll(self, angle: Doubles, height: Doubles, radius: Doubles) -> Doubles:
        """(...,3) the points at these coordinates."""
        local = np.stack([radius * np.sin(angle), height, radius * np.cos(angle)], -1)
        return np.asarray(self.centre + np.einsum("...k,ka->...a", local, self.frame))


@dataclass(frozen=True)
class _Site:
    """Where a collar is sewn on: what is around the neckline, and by column (c,) of a full turn the neckline itself."""

    neck: _Neck
    skin: Doubles
    """(n,3) in the draping pose."""
    skin_weights: Floats
    """(n,j) on JOINTS."""
    cloth: Doubles
    """(m,3) the garment."""
    line: Doubles
    """(k,3) the neckline."""
    angle: Doubles
    base: Doubles
    """(c,) height of the neckline."""
    radius: Doubles
    """(c,) of the neckline."""


def sew_rollneck(figure: Figure, draped: Draped) -> Draped:
    """The folded collar over the neckline of a draped turtleneck."""
    site, scale = _measure_site(figure, draped), figure.scale
    rise = _find_rise(site, _RISE_M * scale, scale)
    fall = _find_fall(site, scale)
    points, shares = [], []
    for share, outside in _PROFILE:
        height = site.base + share * np.where(share < 0, fall, rise)
        inner = _sample_radius(site.neck.unroll(site.skin), site.angle, height, site.radius + _JAW_M * scale)
        under = np.minimum(height, site.base)
        cloth = _sample_radius(site.neck.unroll(site.cloth), site.angle, under, site.radius + 2 * _FLARE_M * scale)
        # From the neckline, which it covers, it comes evenly to the neck.
        upper = float(np.clip((share - _COVER_SHARE) / (1 - _COVER_SHARE), 0, 1))
        inner = inner + (1 - upper) * np.maximum(cloth - inner, 0)
        points.append(site.neck.roll(site.angle, height, _smooth_around(inner, 2) + outside * scale))
        shares.append(upper)
    return _build_collar(draped, site, np.stack(points), shares, closed=True)


def sew_band(figure: Figure, draped: Draped) -> Draped:
    """The stand collar on the neckline of a draped garment, open in front."""
    site, scale = _measure_site(figure, draped), figure.scale
    rise = _find_rise(site, _BAND_M * scale, scale)
    opening = _BAND_GAP_M * scale / float(site.radius.mean())
    turn = np.linspace(opening, 2 * np.pi - opening, _BAND_COLUMNS)
    foot: Doubles = np.zeros(0)
    points = []
    for share in (0.0, 0.5, 1.0):
        height = site.base + share * rise
        close = _sample_radius(site.neck.unroll(site.skin), site.angle, height, site.radius + _JAW_M * scale) + _BAND_ROOM_M * scale
        foot = np.maximum(site.radius + 0.003 * scale, close) if share == 0 else foot
        lean = share * (_LAYER_LEAN if draped.garment.layer else _LEAN)
        radius = _smooth_around(np.maximum(close, foot + lean * (close - foot)), 1)
        points.append(site.neck.roll(turn, *(np.interp(turn, site.angle, values, period=2 * np.pi) for values in (height, radius))))
    points.insert(0, _lay_over_neckline(site, turn, scale))
    return _build_collar(draped, site, np.stack(points), (0.0, 0.0, 0.5, 1.0), closed=False)


def _lay_over_neckline(site: _Site, turn: Doubles, scale: float) -> Doubles:
    """(c,3) points on the garment next to its neckline: on a shoulder, that is outwards and not down."""
    from scipy.spatial import cKDTree

    found, _, _ = site.neck.unroll(site.line)
    line = np.stack([np.interp(turn, found[np.argsort(found)], site.line[np.argsort(found), k], period=2 * np.pi) for k in range(3)], 1)
    along = normalize_vectors(np.gradient(line, axis=0))
    _, nearest = cKDTree(site.cloth).query(line, _BAND_NEIGHBOURS)
    inward = site.cloth[nearest].mean(1) - line
    for _ in range(2):
        inward[1:-1] = 0.5 * inward[1:-1] + 0.25 * (inward[:-2] + inward[2:])
    inward = normalize_vectors(inward - along * np.einsum("na,na->n", inward, along)[:, None])
    above = np.cross(inward, along)
    above *= np.sign(np.einsum("na,na->n", above, line - site.neck.centre + 0.05 * site.neck.frame[1]))[:, None]
    return np.asarray(line + (_BAND_COVER_M * inward + _BAND_ABOVE_M * above) * scale)


def _build_collar(draped: Draped, site: _Site, points: Doubles, shares: Sequence[float], *, closed: bool) -> Draped:
    """The strip of rows (r,c,3), each moving with the garment or, by its share, with the skin of the neck."""
    share = np.repeat(np.array(shares), points.shape[1])[:, None]
    flat = points.reshape(-1, 3)
    cloth = borrow_weights(draped.low, draped.cloth.get("weights"), flat)
    weights = (1 - share) * cloth + share * borrow_weights(site.skin, site.skin_weights, flat)
    piece = replace(draped.garment, name=f"{draped.garment.name} collar", details=("collar",))
    return build_strip(piece, points, np.asarray(weights, np.float32), closed=closed)


def _measure_site(figure: Figure, draped: Draped) -> _Site:
    line = draped.low[find_neckline(draped)]
    neck = _measure_neck(figure, line)
    skin, weights = _pose_skin(figure, neck)
    angle: Doubles = np.arange(_COLUMNS, dtype=np.float64) * (2 * np.pi / _COLUMNS) - np.pi
    base, radius = _interpolate_neckline(neck, line, angle)
    return _Site(neck, skin, weights, np.concatenate([draped.high, draped.low]), line, angle, base, radius)


def _measure_neck(figure: Figure, line: Doubles) -> _Neck:
    """About the line from the neck joint to the head joint, which the draping pose leaves as they are in the T-pose."""
    up = normalize_vectors((figure.heads["Head"] - figure.heads["Neck"]).astype(np.float64)[None])[0]
    front = normalize_vectors((np.array([0.0, 0.0, 1.0]) - up * up[2])[None])[0]
    middle = 0.5 * (line.min(0) + line.max(0))
    return _Neck(np.asarray(middle), np.stack([np.cross(up, front), up, front]))


def _pose_skin(figure: Figure, neck: _Neck) -> tuple[Doubles, Floats]:
    """(n,3) the skin around the neckline in the draping pose, and its weights (n,j) on JOINTS."""
    body = figure.body
    near = np.linalg.norm(body.positions[:SKIN_VERTICES] - neck.centre, axis=1) < _REACH_M * figure.scale
    chosen = np.flatnonzero(near)
    skin = Skin(body.skin.joints[chosen], body.skin.weights[chosen])
    dense = np.zeros((len(chosen), len(JOINTS)), np.float32)
    for k in range(skin.joints.shape[1]):
        np.add.at(dense, (np.arange(len(chosen)), skin.joints[:, k]), skin.weights[:, k])
    return np.asarray(apply_matrices(blend_matrices(skin, figure.pose_matrices), body.positions[chosen]), np.float64), dense


def _interpolate_neckline(neck: _Neck, line: Doubles, angle: Doubles) -> tuple[Doubles, Doubles]:
    """(c,) height and (c,) radius of the neckline at these angles."""
    found, height, radius = neck.unroll(line)
    base = np.interp(angle, found[np.argsort(found)], height[np.argsort(found)], period=2 * np.pi)
    wide = np.interp(angle, found[np.argsort(found)], radius[np.argsort(found)], period=2 * np.pi)
    return _smooth_around(base, 1), _smooth_around(wide, 1)


def _find_rise(site: _Site, most: float, scale: float) -> Doubles:
    """(c,) height of the upper edge above the neckline: `most` metres, less under the jaw."""
    rise = np.full(_COLUMNS, most)
    turn, height, away = site.neck.unroll(site.skin)
    for column, angle in enumerate(site.angle):
        near = np.abs((turn - angle + np.pi) % (2 * np.pi) - np.pi) < 2 * np.pi / _COLUMNS
        jaw = near & (height > site.base[column]) & (away > site.radius[column] + _THROAT_M * scale)
        room = float((height[jaw] - site.base[column]).min(initial=1.0)) - _JAW_ROOM_M * scale
        rise[column] = np.clip(room, _LEAST_RISE_M * scale, most)
    return _smooth_around(_erode_around(_erode_around(rise)), 3)


def _find_fall(site: _Site, scale: float) -> Doubles:
    """(c,) depth of the lower edge below the neckline, less on the shoulders."""
    fall = np.full(_COLUMNS, _LEAST_FALL_M * scale)
    cloth = site.neck.unroll(site.cloth)
    step = (_FALL_M - _LEAST_FALL_M) / 6 * scale
    for depth in np.linspace(_LEAST_FALL_M, _FALL_M, 7) * scale:
        wide = _sample_radius(cloth, site.angle, site.base - depth, site.radius + 3 * _FLARE_M * scale)
        fall = np.where((wide < site.radius + _FLARE_M * scale) & (fall >= depth - 1.5 * step), depth, fall)
    return _smooth_around(_erode_around(fall), 16)


def _sample_radius(surface: tuple[Doubles, Doubles, Doubles], angle: Doubles, height: Doubles, limit: Doubles) -> Doubles:
    """(c,) radius of a surface at angles and heights: the mean of its nearest points that are not beyond the limit."""
    from scipy.spatial import cKDTree

    turn, high, away = surface
    typical = float(limit.mean())
    kept = away < np.interp(turn, angle, limit, period=2 * np.pi)
    turn, high, away = turn[kept], high[kept], away[kept]
    wrapped = np.concatenate([turn - 2 * np.pi, turn, turn + 2 * np.pi]) * typical
    tree = cKDTree(np.stack([wrapped, np.tile(high, 3)], 1))
    distance, nearest = tree.query(np.stack([angle * typical, height], 1), _NEIGHBOURS)
    share = 1 / np.maximum(distance, 1e-3)
    return np.asarray((share * np.tile(away, 3)[nearest]).sum(1) / share.sum(1))


def _erode_around(values: Doubles) -> Doubles:
    """(c,) the least of each value and its neighbours around the neck."""
    return np.minimum(values, np.minimum(np.roll(values, 1), np.roll(values, -1)))


def _smooth_around(values: Doubles, rounds: int) -> Doubles:
    for _ in range(rounds):
        values = 0.5 * values + 0.25 * (np.roll(values, 1) + np.roll(values, -1))
    return values
