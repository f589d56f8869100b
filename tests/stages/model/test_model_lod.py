"""Fewer triangles, the same shape: seams stay closed, borders stay borders, vertices stay in place."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from stages.model.lod import WedgeMesh, decimate
from tests.stages.small_character import ball


def build_ball(cut: bool = False, importance: float = 1.0) -> WedgeMesh:
    points, _, triangles = ball()
    faces = triangles.astype(np.int64)
    wedges = faces.copy()
    if cut:  # the upper half has wedges of its own: a UV seam around the equator
        wedges[points[faces][:, :, 1].mean(1) > 0.5] += len(points)
    weight = np.where(points[:, 2] > 0.2, importance, 1.0)
    return WedgeMesh(points.astype(np.float64), faces, wedges, weight, np.zeros((2 * len(points), 2)))


def find_faces(mesh: WedgeMesh, wedges: np.ndarray) -> np.ndarray:
    return wedges % len(mesh.positions)


def count_edges(faces: np.ndarray) -> Counter:
    return Counter(tuple(sorted(pair)) for face in faces.tolist() for pair in zip(face, face[1:] + face[:1], strict=True))


@pytest.mark.parametrize("cut", [False, True])
def test_a_closed_ball_stays_closed(cut: bool) -> None:
    mesh = build_ball(cut)
    wedges, rows = decimate(mesh, 500)
    assert len(wedges) <= 500
    assert len(rows) == len(wedges)
    assert set(count_edges(find_faces(mesh, wedges)).values()) == {2}


def test_the_surface_moves_by_less_than_four_per_cent_of_the_radius() -> None:
    mesh = build_ball()
    wedges, _ = decimate(mesh, 500)
    middle = mesh.positions[find_faces(mesh, wedges)].mean(1) - [0, 0.5, 0]
    assert np.linalg.norm(middle, axis=1).min() > 0.5 * 0.96


def test_no_triangle_flips() -> None:
    mesh = build_ball()
    corner = mesh.positions[find_faces(mesh, decimate(mesh, 300)[0])]
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    assert ((normal * (corner.mean(1) - [0, 0.5, 0])).sum(1) > 0).all()


def test_a_seam_stays_a_seam() -> None:
    mesh = build_ball(cut=True)
    wedges, rows = decimate(mesh, 500)
    upper = mesh.wedges[rows][:, 0] >= len(mesh.positions)
    # Every triangle stays on its side of the seam.
    assert ((wedges >= len(mesh.positions)) == upper[:, None]).all()


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


def test_important_parts_keep_more_triangles() -> None:
    plain, important = build_ball(), build_ball(importance=50.0)
    counts = [(s.positions[find_faces(s, decimate(s, 500)[0])].mean(1)[:, 2] > 0.2).sum() for s in (plain, important)]
    assert counts[1] > 1.5 * counts[0]


def test_a_budget_that_is_already_met_changes_nothing() -> None:
    mesh = build_ball()
    assert np.array_equal(decimate(mesh, len(mesh.faces))[0], mesh.wedges)


def test_it_stops_where_the_shape_allows_no_fewer() -> None:
    mesh = build_ball()
    assert 4 <= len(decimate(mesh, 0)[0]) < 100


def test_equal_input_gives_equal_output() -> None:
    assert np.array_equal(decimate(build_ball(), 400)[0], decimate(build_ball(), 400)[0])
