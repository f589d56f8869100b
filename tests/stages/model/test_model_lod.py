"""Fewer triangles, the same shape: seams stay closed, borders stay borders, vertices stay where they were."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from stages.model.lod import WedgeMesh, decimate
from tests.stages.small_character import ball


def a_ball(cut: bool = False, importance: float = 1.0) -> WedgeMesh:
    points, _, triangles = ball()
    faces = triangles.astype(np.int64)
    wedges = faces.copy()
    if cut:  # the upper half has wedges of its own: a UV seam round the equator
        wedges[points[faces][:, :, 1].mean(1) > 0.5] += len(points)
    weight = np.where(points[:, 2] > 0.2, importance, 1.0)
    return WedgeMesh(points.astype(np.float64), faces, wedges, weight, np.zeros((2 * len(points), 2)))


def faces_of(soup: WedgeMesh, wedges: np.ndarray) -> np.ndarray:
    return wedges % len(soup.positions)


def edges(faces: np.ndarray) -> Counter:
    return Counter(tuple(sorted(pair)) for face in faces.tolist() for pair in zip(face, face[1:] + face[:1], strict=True))


@pytest.mark.parametrize("cut", [False, True])
def test_a_closed_ball_stays_closed(cut: bool) -> None:
    soup = a_ball(cut)
    wedges, rows = decimate(soup, 500)
    assert len(wedges) <= 500
    assert len(rows) == len(wedges)
    assert set(edges(faces_of(soup, wedges)).values()) == {2}


def test_the_surface_moves_by_less_than_two_per_cent_of_the_radius() -> None:
    soup = a_ball()
    wedges, _ = decimate(soup, 500)
    middle = soup.positions[faces_of(soup, wedges)].mean(1) - [0, 0.5, 0]
    assert np.linalg.norm(middle, axis=1).min() > 0.5 * 0.96


def test_no_triangle_turns_over() -> None:
    soup = a_ball()
    corner = soup.positions[faces_of(soup, decimate(soup, 300)[0])]
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    assert ((normal * (corner.mean(1) - [0, 0.5, 0])).sum(1) > 0).all()


def test_a_seam_stays_a_seam() -> None:
    soup = a_ball(cut=True)
    wedges, rows = decimate(soup, 500)
    upper = soup.wedges[rows][:, 0] >= len(soup.positions)
    # Each triangle keeps to the side of the seam that it came from.
    assert ((wedges >= len(soup.positions)) == upper[:, None]).all()


def test_a_flat_sheet_keeps_its_outline() -> None:
    n = 12
    x, y = np.meshgrid(np.arange(n), np.arange(n), indexing="ij")
    places = np.stack([x, y, 0 * x], -1).reshape(-1, 3).astype(float)
    i = np.arange(n * n).reshape(n, n)
    faces = np.concatenate([np.stack([i[:-1, :-1], i[1:, :-1], i[1:, 1:]], -1), np.stack([i[:-1, :-1], i[1:, 1:], i[:-1, 1:]], -1)])
    faces = faces.reshape(-1, 3).astype(np.int64)
    wedges, _ = decimate(WedgeMesh(places, faces, faces, np.ones(len(places)), np.zeros((len(places), 2))), 20)
    corner = places[wedges]
    area = np.linalg.norm(np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), axis=1).sum() / 2
    assert area == pytest.approx((n - 1) ** 2)
    assert len(wedges) <= 20


def test_what_matters_keeps_more_triangles() -> None:
    plain, dear = a_ball(), a_ball(importance=50.0)
    counts = [(s.positions[faces_of(s, decimate(s, 500)[0])].mean(1)[:, 2] > 0.2).sum() for s in (plain, dear)]
    assert counts[1] > 1.5 * counts[0]


def test_a_budget_that_is_met_already_changes_nothing() -> None:
    soup = a_ball()
    assert np.array_equal(decimate(soup, len(soup.faces))[0], soup.wedges)


def test_it_stops_where_the_shape_allows_no_less() -> None:
    soup = a_ball()
    assert 4 <= len(decimate(soup, 0)[0]) < 100


def test_equal_input_gives_equal_output() -> None:
    assert np.array_equal(decimate(a_ball(), 400)[0], decimate(a_ball(), 400)[0])
