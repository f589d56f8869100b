"""The person of a spec as the subject of a portrait, by the pipeline's own stages; only what a portrait shows is made."""

from __future__ import annotations

from functools import lru_cache

from assets.artefacts.character import EYES, SKIN_MATERIALS, Body, Groom, Identity, TextureSet
from assets.artefacts.geometry import Floats, Ints, Mesh
from assets.conventions import SKIN_VERTICES
from assets.mesh import compact_vertices
from assets.spec.avatar import AvatarSpec
from stages.body import stage as body_stage
from stages.groom.detail import PORTRAIT, THUMBNAIL
from stages.groom.stage import groom_person
from stages.identity import stage as identity_stage
from stages.identity.backend import BACKENDS as IDENTITIES
from stages.identity.backend import IdentityBackend
from stages.model.hair_backfaces import add_hair_backfaces
from stages.model.scene import Piece, assemble_character, take_vertices
from stages.render.portrait import PortraitSubject
from stages.texture import stage as texture_stage

MAX_SIDE = 512
"""Pixels a side of the largest portrait that these details suffice for."""
_THUMBNAIL_SIDE = 128
_SKIN_SIDES = (256, 512)
"""Of the skin's textures: a portrait of 256 px shows no more than the first."""
_MANY = 10**9
"""More triangles than anybody has."""
_HEADS_BELOW_NECK, _HEADS_SIDEWAYS = 0.95, 1.25
"""What a portrait can show, in head heights from the neck."""
_WIDE_PARTS = ("body", "outfit", "hair", "hair_edge")
"""Parts that reach out of the picture."""
_FACE_HEIGHT = 2.06
"""From the neck joint to a bald crown, over the height of the eyes above that joint."""
_MAX_HAIR = 1.15
"""Height of a head with hair over that of a bald one up to which a picture shows all of it; an afro fills the picture instead."""


def make_identity(spec: AvatarSpec) -> Identity:
    """As the identity stage makes it; raises BackendError where the backend lacks its weights."""
    return identity_stage.run(options=spec.identity, backend=_open_generator(spec.identity.backend), seed=spec.seed)


def make_body(spec: AvatarSpec, identity: Identity) -> Body:
    """As the body stage makes it."""
    return body_stage.run(identity, options=spec.body, backend=body_stage.BACKENDS.get(spec.body.backend), seed=spec.seed)


def make_texture(spec: AvatarSpec, identity: Identity, body: Body, size: int = MAX_SIDE) -> TextureSet:
    """As the texture stage makes it, for portraits of `size` pixels."""
    side = next((side for side in _SKIN_SIDES if side >= size), _SKIN_SIDES[-1])
    return texture_stage.run(identity, body, options=spec.texture.model_copy(update={"size": side}), seed=spec.seed)


def groom_portrait(spec: AvatarSpec, body: Body, size: int = MAX_SIDE) -> Groom:
    """As the groom stage makes it, in the detail of a portrait of `size` pixels; raises SpecError for what does not exist."""
    return groom_person(body, spec.groom, spec.seed, THUMBNAIL if size <= _THUMBNAIL_SIDE else PORTRAIT)


@lru_cache(maxsize=2)  # of 13 MB
def _open_generator(name: str | None) -> IdentityBackend:
    """The backend, which keeps its weights."""
    return IDENTITIES.get(name)


def build_subject(body: Body, texture: TextureSet, groom: Groom) -> PortraitSubject:
    """Skin and groom as a subject, cropped to what a portrait can show."""
    character = add_hair_backfaces(assemble_character(body, texture, groom), _MANY)
    heads = dict(zip(body.skeleton.names, body.skeleton.heads, strict=True))
    neck, skull = heads["Neck"], float(body.positions[:SKIN_VERTICES, 1].max() - heads["Neck"][1])
    # Hair is rendered first: what it hides need not be shaded.
    ordered = sorted(character.pieces, key=lambda piece: {"hair": 0, "outfit": 1}.get(piece.mesh.name, 2))
    cropped = [(piece, *crop_piece(piece, neck, skull)) for piece in ordered if piece.mesh.name != "shoes"]
    crown = max(float(mesh.positions[:, 1].max()) for _, mesh, _ in cropped) - float(neck[1])
    bald = _FACE_HEIGHT * float(heads["LeftEye"][1] - neck[1])
    normals = {mesh.name: facing for piece, mesh, facing in cropped if _has_own_normals(piece)}
    shades = {mesh.name: _crop_shade(piece, neck, skull) for piece, mesh, _ in cropped if piece.shade is not None}
    return PortraitSubject(
        tuple(mesh for _, mesh, _ in cropped), {m.name: m for m in character.materials}, character.images, body.skeleton, normals,
        float(min(max(crown, bald), _MAX_HAIR * bald)), shades,
    )  # fmt: skip


def _has_own_normals(piece: Piece) -> bool:
    """Whether it is shaded by its bind normals, as Model.shading says of a bundle's parts."""
    mesh = piece.mesh
    return piece.is_grown or mesh.name == EYES or (not mesh.morphs and mesh.material not in SKIN_MATERIALS)


def crop_piece(piece: Piece, neck: Floats, skull: float, *, everything: bool = False) -> tuple[Mesh, Floats]:
    """The part of the mesh that a portrait can show, and its normals; with `everything` parts of any name are cropped.

    Args:
        neck: (3,) the joint, metres.
        skull: metres from there to the crown of the bald head.
    """
    if not everything and piece.mesh.name not in _WIDE_PARTS:
        return piece.mesh, piece.normals
    kept, triangles = _find_shown(piece, neck, skull)
    return take_vertices(piece.mesh, kept, triangles), piece.normals[kept]


def _crop_shade(piece: Piece, neck: Floats, skull: float) -> Floats:
    assert piece.shade is not None
    return piece.shade[_find_shown(piece, neck, skull)[0]] if piece.mesh.name in _WIDE_PARTS else piece.shade


def _find_shown(piece: Piece, neck: Floats, skull: float) -> tuple[Ints, Ints]:
    """Vertices (k,) and renumbered triangles (t,3) that a portrait can show."""
    mesh = piece.mesh
    low = neck[1] - _HEADS_BELOW_NECK * skull * (1.4 if mesh.name == "hair" else 1)
    inside = (mesh.positions[:, 1] > low) & (abs(mesh.positions[:, 0] - neck[0]) < _HEADS_SIDEWAYS * skull)
    return compact_vertices(mesh.triangles[inside[mesh.triangles].any(1)], len(mesh.positions))
