"""Covered skin is moved in, bare skin stays, and gums are set back in coarse heads."""

from __future__ import annotations

import numpy as np
import pytest

from assets.artefacts.geometry import Mesh, Skin
from stages.model.inset import DEPTH_SHARE, EDGE_DEPTH_SHARE, GUM_INSET_M, MAX_INSET_M, compute_inset_depths, inset_gums, inset_skin
from stages.model.scene import Piece

ROUND = 24


def dome(radius: float) -> tuple[np.ndarray, np.ndarray]:
    """(n,3) points of the upper half of a sphere, and (t,3) triangles."""
    turn, tilt = np.meshgrid(np.linspace(0, 2 * np.pi, ROUND, endpoint=False), np.linspace(0.1, np.pi / 2, 10))
    points = radius * np.stack([np.sin(tilt) * np.cos(turn), np.cos(tilt), np.sin(tilt) * np.sin(turn)], -1)
    rows = np.arange(points.shape[0] * ROUND).reshape(-1, ROUND)
    following = np.roll(rows, -1, axis=1)
    faces = np.concatenate([np.stack([rows[:-1], rows[1:], following[:-1]], -1), np.stack([following[:-1], rows[1:], following[1:]], -1)])
    return points.reshape(-1, 3), faces.reshape(-1, 3)


def test_only_covered_skin_is_moved_in_and_less_at_the_edge() -> None:
    skin, faces = dome(0.1)
    cover = dome(0.105)[0]
    cap = cover[cover[:, 1] > 0.06]
    depths = compute_inset_depths(skin, skin / 0.1, faces, cap)
    assert np.all(depths[skin[:, 1] < 0.04] == 0)
    inland = depths[skin[:, 1] > 0.085]
    assert np.all(inland > 0)
    assert depths.max() <= MAX_INSET_M
    rim = (depths > 0) & (skin[:, 1] < 0.065)
    assert rim.any()
    sides = np.linalg.norm(skin[faces[:, 0]] - skin[faces[:, 1]], axis=1)
    assert depths[rim].max() <= EDGE_DEPTH_SHARE * DEPTH_SHARE * sides.max() + 1e-9


def test_what_is_beneath_the_skin_covers_nothing() -> None:
    skin, faces = dome(0.1)
    assert not compute_inset_depths(skin, skin / 0.1, faces, dome(0.095)[0]).any()


@pytest.mark.parametrize(("cover", "moves"), [("hat", True), ("glasses", False), ("glasses_lenses", False), ("earrings", False)])
def test_skin_stays_under_glasses_and_earrings(cover: str, moves: bool) -> None:
    skin, faces = dome(0.1)
    u = np.full(len(skin), 0.5)
    pieces = [build_piece("head", skin, faces, u), build_piece(cover, dome(0.105)[0], faces, u)]
    after = inset_skin(pieces, pieces)
    assert (after[0].mesh.positions != pieces[0].mesh.positions).any() == moves


def build_piece(name: str, positions: np.ndarray, faces: np.ndarray, u: np.ndarray, v: float = 0.5) -> Piece:
    count = len(positions)
    skin = Skin(np.zeros((count, 4), np.uint16), np.tile(np.float32([1, 0, 0, 0]), (count, 1)))
    uv = np.stack([u, np.full(count, v)], 1).astype(np.float32)
    mesh = Mesh(name, positions.astype(np.float32), uv, faces.astype(np.int32), skin, (), name)
    return Piece(mesh, np.arange(count), positions, np.ones(count))


@pytest.mark.parametrize(("radius", "back"), [(0.3, GUM_INSET_M), (0.05, 0.0)])
def test_gums_are_set_back_in_coarse_heads_and_crowns_stay(radius: float, back: float) -> None:
    points, faces = dome(radius)
    u = np.where(np.arange(len(points)) % 2, 0.75, 0.25)
    head, teeth = inset_gums([build_piece("head", points, faces, u), build_piece("teeth", points, faces, u)])
    assert np.array_equal(head.mesh.positions, points.astype(np.float32))
    moved = points.astype(np.float32) - teeth.mesh.positions
    assert np.allclose(moved[1::2], [0, 0, back], atol=1e-6)
    assert not moved[::2].any()


@pytest.mark.parametrize(("radius", "stays"), [(0.3, False), (0.05, True)])
def test_roots_of_gums_are_removed_in_coarse_heads(radius: float, stays: bool) -> None:
    points, faces = dome(radius)
    gum = np.full(len(points), 0.75)
    _, root, crown = inset_gums(
        [
            build_piece("head", points, faces, gum),
            build_piece("teeth", points, faces, gum, 0.1),
            build_piece("teeth", points, faces, 1 - gum, 0.1),
        ]
    )
    assert len(root.mesh.triangles) == stays * len(faces)
    assert len(crown.mesh.triangles) == len(faces)
