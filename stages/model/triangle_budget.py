"""Fits a character into a target's triangle budget, with all pieces competing for the triangles."""

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
"""A picture that slides is seen less than an outline that moves by the same distance."""
_SMALL_PARTS = ("teeth", "eyes", "brows", "lashes", "glasses", "earrings")
"""Parts whose errors are small in metres and large to the eye: reduced together with the clothes, they came out as fangs and shreds."""
_MAX_SMALL_SHARE = 0.25


def fit_triangle_budget(character: Character, budget: int, *, small_share: float = _MAX_SMALL_SHARE) -> Character:
    """The character with at most `budget` triangles: grown hair stays
    as it is, small parts of the face get their share first, the others compete for the rest.

    Args:
        small_share: of the budget, for all small parts together, at most.
    """
    if character.triangle_count <= budget:
        return character
    grown = tuple(piece for piece in character.pieces if piece.is_grown)
    if grown:
        rest = replace(character, pieces=tuple(piece for piece in character.pieces if not piece.is_grown))
        rest = fit_triangle_budget(rest, budget - sum(len(piece.mesh.triangles) for piece in grown), small_share=small_share)
        return replace(rest, pieces=(*rest.pieces, *grown))
    sizes = {i: len(p.mesh.triangles) for i, p in enumerate(character.pieces) if p.mesh.name.lower().startswith(_SMALL_PARTS)}
    quotas = share_budget(sizes, int(small_share * budget))
    small = {i: _reduce_pieces([character.pieces[i]], quota)[0] for i, quota in quotas.items()}
    left = budget - sum(len(piece.mesh.triangles) for piece in small.values())
    large = iter(_reduce_pieces([p for i, p in enumerate(character.pieces) if i not in small], left))
    pieces = inset_gums(inset_skin(character.pieces, [small[i] if i in small else next(large) for i in range(len(character.pieces))]))
    return replace(character, pieces=tuple(p for p in pieces if len(p.mesh.triangles)))


def share_budget(sizes: Mapping[int, int], budget: int) -> dict[int, int]:
    """Triangles for each part: the smallest parts get all that they have, the larger ones equal shares of what is left."""
    quotas: dict[int, int] = {}
    for done, (part, size) in enumerate(sorted(sizes.items(), key=lambda item: item[1])):
        quotas[part] = min(size, (budget - sum(quotas.values())) // (len(sizes) - done))
    return quotas


def _reduce_pieces(pieces: Sequence[Piece], budget: int) -> list[Piece]:
    """The pieces with at most `budget` triangles in all; a piece may be left with none."""
    if sum(len(p.mesh.triangles) for p in pieces) <= budget:
        return list(pieces)
    welded = weld_pieces(pieces)
    importance = np.zeros(len(welded.positions))
    np.maximum.at(importance, welded.place_indices, np.concatenate([p.importance for p in pieces]))
    wedges = welded.wedges
    owner = np.repeat(np.arange(len(pieces)), [len(p.mesh.triangles) for p in pieces])
    uv_metres = np.concatenate([_scale_uv_to_metres(p) for p in pieces])
    kept, rows = decimate(WedgeMesh(welded.positions, welded.place_indices[wedges], wedges, importance, uv_metres), budget)
    return [_extract_piece(p, kept[owner[rows] == i] - welded.first_vertices[i]) for i, p in enumerate(pieces)]


def _scale_uv_to_metres(piece: Piece) -> NDArray[np.float64]:
    """(v,2) UVs in metres of surface, times _UV_WEIGHT."""
    corners = piece.mesh.positions[piece.mesh.triangles].astype(np.float64)
    uv = piece.mesh.uv[piece.mesh.triangles].astype(np.float64)
    area = np.linalg.norm(cross_edges(corners), axis=1).sum()
    one, two = uv[:, 1] - uv[:, 0], uv[:, 2] - uv[:, 0]
    uv_area = np.abs(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]).sum()
    scaled: NDArray[np.float64] = piece.mesh.uv * (_UV_WEIGHT * np.sqrt(area / max(uv_area, 1e-9)))
    return scaled


def _extract_piece(piece: Piece, triangles: NDArray[np.int64]) -> Piece:
    kept, local = compact_vertices(triangles.astype(np.int32), len(piece.mesh.positions))
    return Piece(take_vertices(piece.mesh, kept, local), piece.place_ids[kept], piece.normals[kept], piece.importance[kept])
