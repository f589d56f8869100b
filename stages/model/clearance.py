"""Skin and lower garments pressed in beneath what covers them, at rest and in the farthest poses, so that nothing comes through.

Two surfaces a few millimetres apart cross once each is drawn with few triangles; shoes and hems are fitted to a foot or a hip
that is not quite this one; and where a joint bends, the corners of the two lie at other places along it.
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
"""What is kept between a cover and what it covers, at rest and in a pose: clips of the user's own move the two apart by a little more."""
_MAX_DEPTH_M, _MIN_ALIGNMENT, _ROUNDS = 0.012, 0.3, 4
_MAX_POSED_DEPTH_M = 0.03


def enforce_clearance(pieces: Sequence[Piece], skeleton: Skeleton | None = None) -> list[Piece]:
    """The pieces, what lies beneath cloth moved at least GAP_M below it, against its normals.

    With a skeleton the same is done in the poses of `stances`: what comes nearer than BENT_GAP_M there goes deeper at rest.
    """
    if not any(piece.mesh.name in CLOTH_MESHES for piece in pieces):
        return list(pieces)
    one = weld_pieces(pieces)
    kind = np.repeat([piece.mesh.name for piece in pieces], [len(piece.mesh.triangles) for piece in pieces])
    layers = GarmentLayers.of(one.where, one.faces, kind)
    bends = list(_blend_pose_matrices(one, skeleton)) if skeleton else []
    where, inward = one.where, -one.normals
    # Garments first: skin then gives way to where they have come to lie.
    for names in ((OUTFIT_MESH,), ("shoes",), SKIN_MESHES):
        covered = layers.covered(where, np.isin(kind, names))
        where = _ClearanceSolver(layers, covered, where, inward).solve(bends)
    return one.move_to(where)


def _blend_pose_matrices(one: WeldedPieces, skeleton: Skeleton) -> Iterator[Doubles]:
    """For each stance (p,4,4) what moves the places into it."""
    first = np.zeros(len(one.where), np.int64)
    first[one.dense] = np.arange(len(one.dense))
    skin = Skin(*(np.concatenate([getattr(p.mesh.skin, name) for p in one.pieces])[first] for name in ("joints", "weights")))
    for each in compute_pose_matrices(skeleton):
        yield blend_matrices(skin, each)


@dataclass(frozen=True)
class _ClearanceSolver:
    """Covered patches and which way they can go."""

    layers: GarmentLayers
    covered: Patches
    where: Doubles
    """(p,3) the places before."""
    inward: Doubles
    """(p,3)"""

    def solve(self, bends: Sequence[Doubles]) -> Doubles:
        """(p,3) the places, those of covered patches beneath the covers, at rest and in each bend (p,4,4)."""
        owner = np.repeat(self.covered.owner, len(PROBES))
        shares = (PROBES @ self.covered.barycentric).reshape(-1, 3)
        corners = self.layers.triangles[owner]
        # At a rim that turns over, a corner's own way in may be the way out.
        along = np.einsum("pkc,pc->pk", self.inward[corners], -compute_face_normals(self.where, corners)) > _MIN_ALIGNMENT
        each = np.where(along, shares / (shares**2).sum(1, keepdims=True), 0)
        deep = np.zeros(len(self.where))
        for bend, gap, deepest in [(None, CLEARANCE_M, _MAX_DEPTH_M)] + [(bend, POSED_CLEARANCE_M, _MAX_POSED_DEPTH_M) for bend in bends]:
            # What is deep enough stays so: corners only go further in.
            probes = np.arange(len(owner))
            for _ in range(_ROUNDS):
                place = _apply_pose(self.where + self.inward * deep[:, None], bend)
                need = np.nan_to_num(gap - self.layers.measure_heights(place, owner[probes], shares[probes]))
                probes, need = probes[need > 0], need[need > 0]
                more = np.zeros(len(self.where))
                # The least by which the corners can move a probe by its need.
                np.maximum.at(more, corners[probes], need[:, None] * each[probes])
                deep = np.maximum(deep, np.minimum(deep + more, deepest))
        return self.where + self.inward * deep[:, None]


def _apply_pose(places: Doubles, bend: Doubles | None) -> Doubles:
    return places if bend is None else apply_matrices(bend, places)
