"""Socks, which come with the shoes: gone where no trouser leg meets them, beneath the leg where one does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from assets.artefacts.character import Body
from assets.mesh import split_components
from assets.rotation import dot
from stages.groom.fit import EDGE_MARGIN, SKIN_CLEARANCE, FittedItem, GarmentSurface, Mask
from stages.groom.placement import weld_item_triangles

_MIN_SOCK_HEIGHT = 0.03
"""Metres that a sock stands out of its shoe."""


def remove_loose_socks(shoes: FittedItem, outfit: FittedItem, body: Body) -> FittedItem:
    """The shoes without socks that no trouser leg meets; the skin above the shoes is shown again there."""
    parts = split_components(weld_item_triangles(shoes.item), len(shoes.positions))
    rim = float(shoes.positions[max(parts, key=len), 1].max())
    socks = [part for part in parts if float(shoes.positions[part, 1].max()) > rim + _MIN_SOCK_HEIGHT]
    if not socks or GarmentSurface.of(outfit).find_nearest(shoes.positions[np.concatenate(socks)], 0.05)[0].mean() > 0.2:
        return shoes
    leather = np.ones(len(shoes.positions), bool)
    leather[np.concatenate(socks)] = False
    triangles = shoes.item.triangles[leather[weld_item_triangles(shoes.item)].all(1)]
    deleted = shoes.item.deleted & (body.positions[:, 1] < rim - _MIN_SOCK_HEIGHT)
    return FittedItem(replace(shoes.item, triangles=triangles, deleted=deleted), shoes.positions, shoes.skin)


def push_socks_under(inner: FittedItem, outer: FittedItem) -> tuple[FittedItem, Mask]:
    """The inner garment (socks) pushed under the outer one (trousers), and (n,) which of its vertices need not be drawn."""
    surface = GarmentSurface.of(outer)
    found, index = surface.find_nearest(inner.positions, 0.05)
    normal = surface.facing[index]
    depth = dot(inner.positions - surface.points[index], normal)
    under = found & (surface.edge_distance[index] > 0.004)
    push = np.where(under & (depth > -SKIN_CLEARANCE), depth + SKIN_CLEARANCE, 0).astype(np.float32)
    moved = inner.positions - normal * push[:, None]
    return FittedItem(inner.item, moved.astype(np.float32), inner.skin), np.asarray(under & (surface.edge_distance[index] > EDGE_MARGIN))
