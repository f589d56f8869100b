"""What comes through its cover is pressed in beneath it; what is bare stays."""

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
"""A centimetre beside the ball's middle an arm turns; every other joint is in the middle."""


def dome(radius: float, tilt: float, rows: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """(n,3) points on a ball around +Y up to `tilt` radians from it, and (t,3) triangles that face outward."""
    turn, polar = np.meshgrid(np.linspace(0, 2 * np.pi, ROUND, endpoint=False), np.linspace(0.05, tilt, rows))
    points = radius * np.stack([np.sin(polar) * np.sin(turn), np.cos(polar), np.sin(polar) * np.cos(turn)], -1)
    grid = np.arange(rows * ROUND).reshape(rows, ROUND)
    beside = np.roll(grid, -1, axis=1)
    a, b, c, d = grid[:-1], beside[:-1], grid[1:], beside[1:]
    return points.reshape(-1, 3), np.concatenate([np.stack([a, c, b], -1).reshape(-1, 3), np.stack([b, c, d], -1).reshape(-1, 3)])


def piece(name: str, radius: float, tilt: float, first: int) -> Piece:
    points, triangles = dome(radius, tilt)
    count = len(points)
    skin = Skin(np.zeros((count, 4), np.uint16), np.tile(np.float32([1, 0, 0, 0]), (count, 1)))
    mesh = Mesh(name, points.astype(np.float32), np.zeros((count, 2), np.float32), triangles.astype(np.int32), skin, (), name)
    return Piece(mesh, np.arange(first, first + count), (points / radius).astype(np.float32), np.ones(count, np.float32))


def radii(found: Piece) -> np.ndarray:
    return np.asarray(np.linalg.norm(found.mesh.positions, axis=1))


def test_skin_through_cloth_is_pressed_in_and_bare_skin_stays() -> None:
    skin, cap = enforce_clearance([piece("body", 0.1, 1.5, 0), piece("outfit", 0.099, 1.0, 10_000)])
    polar = np.arccos(skin.mesh.positions[:, 1] / radii(skin))
    assert radii(skin)[(polar > 0.2) & (polar < 0.8)].max() < 0.099 - CLEARANCE_M / 2
    assert np.allclose(radii(skin)[polar > 1.2], 0.1, atol=1e-6)
    assert np.allclose(radii(cap), 0.099, atol=1e-6)


def test_skin_far_enough_beneath_cloth_stays() -> None:
    skin, _ = enforce_clearance([piece("body", 0.1, 1.5, 0), piece("outfit", 0.101 + CLEARANCE_M, 1.0, 10_000)])
    assert np.allclose(radii(skin), 0.1, atol=1e-6)


def test_a_naked_character_is_left_alone() -> None:
    naked = [piece("body", 0.1, 1.5, 0), piece("hair", 0.099, 1.0, 10_000)]
    assert enforce_clearance(naked) == naked


def test_skin_that_leaves_its_cloth_in_a_stance_is_pressed_in_for_it() -> None:
    """A walking foot came through its shoe: pressed in at rest alone, the two parted where the ankle turns."""
    skin, cap = piece("body", 0.1, 1.5, 0), piece("outfit", 0.101 + CLEARANCE_M, 1.0, 10_000)
    arm = hung(skin, ARM)
    (rest, _), (bent, _) = enforce_clearance([arm, cap]), enforce_clearance([arm, cap], SKELETON)
    assert np.allclose(radii(rest), 0.1, atol=1e-6)
    polar = np.arccos(skin.mesh.positions[:, 1] / 0.1)
    assert radii(bent)[(polar > 0.2) & (polar < 0.8)].min() < 0.098
    assert np.allclose(radii(bent)[polar > 1.2], 0.1, atol=1e-6)


def hung(one: Piece, joint: int) -> Piece:
    """The piece on that joint alone."""
    skin = Skin(np.full_like(one.mesh.skin.joints, joint), one.mesh.skin.weights)
    return replace(one, mesh=replace(one.mesh, skin=skin))
