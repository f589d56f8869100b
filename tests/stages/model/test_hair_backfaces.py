"""Short hair gets triangles for its inner side, if the budget allows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from stages.model.hair_backfaces import add_hair_backfaces, reserve_backfaces
from stages.model.scene import HAIR, Character, assemble_character
from tests.stages import small_character as small


def build_haired_character(double_sided: bool) -> Character:
    """The small character with its hat as hair."""
    whole = assemble_character(small.body(), small.texture(), small.groom())
    hat = next(piece for piece in whole.pieces if piece.mesh.name == "hat")
    hair = replace(hat, mesh=replace(hat.mesh, name=HAIR, material=HAIR))
    painted = replace(next(m for m in whole.materials if m.name == hat.mesh.material), name=HAIR, double_sided=double_sided)
    return replace(whole, pieces=(*(p for p in whole.pieces if p is not hat), hair), materials=(*whole.materials, painted))


def test_every_triangle_of_short_hair_gets_a_backface_with_the_same_normals() -> None:
    whole = build_haired_character(double_sided=False)
    before, after = whole.pieces[-1], add_hair_backfaces(whole, 10**6).pieces[-1]
    count = len(before.mesh.triangles)
    assert np.array_equal(after.mesh.triangles[:count], before.mesh.triangles)
    assert np.array_equal(after.mesh.triangles[count:], before.mesh.triangles[:, ::-1])
    assert after.normals is before.normals
    assert after.mesh.positions is before.mesh.positions


def test_enough_triangles_are_reserved_and_at_most_a_share_of_the_budget() -> None:
    whole = build_haired_character(double_sided=False)
    hair = len(whole.pieces[-1].mesh.triangles)
    assert reserve_backfaces(whole, 10**6) == hair
    assert reserve_backfaces(whole, hair) < 0.1 * hair
    assert add_hair_backfaces(whole, whole.triangle_count + hair).triangle_count == whole.triangle_count + hair


def test_hair_is_two_sided_if_backfaces_exceed_the_budget() -> None:
    whole = build_haired_character(double_sided=False)
    plain = add_hair_backfaces(whole, whole.triangle_count)
    assert plain.triangle_count == whole.triangle_count
    assert {material.name for material in plain.materials if material.double_sided} >= {HAIR}


def test_hanging_hair_gets_no_backfaces() -> None:
    whole = build_haired_character(double_sided=True)
    assert reserve_backfaces(whole, 10**6) == 0
    assert add_hair_backfaces(whole, 10**6).triangle_count == whole.triangle_count
