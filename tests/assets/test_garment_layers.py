"""Which of two level sheets covers the other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assets.garment_layers import MAX_PATCH_M, GarmentLayers, split_into_patches


def sheet(height: float, low: float, high: float, steps: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """(v,3) points of a square from `low` to `high` on x and z, metres, and (t,3) triangles that face up."""
    along = np.linspace(low, high, steps + 1)
    z, x = np.meshgrid(along, along, indexing="ij")
    points = np.stack([x, np.full_like(x, height), z], -1).reshape(-1, 3)
    cell = (np.arange(steps)[:, None] * (steps + 1) + np.arange(steps)).ravel()
    below = cell + steps + 1
    return points, np.concatenate([np.stack([cell, below, cell + 1], 1), np.stack([cell + 1, below, below + 1], 1)])


def stack_sheets(lower: str, upper: str, gap: float, high: float = 0.1) -> tuple[GarmentLayers, np.ndarray]:
    """A sheet of 0.3 m a side and one of 2 * `high` above its middle."""
    (one, first), (other, second) = sheet(0, -0.15, 0.15), sheet(gap, -high, high)
    kind = np.repeat(np.array([lower, upper]), [len(first), len(second)])
    points = np.concatenate([one, other])
    return GarmentLayers.from_mesh(points, np.concatenate([first, second + len(one)]), kind), points


@pytest.mark.parametrize(
    ("lower", "upper", "gap", "covered"),
    [
        ("body", "outfit", 0.005, "body"),
        ("body", "outfit", -0.005, "body"),  # they cross: the skin pokes through
        ("body", "outfit", 0.05, ""),  # too far apart
        ("body", "outfit", -0.02, ""),
        ("outfit", "hair", 0.005, ""),  # hair covers nothing
        ("shoes", "outfit", 0.005, "shoes"),
        ("shoes", "outfit", -0.005, "outfit"),  # a trouser leg inside a shoe
        ("outfit", "outfit", 0.005, "outfit"),
    ],
)
def test_what_is_close_beneath_cloth_is_covered(lower: str, upper: str, gap: float, covered: str) -> None:
    layers, points = stack_sheets(lower, upper, gap)
    found = layers.find_covered(points, np.ones(len(layers.triangles), bool))
    assert set(layers.kind[found.triangle].tolist()) == ({covered} if covered else set())
    middle = (found.barycentric @ points[layers.triangles[found.triangle]]).mean(1)
    assert (np.abs(middle[:, [0, 2]]) < 0.1).all()


@pytest.mark.parametrize(("faces", "covers"), [("up", True), ("down", False)])
def test_cloth_whose_inner_side_faces_away_covers_nothing(faces: str, covers: bool) -> None:
    """The inner side of a collar is seen past the shirt that its outer side covers: the shirt was reported as poking through it."""
    layers, points = stack_sheets("outfit", "outfit", 0.005)
    below = layers.find_covered(points, layers.component == layers.component[0])
    upper = layers.component != layers.component[0]
    turned = layers.triangles.copy()
    if faces == "down":
        turned[upper] = turned[upper][:, ::-1]
    found = replace(layers, triangles=turned).find_covering(points, below)
    assert (found[upper].mean() > 0.5) == covers
    assert not found[~upper].any()


def test_heights_are_metres_to_the_cover_and_nan_without_one() -> None:
    layers, points = stack_sheets("body", "outfit", -0.004)
    middle = np.full((len(layers.triangles), 3), 1 / 3)
    heights = layers.measure_heights(points, np.arange(len(layers.triangles)), middle)
    over = np.abs(points[layers.triangles].mean(1)[:, [0, 2]]).max(1) < 0.1
    skin = layers.kind == "body"
    assert np.allclose(heights[skin & over], -0.004)
    assert np.isnan(heights[~(skin & over)]).all()


def test_patches_are_small_and_add_up_to_their_triangle() -> None:
    corners = np.array([[[0, 0, 0], [0.1, 0, 0], [0, 0, 0.1]]])
    found = split_into_patches(corners, np.array([0]))
    place = found.barycentric @ corners[0]
    assert np.linalg.norm(place - np.roll(place, 1, 1), axis=2).max() <= MAX_PATCH_M
    area = np.linalg.norm(np.cross(place[:, 1] - place[:, 0], place[:, 2] - place[:, 0]), axis=1).sum() / 2
    assert area == pytest.approx(0.005)
