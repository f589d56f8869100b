"""One picture and one material for a whole character, so that every member of a crowd is one draw call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.character import ATLAS
from assets.artefacts.geometry import Floats, Image, Ints, Material
from assets.formats.image import ALPHA_CUTOFF
from assets.mesh import find_components
from stages.model.scene import Character, Piece

_LARGE_MATERIALS = ("head", "outfit")
"""Materials with two cells by two. Dressed people show little of their bodies, and clothes in a small cell would blur into one another."""
_PADDING = 2 / 128
"""Margin on each side, as a share of a tile: keeps neighbours from bleeding into one another in small mip levels."""


def merge_materials(character: Character, side: int) -> Character:
    """The character with all albedos in one picture of `side` pixels and one material; pieces that are nearly transparent are dropped."""
    materials = {m.name: m for m in character.materials}
    visible = [p for p in character.pieces if _is_visible(materials[p.mesh.material], character.images)]
    names = sorted({p.mesh.material for p in visible}, key=lambda name: (name not in _LARGE_MATERIALS, name))
    cells, grid = pack_cells(names)
    pixels = np.zeros((side, side, 4), np.uint8)
    boxes: dict[str, tuple[float, float, float]] = {}
    for name, (row, column, span) in cells.items():
        x, y, size = (round(side * v / grid) for v in (column, row, span))
        pixels[y : y + size, x : x + size] = _build_tile(materials[name], character.images, size)
        boxes[name] = (x / side, y / side, size / side)
    pieces = tuple(_move_to_cell(p, boxes[p.mesh.material]) for p in visible)
    material = Material(ATLAS, albedo=ATLAS, roughness=0.8, alpha="MASK", alpha_cutoff=ALPHA_CUTOFF, double_sided=True)
    return Character(pieces, (material,), {ATLAS: Image(pixels)})


def pack_cells(names: Sequence[str]) -> tuple[dict[str, tuple[int, int, int]], int]:
    """Name -> (row, column, span) on a square grid, and the grid's side; large materials take two cells by two."""
    area = sum(4 if name in _LARGE_MATERIALS else 1 for name in names)
    grid = max(2, int(np.ceil(np.sqrt(area))))
    while True:
        free = np.ones((grid, grid), bool)
        cells: dict[str, tuple[int, int, int]] = {}
        for name in names:
            span = 2 if name in _LARGE_MATERIALS else 1
            spot = next(
                ((r, c) for r in range(grid - span + 1) for c in range(grid - span + 1) if free[r : r + span, c : c + span].all()), None
            )
            if spot is None:
                break
            free[spot[0] : spot[0] + span, spot[1] : spot[1] + span] = False
            cells[name] = (*spot, span)
        if len(cells) == len(names):
            return cells, grid
        grid += 1


def _is_visible(material: Material, images: dict[str, Image]) -> bool:
    if material.alpha != "BLEND":
        return True
    pixels = images[material.albedo].pixels if material.albedo else None
    most = 1.0 if pixels is None or pixels.shape[2] < 4 else float(pixels[..., 3].max()) / 255
    return material.colour[3] * most >= ALPHA_CUTOFF


def _build_tile(material: Material, images: dict[str, Image], size: int) -> NDArray[np.uint8]:
    """(size,size,4) the material's albedo times its colour; opaque if the material is opaque."""
    from assets.formats.image import preserve_coverage, resize

    tile = np.full((size, size, 4), 255, np.uint8)
    if material.albedo:
        pixels = preserve_coverage(resize(images[material.albedo], size), images[material.albedo]).pixels
        pixels = np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels
        # Stretched to a square, because UVs run from 0 to 1 whatever the picture's shape.
        rows = np.arange(size) * pixels.shape[0] // size
        columns = np.arange(size) * pixels.shape[1] // size
        tile[..., : pixels.shape[2]] = pixels[rows][:, columns]
    factor = np.array(material.colour)
    # The factor is linear and the pixels are sRGB: a gamma of 2.2 is near enough for a crowd.
    factor[:3] **= 1 / 2.2
    scaled: NDArray[np.uint8] = np.clip(tile * factor, 0, 255).astype(np.uint8)
    if material.alpha == "OPAQUE":
        scaled[..., 3] = 255
    elif material.alpha == "MASK":
        scaled[..., 3] = np.clip(scaled[..., 3].astype(np.float32) * ALPHA_CUTOFF / max(material.alpha_cutoff, 1e-3), 0, 255).astype(
            np.uint8
        )
    return scaled


def _move_to_cell(piece: Piece, box: tuple[float, float, float]) -> Piece:
    x, y, size = box
    uv = piece.mesh.uv
    uv = _wrap_uv_islands(uv, piece.mesh.triangles) if uv.min() < 0 or uv.max() > 1 else uv
    inside = _PADDING + np.clip(uv, 0, 1) * (1 - 2 * _PADDING)
    placed: Floats = (np.array([x, y]) + inside * size).astype(np.float32)
    return replace(piece, mesh=replace(piece.mesh, uv=placed, material=ATLAS))


def _wrap_uv_islands(uv: Floats, triangles: Ints) -> Floats:
    """(v,2) UVs of repeating pictures, each island shifted by whole tiles into 0..1; single vertices must not be: triangles would tear."""
    island = find_components(triangles, len(uv))
    count = int(island.max(initial=-1)) + 1
    size = np.maximum(np.bincount(island, minlength=count), 1)
    middle = np.stack([np.bincount(island, uv[:, k], count) / size for k in range(2)], 1)
    wrapped: Floats = (uv - np.floor(middle)[island]).astype(np.float32)
    return wrapped
