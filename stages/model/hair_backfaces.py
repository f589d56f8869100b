"""Gives one-sided hair a second set of triangles, which shows its inner side in the light of its outer side.

Past the outline of a head, the inner side of the hair behind it is seen. A two-sided material flips the normals there (glTF 2.0,
3.9), so that side shows as dark slivers; triangles of its own, with the normals of the outer side, are lit like the hair around them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from stages.model.scene import HAIR, Character, Piece

_MAX_BACKFACE_SHARE = 0.06
"""Of a target's triangles, at most."""


def reserve_backfaces(character: Character, budget: int) -> int:
    """Triangles of the budget to set aside for backfaces; 0 where no hair needs them."""
    return min(_count_backfaces(character), int(_MAX_BACKFACE_SHARE * budget))


def add_hair_backfaces(character: Character, budget: int) -> Character:
    """The character with backfaces for one-sided hair; with two-sided hair instead where they would exceed `budget` triangles."""
    one_sided = _find_one_sided_hair(character)
    if character.triangle_count + _count_backfaces(character) > budget:
        return replace(character, materials=tuple(replace(m, double_sided=True) if m.name in one_sided else m for m in character.materials))
    return replace(
        character, pieces=tuple(_add_backfaces(piece) if piece.mesh.material in one_sided else piece for piece in character.pieces)
    )


def _count_backfaces(character: Character) -> int:
    """Triangles that backfaces for all one-sided hair take."""
    one_sided = _find_one_sided_hair(character)
    return sum(len(piece.mesh.triangles) for piece in character.pieces if piece.mesh.material in one_sided)


def _find_one_sided_hair(character: Character) -> set[str]:
    """Names of the materials of one-sided hair."""
    hair = {piece.mesh.material for piece in character.pieces if piece.mesh.name == HAIR and not piece.is_grown}
    return {material.name for material in character.materials if material.name in hair and not material.double_sided}


def _add_backfaces(piece: Piece) -> Piece:
    triangles = piece.mesh.triangles
    return replace(piece, mesh=replace(piece.mesh, triangles=np.concatenate([triangles, triangles[:, ::-1]])))
