"""Edges, parts, welding and normals of meshes small enough to check by hand."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from assets import mesh

#  3---2     two triangles of a unit square in the plane of x and y, facing +Z
#  | / |
#  0---1
SQUARE = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32)
TRIANGLES = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
TETRAHEDRON = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]], np.int32)
PRECISIONS = [(np.float32, np.float32), (np.float32, np.float64), (np.float64, np.float64)]


def test_edges_are_listed_corner_by_corner() -> None:
    assert mesh.list_edges(TRIANGLES).tolist() == [[0, 1], [0, 2], [1, 2], [2, 3], [2, 0], [3, 0]]


def test_both_ways_lists_the_reversed_edges_after_the_edges() -> None:
    both = mesh.list_edges_both_ways(TRIANGLES)
    assert np.array_equal(both[:6], mesh.list_edges(TRIANGLES))
    assert np.array_equal(both[6:], mesh.list_edges(TRIANGLES)[:, ::-1])


@pytest.mark.parametrize(("triangles", "expected"), [(TRIANGLES, [[0, 1], [0, 3], [1, 2], [2, 3]]), (TETRAHEDRON, [])])
def test_a_boundary_edge_has_one_triangle(triangles: np.ndarray, expected: list[list[int]]) -> None:
    assert mesh.find_boundary_edges(triangles).tolist() == expected


def test_edge_lengths_end_at_their_corner() -> None:
    assert mesh.measure_edge_lengths(SQUARE[TRIANGLES[:1]]).tolist() == [pytest.approx([2**0.5, 1, 1])]


@pytest.mark.parametrize(("triangle", "expected"), [((0, 1, 2), False), ((0, 0, 1), True), ((0, 1, 0), True), ((1, 0, 0), True)])
def test_a_triangle_that_uses_a_vertex_twice_is_degenerate(triangle: tuple[int, int, int], expected: bool) -> None:
    assert mesh.find_degenerate(np.array([triangle])).tolist() == [expected]


def test_vertices_of_one_part_share_a_component_and_unused_ones_have_their_own() -> None:
    two_apart = np.concatenate([TRIANGLES, TRIANGLES + 4])
    labels = mesh.find_components(two_apart, 9)
    assert [len(set(labels[part].tolist())) for part in (slice(0, 4), slice(4, 8))] == [1, 1]
    assert len(set(labels.tolist())) == 3
    assert [part.tolist() for part in mesh.split_components(two_apart, 9)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8]]
    assert mesh.label_triangles(two_apart, 9).tolist() == [labels[0], labels[0], labels[4], labels[4]]


def test_no_vertices_are_no_parts() -> None:
    assert mesh.split_components(np.zeros((0, 3), np.int32), 0) == []


@pytest.mark.parametrize(("gap", "places"), [(0.0, 1), (2e-6, 1), (2e-5, 2)])
def test_points_within_ten_micrometres_are_one_place(gap: float, places: int) -> None:
    points = np.array([[0.5, 1, 2], [0.5 + gap, 1, 2]], np.float32)
    assert len(set(mesh.weld_points(points).tolist())) == places


def test_zero_and_minus_zero_are_one_place() -> None:
    assert mesh.weld_points(np.array([[0.0, 0, 0], [-0.0, 0, 0], [-1e-7, 0, 0]], np.float32)).tolist() == [0, 0, 0]


def test_a_seam_does_not_separate_an_island() -> None:
    torn = SQUARE[TRIANGLES].reshape(-1, 3)
    corners = np.arange(6).reshape(-1, 3)
    assert mesh.find_islands(torn, corners).tolist() == [0, 0]
    assert mesh.find_islands(np.concatenate([torn, torn + 2]), np.concatenate([corners, corners + 6])).tolist() == [0, 0, 1, 1]


def test_compacted_triangles_use_every_vertex() -> None:
    kept, triangles = mesh.compact_vertices(np.array([[5, 2, 7]], np.int32), 9)
    assert kept.tolist() == [2, 5, 7]
    assert triangles.tolist() == [[1, 0, 2]]
    assert kept.dtype == triangles.dtype == np.int32


def test_a_seam_repeats_its_vertices_and_nothing_else_does() -> None:
    # The two triangles share vertices 0 and 2, but vertex 2 has another UV in each.
    pairs, corners = mesh.merge_corners(TRIANGLES, np.array([[0, 1, 2], [0, 4, 3]]))
    assert pairs.tolist() == [[0, 0], [1, 1], [2, 2], [2, 4], [3, 3]]
    assert corners.tolist() == [[0, 1, 2], [0, 3, 4]]


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_crossed_edges_are_twice_the_area_long_in_the_precision_of_the_corners(kind: type) -> None:
    crossed = mesh.cross_edges((2 * SQUARE[TRIANGLES]).astype(kind))
    assert crossed.tolist() == [[0, 0, 4], [0, 0, 4]]
    assert crossed.dtype == kind


def test_face_normals_have_unit_length_and_none_where_there_is_no_area() -> None:
    normals = mesh.compute_face_normals(7 * SQUARE, np.array([[0, 1, 2], [0, 2, 1], [0, 1, 1]]))
    assert normals.tolist() == [[0, 0, 1], [0, 0, -1], [0, 0, 0]]


@pytest.mark.parametrize(("product", "total"), PRECISIONS)
def test_a_vertex_normal_weighs_its_triangles_by_area(product: type, total: type) -> None:
    # A wall of 1 x 3 m meets the square at its edge from 0 to 1.
    points = np.concatenate([SQUARE, [[0, 0, 3]]]).astype(np.float32)
    normals = mesh.compute_vertex_normals(points, np.array([[0, 1, 2], [0, 1, 4]]), product=product, total=total, floor=1e-12)
    assert normals.dtype == np.float32
    assert normals[0] == pytest.approx(np.array([0, -3, 1]) / 10**0.5, abs=1e-6)
    assert normals[2].tolist() == [0, 0, 1]


@pytest.mark.parametrize(("product", "total"), PRECISIONS)
@pytest.mark.parametrize(("fallback", "expected"), [(None, [0, 0, 0]), ((0.0, 1.0, 0.0), [0, 1, 0])])
def test_a_vertex_without_a_triangle_takes_the_fallback(
    product: type, total: type, fallback: tuple[float, float, float] | None, expected: list[float]
) -> None:
    normals = mesh.compute_vertex_normals(SQUARE, TRIANGLES[:1], product=product, total=total, floor=1e-14, fallback=fallback)
    assert normals[3].tolist() == expected


def test_grouped_vertices_share_a_normal() -> None:
    torn = np.concatenate([SQUARE[[0, 1, 2]], SQUARE[[0, 1]], [[0, 0, 1]]]).astype(np.float32)
    normals = mesh.compute_vertex_normals(
        torn, np.arange(6).reshape(2, 3), product=np.float32, total=np.float64, floor=1e-20, groups=mesh.weld_points(torn)
    )
    assert normals[0].tolist() == normals[3].tolist() == pytest.approx([0, -(0.5**0.5), 0.5**0.5])
    assert normals[5].tolist() == [0, -1, 0]


def test_vertex_normals_of_a_ball_are_nearly_its_radii() -> None:
    ball = trimesh.creation.icosphere(subdivisions=3)
    points = ball.vertices.astype(np.float32)
    normals = mesh.compute_vertex_normals(points, ball.faces, product=np.float64, total=np.float64, floor=1e-14)
    # Triangles of an icosphere differ in area by a fifth.
    assert np.abs(normals - points).max() < 0.02
    # trimesh weights by angle instead of area.
    assert np.abs(normals - ball.vertex_normals).max() < 0.02
