"""Short hair as relief: how far the painted skin is raised, so that a crop or a beard has a body without a triangle of its own.

Cards of hair that is shorter than they are wide are studs on a bare head, whatever their number.
"""

from __future__ import annotations

from functools import lru_cache, partial

import numpy as np

from stages.groom.hair.beard import MOUSTACHE_EDGE_M, BeardStyle, find_region
from stages.groom.hair.chart import Floats, find_scalp, load_chart, to_polar
from stages.groom.hair.guides import measure_lengths
from stages.groom.hair.paint import measure_part_distance
from stages.groom.hair.roots import Region, find_region_triangles, measure_depth, scatter_points
from stages.groom.hair.style import Style, is_cropped, is_short

_HAIR_SHARE, _MAX_HAIR_M = 0.36, 0.009
"""Of its length that cropped hair stands over the skin, and the most."""
_HAIR_RAMP_M, _BEARD_RAMP_M = 0.020, 0.009
"""Behind the edge of a region over which hair rises to its height."""
_UNDER_CARDS, _PART_RAMP_M = 0.45, 0.012
_BEARD_BASE_M, _BEARD_SHARE, _MAX_MOUSTACHE_M = 0.0008, 0.32, 0.005
_SAMPLES = 24000


def compute_relief(style: Style | None, beard: BeardStyle | None) -> Floats:
    """(13380,) metres on the average adult by which hair raises each skin vertex; 0 where it is longer, shaved, or only painted."""
    chart = load_chart()
    relief = np.zeros(len(chart.positions), np.float32)
    if style is not None and is_short(style):
        azimuth, elevation, _ = to_polar(chart.arms)
        height = np.minimum(_HAIR_SHARE * measure_lengths(azimuth, elevation, style), _MAX_HAIR_M)
        height = np.where(elevation < style.undercut, 0, height)
        if not is_cropped(style):
            # Cards lie on it: the lower half of their layer.
            height = np.minimum(height, _UNDER_CARDS * style.thickness)
        height = height * _ramp(partial(find_scalp, change=style.hairline), _HAIR_RAMP_M)
        relief = np.maximum(relief, height * np.clip(measure_part_distance(chart.arms, style) / _PART_RAMP_M, 0, 1))
    if beard is not None and beard.length > 0:
        full = _BEARD_BASE_M + _BEARD_SHARE * beard.length
        relief = np.maximum(relief, full * _ramp_beard(beard.region, _BEARD_RAMP_M))
        relief = np.maximum(relief, min(full, _MAX_MOUSTACHE_M) * _ramp_beard("moustache", MOUSTACHE_EDGE_M))
    return np.asarray(relief, np.float32)


@lru_cache(maxsize=8)  # the regions that beards have
def _ramp_beard(region: str, reach: float) -> Floats:
    return _ramp(partial(find_region, region=region), reach)


def _ramp(is_inside: Region, reach: float) -> Floats:
    """(13380,) 0 outside a region and at its edge .. 1 from `reach` metres inside."""
    chart = load_chart()
    triangle, shares = scatter_points(find_region_triangles(is_inside, 2), _SAMPLES, np.random.default_rng(0x2E11))
    arm = np.einsum("nk,nkd->nd", shares.astype(np.float64), chart.arms[chart.triangles[triangle]])
    inside = np.zeros(len(chart.positions), bool)
    inside[chart.outer] = is_inside(chart.arms[chart.outer])
    ramp = np.zeros(len(inside), np.float32)
    share = np.clip(measure_depth(np.asarray(chart.arms[inside], np.float32), np.asarray(arm[~is_inside(arm)], np.float32)) / reach, 0, 1)
    ramp[inside] = share * share * (3 - 2 * share)
    return ramp
