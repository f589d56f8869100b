"""One garment on one body: shell, pattern, drape at two levels of detail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assets.artefacts.geometry import Doubles, Floats, Ints
from assets.mesh import compute_vertex_normals, find_boundary_edges
from assets.rotation import dot, normalize_vectors
from stages.groom.detail import DRAPE_FRAMES
from stages.groom.garments.bridge import bridge_legs
from stages.groom.garments.cloth import Bools, Cloth, Int64s, Line, index_edges
from stages.groom.garments.drape import GAP_M, STRETCH_COMPLIANCE, Collider, Springs, find_bends, find_tethers, settle
from stages.groom.garments.figure import Figure, average_over_edges
from stages.groom.garments.panels import Pattern, Seam, lay_flat
from stages.groom.garments.shell import add_ease, cut_shell, hang, hangs_below, list_pins, list_seams
from stages.groom.garments.style import Garment
from stages.groom.garments.subdivide import Level, refine
from stages.groom.garments.texels import Values

_BEND_COMPLIANCE = 6e-7
_PATTERN_SHARE = 0.5
"""Of a length that comes from the flat pattern, which cannot follow a waist: the rest of the shell's is what folds."""
_STRETCH_LIMITS, _BEND_LIMITS = (0.97, 1.15), (0.95, 1.25)
_POSED_LIMITS = (0.975, 1.05)
"""Of a length over that of the shell in the draping pose: more, where arms come down, would crumple all that hangs below."""
_COARSEST_STIFFNESS = 1.5
"""Added at the first level, whose edges are 25 mm long: it cannot hold a fold, and would crease over a belly."""
_FOLD_ROUNDS, _BORDER_ROUNDS, _LOW_BORDER_ROUNDS = 7, 40, 4
"""Of smoothing along the normals, and of borders along themselves: folds narrower than 2 cm are crumpled paper, not cloth."""
_BELLY_SLOPE, _BELLY_ROUNDS, _BELLY_SPREAD = 0.10, 30, 3.0
"""Sine of the slope from which cloth gathers on a belly; and how far around it has no extra length."""
_HEM_ROUNDS, _HEM_SHARE = 8, 0.01
"""How far from a hem cloth does not hold up what is over it."""
_LAYER_M = 0.0025
"""A cloth's own thickness, which what is over it keeps as well."""


@dataclass(frozen=True)
class Draped:
    """A garment in the pose in which it was draped."""

    garment: Garment
    cloth: Cloth
    pattern: Pattern
    seams: tuple[Seam, ...]
    levels: tuple[Level, Level]
    low: Doubles
    """(n,3) the vertices of the cloth."""
    middle: Doubles
    """(n1,3) the vertices of the first level."""
    high: Doubles
    """(n2,3) the vertices of the second level."""

    @property
    def collider(self) -> Collider:
        """What is worn over it lies on this."""
        level = self.levels[0]
        normals = compute_normals(self.middle, level.triangles)
        # Where a hem stands off, its plane continues below it: a coat would be pushed out and up.
        edge = level.linear @ ((self.cloth.lines & (Line.HEM | Line.CUFF)) != 0).astype(np.float32)
        near = average_over_edges(edge[:, None].astype(np.float32), level.triangles, _HEM_ROUNDS)[:, 0] > _HEM_SHARE
        normals[:, 1] = np.where(near, np.minimum(normals[:, 1], 0), normals[:, 1])
        return Collider(self.middle, normalize_vectors(normals, 1e-9), level.linear @ self.cloth.get("arm") > 0.5)


def compute_normals(points: Doubles, triangles: Ints) -> Doubles:
    """(n,3) unit normals."""
    found = compute_vertex_normals(points, triangles, product=np.float64, total=np.float64, floor=1e-12)
    return np.asarray(found, np.float64)


def sew(
    figure: Figure, garment: Garment, under: Sequence[Collider], seed: int, *, is_tucked: bool = False,
    frames: tuple[tuple[int, int], ...] = DRAPE_FRAMES,
) -> Draped:  # fmt: skip
    """The garment made for this body, draped over it and over what is worn under it, at three levels with these frames and substeps."""
    rng = np.random.default_rng([seed, 0x6A23])
    cloth = cut_shell(figure, garment, is_tucked=is_tucked)
    base = 0.004 * garment.layer * figure.scale
    rest = hang(figure, garment, cloth, add_ease(figure, garment, cloth, is_tucked=is_tucked, base=base))
    seams = list_seams(figure, garment, cloth)
    pattern = lay_flat(cloth, rest, choose_grain(garment, cloth, rest), seams)
    one = refine(cloth.triangles, pattern.corners, len(cloth.values), len(pattern.uv))
    two = refine(one.triangles, one.corners, one.linear.shape[0], one.linear_rows.shape[0])
    slack = _find_slack(cloth, rest)
    extra = _choose_extra_length(garment, cloth, rng) * slack
    # What the levels of the drape take from the cloth: extra length, slack, and whether it passes through arms.
    traits = np.stack([extra, slack, cloth.get("arm") < 0.5], 1).astype(np.float64)
    pins = list_pins(figure, garment, cloth, is_tucked=is_tucked)
    collider = join_colliders([figure.collider, *under, *([bridge_legs(figure, under)] if hangs_below(figure, garment) else [])])
    shell = figure.pose(cloth, rest)
    shell1 = one.smooth @ shell
    shell2 = two.smooth @ shell1
    rest1, uv1 = one.smooth @ rest, one.linear_rows @ pattern.uv
    rest2, uv2, linear2 = two.smooth @ rest1, two.linear_rows @ uv1, two.linear @ one.linear
    pins1, pins2 = one.linear @ pins > 0.999, linear2 @ pins > 0.999
    zero = Level(cloth.triangles, pattern.corners, None, None, None)
    coarse = _drape(zero, rest.astype(np.float64), pattern.uv, traits, pins, shell, shell, collider, garment, frames[0], rng)
    middle = _drape(one, rest1, uv1, one.linear @ traits, pins1, shell1, one.smooth @ coarse, collider, garment, frames[1], rng)
    high = _drape(two, rest2, uv2, linear2 @ traits, pins2, shell2, two.smooth @ middle, collider, garment, frames[2], rng)
    high = _iron(high, two.triangles)
    return Draped(garment, cloth, pattern, tuple(seams), (one, two), _reduce(cloth, linear2, high), middle, high)


def choose_grain(garment: Garment, cloth: Cloth, rest: Floats) -> Floats:
    """(n,) grows along the grain: up the body, and from the cuff to the shoulder on a sleeve."""
    grain = rest[:, 1].astype(np.float32)
    if garment.sleeve <= 0.12 or garment.kind != "top":
        return grain
    sleeve = np.abs(cloth.get("bind")[:, 0])
    return np.asarray(np.where(cloth.get("arm") > 0.5, -sleeve, grain), np.float32)


def join_colliders(parts: Sequence[Collider]) -> Collider:
    """All of them as one."""
    arms = [np.zeros(len(part.points), bool) if part.arms is None else part.arms for part in parts]
    return Collider(np.concatenate([p.points for p in parts]), np.concatenate([p.normals for p in parts]), np.concatenate(arms))


def _choose_extra_length(garment: Garment, cloth: Cloth, rng: np.random.Generator) -> Floats:
    """(n,) share by which the cloth is longer along its grain than the shell: compression makes folds, different on everyone."""
    leg, sleeve, arm = cloth.get("leg"), cloth.get("sleeve"), cloth.get("arm")

    def bump(values: Floats, middle: float, width: float) -> Floats:
        return np.asarray(np.exp(-(((values - middle) / width) ** 2)), np.float32)

    if garment.kind == "trousers":
        amount = 0.02 + 0.06 * (bump(leg, 0.02, 0.1) + 0.6 * bump(leg, 0.52, 0.12) + bump(leg, 1.0, 0.12))
    elif garment.kind == "skirt":
        amount = np.full(len(leg), 0.01, np.float32)
    else:
        # Below the hips cloth hangs freely: nothing pushes it together.
        hanging = np.clip(leg / 0.12, 0, 1)
        amount = 0.05 * (1 - 0.85 * hanging) * (1 - arm) + arm * (0.07 + 0.05 * bump(sleeve, 0.5, 0.15))
    noise = average_over_edges(rng.standard_normal((len(leg), 1)).astype(np.float32), cloth.triangles, 4)[:, 0]
    noise = np.clip(noise / max(float(noise.std()), 1e-6), -2, 2) / 2
    border = np.zeros((len(leg), 1), np.float32)
    border[find_boundary_edges(cloth.triangles).ravel()] = 1
    flat = 1 - np.minimum(1.5 * average_over_edges(border, cloth.triangles, 2)[:, 0], 1)  # hems are sewn flat
    return np.asarray(0.6 * amount * garment.fullness * (1 + 0.5 * noise) * flat, np.float32)


def _find_slack(cloth: Cloth, rest: Floats) -> Floats:
    """(n,) 1, down to 0 on a torso that faces upwards and around it: what is too long would make one fold on the belly."""
    normals = compute_normals(rest.astype(np.float64), cloth.triangles)
    steep = np.clip((normals[:, 1] - _BELLY_SLOPE) / _BELLY_SLOPE, 0, 1) * (cloth.get("arm") < 0.02) * (cloth.get("depth") > 0)
    # The neck and the shoulders face upwards on everybody.
    steep *= cloth.get("leg") > np.quantile(cloth.get("leg"), 0.25)
    spread = average_over_edges(steep[:, None].astype(np.float32), cloth.triangles, _BELLY_ROUNDS)[:, 0]
    return np.asarray(1 - np.clip(_BELLY_SPREAD * spread, 0, 1), np.float32)


def _drape(
    level: Level, rest: Doubles, uv: Values, traits: Doubles, pinned: Bools, shell: Doubles, start: Doubles, collider: Collider,
    garment: Garment, effort: tuple[int, int], rng: np.random.Generator,
) -> Doubles:  # fmt: skip
    """(n,3) the vertices of a level after it has settled.

    Args:
        rest, shell: (n,3) the shell in the A-pose, and in the draping pose.
        uv: (m,2) the pattern.
        traits: (n,3) share of extra length along the grain; 0..1 how much slack is allowed; 1 where arms are passed through.
        start: (n,3) where it begins.
    """
    if not effort[0]:
        return np.asarray(start)
    stiffness = garment.stiffness + (0 if level.smooth is not None else _COARSEST_STIFFNESS)
    extra, slack, torso = traits.T
    edges, lengths = _measure_edges(level, rest, uv)
    bends, bend_lengths = _measure_bends(level, rest, uv)
    upright = _measure_uprightness(level, uv, len(edges))
    lengths = _limit(lengths, edges, shell, slack) * (1 + extra[edges].mean(1) * upright)
    bend_lengths = _limit(bend_lengths, bends, shell, slack) * (1 + 0.5 * extra[bends].mean(1))
    compliance = np.concatenate([np.full(len(edges), STRETCH_COMPLIANCE), np.full(len(bends), _BEND_COMPLIANCE / stiffness)])
    anchor, reach = find_tethers(edges, lengths, pinned)
    springs = Springs(np.concatenate([edges, bends]), np.concatenate([lengths, bend_lengths]), compliance, anchor, reach * 1.01)
    gap = np.full(len(rest), GAP_M + _LAYER_M * garment.layer)
    frames, substeps = effort
    return settle(np.asarray(start), springs, pinned, collider, gap, frames=frames, substeps=substeps, rng=rng, on_torso=torso > 0.5)


def _limit(lengths: Doubles, ends: Int64s, shell: Doubles, slack: Doubles) -> Doubles:
    """(s,) lengths within _POSED_LIMITS of those of the shell, which slack (n,) below 1 narrows."""
    posed = np.maximum(np.linalg.norm(shell[ends[:, 0]] - shell[ends[:, 1]], axis=1), 1e-6)
    low, high = _POSED_LIMITS
    return np.asarray(posed * np.clip(lengths / posed, low, 1 + (high - 1) * slack[ends].mean(1)))


def _measure_uprightness(level: Level, uv: Values, count: int) -> Doubles:
    """(e,) 1 for an edge along the grain, 0 across."""
    _, number = index_edges(level.triangles)
    flat = np.roll(uv[level.corners], -1, 1) - uv[level.corners]
    upright = flat[..., 1] ** 2 / np.maximum((flat**2).sum(2), 1e-12)
    return np.bincount(number.ravel(), upright.ravel(), count) / np.bincount(number.ravel(), minlength=count)


def _measure_edges(level: Level, rest: Doubles, uv: Values) -> tuple[Int64s, Doubles]:
    """(e,2) edges and (e,) the lengths that the cloth wants."""
    edges, number = index_edges(level.triangles)
    flat = np.roll(uv[level.corners], -1, 1) - uv[level.corners]
    uses = np.bincount(number.ravel(), minlength=len(edges))
    span = np.bincount(number.ravel(), np.linalg.norm(flat, axis=2).ravel(), len(edges)) / uses
    shell = np.linalg.norm(rest[edges[:, 0]] - rest[edges[:, 1]], axis=1)
    ratio = np.clip(span / np.maximum(shell, 1e-6), *_STRETCH_LIMITS)
    return edges, shell * (1 + _PATTERN_SHARE * (ratio - 1))


def _measure_bends(level: Level, rest: Doubles, uv: Values) -> tuple[Int64s, Doubles]:
    """(b,2) far corners of neighbouring triangles, and (b,) their distances: in the pattern where no seam is between them."""
    bends, _ = find_bends(level.triangles)
    shell = np.linalg.norm(rest[bends[:, 0]] - rest[bends[:, 1]], axis=1)
    rows, _ = find_bends(level.corners)
    row_vertex = np.zeros(len(uv), np.int64)
    row_vertex[level.corners.ravel()] = level.triangles.ravel()
    span = len(rest) + 1
    flat = np.linalg.norm(uv[rows[:, 0]] - uv[rows[:, 1]], axis=1)
    known = dict(zip((np.sort(row_vertex[rows], 1) @ [span, 1]).tolist(), flat.tolist(), strict=True))
    keys = (np.sort(bends, 1) @ [span, 1]).tolist()
    found = np.array([known.get(key, length) for key, length in zip(keys, shell.tolist(), strict=True)])
    return bends, shell * np.clip(found / np.maximum(shell, 1e-6), *_BEND_LIMITS)


def _iron(points: Doubles, triangles: Ints) -> Doubles:
    """(n,3) the points without the finest folds; borders are smoothed along themselves."""
    edges = find_boundary_edges(triangles)
    normals = compute_normals(points, triangles)
    move = average_over_edges(points.astype(np.float32), triangles, _FOLD_ROUNDS) - points
    inner = np.ones(len(points))
    inner[edges.ravel()] = 0
    found = points + normals * (dot(move, normals) * inner)[:, None]
    start = found
    found = _smooth_borders(found, edges, _BORDER_ROUNDS)
    # What moved along an edge moves around it as well, or the next row would stand out.
    shift = average_over_edges(((found - start) * 1.0).astype(np.float32), triangles, 6)
    return np.asarray(np.where(inner[:, None] > 0, found + 1.5 * shift, found))


def _reduce(cloth: Cloth, linear: Any, high: Doubles) -> Doubles:
    """(n,3) the vertices of the cloth: half where they are at the second level, half the mean around; borders along themselves alone."""
    count = len(cloth.values)
    border = np.zeros(count, bool)
    border[find_boundary_edges(cloth.triangles).ravel()] = True
    on_border = linear @ border > 0.999
    weight = linear.tocsr()
    inner = weight.T @ high / np.maximum(np.asarray(weight.sum(0)).ravel(), 1e-9)[:, None]
    along = weight[on_border]
    outer = along.T @ high[on_border] / np.maximum(np.asarray(along.sum(0)).ravel(), 1e-9)[:, None]
    found = 0.5 * high[:count] + 0.5 * np.where(border[:, None], outer, inner)
    return _smooth_borders(found, find_boundary_edges(cloth.triangles), _LOW_BORDER_ROUNDS)


def _smooth_borders(points: Doubles, edges: Int64s, rounds: int) -> Doubles:
    """(n,3) the points, those on the border edges (e,2) smoothed along them."""
    both = np.concatenate([edges, edges[:, ::-1]])
    uses = np.bincount(both[:, 0], minlength=len(points))
    on_border = (uses == 2)[:, None]
    for _ in range(rounds):
        mean = np.stack([np.bincount(both[:, 0], points[both[:, 1], k], len(points)) for k in range(3)], 1) / np.maximum(uses, 1)[:, None]
        points = np.where(on_border, 0.5 * points + 0.5 * mean, points)
    return points
