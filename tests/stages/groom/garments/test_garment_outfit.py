"""Garments on real bodies: panels that are disks, level hems, cloth outside of the body, budgets, equal bytes."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from scipy.spatial import cKDTree

from assets.artefacts.character import Body
from assets.conventions import SKIN_VERTICES
from assets.mesh import list_edges
from assets.paths import get_baked_path
from assets.rotation import dot
from assets.spec.appearance import GroomSpec, PieceSpec
from stages.groom.garments.choices import choose_outfit
from stages.groom.garments.cloth import Line
from stages.groom.garments.drape import Collider
from stages.groom.garments.figure import Figure, measure_figure
from stages.groom.garments.outfit import MadeOutfit, make_outfit
from stages.groom.garments.shell import get_hem_height
from stages.groom.garments.shoes import make_shoes
from stages.groom.garments.style import get_garment
from stages.groom.garments.tailor import Draped, sew
from stages.groom.stage import run
from tests.stages.groom.people import build_person

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not get_baked_path("helpers.safetensors").exists(), reason="`fenshen bake` makes it")]

PEOPLE = {"girl": (19, 0.0, {"height": 0.3}), "heavy": (45, 1.0, {"weight": 0.95})}
PANELS = {"tshirt": 4, "jeans": 4, "a_line_skirt": 2, "summer_dress": 2}


def build_body(name: str) -> Body:
    years, gender, build = PEOPLE[name]
    return build_person(years, gender, **build)


@lru_cache(maxsize=2)
def measure(name: str) -> Figure:
    return measure_figure(build_body(name))


@lru_cache(maxsize=8)
def sew_cached(person: str, garment: str) -> Draped:
    return sew(measure(person), get_garment(garment), [], 5)


@lru_cache(maxsize=2)
def dress(person: str) -> MadeOutfit:
    return make_outfit(build_body(person), choose_outfit(30, 1.0, "tee_jeans", None, None, 5), 5)


@pytest.mark.parametrize("garment", PANELS)
@pytest.mark.parametrize("person", PEOPLE)
def test_panels_are_disks(person: str, garment: str) -> None:
    pattern = sew_cached(person, garment).pattern
    assert pattern.count == PANELS[garment]
    for panel in range(pattern.count):
        triangles = pattern.corners[pattern.panel[pattern.corners[:, 0]] == panel]
        edges = np.unique(np.sort(list_edges(triangles), 1), axis=0)
        assert len(np.unique(triangles)) - len(edges) + len(triangles) == 1, panel


@pytest.mark.parametrize("garment", ["tshirt", "a_line_skirt"])
@pytest.mark.parametrize("person", PEOPLE)
def test_hems_are_level_on_the_cut(person: str, garment: str) -> None:
    """In the T-pose, before it hangs, a hem is level to 5 mm where the pattern wants it."""
    figure, cloth = measure(person), sew_cached(person, garment).cloth
    hem = cloth.get("bind")[(cloth.lines & Line.HEM) != 0, 1]
    assert np.abs(hem - get_hem_height(figure, get_garment(garment))).max() < 0.005


@pytest.mark.parametrize("person", PEOPLE)
def test_cloth_keeps_its_lengths(person: str) -> None:
    draped = sew_cached(person, "tshirt")
    edges = list_edges(draped.pattern.corners)
    place = draped.low[draped.pattern.vertex]
    ratio = np.linalg.norm(place[edges[:, 0]] - place[edges[:, 1]], axis=1) / np.linalg.norm(
        draped.pattern.uv[edges[:, 0]] - draped.pattern.uv[edges[:, 1]], axis=1
    ).clip(1e-4)
    assert 0.9 < float(np.median(ratio)) < 1.1


@pytest.mark.parametrize("person", PEOPLE)
def test_cloth_is_outside_of_the_body_where_it_was_draped(person: str) -> None:
    """Sleeves of the arms, the rest of the torso: where an arm touches it, a sleeve and a side are in the same place."""
    figure, draped = measure(person), sew_cached(person, "tshirt")
    one, two = draped.levels
    is_sleeve = two.linear @ (one.linear @ draped.cloth.get("arm")) >= 0.5
    assert figure.collider.arms is not None
    for chosen, body in ((is_sleeve, figure.collider.arms), (~is_sleeve, ~figure.collider.arms)):
        points, normals = figure.collider.points[body], figure.collider.normals[body]
        _, nearest = cKDTree(points).query(draped.high[chosen])
        assert (dot(draped.high[chosen] - points[nearest], normals[nearest]) > 0).mean() > 0.97


def test_a_coat_hangs_round_over_a_sweater_and_trousers() -> None:
    """Its back was drawn into the gap between the legs, and it caught on the sweater's hem."""
    figure = measure("heavy")
    trousers = sew(figure, get_garment("chinos"), [], 5)
    sweater = sew(figure, get_garment("sweater"), [trousers.collider], 6)
    coat = sew(figure, get_garment("coat"), [trousers.collider, sweater.collider], 7)
    hem = coat.low[(coat.cloth.lines & Line.HEM) != 0]
    assert np.ptp(hem[:, 1]) < 0.05
    legs = figure.collider.points[figure.collider_legs]
    legs = legs[np.abs(legs[:, 1] - hem[:, 1].mean()) < 0.03]
    middle = hem[np.abs(hem[:, 0]) < 0.08]
    behind, ahead = middle[middle[:, 2] < 0], middle[middle[:, 2] >= 0]
    assert len(behind)
    assert len(ahead)
    assert behind[:, 2].max() < legs[:, 2].min()
    assert ahead[:, 2].min() > legs[:, 2].max()


def test_jeans_fall_over_boots_and_reach_the_shoe() -> None:
    """The shafts of boots came out through the hems."""
    figure = measure("girl")
    sheets = make_shoes(figure, get_garment("boots"))
    boots = [Collider(one.fine.points, one.fine.normals.astype(np.float64)) for one in sheets]
    jeans = sew(figure, get_garment("jeans"), boots, 5)
    points, normals = np.concatenate([one.points for one in boots]), np.concatenate([one.normals for one in boots])
    distance, nearest = cKDTree(points).query(jeans.high)
    height = dot(jeans.high - points[nearest], normals[nearest])[distance < 0.02]
    assert len(height) > 100
    assert (height > 0).mean() > 0.95
    hem = jeans.low[(jeans.cloth.lines & Line.HEM) != 0, 1]
    assert float(hem.mean()) < float(figure.heads["LeftFoot"][1])


@pytest.mark.parametrize("person", PEOPLE)
def test_an_outfit_has_its_meshes_and_pictures_within_limits(person: str) -> None:
    made = dress(person)
    assert [mesh.name for mesh in made.meshes] == ["outfit", "shoes"]
    assert sum(len(mesh.triangles) for mesh in made.meshes) < 9000
    for mesh in made.meshes:
        assert np.isfinite(mesh.positions).all()
        assert np.allclose(mesh.skin.weights.sum(1), 1, atol=1e-5)
        assert np.allclose(np.linalg.norm(made.normals[mesh.name], axis=1), 1, atol=1e-3)
        assert mesh.uv.min() >= 0
        assert mesh.uv.max() <= 1
    assert {name: image.pixels.shape for name, image in made.images.items()} == {
        "outfit_albedo": (1024, 1024, 3), "outfit_normal": (1024, 1024, 3), "outfit_orm": (512, 512, 3),
    }  # fmt: skip
    assert made.sources[0].origin == "made by Fenshen"
    assert made.sources[0].licence == "Apache-2.0"


def test_shoes_are_under_the_feet_and_left_and_right() -> None:
    shoes = dress("girl").meshes[1]
    skin = build_body("girl").positions[:SKIN_VERTICES]
    assert shoes.positions[:, 1].min() < skin[:, 1].min() - 0.008
    assert shoes.positions[:, 0].min() < 0 < shoes.positions[:, 0].max()
    assert (
        np.abs(
            np.ptp(shoes.positions[shoes.positions[:, 0] > 0], axis=0) - np.ptp(shoes.positions[shoes.positions[:, 0] < 0], axis=0)
        ).max()
        < 0.01
    )


def test_the_same_seed_gives_the_same_bytes() -> None:
    body, choice = build_body("girl"), choose_outfit(30, 1.0, "tee_jeans", None, None, 5)
    first, second = dress("girl"), make_outfit(body, choice, 5)
    assert all(a.positions.tobytes() == b.positions.tobytes() for a, b in zip(first.meshes, second.meshes, strict=True))
    assert all(first.images[name].pixels.tobytes() == second.images[name].pixels.tobytes() for name in first.images)


def test_made_pieces_are_worn_instead_of_items_and_hide_the_skin_under_them() -> None:
    groom = run(build_body("girl"), options=GroomSpec(pieces=(PieceSpec(garment="tshirt"), PieceSpec(garment="jeans"))), seed=5)
    assert {"outfit", "shoes"} <= {mesh.name for mesh in groom.meshes}
    assert {material.name for material in groom.materials} >= {"outfit"}
    assert set(groom.normals) == {"eyes", "outfit", "shoes"}
    assert groom.hidden.sum() > 2000


def test_an_item_of_shoes_is_worn_with_what_is_made() -> None:
    groom = run(build_body("girl"), options=GroomSpec(outfit="tee_jeans", shoes="shoes03"), seed=5)
    shoes = [mesh for mesh in groom.meshes if mesh.name == "shoes"]
    assert [mesh.material for mesh in shoes] == ["shoes"]
    assert "shoes03" in {source.name for source in groom.sources}


@pytest.mark.parametrize("person", PEOPLE)
def test_no_shirt_is_left_under_a_jacket_in_the_armpit(person: str) -> None:
    """A raised arm brought it through the jacket."""
    both, jacket = (_count_around_armpits(dress_in(person, names)) for names in (("shirt", "blazer", "chinos"), ("blazer", "chinos")))
    assert jacket > 100
    assert both < 1.1 * jacket


def dress_in(person: str, names: tuple[str, ...]) -> MadeOutfit:
    return make_outfit(build_body(person), choose_outfit(30, 1.0, [PieceSpec(garment=name) for name in names], None, None, 5), 5)


def _count_around_armpits(made: MadeOutfit) -> int:
    """Triangles in the T-pose."""
    mesh = made.meshes[0]
    centres, top = mesh.positions[mesh.triangles].mean(1), float(mesh.positions[:, 1].max())
    return int(((np.abs(centres[:, 0]) > 0.14) & (np.abs(centres[:, 0]) < 0.3) & (centres[:, 1] > top - 0.3)).sum())
