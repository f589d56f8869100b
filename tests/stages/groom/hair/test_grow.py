"""Grown hair on real bodies: within its budgets, outside the skull, off the eyes, the same for equal seeds."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from assets.artefacts.character import Body
from assets.artefacts.geometry import Part
from assets.conventions import EYE_VERTICES, JOINTS
from assets.paths import get_baked_path
from assets.skinning import skin_points
from stages.groom.colour import parse_hex_colour
from stages.groom.hair import grow as grow_module
from stages.groom.hair.atlas import Atlas, HairColour, paint_atlas
from stages.groom.hair.choices import HairChoice
from stages.groom.hair.grow import LEVELS, GrownHair, grow_hair
from stages.groom.hair.head import Head, Surface
from stages.groom.hair.paint import Brow
from stages.groom.hair.roots import sample_scalp
from stages.groom.hair.style import is_cropped, list_styles, load_style
from stages.groom.hair.wear import grow_head
from tests.stages.groom.people import build_person

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not get_baked_path("body.safetensors").exists(), reason="`fenshen bake` makes the body")]

BROWN = HairColour(parse_hex_colour("#3b2619"), parse_hex_colour("#4a3020"))
PEOPLE = {"girl": (19, 0.0, {}), "man": (40, 1.0, {"weight": 0.9}), "old": (80, 0.7, {"weight": 0.2, "height": 0.1})}


@lru_cache(maxsize=2)
def paint_once(curls: bool) -> Atlas:
    return paint_atlas(BROWN, np.random.default_rng(1), curls=curls)


@pytest.fixture(autouse=True)
def one_atlas(monkeypatch: pytest.MonkeyPatch) -> None:
    """The picture is the same for every style, and takes longer than the strands."""
    monkeypatch.setattr(grow_module, "paint_atlas", lambda colour, rng, *, curls, side, steps: paint_once(curls))


def build_body(name: str) -> Body:
    years, gender, build = PEOPLE[name]
    return build_person(years, gender, **build)


@lru_cache(maxsize=200)
def grow_cached(person: str, style: str) -> GrownHair:
    return grow_hair(build_body(person), load_style(style), BROWN, 5)


GROWN = tuple(name for name in list_styles() if load_style(name).kind != "none")


def count_triangles(parts: tuple[Part, ...]) -> int:
    return sum(len(part.mesh.triangles) for part in parts)


@pytest.mark.parametrize("style", GROWN)
@pytest.mark.parametrize("person", PEOPLE)
def test_every_style_grows_on_every_body_within_its_budgets(person: str, style: str) -> None:
    levels = grow_cached(person, style).levels
    assert len(levels) == len(LEVELS)
    for level, (parts, limit) in enumerate(zip(levels, LEVELS, strict=True)):
        is_painted = level > 0 and is_cropped(load_style(style))
        assert count_triangles(parts) <= (0 if is_painted else limit)
        assert parts or is_painted
    for part in levels[0]:
        mesh = part.mesh
        assert np.isfinite(mesh.positions).all()
        assert np.allclose(np.linalg.norm(part.normals, axis=1), 1, atol=1e-3)
        assert np.allclose(mesh.skin.weights.sum(1), 1, atol=1e-5)
        assert mesh.uv.min() >= 0
        assert mesh.uv.max() <= 1
        assert part.shade is not None
        assert 0 < part.shade.min() <= part.shade.max() <= 1


def project_eye(body: Body, side: int, points: np.ndarray) -> np.ndarray:
    """Which points (n,3) are before an eyeball, seen from straight ahead."""
    middle = body.eye_centres[side]
    return (np.linalg.norm(points[:, :2] - middle[:2], axis=1) < body.eye_radius) & (points[:, 2] > middle[2])


@pytest.mark.parametrize("style", GROWN)
def test_no_hair_is_over_an_eye(style: str) -> None:
    for person in PEOPLE:
        body = build_body(person)
        for part in grow_cached(person, style).levels[0]:
            corners = part.mesh.positions[part.mesh.triangles]
            for weights in ((1, 0, 0), (0, 1, 0), (0, 0, 1), (1 / 3, 1 / 3, 1 / 3)):
                points = np.einsum("k,tkd->td", np.array(weights), corners)
                assert not (project_eye(body, 0, points) | project_eye(body, 1, points)).any(), person


@pytest.mark.parametrize("style", ["side_part", "bob", "ponytail", "crew", "long_straight"])
def test_hair_is_outside_the_skull(style: str) -> None:
    body = build_body("man")
    head = Head.from_body(body)
    surface = Surface.from_head(head, with_ears=False)
    lift = body.rest_to_bind[JOINTS.index("Head")]
    for part in grow_cached("man", style).levels[0]:
        # Hair of the head alone, back from the T-pose to rest.
        rest = (part.mesh.positions - lift[:3, 3]) @ lift[:3, :3]
        above = rest[rest[:, 1] > head.centre[1] - 0.02]
        heights = surface.measure(above)[0]
        assert np.quantile(heights, 0.01) > -0.006
        assert heights.min() > -0.015


def test_roots_are_the_same_on_every_body() -> None:
    style = load_style("side_part")
    roots = sample_scalp(style.hairline, style.strips, 1, (0.004, 1.0))
    for person in PEOPLE:
        head = Head.from_body(build_body(person))
        placed = roots.place(head.points)
        near = np.abs(head.points[roots.corners].mean(1) - placed).max()
        assert near < 0.02  # inside their own triangle, whatever the body


def test_equal_seeds_give_equal_hair_and_other_seeds_other_hair() -> None:
    body, style = build_body("girl"), load_style("bob")
    one, two, other = (grow_hair(body, style, BROWN, seed).levels[1][0].mesh.positions for seed in (5, 5, 6))
    assert np.array_equal(one, two)
    assert one.shape != other.shape or not np.allclose(one, other)


def test_a_beard_takes_no_triangle() -> None:
    body = build_body("man")
    assert grow_head(body, HairChoice("bald", "full_beard", BROWN, Brow()), 5).levels == ()
    bearded, shaved = (grow_head(body, HairChoice("bob", beard, BROWN, Brow()), 5) for beard in ("full_beard", "none"))
    assert [count_triangles(parts) for parts in bearded.levels] == [count_triangles(parts) for parts in shaved.levels]


def test_the_chart_fits_other_heads() -> None:
    for person in PEOPLE:
        body = build_body(person)
        head = Head.from_body(body)
        eyes = body.rest[EYE_VERTICES].mean(0)
        assert 0.015 < head.centre[1] - eyes[1] < 0.035
        assert 0.85 < head.scale < 1.15


def test_hair_goes_with_the_head_joint() -> None:
    body = build_body("girl")
    mesh = grow_cached("girl", "crew").levels[0][0].mesh
    assert np.allclose(mesh.skin.weights[:, 0], 1)
    assert (mesh.skin.joints[:, 0] == JOINTS.index("Head")).all()
    assert np.allclose(skin_points(mesh.positions, mesh.skin, np.tile(np.eye(4), (len(JOINTS), 1, 1))), mesh.positions, atol=1e-5)
    assert body.skeleton.names == JOINTS
