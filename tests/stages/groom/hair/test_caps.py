"""Tied, combed back and long hair closes the crown at the levels with few triangles, and its outline is smooth."""

from __future__ import annotations

import numpy as np
import pytest

from assets.artefacts.character import Body
from assets.artefacts.geometry import Part
from assets.conventions import JOINTS
from stages.groom.hair.head import Head
from stages.groom.hair.roots import sample_scalp
from stages.groom.hair.style import list_styles, load_style
from tests.stages.groom.hair.test_grow import build_body, grow_cached, one_atlas, pytestmark

__all__ = ["one_atlas", "pytestmark"]
_DIRECTIONS, _INSIDE_M = 300, 0.012
_ALPHA = 0.35 * 255
_BINS = 80


def move_to_rest(body: Body, points: np.ndarray) -> np.ndarray:
    """Points (n,3) of the head, from the T-pose."""
    lift = body.rest_to_bind[JOINTS.index("Head")].astype(np.float64)
    return np.einsum("ni,ij->nj", points - lift[:3, 3], lift[:3, :3])


def find_hits(origin: np.ndarray, direction: np.ndarray, corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Triangles (k,) of corners (t,3,3) on a ray, and (k,3) where, as shares of their corners."""
    one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    across = np.cross(direction, two)
    volume = np.einsum("td,td->t", one, across)
    volume = np.where(np.abs(volume) < 1e-12, np.inf, volume)
    away = origin - corners[:, 0]
    u = np.einsum("td,td->t", away, across) / volume
    turned = np.cross(away, one)
    v = np.einsum("d,td->t", direction, turned) / volume
    hit = (u >= 0) & (v >= 0) & (u + v <= 1) & (np.einsum("td,td->t", two, turned) / volume > 0) & np.isfinite(volume)
    return np.flatnonzero(hit), np.stack([1 - u - v, u, v], 1)[hit]


def measure_coverage(body: Body, style: str, parts: tuple[Part, ...], alpha: np.ndarray) -> float:
    """Share of directions of the scalp in which opaque hair is drawn."""
    head = Head.from_body(body)
    roots = sample_scalp(load_style(style).hairline, _DIRECTIONS, 9, (_INSIDE_M, 1.0))
    corners, uv = [], []
    for part in parts:
        corners.append(move_to_rest(body, part.mesh.positions)[part.mesh.triangles])
        uv.append(part.mesh.uv[part.mesh.triangles])
    triangles, places = np.concatenate(corners), np.concatenate(uv)
    covered = 0
    for target in roots.place(head.points) - head.centre:
        found, shares = find_hits(head.centre, target.astype(np.float64), triangles)
        x, y = np.einsum("kc,kcd->dk", shares, places[found]) * (len(alpha) - 1)
        covered += bool((alpha[y.round().astype(int), x.round().astype(int)] > _ALPHA).any())
    return covered / len(roots)


def measure_roughness(body: Body, parts: tuple[Part, ...]) -> float:
    """Metres by which the outline of the crown, seen from the front, is off a smooth line."""
    head = Head.from_body(body)
    points = np.concatenate([move_to_rest(body, part.mesh.positions)[part.mesh.triangles].reshape(-1, 3, 3) for part in parts])
    # Along the edges: between two far vertices there is outline as well.
    edges = np.concatenate([points * (1 - share) + np.roll(points, 1, axis=1) * share for share in np.linspace(0, 1, 12)]).reshape(-1, 3)
    arm = (edges - head.centre)[:, :2]
    angle, radius = np.degrees(np.arctan2(arm[:, 1], arm[:, 0])), np.linalg.norm(arm, axis=1)
    row = np.floor((angle - 10) / (160 / _BINS)).astype(int)
    inside = (row >= 0) & (row < _BINS)
    outline = np.zeros(_BINS)
    np.maximum.at(outline, row[inside], radius[inside])
    smooth = np.polynomial.Polynomial.fit(np.arange(_BINS), outline, 6)(np.arange(_BINS))
    return float(np.abs(outline - smooth).mean())


CLOSED = ("bun", "ponytail", "slick", "bob", "lob", "long_straight", "half_up", "braids", "top_knot")


@pytest.mark.parametrize("style", CLOSED)
@pytest.mark.parametrize("person", ["girl", "man"])
def test_hair_closes_the_crown(person: str, style: str) -> None:
    """Cards alone covered 0.43 to 0.98 of it for the web, and 0.27 to 0.92 of it in crowds."""
    grown = grow_cached(person, style)
    assert grown.atlas is not None
    alpha = grown.atlas.image.pixels[..., 3]
    web, crowd = (measure_coverage(build_body(person), style, grown.levels[level], alpha) for level in (1, 2))
    assert web > 0.975
    assert crowd > (0.88 if style == "half_up" else 0.97)


@pytest.mark.parametrize("style", ["bun", "ponytail", "slick", "bob", "lob", "long_straight", "braids"])
@pytest.mark.parametrize("person", ["girl", "man"])
def test_the_outline_of_the_crown_is_smooth(person: str, style: str) -> None:
    """With cards alone it was up to 4.8 mm off for the web, and 1.7 to 11 mm in crowds."""
    web, crowd = (measure_roughness(build_body(person), grow_cached(person, style).levels[level]) for level in (1, 2))
    assert web < 0.0014
    assert crowd < 0.0014


@pytest.mark.parametrize("style", [name for name in list_styles() if load_style(name).fringe])
@pytest.mark.parametrize("level", [1, 2])
def test_under_a_fringe_nothing_hangs_before_the_eyes(style: str, level: int) -> None:
    """The sheet of the sides began 20 degrees from the middle, and hung from the fringe to the jaw."""
    body = build_body("girl")
    for part in grow_cached("girl", style).levels[level]:
        azimuth, elevation, _ = Head.from_body(body).to_polar(move_to_rest(body, part.mesh.positions))
        # The eyes: 25 degrees to the side and 15 below the chart's equator.
        assert not ((np.abs(azimuth) < 28) & (np.abs(elevation + 15) < 6)).any()
