"""Generated teeth and gums along the arches of the CC0 model, whose 7,120 triangles turn into fangs when a target reduces them.

Each tooth of the model gives position, direction and size; a crown of a few regular triangles is lofted there, and a gum is swept
along each row. Lower teeth move with the jaw as the model's do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Image, Ints, Mesh, MorphTarget, Skin
from assets.conventions import GUM_U
from assets.mesh import split_components
from stages.groom.fit import FittedItem
from stages.groom.placement import weld_item_triangles

CROWN_SEGMENTS = 8
"""Corners of a crown's cross-section."""
# Rings of a crown from under the gum to its edge: height, width and depth as shares of the tooth's.
_INCISOR = ((-0.10, 0.86, 0.90), (0.50, 1.03, 0.82), (0.90, 1.03, 0.46), (1.0, 0.96, 0.30))
_CANINE = ((-0.10, 0.88, 0.95), (0.50, 1.03, 0.95), (0.84, 0.88, 0.62), (1.0, 0.56, 0.36))
_MOLAR = ((-0.10, 0.90, 0.90), (0.55, 1.03, 1.00), (0.90, 0.98, 0.90), (1.0, 0.78, 0.66))
_TEETH_PER_ROW = 12
"""Teeth that are generated in a row: no mouth opens wide enough to show more."""
_GUM_STEPS = 23
ROW_OFFSETS = (np.array([0, -0.0048, 0.0], np.float32), np.array([0, -0.0062, -0.001], np.float32))
"""Metres by which the upper and lower row move: in the model, the lip hides the upper row, and the lower row rises above its lip."""
_ENAMEL_U, _GUM_U = GUM_U / 2, (1 + GUM_U) / 2
"""U of enamel and gum: the middles of their parts of the picture."""
_WIDENING = 1.03
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


def build_teeth(model: FittedItem, morphs: tuple[MorphTarget, ...], offsets: tuple[Floats, Floats], name: str) -> Mesh:
    """Both rows with their gums as one mesh; `offsets` (upper (3,), lower (3,)) move the rows, metres."""
    rows = _find_rows(model, morphs)
    points: list[Floats] = []
    faces: list[Ints] = []
    uvs: list[Floats] = []
    shares: list[Floats] = []
    for row, offset in zip(rows, offsets, strict=True):
        up = 1.0 if row[0].share > 0.5 else -1.0
        for part, triangles, uv in [*(_build_crown(tooth, i, len(row), up) for i, tooth in enumerate(row)), _build_gum(row, up)]:
            faces.append(triangles + sum(map(len, points)))
            points.append((part + offset).astype(np.float32))
            uvs.append(uv)
            shares.append(np.full(len(part), row[0].share, np.float32))
    return _assemble_mesh(name, model, morphs, np.concatenate(points), np.concatenate(faces), np.concatenate(uvs), np.concatenate(shares))


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
        size = [np.ptp(local @ along), np.ptp(local[:, 1]), np.ptp(local @ out)]
        found.append(Tooth(centre.astype(np.float32), along.astype(np.float32), out.astype(np.float32), np.array(size, np.float32), share))
    return _symmetrise_row(found)


def _symmetrise_row(row: list[Tooth]) -> list[Tooth]:
    """The row with every tooth in the mean size of itself and its counterpart on the other side, and a little wider."""
    widening = (_WIDENING, 1, 1)
    return [
        replace(tooth, size=np.asarray((tooth.size + twin.size) / 2 * widening, np.float32))
        for tooth, twin in zip(row, reversed(row), strict=True)
    ]


def _choose_crown_profile(index: int, count: int) -> tuple[tuple[float, float, float], ...]:
    """Rings by the tooth's place in the row: two incisors on each side of the middle, a canine, then premolars and molars."""
    step = int(abs(index - (count - 1) / 2))
    return _INCISOR if step < 2 else _CANINE if step == 2 else _MOLAR


def _build_crown(tooth: Tooth, index: int, count: int, up: float) -> tuple[Floats, Ints, Floats]:
    """Points (n,3), triangles (t,3) and UVs (n,2) of one crown; `up` is the sign of Y from its neck to its edge."""
    angle = (np.arange(CROWN_SEGMENTS) + 0.5) / CROWN_SEGMENTS * 2 * np.pi
    # A superellipse: teeth are squarer than an ellipse.
    across = np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** 0.6
    deep = np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** 0.6
    rings, uv = [], []
    for height, width, depth in _choose_crown_profile(index, count):
        ring = tooth.along * (across * width * tooth.size[0] / 2)[:, None] + tooth.out * (deep * depth * tooth.size[2] / 2)[:, None]
        # The front is upright and the back slopes, so the edge is at the front.
        ring = ring + tooth.out * (1 - depth) * tooth.size[2] * 0.22
        rings.append(tooth.centre + ring + np.array([0, up * (height - 0.5) * tooth.size[1], 0]))
        uv.append(np.stack([_ENAMEL_U + 0.2 * across, np.full(CROWN_SEGMENTS, np.clip(0.05 + 0.9 * height, 0.02, 0.98))], 1))
    tip = rings[-1].mean(0, keepdims=True) + np.array([0, up * 0.02 * tooth.size[1], 0])
    points = np.concatenate([*rings, tip]).astype(np.float32)
    coordinates = np.concatenate([*uv, [[_ENAMEL_U, 0.98]]]).astype(np.float32)
    return points, _orient_outward(_loft_rings(len(rings)), points), coordinates


def _loft_rings(rings: int) -> Ints:
    """(t,3) bands between the rings, and a fan from the last ring to the point that follows it."""
    faces = []
    for r in range(rings - 1):
        for i in range(CROWN_SEGMENTS):
            j = (i + 1) % CROWN_SEGMENTS
            a, b, c, d = r * CROWN_SEGMENTS + i, r * CROWN_SEGMENTS + j, (r + 1) * CROWN_SEGMENTS + i, (r + 1) * CROWN_SEGMENTS + j
            faces += [(a, b, c), (b, d, c)]
    top = (rings - 1) * CROWN_SEGMENTS
    faces += [(top + i, top + (i + 1) % CROWN_SEGMENTS, rings * CROWN_SEGMENTS) for i in range(CROWN_SEGMENTS)]
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
    knots = np.linspace(0, 1, len(row))
    steps = np.linspace(0, 1, _GUM_STEPS)
    line, out = (np.stack([np.interp(steps, knots, v[:, k]) for k in range(3)], 1) for v in (centres, outs))
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    half = np.interp(steps, knots, depth) / 2
    height = float(np.mean([tooth.size[1] for tooth in row]))
    # One wave from tooth to tooth: the gum rises between two necks.
    wave = 0.5 * (1 - np.cos(2 * np.pi * steps * (len(row) - 1))) * 0.10 * height
    profile = ((0.85, -1.25), (1.12, -0.45), (0.98, 0.06), (-0.98, 0.06), (-1.2, -0.5), (-1.3, -1.2))
    rings = []
    for side, rise in profile:
        ring = line + out * (side * half)[:, None]
        ring[:, 1] += up * (rise * height + (wave if rise > 0 else 0.0))
        rings.append(ring)
    points = np.stack(rings, 1).reshape(-1, 3).astype(np.float32)
    k = len(profile)
    faces = []
    for s in range(_GUM_STEPS - 1):
        for i in range(k - 1):
            a, b, c, d = s * k + i, s * k + i + 1, (s + 1) * k + i, (s + 1) * k + i + 1
            faces += [(a, b, c), (b, d, c)] if up > 0 else [(a, c, b), (b, c, d)]
    uv = np.stack([np.full(len(points), _GUM_U), np.tile(np.linspace(0.1, 0.9, k), _GUM_STEPS)], 1).astype(np.float32)
    return points, np.array(faces, np.int32), uv


def paint_teeth(size: int = 128) -> Image:
    """(s,s,3) sRGB: warm enamel on the left, yellower at the neck and whiter at the edge; gum on the right."""
    down = ((np.arange(size) + 0.5) / size)[:, None, None]
    neck, body, edge = (np.array(c) for c in ((0.74, 0.62, 0.48), (0.90, 0.84, 0.74), (0.90, 0.87, 0.82)))
    upper, lower = np.clip(down / 0.4, 0, 1), np.clip((down - 0.6) / 0.4, 0, 1)
    enamel = np.where(down < 0.5, neck + (body - neck) * upper, body + (edge - body) * lower)
    gum = np.array([0.62, 0.30, 0.29]) * (0.75 + 0.25 * np.sin(np.pi * down))
    picture = np.broadcast_to(enamel, (size, size, 3)).copy()
    picture[:, round(GUM_U * size) :] = gum
    return Image((np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8))
