"""Socks, which come with the shoes: gone where no trouser leg meets them, beneath the leg where one does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from assets.artefacts.character import Body
from stages.groom.fit import CLEAR, RING, Fitted, Mask, Surface, islands
from stages.groom.placement import welded

_SOCK = 0.03
"""Metres that a sock stands out of its shoe."""


def without_socks(shoes: Fitted, outfit: Fitted, body: Body) -> Fitted:
    """The shoes without socks that no trouser leg meets; the skin above the shoes is shown again there."""
    parts = islands(welded(shoes.item), len(shoes.positions))
    rim = float(shoes.positions[max(parts, key=len), 1].max())
    socks = [part for part in parts if float(shoes.positions[part, 1].max()) > rim + _SOCK]
    if not socks or Surface.of(outfit).nearest(shoes.positions[np.concatenate(socks)], 0.05)[0].mean() > 0.2:
        return shoes
    leather = np.ones(len(shoes.positions), bool)
    leather[np.concatenate(socks)] = False
    triangles = shoes.item.triangles[leather[welded(shoes.item)].all(1)]
    deleted = shoes.item.deleted & (body.positions[:, 1] < rim - _SOCK)
    return Fitted(replace(shoes.item, triangles=triangles, deleted=deleted), shoes.positions, shoes.skin)


def tucked(inner: Fitted, outer: Fitted) -> tuple[Fitted, Mask]:
    """The inner garment (socks) pushed under the outer one (trousers), and (n,) which of its vertices need not be drawn."""
    surface = Surface.of(outer)
    found, index = surface.nearest(inner.positions, 0.05)
    normal = surface.facing[index]
    depth = np.einsum("nd,nd->n", inner.positions - surface.points[index], normal)
    under = found & (surface.inland[index] > 0.004)
    push = np.where(under & (depth > -CLEAR), depth + CLEAR, 0).astype(np.float32)
    moved = inner.positions - normal * push[:, None]
    return Fitted(inner.item, moved.astype(np.float32), inner.skin), np.asarray(under & (surface.inland[index] > RING))
