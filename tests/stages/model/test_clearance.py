"""What pokes through its cover is moved beneath it; bare skin stays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from assets.artefacts.geometry import Mesh, Skeleton, Skin
from assets.conventions import JOINTS, PARENTS
from stages.model.clearance import CLEARANCE_M, enforce_clearance
from stages.model.scene import Piece

ROUND = 32
ARM = JOINTS.index("LeftArm")
SKELETON = Skeleton(JOINTS, np.array(PARENTS, np.int32), np.where(np.arange(len(JOINTS))[:, None] == ARM, np.float32([0.01, 0, 0]), 0))
"""The joint of an arm is 1 cm from the ball's middle, every other joint is in the middle."""


def dome(radius: float, tilt: float, rows: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """(n,3) points of a ball up to `tilt` radians from +Y, and (t,3) triangles that face outwards."""
    turn, polar = np.meshgrid(np.linspace(0, 2 * np.pi, ROUND, endpoint=False), np.linspace(0.05, tilt, rows))
    points = radius * np.stack([np.sin(polar) * np.sin(turn), np.cos(polar), np.sin(polar) * np.cos(turn)], -1)
    grid = np.arange(rows * ROUND).reshape(rows, ROUND)
    following = np.roll(grid, -1, axis=1)
    a, b, c, d = grid[:-1], following[:-1], grid[1:], following[1:]
    return points.reshape(-1, 3), np.concatenate([np.stack([a, c, b], -1).reshape(-1, 3), np.stack([b, c, d], -1).reshape(-1, 3)])


def build_piece(name: str, radius: float, tilt: float, first: int) -> Piece:
    points, triangles = dome(radius, tilt)
    count = len(points)
    skin = Skin(np.zeros((count, 4), np.uint16), np.tile(np.float32([1, 0, 0, 0]), (count, 1)))
    mesh = Mesh(name, points.astype(np.float32), np.zeros((count, 2), np.float32), triangles.astype(np.int32), skin, (), name)
    return Piece(mesh, np.arange(first, first + count), (points / radius).astype(np.float32), np.ones(count, np.float32))


def measure_radii(found: Piece) -> np.ndarray:
    return np.asarray(np.linalg.norm(found.mesh.positions, axis=1))


def test_skin_that_pokes_through_cloth_is_moved_in_and_bare_skin_stays() -> None:
    skin, cap = enforce_clearance([build_piece("body", 0.1, 1.5, 0), build_piece("outfit", 0.099, 1.0, 10_000)])
    polar = np.arccos(skin.mesh.positions[:, 1] / measure_radii(skin))
    assert measure_radii(skin)[(polar > 0.2) & (polar < 0.8)].max() < 0.099 - CLEARANCE_M / 2
    assert np.allclose(measure_radii(skin)[polar > 1.2], 0.1, atol=1e-6)
    assert np.allclose(measure_radii(cap), 0.099, atol=1e-6)


def test_skin_far_enough_beneath_cloth_stays() -> None:
    skin, _ = enforce_clearance([build_piece("body", 0.1, 1.5, 0), build_piece("outfit", 0.101 + CLEARANCE_M, 1.0, 10_000)])
    assert np.allclose(measure_radii(skin), 0.1, atol=1e-6)


def test_a_naked_character_is_unchanged() -> None:
    naked = [build_piece("body", 0.1, 1.5, 0), build_piece("hair", 0.099, 1.0, 10_000)]
    assert enforce_clearance(naked) == naked


def test_skin_that_pokes_through_cloth_in_a_test_pose_is_moved_in_at_rest() -> None:
    """A walking foot poked through its shoe: moved in for the pose at rest alone, it left the shoe where the ankle bends."""
    skin, cap = build_piece("body", 0.1, 1.5, 0), build_piece("outfit", 0.101 + CLEARANCE_M, 1.0, 10_000)
    arm = bind_to_joint(skin, ARM)
    (rest, _), (bent, _) = enforce_clearance([arm, cap]), enforce_clearance([arm, cap], SKELETON)
    assert np.allclose(measure_radii(rest), 0.1, atol=1e-6)
    polar = np.arccos(skin.mesh.positions[:, 1] / 0.1)
    assert measure_radii(bent)[(polar > 0.2) & (polar < 0.8)].min() < 0.098
    assert np.allclose(measure_radii(bent)[polar > 1.2], 0.1, atol=1e-6)


def bind_to_joint(piece: Piece, joint: int) -> Piece:
    """The piece, bound to that joint alone."""
    skin = Skin(np.full_like(piece.mesh.skin.joints, joint), piece.mesh.skin.weights)
    return replace(piece, mesh=replace(piece.mesh, skin=skin))
