"""Skin and groom as one character: parts that share places where they touch, with the normals of the unreduced shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.character import Body, Groom, TextureSet
from assets.artefacts.geometry import Floats, Image, Ints, Material, Mesh, MorphTarget, Part, Skeleton, Skin, Surface
from assets.conventions import JOINTS
from assets.mesh import compact_vertices, compute_vertex_normals, weld_points
from assets.rotation import normalize_vectors
from assets.skinning import limit_influences, weight_by_height
from stages.model.skin_paint import paint_head, raise_skin, roughen_head

MIN_MORPH_DELTA_M = 4e-5
"""A part has no delta for a vertex that a morph moves by less than this."""
_NECK, HAIR = "neck", "hair"
_MIN_LENGTH = 1e-14
_MAX_MOVING_SHARE = 0.25
"""A mesh with morphs is split in two where at most this share of its triangles moves."""


@dataclass(frozen=True)
class Piece:
    """A mesh before reduction."""

    mesh: Mesh
    place_ids: NDArray[np.int64]
    """(v,) equal for vertices, of the whole character, that coincide and stay together."""
    normals: Floats
    """(v,3) of the unreduced shape."""
    importance: Floats
    """(v,) how visible an error is here."""
    shade: Floats | None = None
    """(v,) as in Part; set for grown hair, which is made at its level of detail and never reduced."""

    @property
    def is_grown(self) -> bool:
        """Whether it is grown hair."""
        return self.shade is not None


@dataclass(frozen=True)
class WeldedPieces:
    """Pieces as one surface, in which all vertices with the same place id are one place."""

    pieces: tuple[Piece, ...]
    first_vertices: NDArray[np.int64]
    """(pieces + 1,) index of each piece's first vertex among those of all pieces."""
    place_indices: NDArray[np.int64]
    """(v,) row of each vertex in `positions`."""
    positions: NDArray[np.float64]
    """(p,3) of the places, metres."""

    @property
    def wedges(self) -> NDArray[np.int64]:
        """(t,3) triangles by vertex, numbered through all pieces."""
        return np.concatenate(
            [p.mesh.triangles.astype(np.int64) + first for p, first in zip(self.pieces, self.first_vertices[:-1], strict=True)]
        )

    @property
    def faces(self) -> NDArray[np.int64]:
        """(t,3) triangles by place."""
        return self.place_indices[self.wedges]

    @property
    def normals(self) -> NDArray[np.float64]:
        """(p,3) unit normals."""
        total = np.zeros_like(self.positions)
        np.add.at(total, self.place_indices, np.concatenate([piece.normals for piece in self.pieces]))
        return np.asarray(total / (np.linalg.norm(total, axis=1, keepdims=True) + 1e-12))

    def move_to(self, positions: NDArray[np.float64]) -> list[Piece]:
        """The pieces with their places at these positions (p,3)."""
        parts = np.split(positions[self.place_indices].astype(np.float32), self.first_vertices[1:-1])
        return [replace(piece, mesh=replace(piece.mesh, positions=part)) for piece, part in zip(self.pieces, parts, strict=True)]


def weld_pieces(pieces: Sequence[Piece]) -> WeldedPieces:
    """The pieces as one surface; a place takes the position of its last vertex."""
    firsts = np.cumsum([0, *(len(p.mesh.positions) for p in pieces)])
    _, indices = np.unique(np.concatenate([p.place_ids for p in pieces]), return_inverse=True)
    indices = indices.ravel()
    positions = np.zeros((int(indices.max()) + 1, 3))
    positions[indices] = np.concatenate([p.mesh.positions for p in pieces])
    return WeldedPieces(tuple(pieces), firsts, indices, positions)


@dataclass(frozen=True)
class Character:
    """All pieces with their materials and pictures."""

    pieces: tuple[Piece, ...]
    materials: tuple[Material, ...]
    images: dict[str, Image]

    @property
    def triangle_count(self) -> int:
        """Of all pieces."""
        return sum(len(piece.mesh.triangles) for piece in self.pieces)


def assemble_character(body: Body, texture: TextureSet, groom: Groom, hair_level: int = 0) -> Character:
    """The dressed character in its T-pose: the skin that no cloth hides, then everything worn, then grown hair at this level."""
    triangles = np.concatenate([s.base[s.triangles] for s in texture.surfaces])
    body = raise_skin(body, groom.paint.relief, triangles) if groom.paint else body
    normals = compute_unit_normals(body.positions, triangles)
    importance = _compute_morph_importance(len(body.positions), body.morphs) + _compute_joint_importance(body)
    skin = [_build_skin_piece(body, surface, groom.hidden, normals, importance) for surface in texture.surfaces]
    pieces = [piece for piece in skin if len(piece.mesh.triangles)]
    names = {piece.mesh.name for piece in pieces}
    offset = len(body.positions)
    for mesh in groom.meshes:
        piece = _build_groom_piece(_rename_uniquely(mesh, names), groom.materials, offset, groom.normals.get(mesh.name))
        names.add(piece.mesh.name)
        offset += int(piece.place_ids.max(initial=0)) + 1
        pieces.append(piece)
    pieces += build_grown_pieces(groom, hair_level, offset)
    used = {piece.mesh.material for piece in pieces}
    materials = tuple(m for m in (*texture.materials, *groom.materials) if m.name in used)
    return Character(tuple(pieces), materials, {**texture.images, **groom.images, **_paint_skin(texture, groom)})


def build_grown_pieces(groom: Groom, level: int, first_place: int) -> list[Piece]:
    """Grown hair at a level of detail (0 to 2); its places are numbered from `first_place`."""
    pieces: list[Piece] = []
    for part in groom.grown[level] if groom.grown else ():
        places = np.arange(first_place, first_place + len(part.mesh.positions), dtype=np.int64)
        pieces.append(Piece(part.mesh, places, part.normals, np.ones(len(places), np.float32), part.shade))
        first_place += len(places)
    return pieces


def use_grown_hair(character: Character, groom: Groom, level: int, lift: float) -> Character:
    """The character with grown hair at another level of detail; `lift` is how far it was raised, in metres."""
    others = [piece for piece in character.pieces if not piece.is_grown]
    first = max(int(piece.place_ids.max(initial=0)) for piece in others) + 1
    up = np.array([0, lift, 0], np.float32)
    grown = [
        replace(piece, mesh=replace(piece.mesh, positions=piece.mesh.positions + up)) for piece in build_grown_pieces(groom, level, first)
    ]
    return replace(character, pieces=(*others, *grown))


def unrig_hair(groom: Groom, skeleton: Skeleton) -> Groom:
    """The groom with hanging hair on the joints of head, neck and chest alone."""
    if groom.hair_rig is None:
        return groom
    return replace(groom, hair_rig=None, grown=tuple(tuple(_unrig_part(part, skeleton) for part in level) for level in groom.grown))


def _unrig_part(part: Part, skeleton: Skeleton) -> Part:
    if part.mesh.skin.joints.max(initial=0) < len(JOINTS):
        return part
    return replace(part, mesh=replace(part.mesh, skin=limit_influences(weight_by_height(part.mesh.positions, skeleton))))


def _paint_skin(texture: TextureSet, groom: Groom) -> dict[str, Image]:
    """The pictures of the head with painted hair, where any is painted."""
    if groom.paint is None:
        return {}
    albedo, orm = (texture.images[f"head_{kind}"] for kind in ("albedo", "orm"))
    return {"head_albedo": paint_head(albedo, groom.paint), "head_orm": roughen_head(orm, groom.paint)}


def move_to_floor(character: Character, skeleton: Skeleton) -> tuple[Character, Skeleton]:
    """Character and skeleton raised so that the lowest point of all, usually a heel, is at Y = 0."""
    lowest = min(float(piece.mesh.positions[:, 1].min()) for piece in character.pieces)
    lift = np.array([0, -lowest, 0], np.float32)
    pieces = tuple(replace(p, mesh=replace(p.mesh, positions=p.mesh.positions + lift)) for p in character.pieces)
    return replace(character, pieces=pieces), replace(skeleton, heads=skeleton.heads + lift)


def _rename_uniquely(mesh: Mesh, taken: set[str]) -> Mesh:
    """The mesh under a name that is not taken."""
    name, number = mesh.name, 2
    while name in taken:
        name, number = f"{mesh.name}_{number}", number + 1
    return replace(mesh, name=name)


def _compute_morph_importance(count: int, morphs: Sequence[MorphTarget]) -> Floats:
    """(v,) 1 where no morph moves the vertex, up to 61 where one moves it by 4 mm: lips, lids and brows are what people look at."""
    most = np.zeros(count, np.float32)
    for morph in morphs:
        np.maximum.at(most, morph.indices, np.linalg.norm(morph.deltas, axis=1).astype(np.float32))
    weight: Floats = (1 + 60 * np.clip(most / 0.004, 0, 1)).astype(np.float32)
    return weight


def _compute_joint_importance(body: Body) -> Floats:
    """(v,) extra importance of the head, whose ears and nape no morph moves, and of the hands."""
    extra = np.array([150.0 if n in ("Head", "LeftEye", "RightEye") else 3.0 if "Hand" in n else 0.0 for n in body.skeleton.names])
    weight: Floats = (extra[body.skin.joints] * body.skin.weights).sum(axis=1).astype(np.float32)
    return weight


def _build_skin_piece(body: Body, surface: Surface, hidden: NDArray[np.bool_], normals: Floats, importance: Floats) -> Piece:
    shown = ~hidden[surface.base][surface.triangles].all(axis=1)
    kept, triangles = compact_vertices(surface.triangles[shown], len(surface.base))
    base = surface.base[kept]
    skin = Skin(body.skin.joints[base], body.skin.weights[base])
    morphs = select_morphs(body.morphs, base)
    mesh = Mesh(surface.name, body.positions[base], surface.uv[kept], triangles, skin, morphs, surface.name)
    return Piece(mesh, base.astype(np.int64), normals[base], importance[base])


def _build_groom_piece(mesh: Mesh, materials: Sequence[Material], offset: int, bind_normals: Floats | None = None) -> Piece:
    kept, triangles = compact_vertices(mesh.triangles, len(mesh.positions))
    mesh = take_vertices(mesh, kept, triangles)
    places = weld_points(mesh.positions)
    # Normals of welded places, so that a UV seam is not seen as an edge.
    normals = compute_welded_normals(mesh.positions, mesh.triangles, places) if bind_normals is None else bind_normals[kept]
    if mesh.name == HAIR:
        normals = _round_hair_normals(mesh.positions, normals)
    importance = _compute_morph_importance(len(mesh.positions), mesh.morphs) * _choose_groom_weight(mesh, materials)
    return Piece(mesh, places + offset, normals, importance.astype(np.float32))


def _round_hair_normals(positions: Floats, normals: Floats) -> Floats:
    """(v,3) hair normals blended with those of a rounded head: hair cards overlap at odd angles and show as bands when lit one by one."""
    low, high = positions.min(0), positions.max(0)
    crown = positions[positions[:, 1] > high[1] - 0.12]
    centre = np.array([(low[0] + high[0]) / 2, high[1] - 0.11, (crown[:, 2].min() + crown[:, 2].max()) / 2], np.float32)
    # Hair below the skull hangs down: its outward direction is level, away from the axis of the neck.
    axis = np.tile(centre, (len(positions), 1))
    axis[:, 1] = np.minimum(positions[:, 1], centre[1])
    away = positions - axis
    away /= np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-6)
    facing = np.where((normals * away).sum(1, keepdims=True) < 0, -normals, normals)
    return _normalize(0.3 * facing + 0.7 * away, (0.0, 1.0, 0.0))


def _choose_groom_weight(mesh: Mesh, materials: Sequence[Material]) -> float:
    name = mesh.name.lower()
    if "tongue" in name:
        return 20.0
    # Cards of hair and brows are close above the skin: coarse ones sink into it.
    return 8.0 if any(m.name == mesh.material and m.alpha != "OPAQUE" for m in materials) else 1.0


def select_morphs(morphs: Sequence[MorphTarget], base: Ints) -> tuple[MorphTarget, ...]:
    """The morphs of the base mesh on vertices that are copies of its vertices `base`; morphs that move none of them are left out."""
    count = int(base.max(initial=0)) + 1
    found = []
    for morph in morphs:
        deltas = np.zeros((max(count, int(morph.indices.max(initial=0)) + 1), 3), np.float32)
        deltas[morph.indices] = morph.deltas
        here = deltas[base]
        moved = np.flatnonzero(np.linalg.norm(here, axis=1) > MIN_MORPH_DELTA_M).astype(np.int32)
        if len(moved):
            found.append(MorphTarget(morph.name, moved, here[moved]))
    return tuple(found)


def take_vertices(mesh: Mesh, kept: Ints, triangles: Ints) -> Mesh:
    """The mesh with a subset of its vertices and these triangles; morphs that move none of them are left out."""
    renumbered = np.full(len(mesh.positions), -1, np.int32)
    renumbered[kept] = np.arange(len(kept), dtype=np.int32)
    morphs = []
    for morph in mesh.morphs:
        stays = (renumbered[morph.indices] >= 0) & (np.linalg.norm(morph.deltas, axis=1) > MIN_MORPH_DELTA_M)
        if stays.any():
            indices = renumbered[morph.indices[stays]]
            order = np.argsort(indices)
            morphs.append(MorphTarget(morph.name, indices[order], morph.deltas[stays][order]))
    skin = Skin(mesh.skin.joints[kept], mesh.skin.weights[kept])
    return replace(mesh, positions=mesh.positions[kept], uv=mesh.uv[kept], triangles=triangles, skin=skin, morphs=tuple(morphs))


def compute_unit_normals(positions: Floats, triangles: Ints) -> Floats:
    """(v,3) unit normals, each triangle weighted by its area; +Y where a vertex has no triangle."""
    up = (0.0, 1.0, 0.0)
    return _renormalize(compute_vertex_normals(positions, triangles, product=np.float64, total=np.float64, floor=_MIN_LENGTH, fallback=up))


def compute_welded_normals(positions: Floats, triangles: Ints, places: NDArray[np.int64]) -> Floats:
    """(v,3) unit normals of the surface in which all vertices of a place (v,) are one."""
    welded = np.zeros((int(places.max(initial=0)) + 1, 3), np.float32)
    welded[places] = positions
    return compute_unit_normals(welded, places[triangles].astype(np.int32))[places]


def _normalize(vectors: NDArray[Any], fallback: tuple[float, float, float]) -> Floats:
    return _renormalize(normalize_vectors(vectors, _MIN_LENGTH, fallback).astype(np.float32))


def _renormalize(unit: Floats) -> Floats:
    """The vectors divided by their length once more, which rounding to float32 changed."""
    return np.asarray(unit / np.linalg.norm(unit, axis=1, keepdims=True), np.float32)


def compute_tangents(mesh: Mesh, normals: Floats) -> Floats:
    """(v,4) unit tangents along +u, orthogonal to the normals, with the handedness of the frame in which a normal map is read."""
    triangles = mesh.triangles
    position, uv = mesh.positions[triangles].astype(np.float64), mesh.uv[triangles].astype(np.float64)
    edge1, edge2 = position[:, 1] - position[:, 0], position[:, 2] - position[:, 0]
    d1, d2 = uv[:, 1] - uv[:, 0], uv[:, 2] - uv[:, 0]
    area = d1[:, 0] * d2[:, 1] - d2[:, 0] * d1[:, 1]
    sign = np.where(area < 0, -1.0, 1.0)[:, None]
    along = (edge1 * d2[:, 1:] - edge2 * d1[:, 1:]) * sign
    # In glTF v points down and the bitangent up: hence the minus.
    across = -(edge2 * d1[:, :1] - edge1 * d2[:, :1]) * sign
    sums = np.zeros((2, len(mesh.positions), 3))
    for k in range(3):
        np.add.at(sums[0], triangles[:, k], along)
        np.add.at(sums[1], triangles[:, k], across)
    tangents = sums[0] - normals * (sums[0] * normals).sum(1, keepdims=True)
    # Where the UVs give no direction, any that is orthogonal to the normal will do.
    axis = np.where(np.abs(normals[:, :1]) < 0.9, np.array([[1.0, 0, 0]]), np.array([[0, 1.0, 0]]))
    spare = np.cross(axis, normals)
    weak = np.linalg.norm(tangents, axis=1) < 1e-12
    tangents[weak] = spare[weak]
    unit = _normalize(tangents, (1.0, 0.0, 0.0))
    hand = np.where((np.cross(normals, unit) * sums[1]).sum(1) < 0, -1.0, 1.0)
    return np.concatenate([unit, hand[:, None]], 1).astype(np.float32)


def build_parts(pieces: Sequence[Piece], materials: Sequence[Material]) -> tuple[Part, ...]:
    """The pieces as parts: with tangents where a normal map needs them, and the moving triangles of a mostly still mesh split off."""
    normal_mapped = {material.name for material in materials if material.normal}
    found = []
    for piece in (part for whole in pieces for part in _split_moving(whole)):
        tangents = compute_tangents(piece.mesh, piece.normals) if piece.mesh.material in normal_mapped else None
        found.append(Part(piece.mesh, piece.normals, tangents, piece.shade))
    return tuple(found)


def _split_moving(piece: Piece) -> tuple[Piece, ...]:
    """The piece, or its still and its moving triangles where few move: 67 morph targets cost memory for every vertex of a mesh."""
    mesh = piece.mesh
    moves = np.zeros(len(mesh.positions), bool)
    for morph in mesh.morphs:
        moves[morph.indices] = True
    moving: NDArray[np.bool_] = np.asarray(moves[mesh.triangles].any(axis=1))
    if piece.is_grown or not moving.any() or moving.sum() > _MAX_MOVING_SHARE * len(moving):
        return (piece,)
    name = _NECK if mesh.name == "body" else f"{mesh.name}_moving"
    return _extract_triangles(piece, ~moving, mesh.name), _extract_triangles(piece, moving, name)


def _extract_triangles(piece: Piece, chosen: NDArray[np.bool_], name: str) -> Piece:
    kept, triangles = compact_vertices(piece.mesh.triangles[chosen], len(piece.mesh.positions))
    mesh = replace(take_vertices(piece.mesh, kept, triangles), name=name)
    return Piece(mesh, piece.place_ids[kept], piece.normals[kept], piece.importance[kept])
