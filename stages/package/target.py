"""A character made to fit a target: triangles, texture pixels, materials and bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Image, Material
from assets.formats.gltf import Picture, Scene
from assets.spec.ship import Budget
from stages.package.atlas import ATLAS, covered
from stages.package.lod import Soup, reduce
from stages.package.scene import Character, Piece, compact, take

_SLIDE = 1 / 3
# (share of the longest side, JPEG quality, slack of the clips), tried in order until the file fits.
_LADDER = (
    (1.0, 90, 1.0), (1.0, 84, 2.0), (1.0, 78, 4.0), (0.75, 82, 4.0), (0.625, 82, 6.0), (0.5, 84, 6.0), (0.5, 75, 8.0), (0.25, 80, 8.0),
)  # fmt: skip


def fit_triangles(whole: Character, budget: int) -> Character:
    """The character with at most `budget` triangles, all pieces reduced against one another."""
    if whole.triangles <= budget:
        return whole
    firsts = np.cumsum([0, *(len(p.mesh.positions) for p in whole.pieces)])
    places = np.concatenate([p.places for p in whole.pieces])
    _, dense = np.unique(places, return_inverse=True)
    dense = dense.ravel()
    count = int(dense.max()) + 1
    where = np.zeros((count, 3))
    where[dense] = np.concatenate([p.mesh.positions for p in whole.pieces])
    importance = np.zeros(count)
    np.maximum.at(importance, dense, np.concatenate([p.importance for p in whole.pieces]))
    wedges = np.concatenate([p.mesh.triangles.astype(np.int64) + f for p, f in zip(whole.pieces, firsts[:-1], strict=True)])
    owner = np.repeat(np.arange(len(whole.pieces)), [len(p.mesh.triangles) for p in whole.pieces])
    paint = np.concatenate([_paint(p) for p in whole.pieces])
    kept, rows = reduce(Soup(where, dense[wedges], wedges, importance, paint), budget)
    pieces = [_piece_of(p, kept[owner[rows] == i] - firsts[i]) for i, p in enumerate(whole.pieces)]
    return replace(whole, pieces=tuple(p for p in pieces if len(p.mesh.triangles)))


def _paint(piece: Piece) -> NDArray[np.float64]:
    """(v,2) UVs in metres of surface, at a third: a picture that slides is seen less than an outline that does."""
    place = piece.mesh.positions[piece.mesh.triangles].astype(np.float64)
    uv = piece.mesh.uv[piece.mesh.triangles].astype(np.float64)
    area = np.linalg.norm(np.cross(place[:, 1] - place[:, 0], place[:, 2] - place[:, 0]), axis=1).sum()
    one, two = uv[:, 1] - uv[:, 0], uv[:, 2] - uv[:, 0]
    painted = np.abs(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]).sum()
    scaled: NDArray[np.float64] = piece.mesh.uv * (_SLIDE * np.sqrt(area / max(painted, 1e-9)))
    return scaled


def _piece_of(piece: Piece, triangles: NDArray[np.int64]) -> Piece:
    kept, local = compact(triangles.astype(np.int32), len(piece.mesh.positions))
    return Piece(take(piece.mesh, kept, local), piece.places[kept], piece.normals[kept], piece.importance[kept])


def fit_bytes(
    scene_of: Callable[[dict[str, Picture]], Scene], write: Callable[[Scene], bytes], whole: Character, budget: Budget
) -> tuple[Scene, bytes]:
    """The scene and its file with the best pictures that the budget has room for."""
    for share, quality, slack in _LADDER:
        scene = replace(scene_of(pictures(whole.materials, whole.images, int(budget.side * share), quality)), slack=slack)
        data = write(scene)
        if len(data) <= budget.bytes:
            break
    return scene, data


def pictures(materials: Sequence[Material], images: Mapping[str, Image], side: int, quality: int) -> dict[str, Picture]:
    """Every picture that a material names, encoded: PNG where its alpha is used, else JPEG.

    Colour of the head gets the whole side; normals of cloth, roughness and hair do with half of it.
    """
    found: dict[str, Picture] = {}
    for material in materials:
        face = material.name in ("head", ATLAS)
        wanted = ((material.albedo, True, True), (material.normal, face, False), (material.orm, False, False))
        for name, large, colour in wanted:
            if name is None or name in found:
                continue
            clear = colour and any(m.alpha != "OPAQUE" for m in materials if m.albedo == name)
            found[name] = encode(images[name], side if (large and not clear) or material.name == ATLAS else side // 2, quality, clear)
    return found


def encode(image: Image, side: int, quality: int, clear: bool) -> Picture:
    """The image, at most `side` pixels long, as PNG with its alpha where `clear` and it has any, else as JPEG."""
    from assets.formats.image import encode_jpeg, encode_png, resize

    small = covered(resize(image, side), image) if max(image.pixels.shape[:2]) > side else image
    pixels = small.pixels
    if clear and pixels.shape[2] == 4 and pixels[..., 3].min() < 255:
        return Picture(encode_png(small), "image/png")
    flat = Image(np.ascontiguousarray(pixels[..., :3] if pixels.shape[2] >= 3 else pixels), small.srgb)
    return Picture(encode_jpeg(flat, quality), "image/jpeg")
