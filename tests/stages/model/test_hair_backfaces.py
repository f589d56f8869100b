"""Short hair has triangles of its own for its inner side, as far as the budget reaches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from stages.model.hair_backfaces import add_hair_backfaces, reserve_backfaces
from stages.model.scene import HAIR, Character, assemble_character
from tests.stages import small_character as small


def haired(double_sided: bool) -> Character:
    """The small character, its hat worn as hair."""
    whole = assemble_character(small.body(), small.texture(), small.groom())
    hat = next(piece for piece in whole.pieces if piece.mesh.name == "hat")
    hair = replace(hat, mesh=replace(hat.mesh, name=HAIR, material=HAIR))
    painted = replace(next(m for m in whole.materials if m.name == hat.mesh.material), name=HAIR, double_sided=double_sided)
    return replace(whole, pieces=(*(p for p in whole.pieces if p is not hat), hair), materials=(*whole.materials, painted))


def test_every_triangle_of_short_hair_is_there_from_behind_with_the_same_normals() -> None:
    whole = haired(double_sided=False)
    before, after = whole.pieces[-1], add_hair_backfaces(whole, 10**6).pieces[-1]
    count = len(before.mesh.triangles)
    assert np.array_equal(after.mesh.triangles[:count], before.mesh.triangles)
    assert np.array_equal(after.mesh.triangles[count:], before.mesh.triangles[:, ::-1])
    assert after.normals is before.normals
    assert after.mesh.positions is before.mesh.positions


def test_the_room_that_is_set_aside_is_enough_and_never_more_than_a_share() -> None:
    whole = haired(double_sided=False)
    hair = len(whole.pieces[-1].mesh.triangles)
    assert reserve_backfaces(whole, 10**6) == hair
    assert reserve_backfaces(whole, hair) < 0.1 * hair
    assert add_hair_backfaces(whole, whole.triangle_count + hair).triangle_count == whole.triangle_count + hair


def test_hair_without_room_for_a_lining_is_two_sided() -> None:
    whole = haired(double_sided=False)
    plain = add_hair_backfaces(whole, whole.triangle_count)
    assert plain.triangle_count == whole.triangle_count
    assert {material.name for material in plain.materials if material.double_sided} >= {HAIR}


def test_hanging_hair_gets_no_lining() -> None:
    whole = haired(double_sided=True)
    assert reserve_backfaces(whole, 10**6) == 0
    assert add_hair_backfaces(whole, 10**6).triangle_count == whole.triangle_count
