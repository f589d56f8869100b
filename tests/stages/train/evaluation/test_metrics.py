"""The metrics on sets with known results."""

from __future__ import annotations

import numpy as np
import pytest

from stages.train.evaluation.metrics import (
    Memorisation,
    compute_diversity,
    compute_frechet_distance,
    compute_gaussian_distance,
    compute_kernel_distance,
    compute_precision_recall,
    find_group_members,
    find_worst_group,
    measure_memorisation,
)


def draw_normal(count: int, size: int = 4, seed: int = 0, shift: float = 0.0, scale: float = 1.0) -> np.ndarray:
    return (np.random.default_rng(seed).standard_normal((count, size)) * scale + shift).astype(np.float32)


@pytest.mark.parametrize(
    ("mean", "deviation", "expected"),
    [(0.0, 1.0, 0.0), (3.0, 1.0, 9.0), (0.0, 2.0, 1.0), (2.0, 3.0, 8.0)],
)
def test_frechet_distance_of_known_gaussians(mean: float, deviation: float, expected: float) -> None:
    # In one dimension it is (m1 - m2)^2 + (s1 - s2)^2.
    distance = compute_gaussian_distance(np.array([0.0]), np.array([[1.0]]), np.array([mean]), np.array([[deviation**2]]))
    assert distance == pytest.approx(expected)


def test_frechet_distance_is_symmetric_and_invariant_to_rotation() -> None:
    rotation = np.linalg.qr(np.random.default_rng(5).standard_normal((4, 4)))[0]
    a, b = draw_normal(200), draw_normal(200, seed=1, shift=0.5, scale=2)
    assert compute_frechet_distance(a, b) == pytest.approx(compute_frechet_distance(b, a))
    assert compute_frechet_distance(a @ rotation, b @ rotation) == pytest.approx(compute_frechet_distance(a, b), rel=1e-5)


def test_frechet_distance_of_commuting_covariances_adds_up_axis_by_axis() -> None:
    a, b = np.diag([1.0, 4.0]), np.diag([9.0, 1.0])
    assert compute_gaussian_distance(np.zeros(2), a, np.array([0.0, 2.0]), b) == pytest.approx(4 + (1 - 3) ** 2 + (2 - 1) ** 2)


def test_kernel_distance_is_about_zero_for_equals_and_grows_with_the_gap() -> None:
    equal, close, distant = (compute_kernel_distance(draw_normal(300), draw_normal(300, seed=2, shift=shift)) for shift in (0.0, 0.5, 2.0))
    assert abs(equal) < 0.05
    assert abs(equal) < close < distant


def test_kernel_distance_by_hand() -> None:
    # d = 1, points 0 and 1 against 0 and 0: k(x, y) = (xy + 1)^3.
    assert compute_kernel_distance(np.array([[0.0], [1.0]]), np.array([[0.0], [0.0]])) == pytest.approx(1 + 1 - 2 * 1)


def test_a_generator_stuck_on_one_mode_has_precision_but_no_recall() -> None:
    rng = np.random.default_rng(0)
    real = np.concatenate([rng.normal(0, 0.1, (50, 2)), rng.normal(10, 0.1, (50, 2))])
    stuck = rng.normal(0, 0.05, (100, 2))
    precision, recall = compute_precision_recall(real, stuck)
    assert precision > 0.95
    assert recall <= 0.5


def test_a_distant_generator_has_neither_and_the_real_set_has_both() -> None:
    real = draw_normal(100)
    assert compute_precision_recall(real, draw_normal(100, seed=1, shift=50)) == (0.0, 0.0)
    assert compute_precision_recall(real, real) == (1.0, 1.0)


def test_three_points_on_a_line() -> None:
    real, generated = np.array([[0.0], [1.0], [2.0]]), np.array([[2.9], [3.1], [50.0]])
    # With one neighbour each real point has radius 1: only 2.9 is inside. The generated ones have 0.2, 0.2 and 46.9 and cover none.
    assert compute_precision_recall(real, generated, k=1) == (pytest.approx(1 / 3), 0.0)


def test_diversity_is_the_mean_distance_of_pairs() -> None:
    assert compute_diversity(np.array([[0.0], [1.0], [3.0]])) == pytest.approx(2.0)


def test_copies_of_the_training_set_have_a_memorisation_ratio_of_0() -> None:
    train, held_out = draw_normal(100), draw_normal(50, seed=1)
    assert measure_memorisation(train, held_out, train[:30]).ratio == pytest.approx(0.0)
    assert 0.8 < measure_memorisation(train, held_out, draw_normal(50, seed=2)).ratio < 1.25
    assert Memorisation(1.0, 0.0).ratio > 1


def test_groups_hold_their_members_and_small_groups_are_left_out() -> None:
    conditions = np.tile(np.array([[0.25, 0.0, 0.2]], np.float32), (30, 1))
    conditions[:3, 2] = 0.9
    groups = find_group_members(conditions)
    assert set(groups) == {"tone light", "age under 30", "gender female"}
    assert len(groups["tone light"]) == 27
    assert find_worst_group({"a": 1.0, "b": 3.0}) == ("b", 3.0)
    assert find_worst_group({})[0] == ""
