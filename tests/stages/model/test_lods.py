"""LOD1 to LOD3 of a small character: fewer triangles each, the same skeleton, morphs on the first."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from assets.artefacts.character import Model
from assets.artefacts.geometry import Material, Part
from assets.codec import decode_artefact, encode_artefact
from assets.spec.packaging import LOD_SHARES, PackageSpec
from stages.model import stage
from stages.model.lods import build_lods
from stages.model.scene import HAIR, Character, assemble_character, use_grown_hair
from tests.stages import small_character as small

BUDGET = 1200


@lru_cache(maxsize=1)
def make_character() -> Character:
    return assemble_character(small.body(), small.texture(), small.groom())


def count(parts: tuple[Part, ...]) -> int:
    return sum(len(part.mesh.triangles) for part in parts)


def test_each_level_has_at_most_its_share_of_the_triangles() -> None:
    levels = build_lods(make_character(), make_character(), small.body().skeleton, BUDGET)
    counts = [count(level.parts) for level in levels]
    assert [number <= BUDGET * share for number, share in zip(counts, LOD_SHARES, strict=True)] == [True] * 3
    assert counts == sorted(counts, reverse=True)
    assert counts[2] > 0


def test_the_first_level_speaks_and_the_others_do_not() -> None:
    levels = build_lods(make_character(), make_character(), small.body().skeleton, BUDGET)
    assert [any(part.mesh.morphs for part in level.parts) for level in levels] == [True, False, False]


def test_every_level_is_skinned_to_the_same_joints() -> None:
    joints = len(small.body().skeleton.names)
    for level in build_lods(make_character(), make_character(), small.body().skeleton, BUDGET):
        for part in level.parts:
            assert part.mesh.skin.joints.max() < joints
            assert np.allclose(part.mesh.skin.weights.sum(1), 1, atol=1e-3)


def test_hair_of_a_level_shows_both_sides() -> None:
    character = make_character()
    name = character.pieces[-1].mesh.material
    pieces = tuple(
        replace(piece, mesh=replace(piece.mesh, name=HAIR)) if piece.mesh.material == name else piece for piece in character.pieces
    )
    materials = tuple(Material(m.name, albedo=m.albedo) for m in character.materials)
    changed = Character(pieces, materials, character.images)
    level = build_lods(changed, changed, small.body().skeleton, BUDGET)[0]
    assert {m.name: m.double_sided for m in level.materials}[name]


@pytest.mark.parametrize("target", ["web", "crowd"])
def test_levels_are_made_only_where_they_are_requested(target: str) -> None:
    inputs = (small.body(), small.texture(), small.groom())
    plain = stage.run(*inputs, options=PackageSpec(target=target), seed=1)  # type: ignore[arg-type]
    levels = stage.run(*inputs, options=PackageSpec(target=target, lods="files"), seed=1)  # type: ignore[arg-type]
    assert (len(plain.lods), len(levels.lods)) == (0, 3)
    assert count(plain.parts) == count(levels.parts)
    assert encode_artefact(decode_artefact(encode_artefact(levels), Model)) == encode_artefact(levels)


def test_coarse_hair_takes_the_place_of_fine_hair_and_rises_with_the_body() -> None:
    groom = small.groom()
    mesh = groom.meshes[-1]
    normals = np.tile(np.array([0, 1, 0], np.float32), (len(mesh.positions), 1))
    grown = tuple((Part(replace(mesh, name=f"hair{level}"), normals, None, normals[:, 0]),) for level in range(3))
    groom = replace(groom, grown=grown)
    fine = assemble_character(small.body(), small.texture(), groom, 0)
    coarse = use_grown_hair(fine, groom, 2, 0.25)
    assert [p.mesh.name for p in fine.pieces if p.is_grown] == ["hair0"]
    (hair,) = [p for p in coarse.pieces if p.is_grown]
    assert hair.mesh.name == "hair2"
    assert np.allclose(hair.mesh.positions - mesh.positions, [0, 0.25, 0])
    others = np.concatenate([p.place_ids for p in coarse.pieces if not p.is_grown])
    assert not np.isin(hair.place_ids, others).any()
