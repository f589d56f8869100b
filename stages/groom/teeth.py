"""Generated teeth and gums along the arches of the CC0 model, whose 7,120 triangles turn into fangs when a target reduces them.

Each tooth of the model gives position, direction and size; a crown of a few regular triangles is lofted there, and a gum is swept
along each row. Lower teeth move with the jaw as the model's do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.character import Body
from assets.artefacts.geometry import Floats, Image, Ints, Mesh, MorphTarget, Skin
from assets.conventions import GUM_U, LIP_VERTICES, UPPER_LIP_EDGE
from assets.mesh import split_components
from stages.groom.fit import FittedItem
from stages.groom.placement import weld_item_triangles


@dataclass(frozen=True)
class _Crown:
    """A kind of crown."""

    segments: int
    """Corners of its cross-section."""
    rings: tuple[tuple[float, float, float], ...]
    """From under the gum to the edge: height, width and depth as shares of the tooth's."""


# Front teeth get most of the triangles: behind the canines the lips leave little to see, and the shade less.
_INCISOR = _Crown(8, ((-0.10, 0.90, 0.90), (0.62, 1.02, 0.74), (1.0, 0.99, 0.32)))
_CANINE = _Crown(8, ((-0.10, 0.90, 0.95), (0.66, 1.02, 0.86), (1.0, 0.66, 0.38)))
_MOLAR = _Crown(6, ((-0.10, 0.92, 0.92), (1.0, 0.90, 0.78)))
_TEETH_PER_ROW = 12
"""Teeth that are generated in a row: no mouth opens wide enough to show more."""
_HALF_ROW = _TEETH_PER_ROW // 2
_OPENNESS = (1.0, 0.94, 0.74, 0.44, 0.26, 0.16)
"""Light that reaches each tooth from the middle of the row backwards, as a share of what reaches the first: engines rarely darken a
mouth, in which lips and cheeks shade everything behind the canines."""
_LOWER_ROW_LIGHT = 0.80
"""The lower row is in the shade of the upper one."""
_LOWER_FALLOFF = 1.6
"""Power by which its light falls off faster: cheek and lip come between the window and the lower molars, which look like pegs in light."""
UPPER_EDGE_M, LOWER_EDGE_M = 0.0026, 0.0036
"""Edges of the front teeth below the line where the closed lips meet. In the model, the lip hides the upper row, and the lower one rises
above its lip; on other faces the lips move and the teeth do not: one bares the whole row when the jaw opens."""
_LONGER_M = 0.0007
"""Most by which the middle teeth end below their neighbours."""
_MAX_RISE_M = 0.006
"""Most by which teeth rise with the lips towards raised corners of the mouth."""
_LOWER_SETBACK_M = 0.001
_GUM_STEPS_PER_TOOTH = (2, 2, 2, 1, 1, 1)
"""Steps of the gum along each tooth from the middle backwards: between front teeth it rises."""
_GUM_PROFILES = {
    -1.0: ((0.85, -1.25), (1.12, -0.40), (0.98, 0.06), (-0.98, 0.06), (-1.25, -0.70)),
    1.0: ((0.30, -0.75), (1.02, -0.35), (0.98, 0.06), (-0.98, 0.06), (-1.25, -0.70)),
}
"""Cross-section of the upper and lower gum from their outside over the necks to their inside: share of half the tooth's depth, share of its
height. The lower one is short: with the jaw open, it would come through a flat chin."""
_WIDENING = 1.07
"""Teeth are this much wider than the model's, so that no gaps are left."""


@dataclass(frozen=True)
class Tooth:
    """Position, orientation and size of one tooth of the model."""

    centre: Floats
    """(3,) metres."""
    along: Floats
    """(3,) level unit vector along the row."""
    out: Floats
    """(3,) level unit vector towards lips or cheek."""
    size: Floats
    """(3,) width along the row, height and depth, metres."""
    share: float
    """Share of the jaw's motion that it follows: 0 in the upper row, 1 in the lower row."""


def build_teeth(model: FittedItem, morphs: tuple[MorphTarget, ...], lips: LipLine, name: str) -> Mesh:
    """Both rows with their gums as one mesh, behind these lips."""
    points: list[Floats] = []
    faces: list[Ints] = []
    uvs: list[Floats] = []
    shares: list[Floats] = []
    for found in _find_rows(model, morphs):
        up = 1.0 if found[0].share > 0.5 else -1.0
        row = _place_behind_lips(found, up, lips)
        crowns = [_build_crown(tooth, find_step(i), up) for i, tooth in enumerate(row)]
        for part, triangles, uv in [*crowns, _build_gum(row, up)]:
            faces.append(triangles + sum(map(len, points)))
            points.append(part.astype(np.float32))
            uvs.append(uv)
            shares.append(np.full(len(part), row[0].share, np.float32))
    return _assemble_mesh(name, model, morphs, np.concatenate(points), np.concatenate(faces), np.concatenate(uvs), np.concatenate(shares))


@dataclass(frozen=True)
class LipLine:
    """The line along which closed lips meet."""

    middle: float
    """Height in the middle, metres."""
    across: Floats
    """(n,) distances from the middle, ascending, metres."""
    heights: Floats
    """(n,) heights there, metres."""


def find_lip_line(body: Body) -> LipLine:
    """The line of this body's lips."""
    middle = float(body.positions[[LIP_VERTICES["upper"], LIP_VERTICES["lower"]], 1].mean())
    edge = body.positions[list(UPPER_LIP_EDGE)]
    return LipLine(middle, np.maximum.accumulate(np.abs(edge[:, 0])), edge[:, 1] - edge[0, 1] + middle)


def _place_behind_lips(row: list[Tooth], up: float, lips: LipLine) -> list[Tooth]:
    """The row moved so that the edges of its incisors are where they belong below the lips; upper teeth rise with the lips behind them."""
    edges = np.array([tooth.centre[1] + up * tooth.size[1] / 2 for tooth in row])
    incisors = [i for i in range(len(row)) if find_step(i) == 0]
    below = LOWER_EDGE_M if up > 0 else UPPER_EDGE_M
    move = np.full(len(row), lips.middle - below - float(edges[incisors].mean()))
    if up < 0:
        laterals = [i for i in range(len(row)) if find_step(i) == 1]
        # The model's middle teeth are long: alone below the lip they look like a rabbit's.
        move[incisors] += max(float(edges[laterals].mean() - edges[incisors].mean()) - _LONGER_M, 0)
        aside = np.array([abs(float(tooth.centre[0])) for tooth in row])
        # Towards the corners the lips part more easily: teeth there end nearer to the line.
        allowed = np.interp(aside, lips.across, lips.heights) - below * (1 - 0.4 * np.clip(aside / lips.across[-1], 0, 1))
        behind = aside - float(aside[incisors].mean())
        needed = np.maximum(allowed - (edges + move), 0) / np.maximum(behind, 1e-3)
        # One slope for all: the edges stay in a smooth curve.
        move += np.clip(behind * float(needed[behind > 0.008].max()), 0, _MAX_RISE_M)
    back = -_LOWER_SETBACK_M if up > 0 else 0.0
    return [replace(tooth, centre=tooth.centre + np.array([0, y, back], np.float32)) for tooth, y in zip(row, move, strict=True)]


def _assemble_mesh(
    name: str, model: FittedItem, morphs: tuple[MorphTarget, ...], points: Floats, faces: Ints, uv: Floats, share: Floats
) -> Mesh:
    """The mesh with the model's skin (its head joint) and morphs; each morph is made affine, so that a row stays in shape."""
    joints, weights = np.zeros((len(points), 4), np.uint16), np.zeros((len(points), 4), np.float32)
    joints[:], weights[:] = model.skin.joints[0], model.skin.weights[0]
    lower = np.flatnonzero(share > 0.5).astype(np.int32)
    targets = []
    for morph in morphs:
        gradient = _fit_motion_gradient(model, morph)
        deltas = (morph.deltas.mean(0) + (points[lower] - points[lower].mean(0)) @ gradient.T).astype(np.float32)
        targets.append(MorphTarget(morph.name, lower, deltas))
    return Mesh(name, points, uv, faces.astype(np.int32), Skin(joints, weights), tuple(targets), name)


def _fit_motion_gradient(model: FittedItem, morph: MorphTarget) -> NDArray[np.float64]:
    """(3,3) gradient of the morph along the row: the jaw rotates about its hinge, so front teeth move further than molars."""
    positions = model.positions[morph.indices].astype(np.float64)
    local = positions - positions.mean(0)
    solution = np.linalg.lstsq(local, morph.deltas.astype(np.float64) - morph.deltas.mean(0), rcond=1e-4)[0]
    return np.asarray(solution.T)


def _find_rows(model: FittedItem, morphs: tuple[MorphTarget, ...]) -> tuple[list[Tooth], list[Tooth]]:
    """Upper and lower teeth, each from the right side of the mouth to its left."""
    jaw = next((morph for morph in morphs if morph.name == "jawOpen"), None)
    moved = np.zeros(len(model.positions), bool)
    if jaw is not None:
        distance = np.linalg.norm(jaw.deltas, axis=1)
        moved[jaw.indices] = distance > 0.3 * float(distance.max())
    parts = sorted(split_components(weld_item_triangles(model.item), len(model.positions)), key=len)[:-1]  # the largest is the gum
    upper = [part for part in parts if moved[part].mean() <= 0.5]
    lower = [part for part in parts if moved[part].mean() > 0.5]
    return _place_teeth(model.positions, upper, 0.0), _place_teeth(model.positions, lower, 1.0)


def _place_teeth(positions: Floats, parts: list[NDArray[np.int64]], share: float) -> list[Tooth]:
    """The row's front teeth with their directions: along the row from neighbour to neighbour, and outwards across it."""
    centres = np.array([(positions[part].max(0) + positions[part].min(0)) / 2 for part in parts])
    middle = np.array([np.median(centres[:, 0]), 0, centres[:, 2].min()])
    around = np.arctan2(centres[:, 0] - middle[0], centres[:, 2] - middle[2])
    keep = np.sort(np.argsort(np.abs(around))[:_TEETH_PER_ROW])
    order = keep[np.argsort(around[keep])]
    centres, directions = centres[order], np.gradient(centres[order], axis=0)
    directions[:, 1] = 0
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    found = []
    for index, along, centre in zip(order, directions, centres, strict=True):
        out = np.array([-along[2], 0, along[0]])
        local = positions[parts[index]] - centre
        size = [np.ptp((local * along).sum(1)), np.ptp(local[:, 1]), np.ptp((local * out).sum(1))]
        found.append(Tooth(centre.astype(np.float32), along.astype(np.float32), out.astype(np.float32), np.array(size, np.float32), share))
    return _symmetrise_row(found)


def _symmetrise_row(row: list[Tooth]) -> list[Tooth]:
    """The row with every tooth in the mean size of itself and its counterpart on the other side, and a little wider."""
    widening = (_WIDENING, 1, 1)
    return [
        replace(tooth, size=np.asarray((tooth.size + twin.size) / 2 * widening, np.float32))
        for tooth, twin in zip(row, reversed(row), strict=True)
    ]


def find_step(index: int) -> int:
    """0 for the two teeth in the middle of a row .. 5 for the last ones, of a tooth's index in its row."""
    return int(abs(index - (_TEETH_PER_ROW - 1) / 2))


def _choose_crown(step: int) -> _Crown:
    """The kind of a tooth: two incisors on each side of the middle, a canine, then premolars and molars."""
    return _INCISOR if step < 2 else _CANINE if step == 2 else _MOLAR


def locate_enamel(step: float, up: float) -> float:
    """U of a tooth's column in the picture: the upper row from the middle backwards, then the lower row from the back to the middle."""
    column = step if up < 0 else 2 * _HALF_ROW - 1 - step
    return float((column + 0.5) / (2 * _HALF_ROW) * GUM_U)


def _locate_gum(step: NDArray[np.floating], up: float) -> NDArray[np.floating]:
    """U of the gum at these steps: like that of the enamel, in the other part of the picture."""
    column = step if up < 0 else 2 * _HALF_ROW - 1 - step
    return np.asarray(GUM_U + (column + 0.5) / (2 * _HALF_ROW) * (1 - GUM_U))


def _build_crown(tooth: Tooth, step: int, up: float) -> tuple[Floats, Ints, Floats]:
    """Points (n,3), triangles (t,3) and UVs (n,2) of one crown; `up` is the sign of Y from its neck to its edge."""
    crown = _choose_crown(step)
    angle = (np.arange(crown.segments) + 0.5) / crown.segments * 2 * np.pi
    # A superellipse: teeth are squarer than an ellipse.
    across = np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** 0.6
    deep = np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** 0.6
    rings, uv = [], []
    for height, width, depth in crown.rings:
        ring = tooth.along * (across * width * tooth.size[0] / 2)[:, None] + tooth.out * (deep * depth * tooth.size[2] / 2)[:, None]
        # The front is upright and the back slopes, so the edge is at the front.
        ring = ring + tooth.out * (1 - depth) * tooth.size[2] * 0.22
        rings.append(tooth.centre + ring + np.array([0, up * (height - 0.5) * tooth.size[1], 0]))
        # The inner side is at the dark end of the column: little light gets there.
        v = np.where(deep > 0, np.clip(0.16 + 0.8 * height, 0.12, 0.97), 0.02)
        uv.append(np.stack([np.full(crown.segments, locate_enamel(step, up)), v], 1))
    points = np.concatenate(rings).astype(np.float32)
    return points, _orient_outward(_loft_rings(len(rings), crown.segments), points), np.concatenate(uv).astype(np.float32)


def _loft_rings(rings: int, segments: int) -> Ints:
    """(t,3) bands between the rings, and a fan that closes the last ring."""
    faces = []
    for r in range(rings - 1):
        for i in range(segments):
            j = (i + 1) % segments
            a, b, c, d = r * segments + i, r * segments + j, (r + 1) * segments + i, (r + 1) * segments + j
            faces += [(a, b, c), (b, d, c)]
    top = (rings - 1) * segments
    faces += [(top, top + i, top + i + 1) for i in range(1, segments - 1)]
    return np.array(faces, np.int32)


def _orient_outward(faces: Ints, points: Floats) -> Ints:
    """The triangles of a nearly closed shape, wound so that their normals point outwards."""
    a, b, c = (points[faces[:, k]].astype(np.float64) - points.mean(0) for k in range(3))
    volume = float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum())
    return faces if volume > 0 else np.ascontiguousarray(faces[:, ::-1])


def _build_gum(row: list[Tooth], up: float) -> tuple[Floats, Ints, Floats]:
    """The gum, swept along a row: from high on its outside over the necks of the teeth to its inside."""
    centres = np.array([tooth.centre - np.array([0, up * tooth.size[1] / 2, 0]) for tooth in row], np.float64)
    outs = np.array([tooth.out for tooth in row], np.float64)
    depth = np.array([tooth.size[2] for tooth in row], np.float64)
    knots, steps = np.arange(len(row)), _list_gum_steps(len(row))
    line, out = (np.stack([np.interp(steps, knots, v[:, k]) for k in range(3)], 1) for v in (centres, outs))
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    half = np.interp(steps, knots, depth) / 2
    height = float(np.mean([tooth.size[1] for tooth in row]))
    # One wave from tooth to tooth: the gum rises between two necks.
    wave = 0.5 * (1 - np.cos(2 * np.pi * steps)) * 0.10 * height
    rings = []
    for side, rise in _GUM_PROFILES[up]:
        ring = line + out * (side * half)[:, None]
        ring[:, 1] += up * (rise * height + (wave if rise > 0 else 0.0))
        rings.append(ring)
    points = np.stack(rings, 1).reshape(-1, 3).astype(np.float32)
    k = len(_GUM_PROFILES[up])
    u = np.repeat(_locate_gum(np.abs(steps - (len(row) - 1) / 2), up), k)
    uv = np.stack([u, np.tile(np.linspace(0.1, 0.9, k), len(steps))], 1).astype(np.float32)
    return points, _sweep_faces(len(steps), k, up), uv


def _list_gum_steps(teeth: int) -> NDArray[np.float64]:
    """(s,) places along the row, in teeth, at which the gum has a cross-section."""
    found = [0.0]
    for tooth in range(teeth - 1):
        count = _GUM_STEPS_PER_TOOTH[min(find_step(tooth), find_step(tooth + 1))]
        found += [tooth + (k + 1) / count for k in range(count)]
    return np.array(found)


def _sweep_faces(steps: int, k: int, up: float) -> Ints:
    """(t,3) of a strip of `steps` cross-sections of k points."""
    faces = []
    for s in range(steps - 1):
        for i in range(k - 1):
            a, b, c, d = s * k + i, s * k + i + 1, (s + 1) * k + i, (s + 1) * k + i + 1
            faces += [(a, b, c), (b, d, c)] if up > 0 else [(a, c, b), (b, c, d)]
    return np.array(faces, np.int32)


def paint_teeth(size: int = 128) -> Image:
    """(s,2s,3) sRGB: a column of enamel for each tooth on the left, warm, yellower at the neck, whiter at the edge; gums on the right.

    Columns darken from the middle of a row backwards, and the lower row is darker than the upper one.
    """
    down = ((np.arange(size) + 0.5) / size)[:, None, None]
    neck, body, edge = (np.array(c) for c in ((0.50, 0.37, 0.27), (0.88, 0.82, 0.72), (0.89, 0.86, 0.80)))
    upper, lower = np.clip((down - 0.1) / 0.36, 0, 1) ** 0.7, np.clip((down - 0.6) / 0.4, 0, 1)
    enamel = np.where(down < 0.5, neck + (body - neck) * upper, body + (edge - body) * lower)
    enamel = enamel * np.clip(0.35 + down / 0.13, 0, 1)
    gum = np.array([0.60, 0.27, 0.26]) * (0.62 + 0.38 * np.sin(np.pi * down))
    half = np.linspace(0, 2 * _HALF_ROW, size, endpoint=False) + _HALF_ROW / size
    light = _compute_row_light(half)[None, :, None]
    # Light between teeth loses blue and green first, because it comes from gums and lips.
    shade = light ** np.array([1.0, 1.12, 1.18])
    picture = np.concatenate([enamel * shade, gum * shade], 1)
    return Image((np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8))


def _compute_row_light(column: NDArray[np.floating]) -> NDArray[np.floating]:
    """(n,) share of light, as sRGB values, at columns 0..12 of the picture: see `locate_enamel`."""
    lower = column >= _HALF_ROW
    step = np.where(lower, 2 * _HALF_ROW - column, column) - 0.5
    light = np.interp(step, np.arange(_HALF_ROW), _OPENNESS)
    return np.where(lower, _LOWER_ROW_LIGHT * light**_LOWER_FALLOFF, light)
