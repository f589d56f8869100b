"""Portraits of a spec within a second: each part is made again only when something that it depends on has changed.

A groom takes ten seconds, so a quick portrait wears the groom of an earlier one, moved along with the skin, on a coarser texture; the exact
portrait, which follows, has its own.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.character import EYES, FACE_AXIS, SKIN_MATERIALS, Body, Groom, Identity, TextureSet
from assets.artefacts.geometry import Floats, Image, Mesh, Pixels
from assets.conventions import EYE_VERTICES, SKIN_VERTICES
from assets.digest import sha256, sha256_json
from assets.formats.image import resize
from assets.skinning import skin_points
from assets.spec.avatar import AvatarSpec
from flows.pipeline.definition import STAGES
from stages.body.face_axes import get_axis_values, limit_axes, load_axes
from stages.model.scene import Piece, assemble_character, unrig_hair
from stages.portrait.subject import crop_piece
from stages.render.light import build_studio, build_studio_lamps
from stages.render.portrait import PortraitStudio, PortraitSubject, PortraitView, open_portrait_studio
from stages.render.posing import build_standing_pose, turn_to_camera

R = TypeVar("R")
SIZE = 448
"""Pixels a side of a portrait."""
TEXTURE_SIZE, QUICK_TEXTURE_SIZE = 512, 256
HAIR_LEVEL = 1
"""That of web files: desktop's has three times the triangles, which a portrait of this size does not show."""
_TURN, _PROFILE = 0.3, 0.8
"""Radians by which the shoulders are turned away, and from which on the face looks past the camera."""
_NEIGHBOURS = 4
"""Vertices of the body that carry one of the groom."""
_KEPT_RESULTS = 6
_CLOTH = 0.85
"""Roughness of cloth whose map of it is left out."""
_GROOM_TRAITS = ("gender", "age_years", "african", "asian", "weight", "height")
"""Of a body's phenotype: what hair and clothes are chosen and cut by."""


@dataclass(frozen=True)
class Portrait:
    """One picture."""

    pixels: Pixels
    """(s,s,3) sRGB."""
    exact: bool
    """False where hair and clothes are those of an earlier portrait, moved along."""
    seconds: float


@dataclass(frozen=True)
class Bare:
    """A person without hair and clothes."""

    spec: AvatarSpec
    body: Body
    texture: TextureSet
    digest: str
    """Of everything that the texture depends on."""


@dataclass(frozen=True)
class Dressed:
    """A groom as it was made, and how it follows other bodies."""

    key: str
    body: Body
    groom: Groom
    """With small pictures."""
    pieces: tuple[Piece, ...]
    """All but the skin."""
    carriers: tuple[tuple[NDArray[np.int64], Floats], ...]
    """Of each piece: base vertices (v,k) and their weights (v,k)."""


class _Cache:
    """The latest results by key."""

    def __init__(self) -> None:
        self._results: OrderedDict[Hashable, Any] = OrderedDict()

    def get_or_compute(self, key: Hashable, compute: Callable[[], R]) -> R:
        if key not in self._results:
            self._results[key] = compute()
            while len(self._results) > _KEPT_RESULTS:
                self._results.popitem(last=False)
        self._results.move_to_end(key)
        found: R = self._results[key]
        return found


class LivePortraits:
    """Makes portraits; lives on one thread, as its OpenGL context does. Only `dress` may run on another."""

    def __init__(self, studio: PortraitStudio) -> None:
        self._studio = studio
        self._loaded: dict[tuple[str, str | None], Any] = {}
        self._caches = {name: _Cache() for name in ("identity", "body", "texture", "paint", "average")}
        self._dressed: Dressed | None = None

    def draw(self, spec: AvatarSpec, *, exact: bool = False, size: int = SIZE, turn: float = _TURN, zoom: float = 1.0) -> Portrait:
        """The person of a resolved spec with absolute paths; raises what its stages raise.

        Args:
            exact: make hair and clothes for this very body, which takes ten seconds, and the skin at its finest.
            turn: radians by which the shoulders are turned away.
            zoom: 1 shows head and shoulders, more is nearer.
        """
        started = time.perf_counter()
        bare = self.undress(spec, exact=exact)
        if exact or self._dressed is None:
            self._dressed = self.dress(bare)
        return replace(self.draw_dressed(bare, size=size, turn=turn, zoom=zoom), seconds=time.perf_counter() - started)

    def undress(self, spec: AvatarSpec, *, exact: bool = False) -> Bare:
        """Body and skin of a spec."""
        options = spec.identity
        identity: Identity = self._caches["identity"].get_or_compute(
            (options.model_dump_json(), spec.seed), lambda: self._run("identity", options.backend, options=options, seed=spec.seed)
        )
        body = self._make_body(spec, identity) if exact else self._make_body_quickly(spec, identity)
        size = TEXTURE_SIZE if exact else QUICK_TEXTURE_SIZE
        digest = sha256_json([sha256(identity.head.pixels.tobytes()), identity.age, identity.gender, identity.tone, spec.seed])
        return Bare(spec, body, self._make_texture(spec, identity, body, size, digest), digest)

    def dress(self, bare: Bare) -> Dressed:
        """Hair and clothes for a person, in ten seconds."""
        from scipy.spatial import cKDTree

        groom = STAGES["groom"].run(body=bare.body, options=bare.spec.groom, seed=bare.spec.seed)
        groom = _shrink_pictures(unrig_hair(groom, bare.body.skeleton))
        character = assemble_character(bare.body, bare.texture, groom, HAIR_LEVEL)
        pieces = tuple(_drop_morphs(piece) for piece in character.pieces if piece.mesh.name not in SKIN_MATERIALS)
        # Eyes, teeth and lashes have helper vertices of their own on the base mesh, which are the nearest to them.
        tree, carriers = cKDTree(bare.body.positions), []
        for piece in pieces:
            distance, nearest = tree.query(piece.mesh.positions, _NEIGHBOURS)
            weights = 1 / (distance + 1e-4)
            carriers.append((nearest, np.asarray(weights / weights.sum(1, keepdims=True), np.float32)))
        return Dressed(_digest_groom(bare), bare.body, groom, pieces, tuple(carriers))

    def wear(self, dressed: Dressed) -> None:
        """Later portraits wear this groom."""
        self._dressed = dressed

    def draw_dressed(self, bare: Bare, *, size: int = SIZE, turn: float = _TURN, zoom: float = 1.0) -> Portrait:
        """The person in the groom that is worn; call `wear` first."""
        assert self._dressed is not None
        started = time.perf_counter()
        pose = build_standing_pose(bare.body.skeleton)
        self._studio.set_subject(self._build_subject(bare, self._dressed), pose)
        facing = pose if abs(turn) > _PROFILE else turn_to_camera(bare.body.skeleton, pose, turn)
        pixels = self._studio.take(PortraitView(facing, build_studio_lamps(turn), build_studio(turn), turn, zoom=zoom), size)
        return Portrait(pixels, self._dressed.key == _digest_groom(bare), time.perf_counter() - started)

    def _make_body(self, spec: AvatarSpec, identity: Identity) -> Body:
        key = (sha256_json(identity.face), identity.age, identity.gender, identity.tone, spec.body.model_dump_json())
        body: Body = self._caches["body"].get_or_compute(
            key, lambda: self._run("body", spec.body.backend, identity=identity, options=spec.body, seed=spec.seed)
        )
        return body

    def _make_body_quickly(self, spec: AvatarSpec, identity: Identity) -> Body:
        """The body without its axes, moved along them; morphs and the lips' contact are those without axes."""
        values = get_axis_values(identity.face)
        shape = {name: value for name, value in identity.face.items() if not name.startswith(FACE_AXIS)}
        plain = self._make_body(spec, replace(identity, face=shape))
        if not values:
            return plain
        average = self._make_body(spec, replace(identity, face={name: value for name, value in shape.items() if "/" in name}))
        return _move_along_axes(plain, limit_axes(values, plain.rest, average.rest))

    def _make_texture(self, spec: AvatarSpec, identity: Identity, body: Body, size: int, digest: str) -> TextureSet:
        options = spec.texture.model_copy(update={"size": size})
        found: TextureSet = self._caches["texture"].get_or_compute(
            (digest, options.model_dump_json()),
            lambda: self._run("texture", None, identity=identity, body=body, options=options, seed=spec.seed),
        )
        return found

    def _run(self, stage: str, backend: str | None, **arguments: Any) -> Any:
        """A stage's result; backends are loaded once."""
        if backends := STAGES[stage].backends:
            if (stage, backend) not in self._loaded:
                self._loaded[stage, backend] = backends.get(backend)
            arguments["backend"] = self._loaded[stage, backend]
        return STAGES[stage].run(**arguments)

    def _build_subject(self, bare: Bare, dressed: Dressed) -> PortraitSubject:
        body, texture = bare.body, bare.texture
        skin = replace(dressed.groom, meshes=(), grown=(), normals={}, paint=None)
        character = assemble_character(replace(body, morphs=()), texture, skin, HAIR_LEVEL)
        moved = body.positions - dressed.body.positions
        worn = [_move(piece, moved, *carrier) for piece, carrier in zip(dressed.pieces, dressed.carriers, strict=True)]
        neck = body.skeleton.heads[body.skeleton.names.index("Neck")]
        skull = float(body.positions[:SKIN_VERTICES, 1].max() - neck[1])
        # Hair comes first: what it hides need not be shaded.
        ordered = sorted((*worn, *character.pieces), key=lambda piece: not piece.is_grown)
        cropped = [(piece, *_crop(piece, neck, skull)) for piece in ordered]
        shown = [(piece, mesh, normals) for piece, mesh, normals in cropped if len(mesh.triangles)]
        shaded = {EYES, *dressed.groom.normals}
        own = {mesh.name: normals for piece, mesh, normals in shown if piece.is_grown or mesh.name in shaded}
        top = max(float(mesh.positions[:, 1].max()) for _, mesh, _ in shown) - neck[1]
        materials = {material.name: material for material in (*character.materials, *dressed.groom.materials, *texture.materials)}
        shades = {mesh.name: piece.shade for piece, mesh, _ in shown if piece.shade is not None}
        images = {**dressed.groom.images, **texture.images, "head_albedo": self._paint_head(bare, dressed)}
        meshes = tuple(mesh for _, mesh, _ in shown)
        return PortraitSubject(meshes, materials, images, body.skeleton, own, min(float(top), 1.25 * skull), shades)

    def _paint_head(self, bare: Bare, dressed: Dressed) -> Image:
        from stages.model.skin_paint import paint_head

        albedo = bare.texture.images["head_albedo"]
        key = (bare.digest, bare.spec.texture.model_dump_json(), len(albedo.pixels), dressed.key)
        return self._caches["paint"].get_or_compute(key, lambda: paint_head(albedo, dressed.groom.paint) if dressed.groom.paint else albedo)


def _move_along_axes(body: Body, values: Mapping[str, float]) -> Body:
    """The body with its face moved along the axes, as the body stage moves it."""
    fields = load_axes().fields
    shift = np.sum([np.float32(value) * fields[name] for name, value in values.items()], axis=0, dtype=np.float32)
    rest = body.rest + shift
    positions = skin_points(rest, body.skin, body.rest_to_bind)
    heads = body.skeleton.heads.copy()
    for joint, is_left in (("LeftEye", True), ("RightEye", False)):
        eye = np.arange(EYE_VERTICES.start, EYE_VERTICES.stop)[(body.rest[EYE_VERTICES, 0] > 0) == is_left]
        heads[body.skeleton.names.index(joint)] += (positions - body.positions)[eye].mean(0)
    return replace(body, rest=rest, positions=positions, skeleton=replace(body.skeleton, heads=heads))


def _digest_groom(bare: Bare) -> str:
    """What hair and clothes are drawn by: not the shape of the face."""
    chosen = {name: round(value, 4) for name, value in bare.body.phenotype.items() if name in _GROOM_TRAITS}
    return sha256_json({"groom": bare.spec.groom.model_dump(mode="json"), "seed": bare.spec.seed, "traits": chosen})


def _shrink_pictures(groom: Groom) -> Groom:
    """The groom with small pictures and without relief: uploading them would take longer than drawing."""
    images = {
        name: resize(image, min(TEXTURE_SIZE, max(image.pixels.shape[:2])))
        for name, image in groom.images.items()
        if name in {material.albedo for material in groom.materials}
    }
    materials = tuple(replace(one, normal=None, orm=None, roughness=min(one.roughness, _CLOTH)) for one in groom.materials)
    return replace(groom, images=images, materials=materials)


def _crop(piece: Piece, neck: Floats, skull: float) -> tuple[Mesh, Floats]:
    """The part of the mesh that the portrait shows, and its normals; grown hair stays whole, as its shades do."""
    if piece.is_grown or piece.mesh.name == "head":
        return piece.mesh, piece.normals
    return crop_piece(piece, neck, skull, everything=True)


def _drop_morphs(piece: Piece) -> Piece:
    return replace(piece, mesh=replace(piece.mesh, morphs=()))


def _move(piece: Piece, moved: Floats, rows: NDArray[np.int64], weights: Floats) -> Piece:
    """The piece moved as the base vertices (19158,3) that carry it are."""
    shift = (moved[rows] * weights[..., None]).sum(1)
    return replace(piece, mesh=replace(piece.mesh, positions=piece.mesh.positions + shift.astype(np.float32)))


@contextmanager
def open_portrait_maker() -> Iterator[LivePortraits]:
    """A maker for this thread; raises BackendError if EGL is missing."""
    with open_portrait_studio() as studio:
        yield LivePortraits(studio)
