"""Skin and lower garments pressed in beneath what covers them, so that nothing comes through.

Two surfaces a few millimetres apart cross once each is drawn with few triangles; and shoes and hems are fitted to a foot
or a hip that is not quite this one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from assets.layers import CLOTH, OUTFIT, PROBES, SKIN, Floats, Layers, Patches, normals
from stages.model.scene import Piece, welded

GAP_M = 0.004
"""What is kept between a cover and what it covers: clips move the two apart by a millimetre or two."""
_DEEPEST_M, _ALONG, _ROUNDS = 0.012, 0.3, 4


def pressed(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces, what lies beneath cloth moved at least GAP_M below it, against its normals."""
    if not any(piece.mesh.name in CLOTH for piece in pieces):
        return list(pieces)
    one = welded(pieces)
    kind = np.repeat([piece.mesh.name for piece in pieces], [len(piece.mesh.triangles) for piece in pieces])
    layers = Layers.of(one.where, one.faces, kind)
    where, inward = one.where, -one.normals
    # Garments first: skin then gives way to where they have come to lie.
    for names in ((OUTFIT,), SKIN):
        where = _pressed(layers, layers.covered(where, np.isin(kind, names)), where, inward)
    return one.moved(where)


def _pressed(layers: Layers, covered: Patches, where: Floats, inward: Floats) -> Floats:
    """(p,3) the places, their covered patches GAP_M beneath the covers."""
    owner = np.repeat(covered.owner, len(PROBES))
    shares = (PROBES @ covered.shares).reshape(-1, 3)
    corners = layers.triangles[owner]
    # At a rim that turns over, a corner's own way in may be the way out.
    along = np.einsum("pkc,pc->pk", inward[corners], -normals(where, corners)) > _ALONG
    deep = np.zeros(len(where))
    for _ in range(_ROUNDS):
        need = np.nan_to_num(GAP_M - layers.heights(where + inward * deep[:, None], owner, shares))
        each = np.maximum(need, 0)[:, None] * shares / (shares**2).sum(1, keepdims=True)
        more = np.zeros(len(where))
        # The least by which the corners can move a probe by its need.
        np.maximum.at(more, corners, np.where(along, each, 0))
        deep = np.minimum(deep + more, _DEEPEST_M)
    return where + inward * deep[:, None]
