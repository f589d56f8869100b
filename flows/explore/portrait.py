"""Portraits of a spec within a second: each part is made again only when something that it depends on has changed.

The groom takes ten seconds, so a quick portrait wears the groom of an earlier one, moved along with the skin; the exact portrait, which
follows, has its own.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.character import EYES, SKIN_MATERIALS, Body, Groom, Identity, TextureSet
from assets.artefacts.geometry import Floats, Mesh, Pixels
from assets.conventions import SKIN_VERTICES
from assets.digest import sha256_json
from assets.spec.avatar import AvatarSpec
from flows.pipeline.definition import STAGES
from stages.datasets.subjects import crop_piece
from stages.model.scene import Piece, assemble_character, unrig_hair
from stages.render.light import build_studio, build_studio_lamps
from stages.render.portrait import PortraitStudio, PortraitSubject, PortraitView, open_portrait_studio
from stages.render.posing import build_standing_pose, turn_to_camera

R = TypeVar("R")
SIZE = 448
"""Pixels a side of a portrait."""
TEXTURE_SIZE, QUICK_TEXTURE_SIZE = 512, 256
HAIR_LEVEL = 1
"""That of web files: desktop's has three times the triangles, which a portrait of this size does not show."""
_TURN = 0.3
_NEIGHBOURS = 4
"""Vertices of the body that carry one of the groom."""
_KEPT_RESULTS = 6
_GROOM_TRAITS = ("gender", "age_years", "african", "asian", "weight", "height")


@dataclass(frozen=True)
class Portrait:
    """One picture."""

    pixels: Pixels
    """(s,s,3) sRGB."""
    exact: bool
    """False where hair and clothes are those of an earlier portrait, moved along."""
    seconds: float


@dataclass(frozen=True)
class _Dressed:
    """A groom as it was made, and how it follows other bodies."""

    key: str
    body: Body
    groom: Groom
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


class PortraitMaker:
    """Makes portraits; lives on one thread, as its OpenGL context does."""

    def __init__(self, studio: PortraitStudio) -> None:
        self._studio = studio
        self._backends = {name: STAGES[name].backends for name in ("identity", "body")}
        self._loaded: dict[tuple[str, str | None], Any] = {}
        self._caches = {name: _Cache() for name in ("identity", "body", "texture", "groom")}
        self._dressed: _Dressed | None = None

    def draw(self, spec: AvatarSpec, *, exact: bool = False, size: int = SIZE, turn: float = _TURN, zoom: float = 1.0) -> Portrait:
        """The person of a resolved spec; raises what its stages raise.

        Args:
            exact: make hair and clothes for this very body, which takes ten seconds, and the skin at its finest.
            turn: radians by which the shoulders are turned away.
            zoom: 1 shows head and shoulders, more is nearer.
        """
        started = time.perf_counter()
        identity, body = self._make_body(spec)
        key = _digest_groom(spec, body)
        texture = self._make_texture(spec, identity, body, TEXTURE_SIZE if exact else QUICK_TEXTURE_SIZE)
        dressed = self._dressed
        if dressed is None or (exact and dressed.body is not body) or (exact and dressed.key != key):
            dressed = self._dressed = self._dress(spec, body, texture)
        pixels = self._render(body, texture, dressed, size, turn, zoom)
        return Portrait(pixels, dressed.key == key, time.perf_counter() - started)

    def _make_body(self, spec: AvatarSpec) -> tuple[Identity, Body]:
        options = spec.identity
        identity: Identity = self._caches["identity"].get_or_compute(
            (options.model_dump_json(), spec.seed), lambda: self._run("identity", options.backend, options=options, seed=spec.seed)
        )
        key = (sha256_json(identity.face), identity.age, identity.gender, identity.tone, spec.body.model_dump_json())
        body: Body = self._caches["body"].get_or_compute(
            key, lambda: self._run("body", spec.body.backend, identity=identity, options=spec.body, seed=spec.seed)
        )
        return identity, body

    def _make_texture(self, spec: AvatarSpec, identity: Identity, body: Body, size: int) -> TextureSet:
        options = spec.texture.model_copy(update={"size": size})
        key = (identity.head.pixels.tobytes(), identity.age, identity.gender, options.model_dump_json(), spec.seed)
        found: TextureSet = self._caches["texture"].get_or_compute(
            key, lambda: self._run("texture", None, identity=identity, body=body, options=options, seed=spec.seed)
        )
        return found

    def _run(self, stage: str, backend: str | None, **arguments: Any) -> Any:
        """A stage's result; backends are loaded once."""
        if backends := STAGES[stage].backends:
            if (stage, backend) not in self._loaded:
                self._loaded[stage, backend] = backends.get(backend)
            arguments["backend"] = self._loaded[stage, backend]
        return STAGES[stage].run(**arguments)

    def _dress(self, spec: AvatarSpec, body: Body, texture: TextureSet) -> _Dressed:
        from scipy.spatial import cKDTree

        groom = unrig_hair(self._run("groom", None, body=body, options=spec.groom, seed=spec.seed), body.skeleton)
        character = assemble_character(body, texture, groom, HAIR_LEVEL)
        pieces = tuple(_drop_morphs(piece) for piece in character.pieces if piece.mesh.name not in SKIN_MATERIALS)
        # Eyes, teeth and lashes have helper vertices of their own on the base mesh, which are the nearest to them.
        tree, carriers = cKDTree(body.positions), []
        for piece in pieces:
            distance, nearest = tree.query(piece.mesh.positions, _NEIGHBOURS)
            weights = 1 / (distance + 1e-4)
            carriers.append((nearest, np.asarray(weights / weights.sum(1, keepdims=True), np.float32)))
        return _Dressed(_digest_groom(spec, body), body, groom, pieces, tuple(carriers))

    def _render(self, body: Body, texture: TextureSet, dressed: _Dressed, size: int, turn: float, zoom: float) -> Pixels:
        bare = replace(dressed.groom, meshes=(), grown=(), normals={})
        character = assemble_character(replace(body, morphs=()), texture, bare, HAIR_LEVEL)
        moved = body.positions - dressed.body.positions
        worn = [_move(piece, moved, *carrier) for piece, carrier in zip(dressed.pieces, dressed.carriers, strict=True)]
        neck = body.skeleton.heads[body.skeleton.names.index("Neck")]
        skull = float(body.positions[:SKIN_VERTICES, 1].max() - neck[1])
        # Hair comes first: what it hides need not be shaded.
        ordered = sorted((*worn, *character.pieces), key=lambda piece: not piece.is_grown)
        cropped = [(piece, *_crop(piece, neck, skull)) for piece in ordered]
        shown = [(piece, mesh, normals) for piece, mesh, normals in cropped if len(mesh.triangles)]
        own = {
            mesh.name: normals
            for piece, mesh, normals in shown
            if piece.is_grown or mesh.name == EYES or mesh.name in dressed.groom.normals
        }
        top = max(float(mesh.positions[:, 1].max()) for _, mesh, _ in shown) - neck[1]
        images = {**dressed.groom.images, **character.images}
        materials = {material.name: material for material in (*character.materials, *dressed.groom.materials, *texture.materials)}
        shades = {mesh.name: piece.shade for piece, mesh, _ in shown if piece.shade is not None}
        meshes = tuple(mesh for _, mesh, _ in shown)
        subject = PortraitSubject(meshes, materials, images, body.skeleton, own, min(float(top), 1.25 * skull), shades)
        pose = build_standing_pose(body.skeleton)
        self._studio.set_subject(subject, pose)
        view = PortraitView(turn_to_camera(body.skeleton, pose, turn), build_studio_lamps(turn), build_studio(turn), turn, zoom=zoom)
        return self._studio.take(view, size)


def _digest_groom(spec: AvatarSpec, body: Body) -> str:
    """What hair and clothes are drawn by: not the shape of the face."""
    chosen = {name: round(value, 4) for name, value in body.phenotype.items() if name in _GROOM_TRAITS}
    return sha256_json({"groom": spec.groom.model_dump(mode="json"), "seed": spec.seed, "traits": chosen})


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
def open_portrait_maker() -> Iterator[PortraitMaker]:
    """A maker for this thread; raises BackendError if EGL is missing."""
    with open_portrait_studio() as studio:
        yield PortraitMaker(studio)
