"""Skin drawn in beneath what is worn, and gums behind the chin, where fewer triangles cut corners: else they come through.

A triangle of side L over a head of radius R lies up to L^2 / 8R beneath the round that it stands for; skin and cover are
reduced apart, so one may cut deeper than the other. Skin that was covered before the reduction is moved inwards by a
share of its triangles' sides, and less at the edge of what covers it, where it is seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from assets.artefacts.character import SKIN_MATERIALS
from assets.artefacts.geometry import Mesh
from assets.conventions import GUM_ROOT_V, GUM_U
from assets.mesh import list_edges_both_ways, measure_edge_lengths
from stages.model.scene import Piece, weld_pieces

MAX_COVER_HEIGHT_M, MAX_COVER_OFFSET_M = 0.035, 0.012
"""How far above the skin a cover may lie, and how far beside the vertex."""
DEPTH_SHARE, MAX_INSET_M = 0.25, 0.010
EDGE_DEPTH_SHARE = 0.35
"""Share of the depth where a neighbour is bare."""
MIN_COARSE_SIDE_M, GUM_INSET_M = 0.014, 0.006
"""Sides of a head's triangles from which gums are set back, and how far."""
Doubles = NDArray[np.float64]


def inset_skin(before: Sequence[Piece], after: Sequence[Piece]) -> list[Piece]:
    """The reduced pieces, their covered skin drawn in; `before` are the whole ones that tell what was covered."""
    skin = [i for i, piece in enumerate(after) if piece.mesh.material in SKIN_MATERIALS]
    # What is worn never morphs; eyes, teeth, brows and lashes do.
    covers = [piece.mesh.positions for piece in before if piece.mesh.material not in SKIN_MATERIALS and not piece.mesh.morphs]
    if not skin or not covers:
        return list(after)
    one = weld_pieces([after[i] for i in skin])
    normals, out = one.normals, list(after)
    drawn_in = one.where - normals * compute_inset_depths(one.where, normals, one.faces, np.concatenate(covers))[:, None]
    for i, piece in zip(skin, one.move_to(drawn_in), strict=True):
        out[i] = piece
    return out


def inset_gums(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces with the gums set back, without their roots, where the head is coarse: a chin of few triangles opens flatter than they."""
    heads = [piece.mesh for piece in pieces if piece.mesh.name == "head"]
    if not heads or _measure_mean_edge(heads[0]) < MIN_COARSE_SIDE_M:
        return list(pieces)
    return [replace(p, mesh=_set_gums_back(p.mesh)) if p.mesh.name == "teeth" else p for p in pieces]


def _measure_mean_edge(mesh: Mesh) -> float:
    """Mean side of the triangles, metres."""
    corners = mesh.positions[mesh.triangles].astype(np.float64)
    return float(measure_edge_lengths(corners).mean())


def _set_gums_back(mesh: Mesh) -> Mesh:
    gum = mesh.uv[:, 0] > GUM_U
    positions = mesh.positions.copy()
    positions[gum, 2] -= GUM_INSET_M
    root = gum & (mesh.uv[:, 1] < GUM_ROOT_V)
    return replace(mesh, positions=positions, triangles=mesh.triangles[~root[mesh.triangles].any(1)])


def compute_inset_depths(where: Doubles, normals: Doubles, faces: NDArray[np.int64], covers: Doubles) -> Doubles:
    """(n,) metres that each vertex is drawn in: 0 where it is bare."""
    covered = _find_covered(where, normals, covers)
    edges = list_edges_both_ways(faces)
    length = np.linalg.norm(where[edges[:, 0]] - where[edges[:, 1]], axis=1)
    total, number, bare = (np.zeros(len(where)) for _ in range(3))
    np.add.at(total, edges[:, 0], length)
    np.add.at(number, edges[:, 0], 1)
    np.add.at(bare, edges[:, 0], ~covered[edges[:, 1]])
    depth = np.minimum(DEPTH_SHARE * total / np.maximum(number, 1), MAX_INSET_M)
    return np.where(covered, np.where(bare > 0, EDGE_DEPTH_SHARE, 1.0) * depth, 0.0)


def _find_covered(where: Doubles, normals: Doubles, covers: Doubles) -> NDArray[np.bool_]:
    """Whether a cover's vertex lies outwards of each vertex, near its normal."""
    found = np.zeros(len(where), bool)
    for row, near in enumerate(cKDTree(covers).query_ball_point(where, MAX_COVER_HEIGHT_M)):
        away = covers[near] - where[row]
        height = away @ normals[row]
        aside = np.linalg.norm(away - height[:, None] * normals[row], axis=1)
        found[row] = bool(((height > 0) & (aside < MAX_COVER_OFFSET_M)).any())
    return found
