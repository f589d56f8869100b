"""Strips: the cards, tufts and ropes that carry the picture of hair along strands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.artefacts.geometry import Ints
from assets.rotation import normalize_vectors
from stages.groom.hair.atlas import COLUMNS, STRAND_HEIGHT, TUFT_COLUMN
from stages.groom.hair.chart import Floats
from stages.groom.hair.guides import Strands
from stages.groom.hair.head import Head, Surface

_PROFILE = (0.22, 1.0, 0.9, 0.45)
"""Width of a strip from root to tip: wide roots show as square ends on the forehead."""
_FRINGE_PROFILE = (0.5, 1.0, 1.0, 0.8)
_KEPT_WAVES = 0.4
_ROLL, _EDGE_TILT, _BACK_TILT = 0.18, 0.18, 0.35
_ROOT_SHADE, _ROOT_REACH = 0.5, 0.28
_LOW_LAYER_SHADE = 0.68
_COLUMN_MARGIN = 0.06
_ROPE_SIDES = 3
_SHEET_SHADE = (0.78, 0.9, 0.92, 0.88)
_LIFT_ROUNDS, _CLEARANCE_M, _MAX_LIFT_M = 4, 0.004, 0.009
_MAX_GAP_M, _MIN_AREA_M2 = 0.09, 1e-8
"""Neighbouring strands of a sheet that are farther apart fall on both sides of a shoulder."""


@dataclass(frozen=True)
class Cards:
    """Triangles with all that a mesh of hair needs but its influences."""

    positions: Floats
    """(v,3) metres, at rest."""
    normals: Floats
    """(v,3)"""
    uv: Floats
    """(v,2)"""
    shade: Floats
    """(v,) 0 dark .. 1: what lies above keeps light away."""
    triangles: Ints
    """(t,3)"""
    strand: Ints
    """(v,) the strand of each vertex."""


def join_cards(parts: list[Cards]) -> Cards:
    """All of several lists."""
    firsts = np.cumsum([0, *(len(p.positions) for p in parts)])[:-1]
    strands = np.cumsum([0, *(int(p.strand.max(initial=-1)) + 1 for p in parts)])[:-1]
    positions, normals, uv, shade = (np.concatenate([getattr(p, name) for p in parts]) for name in ("positions", "normals", "uv", "shade"))
    return Cards(
        positions, normals, uv, shade,
        np.concatenate([p.triangles + first for p, first in zip(parts, firsts, strict=True)]).astype(np.int32),
        np.concatenate([p.strand + first for p, first in zip(parts, strands, strict=True)]).astype(np.int32),
    )  # fmt: skip


def resample(points: Floats, segments: int) -> Floats:
    """(n,segments+1,3) strands with their points closer where they bend: equal spacing gives kinks at the part."""
    steps = np.diff(points, axis=1)
    length = np.linalg.norm(steps, axis=2)
    unit = steps / np.maximum(length[..., None], 1e-9)
    bend = np.zeros_like(length)
    bend[:, 1:] = np.arccos(np.clip(np.einsum("nkd,nkd->nk", unit[:, 1:], unit[:, :-1]), -1, 1))
    cost = length / np.maximum(length.sum(1, keepdims=True), 1e-9) + 0.5 * bend / np.maximum(bend.sum(1, keepdims=True), 0.5)
    total = np.concatenate([np.zeros((len(points), 1)), np.cumsum(cost, 1)], 1)
    found = np.zeros((len(points), segments + 1, 3), np.float32)
    for row, (at, line) in enumerate(zip(total, points, strict=True)):
        want = np.linspace(0, at[-1], segments + 1)
        for axis in range(3):
            found[row, :, axis] = np.interp(want, at, line[:, axis])
    return found


def _smooth(points: Floats, reach: int) -> Floats:
    """(n,s,3) strands with weaker waves where these are a few segments of `reach` points long: their samples are a zigzag. Ends stay."""
    smooth = points.astype(np.float64)
    for _ in range(reach * reach // 3):
        smooth[:, 1:-1] = (smooth[:, :-2] + 2 * smooth[:, 1:-1] + smooth[:, 2:]) / 4
    return np.asarray(smooth + _KEPT_WAVES * (points - smooth), np.float32)


def build_strips(
    strands: Strands,
    head: Head,
    segments: int,
    width: float,
    rng: np.random.Generator,
    *,
    both_sides: bool = False,
    level_tips: bool = False,
    wisps: float = 1.0,
) -> Cards:
    """Flat strips along strands, `width` metres wide.

    Args:
        both_sides: give every triangle a second one of the other winding, for strips that stand up: a double-sided material turns
            the normal of a strip seen from behind, and half of them would be black.
        level_tips: keep strips wide to their tips, as in a fringe.
        wisps: share of the columns of the atlas, from the densest on, that are used.
    """
    line = resample(_smooth(strands.points, strands.points.shape[1] // segments), segments)
    count = len(line)
    tangent = np.gradient(line, axis=1)
    tangent = normalize_vectors(tangent, 1e-6)
    normal = _compute_volume_normals(line, tangent, head)
    side = np.cross(tangent, normal)
    roll = rng.normal(0, _ROLL, (count, 1, 1))
    side = side * np.cos(roll) + normal * np.sin(roll)
    at = np.linspace(0, 1, segments + 1)
    profile = np.interp(at, np.linspace(0, 1, 4), _FRINGE_PROFILE if level_tips else _PROFILE)
    half = 0.5 * width * head.scale * profile[None, :, None] * rng.uniform(0.8, 1.2, (count, 1, 1))
    edges = np.stack([line - side * half, line + side * half], 2)
    facing = normal - _BACK_TILT * tangent * (1 - at)[None, :, None] * 0.5
    tilt = np.array([-_EDGE_TILT, _EDGE_TILT])[None, None, :, None]
    normals = facing[:, :, None] + side[:, :, None] * tilt
    normals = normalize_vectors(normals, 1e-6)
    uv = _place_in_columns(_choose_columns(strands, rng, wisps), at, rng.random(count) < 0.5)
    shade = _compute_shade(strands, at, rng)
    triangles = _stitch(count, segments, 2, closed=False)
    if both_sides:
        triangles = np.concatenate([triangles, triangles[:, ::-1]])
    vertices = count * (segments + 1) * 2
    return Cards(
        edges.reshape(vertices, 3).astype(np.float32), normals.reshape(vertices, 3).astype(np.float32), uv.reshape(vertices, 2),
        np.repeat(shade.reshape(-1), 2).astype(np.float32), triangles, np.repeat(np.arange(count, dtype=np.int32), (segments + 1) * 2),
    )  # fmt: skip


def build_sheet(strands: Strands, head: Head, segments: int, surface: Surface, *, is_closed: bool) -> Cards:
    """One surface through neighbouring strands, torn where they hang apart."""
    from stages.groom.hair.atlas import map_sheet

    line = resample(strands.points, segments)
    normal = _compute_volume_normals(line, normalize_vectors(np.gradient(line, axis=1), 1e-6), head)
    order = np.arange(len(line) + is_closed) % len(line)
    line, normal = line[order], normal[order]
    if is_closed:
        line = _lift_cap(line, surface)
    count, at = len(line), np.linspace(0, 1, segments + 1)
    row, column = np.meshgrid(np.arange(count - 1), np.arange(segments), indexing="ij")
    a = (row * (segments + 1) + column).ravel()
    b = a + segments + 1
    gaps = np.linalg.norm(np.diff(line, axis=0), axis=2)
    whole = ((gaps[:, :-1] < _MAX_GAP_M) & (gaps[:, 1:] < _MAX_GAP_M)).ravel()
    triangles = np.concatenate([np.stack([a, a + 1, b], 1)[whole], np.stack([b, a + 1, b + 1], 1)[whole]])
    corners = line.reshape(-1, 3)[triangles]
    facing = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    if (facing * normal.reshape(-1, 3)[triangles[:, 0]]).sum() < 0:
        triangles = triangles[:, ::-1]
    area = np.linalg.norm(facing, axis=1)
    shade = np.interp(at, np.linspace(0, 1, len(_SHEET_SHADE)), _SHEET_SHADE)
    return Cards(
        line.reshape(-1, 3).astype(np.float32), normal.reshape(-1, 3).astype(np.float32), map_sheet(count, at).reshape(-1, 2),
        np.tile(shade, count).astype(np.float32), triangles[area > _MIN_AREA_M2].astype(np.int32),
        np.repeat(order, segments + 1).astype(np.int32),
    )  # fmt: skip


def _lift_cap(line: Floats, surface: Surface) -> Floats:
    """The strands (n,s,3) of a cap, raised where its flat faces would cut into the skull."""
    line, start = line.astype(np.float64), line
    for _ in range(_LIFT_ROUNDS):
        middle = (line[1:, 1:] + line[:-1, 1:] + line[1:, :-1] + line[:-1, :-1]) / 4
        height, normal = surface.measure(middle.reshape(-1, 3))
        push = (np.clip(_CLEARANCE_M - height, 0, 0.02)[:, None] * normal).reshape(middle.shape)
        for rows in (slice(1, None), slice(None, -1)):
            # A root stays where it is: the sheet begins on the skin.
            line[rows, 1:] += push / 2
            line[rows, 1:-1] += push[:, 1:] / 2
        away = line - start
        line = start + away * np.minimum(1, _MAX_LIFT_M / np.maximum(np.linalg.norm(away, axis=2, keepdims=True), 1e-9))
    # Both ends of a ring are the same strand.
    line[0] = line[-1] = (line[0] + line[-1]) / 2
    return line.astype(np.float32)


def build_ropes(strands: Strands, head: Head, segments: int, radius: float, rng: np.random.Generator, *, braided: bool) -> Cards:
    """Round ropes along strands: locs, or braids whose thickness swells with every turn."""
    line = resample(strands.points, segments)
    count = len(line)
    tangent = np.gradient(line, axis=1)
    tangent = normalize_vectors(tangent, 1e-6)
    normal = _compute_volume_normals(line, tangent, head)
    side = np.cross(tangent, normal)
    at = np.linspace(0, 1, segments + 1)
    swell = 1 + (0.22 * np.where(np.arange(segments + 1) % 2, 1, -1) if braided else 0)
    taper = np.interp(at, [0, 0.08, 0.85, 1], [0.75, 1, 0.85, 0.35])
    size = radius * head.scale * (taper * swell)[None, :, None] * rng.uniform(0.85, 1.15, (count, 1, 1))
    around = np.arange(_ROPE_SIDES + 1) * 2 * np.pi / _ROPE_SIDES
    ring = normal[:, :, None] * np.cos(around)[:, None] + side[:, :, None] * np.sin(around)[:, None]
    points = line[:, :, None] + ring * size[:, :, None]
    normals = 0.75 * ring + 0.25 * normal[:, :, None]
    normals = normalize_vectors(normals, 1e-6)
    length = np.linalg.norm(np.diff(line, axis=1), axis=2).sum(1)
    # The tile of ropes repeats along them: it is drawn without ends.
    from stages.groom.hair.atlas import map_rope

    uv = map_rope(around / (2 * np.pi), at, length, radius)
    shade = np.repeat(_compute_shade(strands, at, rng)[:, :, None], _ROPE_SIDES + 1, 2)
    triangles = _stitch(count, segments, _ROPE_SIDES + 1, closed=False)
    vertices = count * (segments + 1) * (_ROPE_SIDES + 1)
    owner = np.repeat(np.arange(count, dtype=np.int32), vertices // max(count, 1))
    return Cards(
        points.reshape(-1, 3).astype(np.float32), normals.reshape(-1, 3).astype(np.float32), uv.reshape(-1, 2).astype(np.float32),
        shade.reshape(-1).astype(np.float32), triangles, owner,
    )  # fmt: skip


def _compute_volume_normals(line: Floats, tangent: Floats, head: Head) -> Floats:
    """(n,s,3) directions out of the mass of hair, across the strands."""
    away = line - head.centre
    # Hanging hair faces away from the neck's axis, not from the skull's centre.
    below = away[..., 1] < 0
    away[..., 1] = np.where(below, away[..., 1] * 0.25, away[..., 1])
    away = normalize_vectors(away, 1e-6)
    flat = away - tangent * np.einsum("nkd,nkd->nk", away, tangent)[..., None]
    length = np.linalg.norm(flat, axis=2, keepdims=True)
    # Where a strand stands straight up, any direction across it will do: the one before.
    spare = np.cross(tangent, np.array([0.3, 0.2, 1.0], np.float32))
    spare = normalize_vectors(spare, 1e-6)
    return np.asarray(np.where(length > 0.15, flat / np.maximum(length, 1e-6), spare), np.float32)


def _choose_columns(strands: Strands, rng: np.random.Generator, wisps: float) -> Ints:
    """(n,) dense columns below, wispy ones on top; tufts for the row along the hairline."""
    column = (strands.rank * wisps * (COLUMNS - 2) + rng.uniform(-0.8, 0.8, len(strands))).round()
    return np.where(strands.is_edge, TUFT_COLUMN, np.clip(column, 0, COLUMNS - 2)).astype(np.int32)


def _place_in_columns(column: Ints, at: Floats, flip: np.ndarray) -> Floats:
    """(n,s,2,2) UVs of both edges of a strip."""
    left = (column + _COLUMN_MARGIN) / COLUMNS
    right = (column + 1 - _COLUMN_MARGIN) / COLUMNS
    u = np.stack([np.where(flip, right, left), np.where(flip, left, right)], 1)
    v = at * STRAND_HEIGHT
    uv = np.zeros((len(column), len(at), 2, 2), np.float32)
    uv[..., 0] = u[:, None, :]
    uv[..., 1] = v[None, :, None]
    return uv


def _compute_shade(strands: Strands, at: Floats, rng: np.random.Generator) -> Floats:
    """(n,s) how light each point of a strand is: roots and low layers are in the shade of the others."""
    root = _ROOT_SHADE + (1 - _ROOT_SHADE) * np.clip(at / _ROOT_REACH, 0, 1)
    layer = _LOW_LAYER_SHADE + (1 - _LOW_LAYER_SHADE) * strands.rank
    own = 1 - 0.09 * rng.random(len(strands))
    # The thin row along the hairline lies on skin in full light.
    root = np.where(strands.is_edge[:, None], 0.5 + 0.5 * root[None], root[None])
    return np.asarray(root * (layer * own)[:, None], np.float32)


def _stitch(count: int, segments: int, across: int, *, closed: bool) -> Ints:
    """(t,3) triangles of `count` grids of (segments + 1) rows of `across` vertices, outer side counter-clockwise."""
    row, column = np.meshgrid(np.arange(segments), np.arange(across - 1), indexing="ij")
    a = (row * across + column).ravel()
    quad = np.concatenate([np.stack([a, a + 1, a + across], 1), np.stack([a + 1, a + across + 1, a + across], 1)])
    starts = np.arange(count) * (segments + 1) * across
    return (quad[None] + starts[:, None, None]).reshape(-1, 3).astype(np.int32)
