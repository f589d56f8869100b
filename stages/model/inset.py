"""Moves skin in beneath what is worn, and gums back behind the chin, where reduced triangles cut corners and would poke through.

The chord of a triangle with side L on a head of radius R is up to L^2 / 8R below the sphere; skin and cover are reduced
independently, so one may cut deeper than the other. Skin that was covered before the reduction moves in by a share of its
triangles' sides, and by less at the edge of its cover, where it is seen.
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

Doubles = NDArray[np.float64]
MAX_COVER_HEIGHT_M, MAX_COVER_OFFSET_M = 0.035, 0.012
"""A cover's vertex counts up to this height above the skin's vertex, and up to this distance from the line of its normal."""
DEPTH_SHARE, MAX_INSET_M = 0.25, 0.010
"""The depth as a share of the mean side of the triangles around a vertex, and its limit."""
_OPEN_MESHES = ("glasses", "earrings")
"""Names of what is worn and hides no skin."""
EDGE_DEPTH_SHARE = 0.35
"""Share of that depth at a vertex with a bare neighbour."""
MIN_COARSE_SIDE_M, GUM_INSET_M = 0.014, 0.006
"""Mean side of a head's triangles from which gums are set back, and by how much."""


def inset_skin(before: Sequence[Piece], after: Sequence[Piece]) -> list[Piece]:
    """The reduced pieces `after`, with covered skin moved in; the pieces `before` the reduction decide what is covered."""
    skin = [i for i, piece in enumerate(after) if piece.mesh.material in SKIN_MATERIALS]
    # What is worn has no morphs; eyes, teeth, brows and lashes have. Grown hair has its roots in the skin; glasses cover none.
    covers = [
        piece.mesh.positions
        for piece in before
        if piece.mesh.material not in SKIN_MATERIALS
        and not piece.mesh.morphs
        and not piece.is_grown
        and not piece.mesh.name.startswith(_OPEN_MESHES)
    ]
    if not skin or not covers:
        return list(after)
    welded = weld_pieces([after[i] for i in skin])
    normals, found = welded.normals, list(after)
    depths = compute_inset_depths(welded.positions, normals, welded.faces, np.concatenate(covers))
    for i, piece in zip(skin, welded.move_to(welded.positions - normals * depths[:, None]), strict=True):
        found[i] = piece
    return found


def inset_gums(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces; where the head is coarse, with gums set back and their roots removed: its few triangles flatten the chin."""
    heads = [piece.mesh for piece in pieces if piece.mesh.name == "head"]
    if not heads or _measure_mean_edge(heads[0]) < MIN_COARSE_SIDE_M:
        return list(pieces)
    return [replace(p, mesh=_set_gums_back(p.mesh)) if p.mesh.name == "teeth" else p for p in pieces]


def _measure_mean_edge(mesh: Mesh) -> float:
    """Mean side of the triangles, metres."""
    return float(measure_edge_lengths(mesh.positions[mesh.triangles].astype(np.float64)).mean())


def _set_gums_back(mesh: Mesh) -> Mesh:
    gum = mesh.uv[:, 0] > GUM_U
    positions = mesh.positions.copy()
    positions[gum, 2] -= GUM_INSET_M
    root = gum & (mesh.uv[:, 1] < GUM_ROOT_V)
    return replace(mesh, positions=positions, triangles=mesh.triangles[~root[mesh.triangles].any(1)])


def compute_inset_depths(positions: Doubles, normals: Doubles, faces: NDArray[np.int64], covers: Doubles) -> Doubles:
    """(n,) metres by which to move each vertex in: 0 where it is bare.

    Args:
        positions, normals: (n,3) of the skin.
        faces: (t,3) of the skin.
        covers: (c,3) vertices of everything worn.
    """
    is_covered = _find_covered(positions, normals, covers)
    start, end = list_edges_both_ways(faces).T
    length = np.linalg.norm(positions[start] - positions[end], axis=1)
    total, count, bare = (np.zeros(len(positions)) for _ in range(3))
    np.add.at(total, start, length)
    np.add.at(count, start, 1)
    np.add.at(bare, start, ~is_covered[end])
    depth = np.minimum(DEPTH_SHARE * total / np.maximum(count, 1), MAX_INSET_M)
    return np.where(is_covered, np.where(bare > 0, EDGE_DEPTH_SHARE, 1.0) * depth, 0.0)


def _find_covered(positions: Doubles, normals: Doubles, covers: Doubles) -> NDArray[np.bool_]:
    """(n,) whether a cover's vertex is outside each vertex, near the line of its normal."""
    found = np.zeros(len(positions), bool)
    for row, near in enumerate(cKDTree(covers).query_ball_point(positions, MAX_COVER_HEIGHT_M)):
        away = covers[near] - positions[row]
        height = away @ normals[row]
        offset = np.linalg.norm(away - height[:, None] * normals[row], axis=1)
        found[row] = bool(((height > 0) & (offset < MAX_COVER_OFFSET_M)).any())
    return found
