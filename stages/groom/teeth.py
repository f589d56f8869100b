"""Our own teeth and gums, shaped to the arches of the CC0 model: its 7,120 triangles become shark's teeth when a target reduces them.

Each tooth of the model gives place, way and size; a crown of few, evenly laid triangles is lofted there, and a gum is swept round
each row. Lower teeth go with the jaw as the model's do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Image, Ints, Mesh, MorphTarget, Skin
from assets.conventions import GUM_U
from assets.mesh import split_components
from stages.groom.fit import FittedItem
from stages.groom.placement import weld_item_triangles

CROWN_SEGMENTS = 8
"""Corners of a crown's cross-section."""
# Rings of a crown from under the gum to its edge: height, width, depth, each a share of the tooth's own.
_INCISOR = ((-0.10, 0.86, 0.90), (0.50, 1.03, 0.82), (0.90, 1.03, 0.46), (1.0, 0.96, 0.30))
_CANINE = ((-0.10, 0.88, 0.95), (0.50, 1.03, 0.95), (0.84, 0.88, 0.62), (1.0, 0.56, 0.36))
_MOLAR = ((-0.10, 0.90, 0.90), (0.55, 1.03, 1.00), (0.90, 0.98, 0.90), (1.0, 0.78, 0.66))
_TEETH_PER_ROW = 12
"""Teeth of a row that are made: behind them no mouth opens wide enough."""
_GUM_STEPS = 23
# As modelled the upper row hides behind the lip however wide the mouth, and the lower one stands over its own; metres.
ROW_OFFSETS = (np.array([0, -0.0048, 0.0], np.float32), np.array([0, -0.0062, -0.001], np.float32))
# Where in the picture enamel and gum are read: in the middle of their parts.
_ENAMEL_U, _GUM_U = GUM_U / 2, (1 + GUM_U) / 2


@dataclass(frozen=True)
class Tooth:
    """Where one tooth of the model stands."""

    centre: Floats
    """(3,) metres."""
    along: Floats
    """(3,) unit vector along the row, level."""
    out: Floats
    """(3,) unit vector towards lips or cheek, level."""
    size: Floats
    """(3,) width along the row, height, depth; metres."""
    share: float
    """0 upper row, 1 lower row: how much of the jaw's way it goes."""


def build_teeth(model: FittedItem, moves: tuple[MorphTarget, ...], seat: tuple[Floats, Floats], name: str) -> Mesh:
    """Both rows with their gums as one mesh; `seat` (upper (3,), lower (3,)) moves each row, metres."""
    rows = _find_rows(model, moves)
    points: list[Floats] = []
    faces: list[Ints] = []
    uvs: list[Floats] = []
    shares: list[Floats] = []
    for row, shift in zip(rows, seat, strict=True):
        up = 1.0 if row[0].share > 0.5 else -1.0
        for part, triangles, uv in [*(_build_crown(tooth, i, len(row), up) for i, tooth in enumerate(row)), _build_gum(row, up)]:
            faces.append(triangles + sum(map(len, points)))
            points.append((part + shift).astype(np.float32))
            uvs.append(uv)
            shares.append(np.full(len(part), row[0].share, np.float32))
    return _assemble_mesh(name, model, moves, np.concatenate(points), np.concatenate(faces), np.concatenate(uvs), np.concatenate(shares))


def _assemble_mesh(
    name: str, model: FittedItem, moves: tuple[MorphTarget, ...], points: Floats, faces: Ints, uv: Floats, share: Floats
) -> Mesh:
    """The mesh with the model's own skin (its head joint) and its morphs: the row's mean way, so that a row stays rigid."""
    joints, weights = np.zeros((len(points), 4), np.uint16), np.zeros((len(points), 4), np.float32)
    joints[:], weights[:] = model.skin.joints[0], model.skin.weights[0]
    below = np.flatnonzero(share > 0.5).astype(np.int32)
    targets = []
    for move in moves:
        way = move.deltas.mean(0)
        arc = _fit_motion_gradient(model, move)
        deltas = (way + (points[below] - points[below].mean(0)) @ arc.T).astype(np.float32)
        targets.append(MorphTarget(move.name, below, deltas))
    return Mesh(name, points, uv, faces.astype(np.int32), Skin(joints, weights), tuple(targets), name)


def _fit_motion_gradient(model: FittedItem, move: MorphTarget) -> NDArray[np.float64]:
    """(3,3) how the way changes over the row: the jaw turns about its hinge, so front teeth go further than molars."""
    places = model.positions[move.indices].astype(np.float64)
    local = places - places.mean(0)
    answer = np.linalg.lstsq(local, move.deltas.astype(np.float64) - move.deltas.mean(0), rcond=1e-4)[0]
    return np.asarray(answer.T)


def _find_rows(model: FittedItem, moves: tuple[MorphTarget, ...]) -> tuple[list[Tooth], list[Tooth]]:
    """Upper and lower teeth, each from the right side of the mouth to its left."""
    jaw = next((move for move in moves if move.name == "jawOpen"), None)
    moved = np.zeros(len(model.positions), bool)
    if jaw is not None:
        moved[jaw.indices] = np.linalg.norm(jaw.deltas, axis=1) > 0.3 * float(np.linalg.norm(jaw.deltas, axis=1).max())
    parts = sorted(split_components(weld_item_triangles(model.item), len(model.positions)), key=len)[:-1]  # the largest is the gum
    upper = [part for part in parts if not moved[part].mean() > 0.5]
    lower = [part for part in parts if moved[part].mean() > 0.5]
    return _place_teeth(model.positions, upper, 0.0), _place_teeth(model.positions, lower, 1.0)


def _place_teeth(positions: Floats, parts: list[NDArray[np.int64]], share: float) -> list[Tooth]:
    """The row's front teeth with their ways: along the row from neighbour to neighbour, outward across it."""
    centres = np.array([(positions[part].max(0) + positions[part].min(0)) / 2 for part in parts])
    middle = np.array([np.median(centres[:, 0]), 0, centres[:, 2].min()])
    around = np.arctan2(centres[:, 0] - middle[0], centres[:, 2] - middle[2])
    keep = np.sort(np.argsort(np.abs(around))[:_TEETH_PER_ROW])
    order = keep[np.argsort(around[keep])]
    centres, ways = centres[order], np.gradient(centres[order], axis=0)
    ways[:, 1] = 0
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    found = []
    for index, way, centre in zip(order, ways, centres, strict=True):
        out = np.array([-way[2], 0, way[0]])
        local = positions[parts[index]] - centre
        size = [np.ptp(local @ way), np.ptp(local[:, 1]), np.ptp(local @ out)]
        found.append(Tooth(centre.astype(np.float32), way.astype(np.float32), out.astype(np.float32), np.array(size, np.float32), share))
    return _symmetrise_row(found)


def _symmetrise_row(row: list[Tooth]) -> list[Tooth]:
    """Left and right made alike in size, and each tooth a little wider than the model's, so that no gap is left."""
    made = []
    for i, tooth in enumerate(row):
        twin = row[len(row) - 1 - i]
        size = np.asarray((tooth.size + twin.size) / 2 * (1.03, 1, 1), np.float32)
        made.append(Tooth(tooth.centre, tooth.along, tooth.out, size, tooth.share))
    return made


def _choose_crown_profile(index: int, count: int) -> tuple[tuple[float, float, float], ...]:
    """Rings by place: two incisors each side of the middle, a canine, then premolars and molars."""
    step = int(abs(index - (count - 1) / 2))
    return _INCISOR if step < 2 else _CANINE if step == 2 else _MOLAR


def _build_crown(tooth: Tooth, index: int, count: int, up: float) -> tuple[Floats, Ints, Floats]:
    """Points (n,3), triangles (t,3) and uv (n,2) of one crown; `up` is the way from its neck to its edge."""
    angle = (np.arange(CROWN_SEGMENTS) + 0.5) / CROWN_SEGMENTS * 2 * np.pi
    # A superellipse: teeth are squarer than an ellipse.
    across = np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** 0.6
    deep = np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** 0.6
    rings, uv = [], []
    for height, width, depth in _choose_crown_profile(index, count):
        ring = tooth.along * (across * width * tooth.size[0] / 2)[:, None] + tooth.out * (deep * depth * tooth.size[2] / 2)[:, None]
        # The face stands upright, the back slopes: the edge lies to the front.
        ring = ring + tooth.out * (1 - depth) * tooth.size[2] * 0.22
        rings.append(tooth.centre + ring + np.array([0, up * (height - 0.5) * tooth.size[1], 0]))
        uv.append(np.stack([_ENAMEL_U + 0.2 * across, np.full(CROWN_SEGMENTS, np.clip(0.05 + 0.9 * height, 0.02, 0.98))], 1))
    tip = rings[-1].mean(0, keepdims=True) + np.array([0, up * 0.02 * tooth.size[1], 0])
    points = np.concatenate([*rings, tip]).astype(np.float32)
    coordinates = np.concatenate([*uv, [[_ENAMEL_U, 0.98]]]).astype(np.float32)
    return points, _orient_outward(_loft_rings(len(rings)), points), coordinates


def _loft_rings(rings: int) -> Ints:
    """(t,3) bands between the rings, and a fan that closes the last one on the point after it."""
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
    """The triangles, turned so that a closed shape's normals look outward."""
    a, b, c = (points[faces[:, k]].astype(np.float64) - points.mean(0) for k in range(3))
    volume = float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum())
    return faces if volume > 0 else np.ascontiguousarray(faces[:, ::-1])


def _build_gum(row: list[Tooth], up: float) -> tuple[Floats, Ints, Floats]:
    """The gum swept round a row: from high on its outside over the necks of the teeth to its inside."""
    centres = np.array([tooth.centre - np.array([0, up * tooth.size[1] / 2, 0]) for tooth in row], np.float64)
    outs = np.array([tooth.out for tooth in row], np.float64)
    depth = np.array([tooth.size[2] for tooth in row], np.float64)
    knots = np.linspace(0, 1, len(row))
    at = np.linspace(0, 1, _GUM_STEPS)
    line, out = (np.stack([np.interp(at, knots, v[:, k]) for k in range(3)], 1) for v in (centres, outs))
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    half = np.interp(at, knots, depth) / 2
    height = float(np.mean([tooth.size[1] for tooth in row]))
    # Half a wave per tooth: the gum rises between two necks.
    wave = 0.5 * (1 - np.cos(2 * np.pi * at * (len(row) - 1))) * 0.10 * height
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
    """(s,s,3) sRGB: warm enamel on the left, yellower at the neck and clearer at the edge; gum on the right."""
    down = ((np.arange(size) + 0.5) / size)[:, None, None]
    neck, body, edge = (np.array(c) for c in ((0.74, 0.62, 0.48), (0.90, 0.84, 0.74), (0.90, 0.87, 0.82)))
    upper, lower = np.clip(down / 0.4, 0, 1), np.clip((down - 0.6) / 0.4, 0, 1)
    enamel = np.where(down < 0.5, neck + (body - neck) * upper, body + (edge - body) * lower)
    gum = np.array([0.62, 0.30, 0.29]) * (0.75 + 0.25 * np.sin(np.pi * down))
    picture = np.broadcast_to(enamel, (size, size, 3)).copy()
    picture[:, round(GUM_U * size) :] = gum
    return Image((np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8))
