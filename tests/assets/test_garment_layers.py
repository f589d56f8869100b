"""Which surface lies beneath which, on two level sheets."""

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


def two(lower: str, upper: str, gap: float, high: float = 0.1) -> tuple[GarmentLayers, np.ndarray]:
    """A sheet of 0.3 m and one of 2 * `high` over its middle."""
    (one, first), (other, second) = sheet(0, -0.15, 0.15), sheet(gap, -high, high)
    kind = np.repeat(np.array([lower, upper]), [len(first), len(second)])
    points = np.concatenate([one, other])
    return GarmentLayers.from_mesh(points, np.concatenate([first, second + len(one)]), kind), points


@pytest.mark.parametrize(
    ("lower", "upper", "gap", "covered"),
    [
        ("body", "outfit", 0.005, "body"),
        ("body", "outfit", -0.005, "body"),  # they cross: the skin comes through
        ("body", "outfit", 0.05, ""),  # too far off
        ("body", "outfit", -0.02, ""),
        ("outfit", "hair", 0.005, ""),  # hair is no cover
        ("shoes", "outfit", 0.005, "shoes"),
        ("shoes", "outfit", -0.005, "outfit"),  # a trouser leg in a shoe
        ("outfit", "outfit", 0.005, "outfit"),
    ],
)
def test_what_lies_closely_beneath_cloth_is_covered(lower: str, upper: str, gap: float, covered: str) -> None:
    layers, points = two(lower, upper, gap)
    found = layers.find_covered(points, np.ones(len(layers.triangles), bool))
    assert set(layers.kind[found.triangle].tolist()) == ({covered} if covered else set())
    middle = (found.barycentric @ points[layers.triangles[found.triangle]]).mean(1)
    assert (np.abs(middle[:, [0, 2]]) < 0.1).all()


@pytest.mark.parametrize(("faces", "covers"), [("up", True), ("down", False)])
def test_cloth_that_turns_its_back_to_what_lies_beneath_it_covers_nothing(faces: str, covers: bool) -> None:
    """A collar's inner side, seen past the shirt that its outer one covers, had the shirt told as coming through it."""
    layers, points = two("outfit", "outfit", 0.005)
    below = layers.find_covered(points, layers.component == layers.component[0])
    upper = layers.component != layers.component[0]
    turned = layers.triangles.copy()
    if faces == "down":
        turned[upper] = turned[upper][:, ::-1]
    found = replace(layers, triangles=turned).find_covering(points, below)
    assert (found[upper].mean() > 0.5) == covers
    assert not found[~upper].any()


def test_heights_are_metres_to_the_cover_and_nan_where_it_is_bare() -> None:
    layers, points = two("body", "outfit", -0.004)
    middle = np.full((len(layers.triangles), 3), 1 / 3)
    heights = layers.measure_heights(points, np.arange(len(layers.triangles)), middle)
    over = np.abs(points[layers.triangles].mean(1)[:, [0, 2]]).max(1) < 0.1
    skin = layers.kind == "body"
    assert np.allclose(heights[skin & over], -0.004)
    assert np.isnan(heights[~(skin & over)]).all()


def test_patches_are_small_and_make_up_their_triangle() -> None:
    corners = np.array([[[0, 0, 0], [0.1, 0, 0], [0, 0, 0.1]]])
    found = split_into_patches(corners, np.array([0]))
    place = found.barycentric @ corners[0]
    assert np.linalg.norm(place - np.roll(place, 1, 1), axis=2).max() <= MAX_PATCH_M
    area = np.linalg.norm(np.cross(place[:, 1] - place[:, 0], place[:, 2] - place[:, 0]), axis=1).sum() / 2
    assert area == pytest.approx(0.005)
