"""A character made to fit a target's triangles, all pieces reduced against one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from assets.mesh import compact_vertices, cross_edges
from stages.model.inset import inset_gums, inset_skin
from stages.model.lod import WedgeMesh, decimate
from stages.model.scene import Character, Piece, take_vertices, weld_pieces

_UV_WEIGHT = 1 / 3
_SMALL_PARTS = ("teeth", "eyes", "brows", "lashes")
"""Parts that are little to the quadrics and much to the eye: reduced with the clothes they came out as fangs and shreds."""
_MAX_SMALL_SHARE = 0.25
"""Of the budget, at most."""


def fit_triangle_budget(whole: Character, budget: int) -> Character:
    """The character with at most `budget` triangles: small parts of the face keep theirs, the rest is reduced against one another."""
    if whole.triangles <= budget:
        return whole
    sizes = {i: len(p.mesh.triangles) for i, p in enumerate(whole.pieces) if p.mesh.name.lower().startswith(_SMALL_PARTS)}
    quotas = share_budget(sizes, int(_MAX_SMALL_SHARE * budget))
    small = {i: _reduce_pieces([whole.pieces[i]], quota)[0] for i, quota in quotas.items()}
    left = budget - sum(len(piece.mesh.triangles) for piece in small.values())
    large = iter(_reduce_pieces([p for i, p in enumerate(whole.pieces) if i not in small], left))
    pieces = inset_gums(inset_skin(whole.pieces, [small[i] if i in small else next(large) for i in range(len(whole.pieces))]))
    return replace(whole, pieces=tuple(p for p in pieces if len(p.mesh.triangles)))


def share_budget(sizes: Mapping[int, int], budget: int) -> dict[int, int]:
    """Triangles for each part out of the budget: all that the smallest want, the larger ones equal parts of what is left."""
    quotas: dict[int, int] = {}
    for done, (part, size) in enumerate(sorted(sizes.items(), key=lambda item: item[1])):
        quotas[part] = min(size, (budget - sum(quotas.values())) // (len(sizes) - done))
    return quotas


def _reduce_pieces(pieces: Sequence[Piece], budget: int) -> list[Piece]:
    """The pieces with at most `budget` triangles in all; one that vanishes is there with none."""
    if sum(len(p.mesh.triangles) for p in pieces) <= budget:
        return list(pieces)
    one = weld_pieces(pieces)
    importance = np.zeros(len(one.where))
    np.maximum.at(importance, one.dense, np.concatenate([p.importance for p in pieces]))
    wedges = one.wedges
    owner = np.repeat(np.arange(len(pieces)), [len(p.mesh.triangles) for p in pieces])
    paint = np.concatenate([_scale_uv_to_metres(p) for p in pieces])
    kept, rows = decimate(WedgeMesh(one.where, one.dense[wedges], wedges, importance, paint), budget)
    return [_extract_piece(p, kept[owner[rows] == i] - one.first_vertices[i]) for i, p in enumerate(pieces)]


def _scale_uv_to_metres(piece: Piece) -> NDArray[np.float64]:
    """(v,2) UVs in metres of surface, at a third: a picture that slides is seen less than an outline that does."""
    place = piece.mesh.positions[piece.mesh.triangles].astype(np.float64)
    uv = piece.mesh.uv[piece.mesh.triangles].astype(np.float64)
    area = np.linalg.norm(cross_edges(place), axis=1).sum()
    one, two = uv[:, 1] - uv[:, 0], uv[:, 2] - uv[:, 0]
    painted = np.abs(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]).sum()
    scaled: NDArray[np.float64] = piece.mesh.uv * (_UV_WEIGHT * np.sqrt(area / max(painted, 1e-9)))
    return scaled


def _extract_piece(piece: Piece, triangles: NDArray[np.int64]) -> Piece:
    kept, local = compact_vertices(triangles.astype(np.int32), len(piece.mesh.positions))
    return Piece(take_vertices(piece.mesh, kept, local), piece.places[kept], piece.normals[kept], piece.importance[kept])
