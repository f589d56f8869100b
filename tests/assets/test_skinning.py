"""Linear blend skinning on two joints, and influences reduced to four."""

from __future__ import annotations

import numpy as np
import pytest

from assets.artefacts.geometry import Skin
from assets.conventions import JOINTS
from assets.skinning import apply_matrices, blend_matrices, interpolate_weights, limit_influences, skin_points

STILL = np.eye(4)
RAISED = np.array([[1, 0, 0, 0], [0, 1, 0, 2], [0, 0, 1, 0], [0, 0, 0, 1]], float)


def build_skin(*second_weights: float) -> Skin:
    """One vertex for each weight of joint 1; joint 0 has the rest."""
    joints, weights = np.zeros((len(second_weights), 4), np.uint16), np.zeros((len(second_weights), 4), np.float32)
    joints[:, 1], weights[:, 1] = 1, second_weights
    weights[:, 0] = 1 - weights[:, 1]
    return Skin(joints, weights)


def test_points_move_by_the_weighted_mean_of_their_joints() -> None:
    moved = skin_points(np.ones((3, 3), np.float32), build_skin(0, 0.25, 1), np.stack([STILL, RAISED]))
    assert moved.tolist() == [[1, 1, 1], [1, 1.5, 1], [1, 3, 1]]
    assert moved.dtype == np.float32


def test_blended_matrices_applied_to_points_are_skinning() -> None:
    skin, points = build_skin(0.5, 0.75), np.random.default_rng(1).random((2, 3), np.float32)
    matrices = np.stack([STILL, RAISED])
    assert np.array_equal(apply_matrices(blend_matrices(skin, matrices), points).astype(np.float32), skin_points(points, skin, matrices))


def test_weights_of_a_mixture_are_the_mixture_of_weights() -> None:
    dense = interpolate_weights(build_skin(0, 1), np.array([[0, 1]]), np.array([[0.25, 0.75]], np.float32))
    assert dense.shape == (1, len(JOINTS))
    assert dense[0, :3].tolist() == [0.25, 0.75, 0]


def test_the_four_largest_influences_sum_to_one() -> None:
    dense = np.zeros((1, len(JOINTS)), np.float32)
    dense[0, 3:9] = [0.3, 0.1, 0.2, 0.05, 0.2, 0.15]
    skin = limit_influences(dense)
    assert skin.joints.tolist() == [[3, 5, 7, 8]]
    assert skin.weights[0] == pytest.approx(np.array([0.3, 0.2, 0.2, 0.15]) / 0.85)


def test_an_unused_influence_is_of_joint_zero() -> None:
    dense = np.zeros((1, len(JOINTS)), np.float32)
    dense[0, 5] = 1
    skin = limit_influences(dense)
    assert skin.joints.tolist() == [[5, 0, 0, 0]]
    assert skin.weights.tolist() == [[1, 0, 0, 0]]
