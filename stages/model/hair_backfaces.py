"""Short hair drawn from within as it is from without.

Over the outline of a head the inner side of the hair beyond is seen. A two-sided material turns the normals there (glTF 2.0, 3.9),
so that it shows as dark slivers; triangles of its own, with the normals of the outer side, are lit like the hair around them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from stages.model.scene import HAIR, Character, Piece

_MAX_BACKFACE_SHARE = 0.06
"""Of a target's triangles that a lining may take."""


def reserve_backfaces(whole: Character, budget: int) -> int:
    """Triangles to be set aside for the lining; 0 where nothing wants one."""
    return min(_count_backfaces(whole), int(_MAX_BACKFACE_SHARE * budget))


def add_hair_backfaces(whole: Character, budget: int) -> Character:
    """The character with one-sided hair lined; where that would be more than `budget` triangles the hair is two-sided instead."""
    bare = _find_one_sided_hair(whole)
    if whole.triangles + _count_backfaces(whole) > budget:
        return replace(whole, materials=tuple(replace(m, double_sided=True) if m.name in bare else m for m in whole.materials))
    return replace(whole, pieces=tuple(_add_backfaces(piece) if piece.mesh.material in bare else piece for piece in whole.pieces))


def _count_backfaces(whole: Character) -> int:
    """Triangles that a whole lining has."""
    bare = _find_one_sided_hair(whole)
    return sum(len(piece.mesh.triangles) for piece in whole.pieces if piece.mesh.material in bare)


def _find_one_sided_hair(whole: Character) -> set[str]:
    """Materials of one-sided hair."""
    worn = {piece.mesh.material for piece in whole.pieces if piece.mesh.name == HAIR}
    return {material.name for material in whole.materials if material.name in worn and not material.double_sided}


def _add_backfaces(piece: Piece) -> Piece:
    triangles = piece.mesh.triangles
    return replace(piece, mesh=replace(piece.mesh, triangles=np.concatenate([triangles, triangles[:, ::-1]])))
