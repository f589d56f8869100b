"""Where the vertices of an item come to lie on a body: by what they hang on, or by their neighbours where that is far off."""

from __future__ import annotations

import numpy as np

from assets.artefacts.geometry import Floats, Ints
from assets.mesh import list_edges
from stages.groom.base_mesh import load_adult_positions
from stages.groom.wardrobe import WardrobeItem

_TRUSTED_DISTANCE, _UNTRUSTED_DISTANCE = 0.04, 0.08
"""Metres from what a vertex hangs on up to which it follows that alone, and from which on it follows its neighbours alone."""
_MAX_LEVEL_SLOPE = 0.4
"""Slope of a side of a triangle up to which its ends lie level."""


def weld_item_triangles(item: WardrobeItem) -> Ints:
    """(t,3) the item's triangles by item vertex."""
    return item.corners[item.triangles]


def place_item(item: WardrobeItem, base: Floats) -> Floats:
    """(n,3) the item's vertices on base vertices (19158,3).

    vertex = sum_k weight_k * base[reference_k] + offset * s, with s per axis the ratio of a distance on this body to the same on the
    template: the .mhclo format of MakeHuman.
    """
    ratio = np.full(3, 0.1, np.float32)
    for axis, (a, b, distance) in item.scale.items():
        k = "xyz".index(axis)
        ratio[k] = abs(float(base[a, k] - base[b, k])) / distance
    return np.asarray(np.einsum("nk,nkd->nd", item.weights, base[item.references]) + item.offsets * ratio, np.float32)


def place_smoothed(item: WardrobeItem, base: Floats) -> Floats:
    """(n,3) as `placed`, but vertices far from what they hang on go the way that their neighbours go from the average adult to this body.

    The middle of a skirt hangs on the crotch, a hand's breadth above it: on short legs it would hang out at the hem.
    """
    far = 0.1 * np.linalg.norm(item.offsets, axis=1)
    trust = np.clip((_UNTRUSTED_DISTANCE - far) / (_UNTRUSTED_DISTANCE - _TRUSTED_DISTANCE), 0, 1)[:, None]
    doubtful = weld_item_triangles(item)
    doubtful = doubtful[(trust[doubtful, 0] < 1).any(1)]
    simply = place_item(item, base)
    if not len(doubtful):
        return simply
    start = place_item(item, load_adult_positions("female" if item.name.startswith("female") else "male"))
    moved = own = simply - start
    for _ in range(60):
        moved = trust * own + (1 - trust) * average_rows_over_triangles(moved, doubtful)
    return _level_untrusted(np.asarray(start + moved, np.float32), doubtful, trust[:, 0])


def _level_untrusted(places: Floats, triangles: Ints, trust: Floats) -> Floats:
    """(n,3) the places (n,3), what is not to be trusted as high as what lies level beside it.

    A skirt's middle hung out at the hem of the average adult as well, who is not the template.
    """
    each = list_edges(triangles)
    across = np.abs(places[each[:, 0]] - places[each[:, 1]])
    level = each[across[:, 1] < _MAX_LEVEL_SLOPE * np.hypot(across[:, 0], across[:, 2])]
    one, other = np.concatenate([level, level[:, ::-1]]).T
    count = np.bincount(one, minlength=len(places))
    beside = np.bincount(one, places[other, 1], len(places)) / np.maximum(count, 1)
    held = np.where(count > 0, trust, 1)
    return np.asarray(np.column_stack([places[:, 0], held * places[:, 1] + (1 - held) * beside, places[:, 2]]), np.float32)


def average_over_triangles(values: Floats, triangles: Ints) -> Floats:
    """(n,) each vertex's mean over its triangles' corners."""
    total, count = np.zeros_like(values), np.zeros_like(values)
    mean = values[triangles].mean(1)
    for k in range(3):
        np.add.at(total, triangles[:, k], mean)
        np.add.at(count, triangles[:, k], 1)
    return np.asarray(total / np.maximum(count, 1), np.float32)


def average_rows_over_triangles(rows: Floats, triangles: Ints) -> Floats:
    """(n,k) as `averaged` of each column."""
    return np.stack([average_over_triangles(np.ascontiguousarray(column), triangles) for column in rows.T], 1)
