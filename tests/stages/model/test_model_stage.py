"""The model stage on a small but complete character."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assets.artefacts.character import Model
from assets.artefacts.geometry import Mesh
from assets.codec import decode_artefact, encode_artefact
from assets.conventions import MORPHS_67
from assets.spec.packaging import PackageSpec
from stages.model.atlas import merge_materials, pack_cells
from stages.model.scene import assemble_character, build_parts, compute_tangents
from stages.model.stage import STAGE, run
from stages.model.triangle_budget import fit_triangle_budget, share_budget
from tests.stages import small_character as small


def test_the_stage_depends_on_body_texture_and_groom_only() -> None:
    assert STAGE.takes == ("body", "texture", "groom")


def test_the_model_survives_the_store() -> None:
    made = run(small.body(), small.texture(), small.groom(), options=PackageSpec(), seed=1)
    again = decode_artefact(encode_artefact(made), Model)
    assert encode_artefact(again) == encode_artefact(made)
    assert again.triangle_count == made.triangle_count > 0


def test_the_lowest_point_is_on_the_floor() -> None:
    made = run(small.body(), small.texture(), small.groom(), options=PackageSpec(), seed=1)
    assert min(float(part.mesh.positions[:, 1].min()) for part in made.parts) == pytest.approx(0, abs=1e-6)


def test_hidden_skin_is_not_shipped() -> None:
    bare = assemble_character(small.body(), small.texture(), small.groom())
    dressed = assemble_character(small.body(), small.texture(), small.groom(hidden=True))
    assert dressed.triangle_count < 0.8 * bare.triangle_count
    low = min(p.mesh.positions[:, 1].min() for p in dressed.pieces if p.mesh.name == "body")
    assert low > 0.2


def test_meshes_with_equal_names_are_renamed() -> None:
    names = [p.mesh.name for p in assemble_character(small.body(), small.texture(), small.groom()).pieces]
    assert names == ["head", "body", "eyes", "eyes_2", "hat"]


def test_no_crack_opens_between_head_and_body() -> None:
    whole = fit_triangle_budget(assemble_character(small.body(), small.texture(), small.groom()), 700)
    head, body = (p for p in whole.pieces if p.mesh.name in ("head", "body"))
    height = np.float32(0.5)
    rims = [{tuple(x) for x in p.mesh.positions[np.isclose(p.mesh.positions[:, 1], height, atol=1e-4)].tolist()} for p in (head, body)]
    assert rims[0] == rims[1]
    assert whole.triangle_count <= 700


def test_morphs_survive_the_reduction() -> None:
    whole = fit_triangle_budget(assemble_character(small.body(), small.texture(), small.groom()), 700)
    head = next(p for p in whole.pieces if p.mesh.name == "head")
    assert tuple(m.name for m in head.mesh.morphs) == MORPHS_67
    assert all((m.indices < len(head.mesh.positions)).all() and (np.diff(m.indices) > 0).all() for m in head.mesh.morphs)


@pytest.mark.parametrize(("sizes", "budget", "quotas"), [
    ({0: 100, 1: 300}, 1000, {0: 100, 1: 300}),
    ({0: 900, 1: 100}, 600, {0: 500, 1: 100}),
    ({0: 900, 1: 800, 2: 100}, 700, {0: 300, 1: 300, 2: 100}),
    ({}, 600, {}),
])  # fmt: skip
def test_small_parts_keep_all_their_triangles_before_large_ones(sizes: dict[int, int], budget: int, quotas: dict[int, int]) -> None:
    assert share_budget(sizes, budget) == quotas


def test_lashes_stay_whole_where_clothes_are_reduced() -> None:
    whole = assemble_character(small.body(), small.texture(), small.groom())
    # Eyes and hat are of similar size; a quarter of this budget is enough for all small parts.
    budget = int(0.9 * whole.triangle_count)
    lashes = replace(whole.pieces[-1], mesh=replace(whole.pieces[-1].mesh, name="lashes"))
    fitted = fit_triangle_budget(replace(whole, pieces=(*whole.pieces[:-1], lashes)), budget)
    kept = {p.mesh.name: len(p.mesh.triangles) for p in fitted.pieces}
    assert kept["lashes"] == len(lashes.mesh.triangles)
    assert sum(kept.values()) <= budget


def test_tangents_have_unit_length_and_are_perpendicular_to_the_normals() -> None:
    whole = assemble_character(small.body(), small.texture(), small.groom())
    for part in build_parts(whole.pieces, whole.materials):
        if part.tangents is not None:
            assert np.allclose(np.linalg.norm(part.tangents[:, :3], axis=1), 1, atol=1e-5)
            assert np.abs((part.tangents[:, :3] * part.normals).sum(1)).max() < 1e-4


def test_tangents_of_a_plain_square_run_along_u() -> None:
    points = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32)
    mesh = Mesh(
        "square", points, np.array([[0, 1], [1, 1], [1, 0], [0, 0]], np.float32), np.array([[0, 1, 2], [0, 2, 3]], np.int32),
        small.bind_to_joint("Head", 4), (), "m",
    )  # fmt: skip
    found = compute_tangents(mesh, np.tile(np.array([0, 0, 1], np.float32), (4, 1)))
    # v points down the picture, so with u to the right the bitangent points up: handedness +1.
    assert np.allclose(found, [1, 0, 0, 1])


@pytest.mark.parametrize("count", [1, 4, 9, 20])
def test_every_material_has_its_own_cells_of_the_atlas(count: int) -> None:
    names = ["head", "outfit", *(f"m{i}" for i in range(count))]
    cells, grid = pack_cells(names)
    taken = np.zeros((grid, grid), int)
    for row, column, span in cells.values():
        taken[row : row + span, column : column + span] += 1
    assert set(cells) == set(names)
    assert taken.max() == 1


def test_every_uv_is_inside_the_atlas() -> None:
    whole = merge_materials(assemble_character(small.body(), small.texture(), small.groom()), 64)
    for piece in whole.pieces:
        assert piece.mesh.uv.min() >= 0
        assert piece.mesh.uv.max() <= 1
    assert {p.mesh.material for p in whole.pieces} == {"atlas"}
