"""A person as something to take pictures of: our body, skin and groom, cut down to what a portrait shows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.character import Body, Groom, Identity, TextureSet
from assets.artefacts.geometry import Floats, Image, Material, Mesh, Pixels, Skin
from assets.conventions import MORPHS_67
from assets.formats.image import covered, resize
from assets.paths import baked
from assets.spec.appearance import BodySpec
from stages.body import stage as body_stage
from stages.datasets.people import FORMAL, HAIR, LENGTHS, Person, wanted_skins
from stages.datasets.skins import Blends, decorated
from stages.groom import colour
from stages.groom.base_mesh import base_triangles
from stages.groom.eyes import eyes, iris_picture
from stages.groom.fit import drawn, fitted, hidden_under, lifted, morphs, normals, pushed_out
from stages.groom.teeth import SEAT, teeth_mesh, teeth_picture
from stages.groom.wardrobe import Item, Slot, item
from stages.identity.stage import draw_latent, face_changes
from stages.model.scene import Piece, character, compact, take
from stages.render.portrait import Sitter
from stages.texture.albedo import seam_vertices, to_pixels
from stages.texture.tiles import SkinLibrary, face_window, lightness, tone_of

LATENT = 64
_BELOW, _ASIDE = 0.95, 1.25
"""Head heights below the neck and beside it that a portrait can show."""


class Wardrobe:
    """Builds sitters; holds what many share: the skins in Lab, garments cut at the chest, their influences."""

    def __init__(self, library: SkinLibrary, size: int) -> None:
        self.library, self.size = library, size
        """Pixels of a skin tile."""
        self.blends = Blends(library, tuple(range(len(library.names))), size, work=size)
        self.backend = body_stage.BACKENDS.get()
        self.names: list[str] = json.loads(baked("face_changes.json").read_text(encoding="utf-8"))
        self._neck = _Neck(library, size)

    def sitter(self, who: Person, seed: int) -> tuple[Sitter, dict[str, float]]:
        """The sitter, and what its skin came out as: tone."""
        rng = np.random.default_rng([seed, 2, who.number])
        tiles, told = self._skin(who, rng)
        body = self._body(who, seed)
        groom = self._groom(body, who)
        images = {f"{name}_albedo": Image(tile) for name, tile in zip(("head", "body"), tiles, strict=True)}
        skin = tuple(Material(name, f"{name}_albedo", roughness=0.62) for name in ("head", "body"))
        whole = character(body, TextureSet(self.library.surfaces, images, skin), groom)
        neck = body.skeleton.heads[body.skeleton.names.index("Neck")]
        top = float(max(p.mesh.positions[:, 1].max() for p in whole.pieces) - neck[1])
        skull = float(body.positions[:13380, 1].max() - neck[1])
        # Hair first: what it hides need not be shaded.
        first = sorted(whole.pieces, key=lambda piece: {"hair": 0, "outfit": 1}.get(piece.mesh.name, 2))
        cut = [_cut(piece, neck, skull) for piece in first]
        meshes = tuple(mesh for mesh, _ in cut)
        shading = {mesh.name: facing for mesh, facing in cut if mesh.name == "hair"}
        materials = {m.name: m for m in whole.materials}
        return Sitter(meshes, materials, whole.images, body.skeleton, shading, min(top, 1.25 * skull)), told

    def _skin(self, who: Person, rng: np.random.Generator) -> tuple[tuple[Pixels, Pixels], dict[str, float]]:
        """Head and body tiles, the neck in one colour, and the tone that the face shows."""
        known = self.library
        chosen = wanted_skins(known.ages, known.genders, known.tones, who, 2 + int(rng.random() < 0.4), rng)
        head, body, part = self.blends.mixed(chosen, who.tone, rng)
        older = who.years - float(part @ np.array([known.ages[i] for i in chosen]))
        traits = {**who.skin, "years": float(np.clip(older, -20, 25))}
        head, body = self._neck.joined(*decorated(head, body, traits, rng))
        rows, columns = face_window(self.size)
        tiles = to_pixels(head), to_pixels(body)
        return tiles, {"tone": tone_of(lightness(tiles[0][rows, columns]))}

    def _body(self, who: Person, seed: int) -> Body:
        latent = draw_latent(int(np.random.default_rng([seed, 3, who.number]).integers(2**31)), LATENT)
        face = face_changes(latent, self.names, who.variety)
        flat = Image(np.zeros((1, 1, 3), np.uint8))
        identity = Identity(latent, flat, flat, who.years, who.gender, who.tone, face)
        options = BodySpec(local=dict(who.origins), muscle=who.build["muscle"], weight=who.build["weight"], height=who.build["height"])
        body = body_stage.run(identity, options=options, backend=self.backend, seed=seed)
        return replace(body, morphs=tuple(m for m in body.morphs if m.name in MOVED))

    def _groom(self, body: Body, who: Person) -> Groom:
        """Eyes, mouth, brows, lashes, hair and the top of the outfit."""
        skin_normals = normals(body.positions, base_triangles())
        top = upper_half(who.outfit)
        worn = pushed_out(fitted(top, body, outfit_skin(who.outfit)), body, skin_normals)
        meshes = [eyes(body, "eyes"), _teeth(body), _worn(body, "tongue", "tongue01"), _worn(body, "brows", who.brows)]
        meshes += [_worn(body, "lashes", who.lashes), drawn(worn, "outfit", "outfit")]
        if who.hair != "none":
            hair = lifted(fitted(item("hair", who.hair), body), [worn], body, skin_normals)
            meshes.append(drawn(hair, "hair", "hair"))
        cloth, holes = colour.cloth(top.pictures["diffuse"], who.outfit_colour)
        pictures = self._painted(who) | {"outfit": resize(cloth, self.size)}
        materials = tuple(_MATERIALS[name] if name != "outfit" else _cloth(holes) for name in (m.name for m in meshes))
        hidden = hidden_under([worn], body, skin_normals)
        return Groom(tuple(meshes), materials, {f"{name}_albedo": image for name, image in pictures.items()}, hidden)

    def _painted(self, who: Person) -> dict[str, Image]:
        """Pictures of all that grows, by part."""
        shade = colour.rgb(who.hair_colour)
        brow = np.asarray(shade * np.float32(0.75 - 0.4 * float(shade.mean())), np.float32)
        found = {"eyes": iris_picture(colour.rgb(who.eyes_colour), who.number, 128), "teeth": teeth_picture(64), "tongue": _tongue()}
        found["brows"] = self._strands("brows", who.brows, brow, 0.5, 1.0)
        found["lashes"] = self._strands("lashes", who.lashes, np.array([0.05, 0.04, 0.035], np.float32), 0.5, 1.0)
        if who.hair != "none":
            found["hair"] = self._strands("hair", who.hair, shade, 0.8, 1.3)
        return found

    def _strands(self, slot: Slot, name: str, shade: Floats, contrast: float, cover: float) -> Image:
        whole = colour.strands(item(slot, name).pictures["diffuse"], shade, contrast, cover)
        return covered(resize(whole, self.size), whole)


_EXPRESSIVE = (
    "brow", "cheekSquint", "eye", "jawOpen", "mouthFrown", "mouthPress", "mouthSmile", "mouthUpperUp", "noseSneer", "viseme_aa",
)  # fmt: skip
MOVED = tuple(name for name in MORPHS_67 if name.startswith(_EXPRESSIVE))
"""Morphs that our expressions use; the others cost time and move nothing."""

_MATERIALS = {
    "eyes": Material("eyes", "eyes_albedo", roughness=0.12), "teeth": Material("teeth", "teeth_albedo", roughness=0.35),
    "tongue": Material("tongue", "tongue_albedo", roughness=0.5),
    "brows": Material("brows", "brows_albedo", roughness=0.9, alpha="BLEND", double_sided=True),
    "lashes": Material("lashes", "lashes_albedo", roughness=0.9, alpha="BLEND", double_sided=True),
    "hair": Material("hair", "hair_albedo", roughness=0.65, alpha="MASK", alpha_cutoff=0.35, double_sided=True),
}  # fmt: skip


def _cloth(holes: bool) -> Material:
    return Material("outfit", "outfit_albedo", roughness=0.88, alpha="MASK" if holes else "OPAQUE", double_sided=True)


@lru_cache(maxsize=1)
def _tongue() -> Image:
    return resize(colour.tongue(item("tongue", "tongue01").pictures["diffuse"]), 64)


def _teeth(body: Body) -> Mesh:
    part = item("teeth", "Teeth_Base")
    return teeth_mesh(fitted(part, body), morphs(part, body), SEAT, "teeth")


def _worn(body: Body, slot: Slot, name: str) -> Mesh:
    part = item(slot, name)
    return drawn(fitted(part, body), slot, slot, morphs(part, body))


@lru_cache(maxsize=2)
def _canonical(man: bool) -> Body:
    return body_stage.average_adult(float(man))


@lru_cache(maxsize=32)
def upper_half(name: str) -> Item:
    """The garment without what hangs far below the chest."""
    whole = item("outfit", name)
    body = _canonical(name.startswith("male"))
    height = np.einsum("nk,nk->n", whole.weights, body.rest[whole.references][..., 1])
    chest = float(body.skeleton.heads[body.skeleton.names.index("Spine1")][1])
    stays = height > chest
    triangles = whole.triangles[stays[whole.corners[whole.triangles]].all(1)]
    corners = np.unique(triangles)
    vertices = np.unique(whole.corners[corners])
    new_corner, new_vertex = np.zeros(len(whole.corners), np.int32), np.zeros(len(whole.references), np.int32)
    new_corner[corners], new_vertex[vertices] = np.arange(len(corners)), np.arange(len(vertices))
    return replace(
        whole, references=whole.references[vertices], weights=whole.weights[vertices], offsets=whole.offsets[vertices],
        corners=new_vertex[whole.corners[corners]], uv=whole.uv[corners], triangles=new_corner[triangles],
    )  # fmt: skip


@lru_cache(maxsize=32)
def outfit_skin(name: str) -> Skin:
    """The garment's influences, which hardly depend on the body: those on the average adult."""
    return fitted(upper_half(name), _canonical(name.startswith("male"))).skin


def _cut(piece: Piece, neck: Floats, skull: float) -> tuple[Mesh, Floats]:
    """The mesh without what lies outside every portrait, and its normals."""
    mesh = piece.mesh
    if mesh.name not in ("body", "outfit", "hair"):
        return mesh, piece.normals
    low = neck[1] - _BELOW * skull * (1.4 if mesh.name == "hair" else 1)
    inside = (mesh.positions[:, 1] > low) & (np.abs(mesh.positions[:, 0] - neck[0]) < _ASIDE * skull)
    kept, triangles = compact(mesh.triangles[inside[mesh.triangles].any(1)], len(mesh.positions))
    return take(mesh, kept, triangles), piece.normals[kept]


class _Neck:
    """Brings head and body tile to one colour along the neck, as the texture stage does, its weights worked out once."""

    def __init__(self, library: SkinLibrary, size: int) -> None:
        head, body = library.surfaces
        in_head, in_body = seam_vertices(head, body)
        self._size = size
        self._at = tuple(np.clip((uv * size).astype(int), 0, size - 1) for uv in (head.uv[in_head], body.uv[in_body]))
        self._weights = tuple(self._spread(uv) for uv in (head.uv[in_head], body.uv[in_body]))

    @staticmethod
    def _spread(uv: Floats, cells: int = 64) -> NDArray[np.float32]:
        """(cells*cells,k) how much each seam point changes each cell."""
        grid = (np.stack(np.meshgrid(np.arange(cells), np.arange(cells)), -1).reshape(-1, 2) + 0.5) / cells
        squared = ((grid[:, None] - uv[None]) ** 2).sum(-1)
        weights = np.exp(-squared / (2 * 0.014**2)) + 1e-12 / (squared + 1e-6)
        weights /= weights.sum(-1, keepdims=True)
        fade: NDArray[np.float32] = (weights * np.exp(-squared.min(-1, keepdims=True) / 0.07**2)).astype(np.float32)
        return fade

    def joined(self, head: Floats, body: Floats) -> tuple[Floats, Floats]:
        """Both (s,s,3) CIE Lab."""
        body = np.asarray(body + np.median(self._gap(head, body), 0), np.float32)
        half = np.asarray(self._gap(head, body) / 2, np.float32)
        return np.asarray(head - self._field(0, half), np.float32), np.asarray(body + self._field(1, half), np.float32)

    def _gap(self, head: Floats, body: Floats) -> Floats:
        import cv2

        soft = (cv2.GaussianBlur(lab, (0, 0), self._size / 128) for lab in (head, body))
        colours = [lab[at[:, 1], at[:, 0]] for lab, at in zip(soft, self._at, strict=True)]
        gap: Floats = colours[0] - colours[1]
        return gap

    def _field(self, which: int, change: Floats) -> Floats:
        import cv2

        cells = int(np.sqrt(len(self._weights[which])))
        coarse = (self._weights[which] @ change).reshape(cells, cells, 3).astype(np.float32)
        field: Floats = cv2.resize(coarse, (self._size, self._size), interpolation=cv2.INTER_CUBIC)
        return field


def describe(who: Person, told: Mapping[str, float]) -> dict[str, float]:
    """The attributes of a person, column by column, 0..1 but for age_years."""
    hair = {f"hair_{kind}": float(who.hair_kind == kind and who.hair != "none") for kind in HAIR}
    looks = {f"eyes_{kind}": float(who.eyes_kind == kind) for kind in ("brown", "green", "blue", "grey")}
    return {
        "age_years": who.years, "gender": who.gender, "tone": told["tone"], "monk": (who.monk - 1) / 9, **who.origins, **who.build, **hair,
        "hair_length": LENGTHS[who.style], "hair_curly": float(who.style == "afro"), "bald": float(who.hair == "none"), **looks,
        **{name: who.skin[name] for name in ("redness", "freckles", "moles", "scars", "stubble", "makeup", "lipstick", "lip_colour")},
        "formal": float(who.outfit in FORMAL),
    }  # fmt: skip
