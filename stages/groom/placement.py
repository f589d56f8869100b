"""Places an item's vertices on a body: by the base vertices that they are bound to, or by their neighbours where those are far away."""

from __future__ import annotations

import numpy as np

from assets.artefacts.geometry import Floats, Ints
from assets.base_mesh import load_adult_positions
from assets.mesh import list_edges
from stages.groom.wardrobe import WardrobeItem

_TRUSTED_DISTANCE, _UNTRUSTED_DISTANCE = 0.04, 0.08
"""A vertex this near to what it is bound to follows that alone; from the other distance on it follows its neighbours alone; metres."""
_MAX_LEVEL_SLOPE = 0.4
"""Slope of an edge up to which its ends count as level."""
_SMOOTHING_ROUNDS = 60


def weld_item_triangles(item: WardrobeItem) -> Ints:
    """(t,3) the item's triangles by item vertex."""
    return item.corners[item.triangles]


def place_item(item: WardrobeItem, base: Floats) -> Floats:
    """(n,3) the item's vertices on base vertices (19158,3), metres.

    vertex = sum_k weight_k * base[reference_k] + offset * s, with s per axis the ratio of a distance on this body to the same distance
    on the template. Source: the .mhclo format of MakeHuman.
    """
    ratio = np.full(3, 0.1, np.float32)  # offsets are in decimetres
    for axis, (a, b, distance) in item.scale.items():
        k = "xyz".index(axis)
        ratio[k] = abs(float(base[a, k] - base[b, k])) / distance
    return np.asarray(np.einsum("nk,nkd->nd", item.weights, base[item.references]) + item.offsets * ratio, np.float32)


def place_smoothed(item: WardrobeItem, base: Floats) -> Floats:
    """(n,3) as `place_item`, but vertices far from what they are bound to move as their neighbours do, from the average adult on.

    The middle of a skirt is bound to the crotch, a hand's breadth above it: on short legs it would stand out at the hem.
    """
    distance = 0.1 * np.linalg.norm(item.offsets, axis=1)
    trust = np.clip((_UNTRUSTED_DISTANCE - distance) / (_UNTRUSTED_DISTANCE - _TRUSTED_DISTANCE), 0, 1)[:, None]
    triangles = weld_item_triangles(item)
    untrusted = triangles[(trust[triangles, 0] < 1).any(1)]
    placed = place_item(item, base)
    if not len(untrusted):
        return placed
    start = place_item(item, load_adult_positions("female" if item.name.startswith("female") else "male"))
    own = move = placed - start
    for _ in range(_SMOOTHING_ROUNDS):
        move = trust * own + (1 - trust) * average_rows_over_triangles(move, untrusted)
    return _level_untrusted(np.asarray(start + move, np.float32), untrusted, trust[:, 0])


def _level_untrusted(positions: Floats, triangles: Ints, trust: Floats) -> Floats:
    """(n,3) the positions, with untrusted vertices at the height of their level neighbours.

    A skirt's middle stood out at the hem of the average adult too, who is not the template.
    """
    edges = list_edges(triangles)
    across = np.abs(positions[edges[:, 0]] - positions[edges[:, 1]])
    level = edges[across[:, 1] < _MAX_LEVEL_SLOPE * np.hypot(across[:, 0], across[:, 2])]
    start, end = np.concatenate([level, level[:, ::-1]]).T
    count = np.bincount(start, minlength=len(positions))
    mean_height = np.bincount(start, positions[end, 1], len(positions)) / np.maximum(count, 1)
    share = np.where(count > 0, trust, 1)
    heights = share * positions[:, 1] + (1 - share) * mean_height
    return np.asarray(np.column_stack([positions[:, 0], heights, positions[:, 2]]), np.float32)


def average_over_triangles(values: Floats, triangles: Ints) -> Floats:
    """(n,) for each vertex the mean of its triangles' mean values; 0 for a vertex without a triangle."""
    total, count = np.zeros_like(values), np.zeros_like(values)
    mean = values[triangles].mean(1)
    for k in range(3):
        np.add.at(total, triangles[:, k], mean)
        np.add.at(count, triangles[:, k], 1)
    return np.asarray(total / np.maximum(count, 1), np.float32)


def average_rows_over_triangles(rows: Floats, triangles: Ints) -> Floats:
    """(n,k) `average_over_triangles` of each column."""
    return np.stack([average_over_triangles(np.ascontiguousarray(column), triangles) for column in rows.T], 1)
