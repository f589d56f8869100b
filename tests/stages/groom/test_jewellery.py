"""Glasses and earrings: in front of the eyes and outside of the skin, on the ears, closed, and only where a spec names them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from scipy.spatial import cKDTree

from assets.artefacts.character import Body
from assets.artefacts.geometry import Mesh
from assets.base_mesh import load_skin_triangles
from assets.conventions import JOINTS, SKIN_VERTICES
from assets.errors import SpecError
from assets.mesh import find_boundary_edges
from assets.paths import get_baked_path
from assets.rotation import dot
from assets.spec.appearance import BodySpec, GroomSpec, IdentitySpec
from stages.body.stage import BACKENDS as BODIES
from stages.body.stage import run as make_body
from stages.groom.fit import compute_area_weighted_normals
from stages.groom.jewellery import EARRING_KINDS, check_choice, list_glasses, make_earrings, make_glasses
from stages.identity.stage import BACKENDS as IDENTITIES
from stages.identity.stage import run as make_identity

needs_body = pytest.mark.skipif(not get_baked_path("body.safetensors").exists(), reason="`fenshen bake` makes the body")
PEOPLE = {"woman": (24, 0.0, 0.1), "man": (70, 1.0, 0.95)}


@lru_cache(maxsize=2)
def build_body(name: str) -> Body:
    years, gender, weight = PEOPLE[name]
    who = make_identity(options=IdentitySpec(age=years, gender=gender), backend=IDENTITIES.get(), seed=12)
    return make_body(who, options=BodySpec(weight=weight), backend=BODIES.get(), seed=12)


def measure_depth(mesh: Mesh, body: Body) -> float:
    """Metres by which the mesh is inside of the skin at its deepest."""
    skin = body.positions[:SKIN_VERTICES]
    normals = compute_area_weighted_normals(body.positions, load_skin_triangles())[:SKIN_VERTICES]
    distance, nearest = cKDTree(skin).query(mesh.positions)
    return float((-dot(mesh.positions - skin[nearest], normals[nearest]))[distance < 0.02].max(initial=0))


@needs_body
@pytest.mark.slow
@pytest.mark.parametrize("frame", list_glasses())
@pytest.mark.parametrize("person", PEOPLE)
def test_lenses_are_in_front_of_the_eyes_and_the_frame_is_outside_of_the_face(person: str, frame: str) -> None:
    body = build_body(person)
    rims, lenses = make_glasses(body, frame, 4).meshes
    front = float(body.eye_centres[:, 2].max()) + body.eye_radius
    for centre in body.eye_centres:
        near = lenses.positions[np.sign(lenses.positions[:, 0]) == np.sign(centre[0])]
        assert near[:, 0].min() < centre[0] < near[:, 0].max()
        assert near[:, 1].min() < centre[1] < near[:, 1].max()
        assert 0.005 < near[:, 2].max() - front < 0.03
    face = rims.positions[:, 2] > front - 0.02
    inside = Mesh("face", rims.positions[face], rims.uv[face], np.zeros((0, 3), np.int32), rims.skin, (), "glasses")
    assert measure_depth(inside, body) < 0.004


@needs_body
@pytest.mark.slow
@pytest.mark.parametrize("person", PEOPLE)
def test_everything_is_closed_symmetric_and_held_by_the_head(person: str) -> None:
    body = build_body(person)
    for accessory in (make_glasses(body, "square", 4), *(make_earrings(body, kind, 4) for kind in EARRING_KINDS)):
        mesh = accessory.meshes[0]
        assert len(find_boundary_edges(mesh.triangles)) == 0 or accessory.source.name == "earrings"
        assert set(mesh.skin.joints[:, 0].tolist()) == {JOINTS.index("Head")}
        assert np.isclose(mesh.positions[:, 0].max(), -mesh.positions[:, 0].min(), atol=1e-4)
        assert accessory.source.licence == "Apache-2.0"


@needs_body
@pytest.mark.slow
def test_earrings_hang_at_the_lobes() -> None:
    body = build_body("woman")
    mesh = make_earrings(body, "hoops", 4).meshes[0]
    assert mesh.positions[:, 1].max() < body.eye_centres[0, 1]
    assert np.abs(mesh.positions[:, 0]).min() > 0.05


@needs_body
@pytest.mark.slow
def test_yes_is_a_frame_by_the_seed() -> None:
    shapes = {make_glasses(build_body("woman"), "yes", seed).meshes[0].positions.tobytes() for seed in range(8)}
    assert len(shapes) >= 4


def test_yaml_reads_yes_and_no_as_booleans() -> None:
    assert GroomSpec.model_validate({"glasses": True}).glasses == "yes"
    assert GroomSpec.model_validate({"glasses": False}).glasses == "no"
    assert check_choice("glasses", "no", list_glasses()) is None


def test_an_unknown_frame_is_an_error_with_the_nearest_name() -> None:
    with pytest.raises(SpecError, match=r"groom\.glasses: unknown name 'squar'") as caught:
        check_choice("glasses", "squar", list_glasses())
    assert caught.value.findings[0].fix == "did you mean square?"
