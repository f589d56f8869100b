"""Cuts are exact, seams open into panels, and flat pieces keep their lengths: on a cylinder, whose pattern is known."""

from __future__ import annotations

import numpy as np
import pytest

from stages.groom.garments.cloth import COLUMNS, WIDTH, Cloth, Line, cut, order_borders, trim
from stages.groom.garments.drape import Collider, Springs, find_tethers, settle
from stages.groom.garments.panels import Seam, lay_flat
from stages.groom.garments.subdivide import refine

RADIUS, HEIGHT = 0.2, 0.6


def build_tube(around: int = 24, rows: int = 13) -> Cloth:
    """An open cylinder about the Y axis, its outer side counter-clockwise."""
    angle, height = np.meshgrid(np.arange(around) / around * 2 * np.pi, np.linspace(0, HEIGHT, rows))
    points = np.stack([RADIUS * np.sin(angle), height, RADIUS * np.cos(angle)], 2).reshape(-1, 3)
    index = np.arange(around * rows).reshape(rows, around)
    a, b = index[:-1], np.roll(index, -1, 1)[:-1]
    c, d = np.roll(index, -1, 1)[1:], index[1:]
    triangles = np.concatenate([np.stack([a, b, c], 2).reshape(-1, 3), np.stack([a, c, d], 2).reshape(-1, 3)])
    values = np.zeros((len(points), WIDTH), np.float32)
    values[:, COLUMNS["bind"]] = values[:, COLUMNS["rest"]] = points
    values[:, COLUMNS["depth"]] = points[:, 2:]
    return Cloth(values, triangles.astype(np.int32), np.zeros(len(points), np.int32))


def get_height(cloth: Cloth) -> np.ndarray:
    return cloth.get("bind")[:, 1]


def get_depth(cloth: Cloth) -> np.ndarray:
    return cloth.get("depth")


@pytest.mark.parametrize("level", [0.05, 0.237, 0.401])
def test_a_hem_is_where_it_was_cut(level: float) -> None:
    hem = trim(build_tube(), lambda cloth: get_height(cloth) - np.float32(level), Line.HEM)
    on_hem = (hem.lines & Line.HEM) != 0
    assert np.abs(get_height(hem)[on_hem] - level).max() < 1e-5
    assert get_height(hem).min() >= level - 1e-5
    assert len(order_borders(hem.triangles)) == 2


def test_a_cut_loses_no_area_and_turns_no_triangle() -> None:
    tube = build_tube()
    split = cut(tube, lambda cloth: get_height(cloth) - np.float32(0.237), Line.HEM)

    def measure(cloth: Cloth) -> np.ndarray:
        corner = cloth.get("bind")[cloth.triangles]
        return np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])

    assert np.linalg.norm(measure(split), axis=1).sum() == pytest.approx(np.linalg.norm(measure(tube), axis=1).sum(), rel=2e-3)
    middle = split.get("bind")[split.triangles].mean(1) * np.array([1, 0, 1])
    assert ((measure(split) * middle).sum(1) > 0).all()


def test_two_side_seams_make_two_flat_panels_of_the_right_size() -> None:
    tube = cut(build_tube(), get_depth, Line.SIDE)
    pattern = lay_flat(tube, tube.get("rest"), get_height(tube), [Seam(Line.SIDE, get_depth)])
    assert pattern.count == 2
    for panel in range(2):
        size = np.ptp(pattern.uv[pattern.panel == panel], axis=0)
        # The tube is a polygon of 24 sides.
        assert size[0] == pytest.approx(np.pi * RADIUS, rel=0.01)
        assert size[1] == pytest.approx(HEIGHT, rel=0.01)


def test_panels_have_their_grain_upright() -> None:
    tube = cut(build_tube(), get_depth, Line.SIDE)
    pattern = lay_flat(tube, tube.get("rest"), get_height(tube), [Seam(Line.SIDE, get_depth)])
    height = get_height(tube)[pattern.vertex]
    for panel in range(2):
        own = pattern.panel == panel
        assert np.corrcoef(pattern.uv[own, 1], height[own])[0, 1] > 0.999


def test_a_finer_level_keeps_numbers_and_borders() -> None:
    tube = build_tube()
    level = refine(tube.triangles, tube.triangles, len(tube.values), len(tube.values))
    assert len(level.triangles) == 4 * len(tube.triangles)
    assert np.allclose(np.asarray(level.smooth.sum(1)), 1)
    fine = level.smooth @ tube.get("bind")
    assert fine[:, 1].min() == pytest.approx(0, abs=1e-6)
    assert np.allclose(np.asarray(level.linear[: len(tube.values)].todense()), np.eye(len(tube.values)))


def test_cloth_hangs_from_its_pins_by_no_more_than_its_length_and_stays_out_of_the_body() -> None:
    """A string of points, pinned at one end, next to a wall that it leans on."""
    count, step = 12, 0.02
    start = np.stack([np.arange(count) * step, np.zeros(count), np.zeros(count)], 1)
    ends = np.stack([np.arange(count - 1), np.arange(1, count)], 1)
    lengths = np.full(count - 1, step)
    pinned = np.arange(count) == 0
    anchor, reach = find_tethers(ends, lengths, pinned)
    assert reach[-1] == pytest.approx((count - 1) * step)
    springs = Springs(ends, lengths, np.full(count - 1, 1e-9), anchor, reach)
    wall = Collider(np.stack([np.full(50, 0.05), np.linspace(-0.3, 0.1, 50), np.zeros(50)], 1), np.tile([1.0, 0, 0], (50, 1)))
    gap = np.where(np.arange(count) < 4, -1.0, 0.004)
    found = settle(start, springs, pinned, wall, gap, frames=240, substeps=8, rng=np.random.default_rng(1))
    assert np.allclose(found[0], start[0])
    assert np.linalg.norm(found - found[0], axis=1).max() <= (count - 1) * step * 1.01
    assert found[-1, 1] < -0.1
    assert found[4:, 0].min() > 0.05
