"""Socks, which are part of the shoes' mesh: removed where no trouser leg meets them, pushed under the leg where one does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from assets.artefacts.character import Body
from assets.mesh import split_components
from assets.rotation import dot
from stages.groom.fit import EDGE_MARGIN, SKIN_CLEARANCE, FittedItem, GarmentSurface, Mask
from stages.groom.placement import weld_item_triangles

_MIN_SOCK_HEIGHT = 0.03
"""Metres by which a sock is higher than its shoe."""
_REACH = 0.05
"""Metres within which a trouser leg counts as near a sock."""
_MAX_LOOSE_SHARE = 0.2
"""Share of the socks' vertices that may be near a trouser leg without one meeting them."""
_MIN_EDGE_DISTANCE = 0.004
"""Metres from the leg's hem from which on a sock is pushed under it."""


def remove_loose_socks(shoes: FittedItem, outfit: FittedItem, body: Body) -> FittedItem:
    """The shoes without socks that no trouser leg meets; the skin above such shoes is shown again."""
    parts = split_components(weld_item_triangles(shoes.item), len(shoes.positions))
    rim = float(shoes.positions[max(parts, key=len), 1].max())
    socks = [part for part in parts if float(shoes.positions[part, 1].max()) > rim + _MIN_SOCK_HEIGHT]
    if not socks:
        return shoes
    near, _ = GarmentSurface.from_item(outfit).find_nearest(shoes.positions[np.concatenate(socks)], _REACH)
    if near.mean() > _MAX_LOOSE_SHARE:
        return shoes
    stays = np.ones(len(shoes.positions), bool)
    stays[np.concatenate(socks)] = False
    triangles = shoes.item.triangles[stays[weld_item_triangles(shoes.item)].all(1)]
    deleted = shoes.item.deleted & (body.positions[:, 1] < rim - _MIN_SOCK_HEIGHT)
    return FittedItem(replace(shoes.item, triangles=triangles, deleted=deleted), shoes.positions, shoes.skin)


def push_socks_under(inner: FittedItem, outer: FittedItem) -> tuple[FittedItem, Mask]:
    """The inner garment (socks) pushed under the outer one (trousers), and (n,) which of its vertices need not be drawn."""
    surface = GarmentSurface.from_item(outer)
    found, index = surface.find_nearest(inner.positions, _REACH)
    normal = surface.facing[index]
    height = dot(inner.positions - surface.points[index], normal)
    is_under = found & (surface.edge_distance[index] > _MIN_EDGE_DISTANCE)
    push = np.where(is_under & (height > -SKIN_CLEARANCE), height + SKIN_CLEARANCE, 0).astype(np.float32)
    moved = np.asarray(inner.positions - normal * push[:, None], np.float32)
    return FittedItem(inner.item, moved, inner.skin), np.asarray(is_under & (surface.edge_distance[index] > EDGE_MARGIN))
