"""LOD1 to LOD3 of a character, by one recipe for every target: half, a quarter and an eighth of the target's triangles.

Each level is reduced from the one before. LOD1 still speaks: it has all morphs, and the grown hair of a web page. From LOD2 on a head is
some fifty pixels high: no morphs, nothing inside the mouth, and hair at its coarsest.
"""

from __future__ import annotations

from dataclasses import replace

from assets.artefacts.character import LodLevel
from assets.artefacts.geometry import Material, Skeleton
from assets.spec.packaging import LOD_SHARES
from stages.model.clearance import enforce_clearance
from stages.model.scene import HAIR, Character, Piece, build_parts
from stages.model.triangle_budget import fit_triangle_budget

_FIRST_STILL_LEVEL = 2
"""The first level without morphs."""
_INSIDE_MOUTH = ("teeth", "tongue", "lashes")
"""Names of the parts that nobody sees without morphs or from afar."""
_SMALL_SHARES = (0.25, 0.1, 0.06)
"""Share of each level's triangles for the small parts of the face, at most."""


LOD_HAIR = (1, 2)
"""Levels of detail of grown hair: of LOD1, and of those after it."""


def build_lods(character: Character, coarse: Character, skeleton: Skeleton, budget: int) -> tuple[LodLevel, ...]:
    """LOD1, LOD2 and LOD3.

    Args:
        character: the target's own level, with the grown hair of LOD1.
        coarse: the same with the grown hair of LOD2 and LOD3.
        budget: triangles of the target, of which the levels have shares.
    """
    levels = []
    for level, (share, small) in enumerate(zip(LOD_SHARES, _SMALL_SHARES, strict=True), 1):
        if level == _FIRST_STILL_LEVEL:
            kept = [_drop_morphs(p) for p in character.pieces if not (p.is_grown or _is_inside_mouth(p))]
            character = replace(character, pieces=(*kept, *(p for p in coarse.pieces if p.is_grown)))
        character = fit_triangle_budget(character, int(budget * share), small_share=small)
        pieces = enforce_clearance(character.pieces, skeleton)
        levels.append(LodLevel(build_parts(pieces, character.materials), _show_both_sides(character)))
    return tuple(levels)


def _is_inside_mouth(piece: Piece) -> bool:
    return piece.mesh.name.lower().startswith(_INSIDE_MOUTH)


def _drop_morphs(piece: Piece) -> Piece:
    return replace(piece, mesh=replace(piece.mesh, morphs=()))


def _show_both_sides(character: Character) -> tuple[Material, ...]:
    """The materials of what is left; hair is two-sided, since backfaces would take triangles that the outline needs."""
    used = {piece.mesh.material for piece in character.pieces}
    hair = {piece.mesh.material for piece in character.pieces if piece.mesh.name == HAIR}
    return tuple(replace(m, double_sided=m.double_sided or m.name in hair) for m in character.materials if m.name in used)
