"""Strands: curves that leave the scalp, follow a comb, hang, and lie on what is beneath them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.rotation import normalize_vectors
from stages.groom.hair.chart import Bools, Floats, evaluate_hairline
from stages.groom.hair.head import Head, Surface
from stages.groom.hair.roots import Roots
from stages.groom.hair.style import Style

STEPS = 32
_FIRST_STEP = 0.30
"""Length of a strand's first step as a share of the mean one: long hair would loop over the crown in equal steps."""
_SUNK = 0.0015
"""Metres by which roots start below the skin, whose reduced triangles may be lower than the skin itself."""
_RAMP_LENGTH, _RAMP_DEPTH = 0.022, 0.030
"""Metres of strand, and behind the hairline, over which hair rises to its layer."""
_PART_REACH = 0.050
"""Metres from a part at which hair has its full height."""
_MAX_LAYER_SHARE = 0.15
_DAMPING = 90.0
_HANG_RAMP = 0.085
"""Metres of height over which the pull of hair to its layer ends."""
_SHOULDER_TOP, _SHOULDER_END = 0.09, 0.26
"""Metres below the centre between which hair is led in front of the shoulders or behind them."""
_EAR = (79.0, 113.0, -50.0, -10.0, 0.075)
"""Azimuths, elevations and least |X| of the ear, on which no strip may lie."""


@dataclass(frozen=True)
class Strands:
    """Simulated strands."""

    points: Floats
    """(n,STEPS+1,3) metres, at rest."""
    rank: Floats
    """(n,) 0 in the lowest layer .. 1 in the topmost."""
    depth: Floats
    """(n,) metres of the root behind the hairline."""
    is_edge: Bools
    """(n,) the thin row along the hairline."""

    def __len__(self) -> int:
        return len(self.points)

    def select(self, chosen: Bools | slice | NDArray[np.integer]) -> Strands:
        """Some of the strands."""
        return Strands(self.points[chosen], self.rank[chosen], self.depth[chosen], self.is_edge[chosen])


def join_strands(parts: list[Strands]) -> Strands:
    """All strands of several lists."""
    return Strands(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("points", "rank", "depth", "is_edge")))


class CombField:
    """Unit tangents of the scalp along which hair lies."""

    def __init__(self, head: Head, style: Style) -> None:
        comb = style.comb
        self._constant: Floats = np.array(comb.constant, np.float32)
        self._source = head.locate(*subdivide(comb.source)) if comb.source else None
        self._sink = head.locate(np.array([comb.sink[0]]), np.array([comb.sink[1]]))[0] if comb.sink else None

    @cached_property
    def _tree(self) -> Any:
        from scipy.spatial import cKDTree

        return cKDTree(self._source)

    def evaluate(self, points: Floats, normals: Floats) -> Floats:
        """(n,3) directions at points (n,3)."""
        total: Floats = np.tile(self._constant, (len(points), 1))
        if self._source is not None:
            _, near = self._tree.query(points)
            total = total + _project(points - self._source[near], normals)
        if self._sink is not None:
            total = total + _project(self._sink - points, normals)
        return _project(total, normals)

    def measure_rise(self, points: Floats) -> Floats:
        """(n,) share of its layer to which hair rises here: near a part it lies flat, or one could look under it."""
        if self._source is None or len(self._source) == 1:
            return np.ones(len(points), np.float32)
        distance, _ = self._tree.query(points)
        return np.asarray(np.clip(0.12 + distance / _PART_REACH, 0, 1), np.float32)


def subdivide(line: tuple[tuple[float, float], ...], parts: int = 40) -> tuple[Floats, Floats]:
    """Azimuths and elevations along a line of the chart."""
    knots = np.array(line, np.float32)
    if len(knots) == 1:
        return knots[:, 0], knots[:, 1]
    t, at = np.linspace(0, len(knots) - 1, parts), np.arange(len(knots))
    return np.interp(t, at, knots[:, 0]), np.interp(t, at, knots[:, 1])


def _project(vectors: Floats, normals: Floats) -> Floats:
    """Unit vectors along the surface."""
    flat = vectors - normals * np.einsum("ij,ij->i", vectors, normals)[:, None]
    return np.asarray(normalize_vectors(flat, 1e-6), np.float32)


def choose_lengths(roots: Roots, style: Style, rng: np.random.Generator) -> Floats:
    """(n,) metres: from the top to the sides and the back, a little different for every strand."""
    length = measure_lengths(roots.azimuth, roots.elevation, style)
    return np.asarray(length * (1 + style.length_variation * rng.uniform(-1, 1, len(roots))), np.float32)


def measure_lengths(azimuth: Floats, elevation: Floats, style: Style) -> Floats:
    """(n,) metres of the hair at azimuths and elevations in degrees."""
    side = np.abs(azimuth)
    top = np.clip((elevation - 12) / 30, 0, 1)
    back = np.clip((side - 95) / 45, 0, 1)
    low = style.length_side * (1 - back) + style.length_back * back
    return np.asarray(low * (1 - top) + style.length_top * top)


def grow_strands(
    head: Head,
    surface: Surface,
    roots: Roots,
    style: Style,
    rng: np.random.Generator,
    lengths: Floats,
    *,
    is_edge: bool = False,
    rank: float | None = None,
) -> Strands:
    """The strands of these roots, `lengths` (n,) metres long on the average adult, all in the layer `rank` where it is given."""
    count = len(roots)
    points, normals = roots.place(head.points), roots.place(head.normals)
    normals = normalize_vectors(normals, 1e-6)
    ranks = rng.random(count).astype(np.float32) * (0.35 if is_edge else 1) if rank is None else np.full(count, rank, np.float32)
    steps = (lengths * np.float32(head.scale) / STEPS).astype(np.float32)[None] * np.linspace(_FIRST_STEP, 2 - _FIRST_STEP, STEPS)[:, None]
    layer = style.thickness * head.scale * (0.15 + 0.85 * ranks) * np.clip(0.25 + roots.depth / _RAMP_DEPTH, 0, 1)
    layer = np.minimum(layer, _MAX_LAYER_SHARE * lengths)
    field = CombField(head, style)
    stray = _make_noise(count, rng) * style.noise
    direction = _start_directions(points, normals, field, roots, style)
    path = np.zeros((count, STEPS + 1, 3), np.float32)
    path[:, 0] = points - normals * _SUNK
    sides = FaceGuard(head, roots, style)
    travelled = np.zeros(count, np.float32)
    for k, step in enumerate(steps.astype(np.float32)):
        height, normal = surface.measure(path[:, k])
        pull = np.exp(-travelled / max(style.comb.fade, 1e-3))
        turn = field.evaluate(path[:, k], normal) * (style.comb.strength * pull)[:, None] + stray[:, k]
        turn[:, 1] -= style.gravity * (1 - 0.5 * pull)
        turn += sides.compute_turn(path[:, k])
        direction = direction + turn * step[:, None]
        target = layer * np.clip(travelled / _RAMP_LENGTH, 0.05, 1) * field.measure_rise(path[:, k])
        direction = _stick(direction, normal, height - target, step, style, sides.measure_hold(path[:, k]))
        direction = normalize_vectors(direction, 1e-6)
        path[:, k + 1] = _push_out(surface, path[:, k] + direction * step[:, None], target)
        path[:, k + 1] = sides.free_face(path[:, k + 1])
        moved = path[:, k + 1] - path[:, k]
        direction = np.asarray(normalize_vectors(moved, 1e-6), np.float32)
        travelled = travelled + step
    return Strands(path, ranks, roots.depth, np.full(count, is_edge))


def _start_directions(points: Floats, normals: Floats, field: CombField, roots: Roots, style: Style) -> Floats:
    # At the hairline hair lies flatter.
    lift = (_choose_lift(roots, style) * np.clip(0.3 + roots.depth / 0.02, 0, 1) * field.measure_rise(points))[:, None]
    start = field.evaluate(points, normals) * (1 - lift) + normals * lift
    return np.asarray(normalize_vectors(start, 1e-6), np.float32)


def _choose_lift(roots: Roots, style: Style) -> Floats:
    """(n,) the lift of each root: lying hair rises on top, and lies flat at the sides and the back."""
    top = np.clip((roots.elevation - 12) / 30, 0, 1)
    return style.lift * (0.3 + 0.7 * top if style.kind == "lying" else np.ones(len(roots)))


def _make_noise(count: int, rng: np.random.Generator) -> Floats:
    """(count,STEPS,3) smooth noise of each strand."""
    knots = rng.standard_normal((count, 5, 3)).astype(np.float32)
    at = np.linspace(0, 3.999, STEPS)
    low, share = at.astype(int), (at % 1)[None, :, None].astype(np.float32)
    return np.asarray(knots[:, low] * (1 - share) + knots[:, low + 1] * share, np.float32)


def _stick(direction: Floats, normal: Floats, above: Floats, step: Floats, style: Style, hold: Floats) -> Floats:
    """Pulled to its layer and damped: without the pull hair shoots off the skull, without the damping its ends curl up."""
    near = hold * np.exp(-np.maximum(above, 0) / 0.03)
    across = np.einsum("ij,ij->i", direction, normal)
    pull = np.clip(-style.stick * above, -0.6, 0.6)
    damp = np.clip(_DAMPING * step, 0, 1) * near * min(style.stick / 26.0, 1.0)
    return np.asarray(direction + normal * ((pull - across) * damp)[:, None], np.float32)


def _push_out(surface: Surface, points: Floats, target: Floats) -> Floats:
    height, normal = surface.measure(points)
    return np.asarray(points + normal * np.clip(target - height, 0, 0.05)[:, None], np.float32)


class FaceGuard:
    """Keeps hair off the face, and leads it past the shoulders."""

    def __init__(self, head: Head, roots: Roots, style: Style) -> None:
        self._head, self._style = head, style
        self._is_front = np.abs(roots.azimuth) < style.drape_azimuth
        fringe = style.fringe
        inside = np.zeros(len(roots), bool)
        if fringe:
            inside = (np.abs(roots.azimuth) < fringe.azimuth) & (roots.depth < fringe.depth)
        self.is_fringe = inside
        low = head.points[:, 1] < head.centre[1] - 0.20 * head.scale
        trunk = head.points[low & (head.points[:, 1] > head.centre[1] - 0.27 * head.scale) & (np.abs(head.points[:, 0]) < 0.12)]
        self._chest, self._back = float(trunk[:, 2].max()), float(trunk[:, 2].min())

    def measure_hold(self, points: Floats) -> Floats:
        """(n,) 1 on the skull .. 0 where hair hangs freely."""
        below = self._head.centre[1] - points[:, 1]
        return np.asarray(1 - np.clip((below - self._style.hang * self._head.scale) / _HANG_RAMP + 0.5, 0, 1), np.float32)

    def compute_turn(self, points: Floats) -> Floats:
        """(n,3) radians per metre."""
        turn = np.zeros_like(points)
        fringe = self._style.fringe
        if fringe is not None and self.is_fringe.any():
            turn[self.is_fringe] += np.array([fringe.sweep * 30, -14, 26], np.float32)
        if self._style.drape:
            below = (self._head.centre[1] - points[:, 1]) / self._head.scale
            here = (below > _SHOULDER_TOP) & (below < _SHOULDER_END)
            middle = (self._chest + self._back) / 2
            forward = here & self._is_front & (points[:, 2] < middle + 0.045)
            backward = here & ~self._is_front & (points[:, 2] > self._back + 0.02)
            turn[forward, 2] += 26
            turn[backward, 2] -= 26
            wide = here & (np.abs(points[:, 0]) > 0.10 * self._head.scale)
            turn[wide, 0] -= np.sign(points[wide, 0]) * 14
        return turn

    def free_face(self, points: Floats) -> Floats:
        """The points, turned outwards where they are in front of the face."""
        azimuth, elevation, _ = self._head.to_polar(points)
        side = np.abs(azimuth)
        limit = self._style.face_azimuth
        line = evaluate_hairline(azimuth, self._style.hairline) - 3
        front = ~self.is_fringe & (side < limit) & (elevation < np.minimum(line, 16)) & (elevation > -62)
        if not front.any():
            return points
        # Eased in below the hairline, so that strands bend instead of jumping.
        ease = np.clip((np.minimum(line, 16) - elevation) / 14, 0, 1)
        turned = np.radians(np.where(azimuth < 0, -1, 1) * (side + (limit - side) * ease))
        level = np.hypot(points[:, 0] - self._head.centre[0], points[:, 2] - self._head.centre[2])
        moved = np.stack([self._head.centre[0] + np.sin(turned) * level, points[:, 1], self._head.centre[2] + np.cos(turned) * level], 1)
        return np.where(front[:, None], moved, points).astype(np.float32)


def join_clumps(strands: Strands, share: float, rng: np.random.Generator, leaders: int = 5) -> Strands:
    """Strands drawn towards one in five towards the tips, as combed hair separates into locks."""
    from scipy.spatial import cKDTree

    lead = np.flatnonzero(np.arange(len(strands)) % leaders == 0)
    if share <= 0 or not len(lead):
        return strands
    _, near = cKDTree(strands.points[lead, STEPS // 2]).query(strands.points[:, STEPS // 2])
    along = np.linspace(0, 1, STEPS + 1, dtype=np.float32)[None, :, None] ** 1.5
    amount = (share * rng.uniform(0.6, 1, len(strands))).astype(np.float32)[:, None, None]
    centre = strands.points[lead[near]]
    # Its own distance from the leader is limited, so that distant strands do not cross the head.
    away = np.linalg.norm(centre - strands.points, axis=2, keepdims=True)
    reach = np.minimum(1, 0.02 / np.maximum(away, 1e-6))
    points = strands.points + (centre - strands.points) * along * amount * reach
    return Strands(points.astype(np.float32), strands.rank, strands.depth, strands.is_edge)


def add_waves(strands: Strands, style: Style, head: Head, rng: np.random.Generator) -> Strands:
    """Strands with waves, or curls where `coil` is set, growing from the root."""
    if style.wave <= 0:
        return strands
    points = strands.points
    steps = np.linalg.norm(np.diff(points, axis=1), axis=2)
    along = np.concatenate([np.zeros((len(points), 1)), np.cumsum(steps, 1)], 1)
    tangent = np.gradient(points, axis=1)
    tangent = normalize_vectors(tangent, 1e-6)
    outward = points - head.centre
    outward[..., 1] *= np.where(outward[..., 1] < 0, 0, 1)
    across = np.cross(tangent, outward)
    across = normalize_vectors(across, 1e-6)
    lifted = np.cross(across, tangent)
    # Neighbours wave together: the phase follows the place, with a little of each strand's own.
    phase = 40 * points[:, :1, 0] + 25 * points[:, :1, 1] + rng.uniform(-1, 1, (len(points), 1)) * (0.8 + 2 * style.coil)
    angle = 2 * np.pi * along / (style.wave_length * head.scale) + phase
    size = style.wave * head.scale * np.clip(along / 0.06, 0, 1) * rng.uniform(0.7, 1.2, (len(points), 1))
    shift = across * (np.sin(angle) * size)[..., None] + lifted * (np.cos(angle) * size * style.coil)[..., None]
    return Strands((points + shift).astype(np.float32), strands.rank, strands.depth, strands.is_edge)


def trim(strands: Strands, head: Head, style: Style, is_fringe: Bools, rng: np.random.Generator) -> Strands:
    """Strands cut level, and shortened where they would lie on an ear; each keeps its number of points."""
    end = np.full(len(strands), float(STEPS))
    for chosen, cut in ((~is_fringe, style.cut), (is_fringe, style.fringe.cut if style.fringe else None)):
        if cut is not None:
            level = head.eye_height + cut * head.scale + rng.uniform(-0.004, 0.004, len(strands))
            end = np.where(chosen, np.minimum(end, _find_first(strands.points[..., 1] < level[:, None])), end)
    if style.keep_ears_free:
        azimuth, elevation, _ = head.to_polar(strands.points)
        side = np.abs(azimuth)
        low, high, bottom, top, width = _EAR
        on_ear = (side > low) & (side < high) & (elevation > bottom) & (elevation < top)
        on_ear &= np.abs(strands.points[..., 0]) > width * head.scale
        end = np.minimum(end, _find_first(on_ear))
    return Strands(shorten(strands.points, np.maximum(end, 2)), strands.rank, strands.depth, strands.is_edge)


def _find_first(mask: Bools) -> Floats:
    """(n,) step before the first True of each row (n,STEPS+1); STEPS where there is none."""
    found = np.where(mask.any(1), mask.argmax(1) - 1, mask.shape[1] - 1)
    return np.asarray(found, np.float32)


def shorten(points: Floats, end: Floats) -> Floats:
    """(n,STEPS+1,3) the strands up to step `end` (n,), resampled."""
    at = np.linspace(0, 1, STEPS + 1)[None] * end[:, None]
    low = np.clip(at.astype(int), 0, STEPS - 1)
    share = (at - low)[..., None]
    rows = np.arange(len(points))[:, None]
    return np.asarray(points[rows, low] * (1 - share) + points[rows, low + 1] * share, np.float32)
