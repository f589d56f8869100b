"""Moves skin and lower garments beneath what covers them, at rest and in extreme poses, so that nothing pokes through.

Two surfaces a few millimetres apart cross once each is reduced to few triangles; shoes and hems are fitted to a foot or a hip
that differs a little from this one; and at a bent joint, the corners of the two surfaces are at different places along it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from assets.artefacts.geometry import Skeleton, Skin
from assets.garment_layers import CLOTH_MESHES, OUTFIT_MESH, PROBES, SKIN_MESHES, Doubles, GarmentLayers, Patches
from assets.mesh import compute_face_normals
from assets.skinning import apply_matrices, blend_matrices
from stages.model.pose_matrices import compute_pose_matrices
from stages.model.scene import Piece, WeldedPieces, weld_pieces

CLEARANCE_M, POSED_CLEARANCE_M = 0.004, 0.003
"""Distance kept between a cover and what it covers, at rest and in a test pose: users' own clips bend joints a little further."""
_MAX_DEPTH_M, _MAX_POSED_DEPTH_M = 0.012, 0.03
"""How far a point may be moved in all, for its clearance at rest and in test poses."""
_MIN_ALIGNMENT = 0.3
"""Smallest cosine between a corner's way in and the way in of its triangle, for the corner to be moved."""
_ROUNDS = 4


def enforce_clearance(pieces: Sequence[Piece], skeleton: Skeleton | None = None) -> list[Piece]:
    """The pieces, with everything that is covered moved against its normals until it is CLEARANCE_M below its cover.

    With a skeleton, what comes nearer to its cover than POSED_CLEARANCE_M in a test pose is moved further in at rest.
    """
    if not any(piece.mesh.name in CLOTH_MESHES for piece in pieces):
        return list(pieces)
    welded = weld_pieces(pieces)
    kind = np.repeat([piece.mesh.name for piece in pieces], [len(piece.mesh.triangles) for piece in pieces])
    layers = GarmentLayers.from_mesh(welded.positions, welded.faces, kind)
    poses = list(_blend_pose_matrices(welded, skeleton)) if skeleton else []
    positions, inward = welded.positions, -welded.normals
    # Garments first: the skin then has to clear them where they end up.
    for names in ((OUTFIT_MESH,), ("shoes",), SKIN_MESHES):
        covered = layers.find_covered(positions, np.isin(kind, names))
        positions = _ClearanceSolver(layers, covered, positions, inward).solve(poses)
    return welded.move_to(positions)


def _blend_pose_matrices(welded: WeldedPieces, skeleton: Skeleton) -> Iterator[Doubles]:
    """For each test pose, the matrices (p,4,4) that move the places into it."""
    vertex = np.zeros(len(welded.positions), np.int64)
    vertex[welded.place_indices] = np.arange(len(welded.place_indices))
    skin = Skin(*(np.concatenate([getattr(p.mesh.skin, name) for p in welded.pieces])[vertex] for name in ("joints", "weights")))
    for matrices in compute_pose_matrices(skeleton):
        yield blend_matrices(skin, matrices)


@dataclass(frozen=True)
class _ClearanceSolver:
    """Covered patches and the directions in which they can move."""

    layers: GarmentLayers
    covered: Patches
    positions: Doubles
    """(p,3) of the places before."""
    inward: Doubles
    """(p,3) unit vectors."""

    def solve(self, poses: Sequence[Doubles]) -> Doubles:
        """(p,3) positions at which the covered patches clear their covers, at rest and in each pose (p,4,4)."""
        triangle = np.repeat(self.covered.triangle, len(PROBES))
        barycentric = (PROBES @ self.covered.barycentric).reshape(-1, 3)
        corners = self.layers.triangles[triangle]
        # At a rim that is folded over, a corner's own way in may lead out of the triangle's surface.
        is_aligned = np.einsum("pkc,pc->pk", self.inward[corners], -compute_face_normals(self.positions, corners)) > _MIN_ALIGNMENT
        # The smallest moves of its three corners that move a probe by 1.
        gain = np.where(is_aligned, barycentric / (barycentric**2).sum(1, keepdims=True), 0)
        depth = np.zeros(len(self.positions))
        limits = [(None, CLEARANCE_M, _MAX_DEPTH_M)] + [(pose, POSED_CLEARANCE_M, _MAX_POSED_DEPTH_M) for pose in poses]
        for pose, clearance, max_depth in limits:
            # A probe that is deep enough needs no second look: corners only move further in.
            probes = np.arange(len(triangle))
            for _ in range(_ROUNDS):
                posed = _apply_pose(self.positions + self.inward * depth[:, None], pose)
                need = np.nan_to_num(clearance - self.layers.measure_heights(posed, triangle[probes], barycentric[probes]))
                probes, need = probes[need > 0], need[need > 0]
                more = np.zeros(len(self.positions))
                np.maximum.at(more, corners[probes], need[:, None] * gain[probes])
                depth = np.maximum(depth, np.minimum(depth + more, max_depth))
        return self.positions + self.inward * depth[:, None]


def _apply_pose(positions: Doubles, pose: Doubles | None) -> Doubles:
    return positions if pose is None else apply_matrices(pose, positions)
