"""Quaternion arithmetic compared with scipy, and poses of a chain of bones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from assets import rotation

RNG = np.random.default_rng(5)
A, B = (Rotation.random(40, random_state=RNG) for _ in range(2))
V = RNG.normal(size=(40, 3))


def is_same_rotation(p: np.ndarray, q: np.ndarray, degrees: float = 0.01) -> bool:
    return bool((Rotation.from_quat(p).inv() * Rotation.from_quat(q)).magnitude().max() < np.radians(degrees) + 1e-3)


def test_cross_and_dot_agree_with_numpy() -> None:
    other = RNG.normal(size=(40, 3))
    assert np.array_equal(rotation.cross(V, other), np.cross(V, other))
    np.testing.assert_allclose(rotation.dot(V, other), (V * other).sum(1))


@pytest.mark.parametrize(
    ("vector", "fallback", "expected"),
    [((3, 4, 0), None, (0.6, 0.8, 0)), ((0, 0, 0), None, (0, 0, 0)), ((0, 0, 0), (0, 1, 0), (0, 1, 0)), ((1e-4, 0, 0), None, (0.1, 0, 0))],
)
def test_vectors_get_unit_length_unless_they_are_too_short(vector: tuple, fallback: tuple | None, expected: tuple) -> None:
    np.testing.assert_allclose(rotation.normalize_vectors(np.array([vector], float), 1e-3, fallback), [expected])


def test_products_inverses_and_rotated_vectors_agree_with_scipy() -> None:
    a, b = A.as_quat(), B.as_quat()
    assert is_same_rotation(rotation.multiply(a, b), (A * B).as_quat())
    assert is_same_rotation(rotation.inverse(a), A.inv().as_quat())
    np.testing.assert_allclose(rotation.rotate(a, V), A.apply(V), atol=1e-5)
    assert is_same_rotation(rotation.from_matrix(A.as_matrix()), a)


def test_the_length_of_an_axis_does_not_change_the_angle() -> None:
    np.testing.assert_allclose(rotation.rotate(rotation.from_axis_angle((0, 0, 7), np.pi / 2), (1, 0, 0)), (0, 1, 0), atol=1e-6)


def test_a_direction_is_taken_to_any_other_even_the_opposite_one() -> None:
    ends = np.concatenate([RNG.normal(size=(39, 3)), -V[39:]])
    turned = rotation.rotate(rotation.from_two_vectors(V, ends), V / np.linalg.norm(V, axis=1, keepdims=True))
    np.testing.assert_allclose(turned, ends / np.linalg.norm(ends, axis=1, keepdims=True), atol=1e-4)


def test_slerp_takes_the_shorter_arc_at_constant_speed() -> None:
    start, end = rotation.from_axis_angle((0, 1, 0), 0.2), -rotation.from_axis_angle((0, 1, 0), 1.2)
    halves = rotation.slerp(start, end, np.array([0.0, 0.25, 1.0]))
    assert is_same_rotation(halves, rotation.from_axis_angle((0, 1, 0), np.array([0.2, 0.45, 1.2])))


def test_continuous_quaternions_have_no_sign_flips_and_the_same_rotations() -> None:
    angles = np.linspace(0, 6 * np.pi, 200)
    q = rotation.from_axis_angle((1, 0, 0), angles)
    flipped = q * np.where(RNG.random(200) < 0.5, -1, 1)[:, None].astype(np.float32)
    continuous = rotation.make_continuous(flipped)
    assert (continuous[1:] * continuous[:-1]).sum(-1).min() > 0.9
    assert is_same_rotation(continuous, q)


def test_of_two_signs_the_one_with_positive_w_is_preferred() -> None:
    q = np.array([[0.6, 0, 0, -0.8], [0.6, 0, 0, 0.8], [1, 0, 0, 0]], np.float32)
    assert np.array_equal(rotation.prefer_positive_w(q), np.array([[-0.6, 0, 0, 0.8], [0.6, 0, 0, 0.8], [1, 0, 0, 0]], np.float32))


def test_a_leg_is_measured_along_its_bones() -> None:
    heads = {"LeftUpLeg": (0, 1, 0), "LeftLeg": (0, 0.5, 0), "LeftFoot": (0, 0.2, 0.4)}
    assert rotation.measure_leg({name: np.array(head) for name, head in heads.items()}) == pytest.approx(1.0)


def test_from_axes_takes_x_to_the_side_and_y_near_up() -> None:
    q = rotation.from_axes((0, 0, -2.0), (0.1, 5.0, 0))
    np.testing.assert_allclose(rotation.rotate(q, (1, 0, 0)), (0, 0, -1), atol=1e-6)
    assert rotation.rotate(q, (0, 1, 0))[1] > 0.99


def test_forward_kinematics_moves_children_with_their_parents_and_can_be_inverted() -> None:
    parents, heads = (-1, 0, 1), np.array([[0, 1, 0], [1, 1, 0], [2, 1, 0]], np.float32)
    local = np.stack([rotation.from_axis_angle((0, 0, 1), np.full(2, np.pi / 2)), np.tile(rotation.IDENTITY, (2, 1)), A.as_quat()[:2]], 1)
    positions, turns = rotation.forward_kinematics(parents, heads, local, np.array([[0, 0, 0], [0, 0, 3]], np.float32))
    np.testing.assert_allclose(positions[0], [[0, 1, 0], [0, 2, 0], [0, 3, 0]], atol=1e-6)
    np.testing.assert_allclose(positions[1] - positions[0], np.tile([0, 0, 3], (3, 1)), atol=1e-6)
    assert is_same_rotation(rotation.to_local(parents, turns).reshape(-1, 4), local.reshape(-1, 4))


@pytest.mark.parametrize("goal", [(0.1, -0.6, 0.2), (-0.3, -0.5, 0.1), (0.0, -0.75, 0.0)])
def test_two_bones_reach_a_goal_within_their_length_and_bend_towards_the_pole(goal: tuple[float, float, float]) -> None:
    upper, lower = np.array([0.02, -0.4, 0]), np.array([0.01, -0.4, 0.02])
    first, second = rotation.solve_two_bone_ik(np.zeros((1, 3)), upper, lower, np.array([goal]), np.array([0, 0, 1.0]))
    knee = rotation.rotate(first, upper)
    np.testing.assert_allclose(knee + rotation.rotate(second, lower), [goal], atol=1e-4)
    assert knee[0, 2] > np.array(goal)[2] / 2


def test_two_bones_stretch_towards_a_goal_out_of_reach() -> None:
    upper = lower = np.array([0, -0.4, 0])
    first, second = rotation.solve_two_bone_ik(np.zeros((1, 3)), upper, lower, np.array([[0, -2.0, 0]]), np.array([0, 0, 1.0]))
    end = rotation.rotate(first, upper) + rotation.rotate(second, lower)
    np.testing.assert_allclose(end, [[0, -0.8, 0]], atol=1e-3)
