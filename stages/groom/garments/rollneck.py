"""The collar of a turtleneck: a tube of knit close around the neck, folded down over the top of the garment.

It is built in cylindrical coordinates about the neck: angle, height along the axis and radius. The garment of a turtleneck ends on the
neck itself, so the fold is what is seen: it covers the neckline, hence there is no gap for a reduction of triangles to open.
"""

from __future__ import annotations

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
_RISE_M, _LEAST_RISE_M = 0.026, 0.008
"""Of the folded edge above the garment's neckline, where the jaw leaves room."""
_FALL_M, _LEAST_FALL_M = 0.022, 0.013
"""Of the collar's lower edge below the neckline, where the shoulders leave room."""
_FLARE_M = 0.016
"""The collar ends where the garment below is so much wider than the neckline: it would lie on the shoulder like a cape."""
_JAW_M = 0.013
"""Skin so far outside of the neckline is of the jaw or the chin."""
_JAW_ROOM_M = 0.009
_REACH_M = 0.16
"""Of the skin that is looked at, around the middle of the neckline."""
_NEIGHBOURS = 8
_PROFILE = ((-1.0, 0.0024), (-0.85, 0.0055), (-0.45, 0.0070), (0.0, 0.0074), (0.6, 0.0074), (1.0, 0.0050), (0.75, 0.0022), (0.0, 0.0016))
"""Rows from the lower outer edge over the fold to the inside: share of the fall (below 0) or the rise, and metres outside of the surface."""


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


def sew_rollneck(figure: Figure, draped: Draped) -> Draped:
    """The collar over the neckline of a draped turtleneck."""
    line = draped.low[find_neckline(draped)]
    neck = _measure_neck(figure, line)
    skin, skin_weights = _pose_skin(figure, neck)
    angle = np.arange(_COLUMNS) * (2 * np.pi / _COLUMNS) - np.pi
    base, radius = _interpolate_neckline(neck, line, angle)
    rise = _find_rise(figure.scale, neck.unroll(skin), angle, base, radius)
    fall = _find_fall(figure.scale, neck.unroll(draped.high), angle, base, radius)
    rows, shares = [], []
    for share, outside in _PROFILE:
        height = base + share * np.where(share < 0, fall, rise)
        inner = _sample_radius(neck.unroll(skin), angle, height, radius + _JAW_M * figure.scale)
        if share <= 0:
            cloth = _sample_radius(neck.unroll(draped.high), angle, height, radius + 2 * _FLARE_M * figure.scale)
            inner = np.maximum(inner, cloth)
        rows.append(neck.roll(angle, height, _smooth_around(inner, 2) + outside * figure.scale))
        shares.append(np.full(_COLUMNS, max(share, 0.0)))
    points = np.stack(rows)
    share = np.concatenate(shares)[:, None]
    flat = points.reshape(-1, 3)
    weights = (1 - share) * borrow_weights(draped.low, draped.cloth.get("weights"), flat) + share * borrow_weights(skin, skin_weights, flat)
    piece = replace(draped.garment, name=f"{draped.garment.name} collar", details=("collar",))
    return build_strip(piece, points, np.asarray(weights, np.float32), closed=True)


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
    return _smooth_around(base, 4), _smooth_around(wide, 2)


def _find_rise(scale: float, skin: tuple[Doubles, Doubles, Doubles], angle: Doubles, base: Doubles, radius: Doubles) -> Doubles:
    """(c,) height of the fold above the neckline, less under the jaw."""
    rise = np.full(_COLUMNS, _RISE_M * scale)
    turn, height, away = skin
    for column in range(_COLUMNS):
        beside = np.abs(np.angle(np.exp(1j * (turn - angle[column])))) < 2 * np.pi / _COLUMNS
        jaw = beside & (height > base[column]) & (away > radius[column] + _JAW_M * scale)
        room = float((height[jaw] - base[column]).min(initial=1.0)) - _JAW_ROOM_M * scale
        rise[column] = np.clip(room, _LEAST_RISE_M * scale, _RISE_M * scale)
    return _smooth_around(_erode_around(rise), 4)


def _find_fall(scale: float, cloth: tuple[Doubles, Doubles, Doubles], angle: Doubles, base: Doubles, radius: Doubles) -> Doubles:
    """(c,) depth of the lower edge below the neckline, less on the shoulders."""
    fall = np.full(_COLUMNS, _LEAST_FALL_M * scale)
    for depth in np.linspace(_LEAST_FALL_M, _FALL_M, 7) * scale:
        wide = _sample_radius(cloth, angle, base - depth, radius + 3 * _FLARE_M * scale)
        fall = np.where((wide < radius + _FLARE_M * scale) & (fall >= depth - 0.004 * scale), depth, fall)
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
