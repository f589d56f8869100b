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
from assets.base_mesh import load_skin_triangles
from assets.conventions import MORPHS_67
from assets.formats.image import preserve_coverage, resize
from assets.mesh import compact_vertices
from assets.paths import get_baked_path
from assets.spec.appearance import BodySpec
from stages.body import stage as body_stage
from stages.datasets.people import FORMAL_OUTFITS, HAIR_COLOURS, HAIR_LENGTHS, Person, sample_source_skins
from stages.datasets.skins import SkinBlender, apply_traits
from stages.groom import colour
from stages.groom.eyes import build_eyes, paint_iris
from stages.groom.fit import (
    build_mesh,
    compute_area_weighted_normals,
    find_hidden_skin,
    fit_item,
    lift_hair,
    push_out_of_body,
    transfer_morphs,
)
from stages.groom.teeth import ROW_OFFSETS, build_teeth, paint_teeth
from stages.groom.wardrobe import Slot, WardrobeItem, load_item
from stages.identity.stage import derive_face_changes, draw_latent
from stages.model.scene import Piece, assemble_character, take_vertices
from stages.render.portrait import PortraitSubject
from stages.texture.albedo import find_seam_vertices, to_pixels
from stages.texture.tiles import SkinLibrary, convert_lightness_to_tone, locate_face_window, measure_lightness

LATENT_SIZE = 64
_HEADS_BELOW, _HEADS_ASIDE = 0.95, 1.25
"""Head heights below the neck and beside it that a portrait can show."""


class SubjectBuilder:
    """Builds sitters; holds what many share: the skins in Lab, garments cut at the chest, their influences."""

    def __init__(self, library: SkinLibrary, size: int) -> None:
        self.library, self.size = library, size
        """Pixels of a skin tile."""
        self.blends = SkinBlender(library, tuple(range(len(library.names))), size, work=size)
        self.backend = body_stage.BACKENDS.get()
        self.names: list[str] = json.loads(get_baked_path("face_changes.json").read_text(encoding="utf-8"))
        self._neck = _NeckSeam(library, size)

    def build_subject(self, who: Person, seed: int) -> tuple[PortraitSubject, dict[str, float]]:
        """The sitter, and what its skin came out as: tone."""
        rng = np.random.default_rng([seed, 2, who.number])
        tiles, told = self._build_skin(who, rng)
        body = self._build_body(who, seed)
        groom = self._build_groom(body, who)
        images = {f"{name}_albedo": Image(tile) for name, tile in zip(("head", "body"), tiles, strict=True)}
        skin = tuple(Material(name, f"{name}_albedo", roughness=0.62) for name in ("head", "body"))
        whole = assemble_character(body, TextureSet(self.library.surfaces, images, skin), groom)
        neck = body.skeleton.heads[body.skeleton.names.index("Neck")]
        top = float(max(p.mesh.positions[:, 1].max() for p in whole.pieces) - neck[1])
        skull = float(body.positions[:13380, 1].max() - neck[1])
        # Hair first: what it hides need not be shaded.
        first = sorted(whole.pieces, key=lambda piece: {"hair": 0, "outfit": 1}.get(piece.mesh.name, 2))
        cut = [_crop_piece(piece, neck, skull) for piece in first]
        meshes = tuple(mesh for mesh, _ in cut)
        shading = {mesh.name: facing for mesh, facing in cut if mesh.name == "hair"}
        materials = {m.name: m for m in whole.materials}
        return PortraitSubject(meshes, materials, whole.images, body.skeleton, shading, min(top, 1.25 * skull)), told

    def _build_skin(self, who: Person, rng: np.random.Generator) -> tuple[tuple[Pixels, Pixels], dict[str, float]]:
        """Head and body tiles, the neck in one colour, and the tone that the face shows."""
        known = self.library
        chosen = sample_source_skins(known.ages, known.genders, known.tones, who, 2 + int(rng.random() < 0.4), rng)
        head, body, part = self.blends.blend_skins(chosen, who.tone, rng)
        older = who.years - float(part @ np.array([known.ages[i] for i in chosen]))
        traits = {**who.skin, "years": float(np.clip(older, -20, 25))}
        head, body = self._neck.match_colours(*apply_traits(head, body, traits, rng))
        rows, columns = locate_face_window(self.size)
        tiles = to_pixels(head), to_pixels(body)
        return tiles, {"tone": convert_lightness_to_tone(measure_lightness(tiles[0][rows, columns]))}

    def _build_body(self, who: Person, seed: int) -> Body:
        latent = draw_latent(int(np.random.default_rng([seed, 3, who.number]).integers(2**31)), LATENT_SIZE)
        face = derive_face_changes(latent, self.names, who.variety)
        flat = Image(np.zeros((1, 1, 3), np.uint8))
        identity = Identity(latent, flat, flat, who.years, who.gender, who.tone, face)
        options = BodySpec(local=dict(who.origins), muscle=who.build["muscle"], weight=who.build["weight"], height=who.build["height"])
        body = body_stage.run(identity, options=options, backend=self.backend, seed=seed)
        return replace(body, morphs=tuple(m for m in body.morphs if m.name in USED_MORPHS))

    def _build_groom(self, body: Body, who: Person) -> Groom:
        """Eyes, mouth, brows, lashes, hair and the top of the outfit."""
        skin_normals = compute_area_weighted_normals(body.positions, load_skin_triangles())
        top = crop_to_chest(who.outfit)
        worn = push_out_of_body(fit_item(top, body, compute_outfit_skin(who.outfit)), body, skin_normals)
        meshes = [
            build_eyes(body, "eyes"),
            _build_teeth(body),
            _build_item_mesh(body, "tongue", "tongue01"),
            _build_item_mesh(body, "brows", who.brows),
        ]
        meshes += [_build_item_mesh(body, "lashes", who.lashes), build_mesh(worn, "outfit", "outfit")]
        if who.hair != "none":
            hair = lift_hair(fit_item(load_item("hair", who.hair), body), [worn], body, skin_normals)
            meshes.append(build_mesh(hair, "hair", "hair"))
        cloth, holes = colour.tint_cloth(top.pictures["diffuse"], who.outfit_colour)
        pictures = self._paint_textures(who) | {"outfit": resize(cloth, self.size)}
        materials = tuple(_MATERIALS[name] if name != "outfit" else _make_cloth_material(holes) for name in (m.name for m in meshes))
        hidden = find_hidden_skin([worn], body, skin_normals)
        return Groom(tuple(meshes), materials, {f"{name}_albedo": image for name, image in pictures.items()}, hidden)

    def _paint_textures(self, who: Person) -> dict[str, Image]:
        """Pictures of all that grows, by part."""
        shade = colour.parse_hex_colour(who.hair_colour)
        brow = np.asarray(shade * np.float32(0.75 - 0.4 * float(shade.mean())), np.float32)
        found = {
            "eyes": paint_iris(colour.parse_hex_colour(who.eyes_colour), who.number, 128),
            "teeth": paint_teeth(64),
            "tongue": _paint_tongue(),
        }
        found["brows"] = self._paint_strands("brows", who.brows, brow, 0.5, 1.0)
        found["lashes"] = self._paint_strands("lashes", who.lashes, np.array([0.05, 0.04, 0.035], np.float32), 0.5, 1.0)
        if who.hair != "none":
            found["hair"] = self._paint_strands("hair", who.hair, shade, 0.8, 1.3)
        return found

    def _paint_strands(self, slot: Slot, name: str, shade: Floats, contrast: float, cover: float) -> Image:
        whole = colour.tint_hair(load_item(slot, name).pictures["diffuse"], shade, contrast, cover)
        return preserve_coverage(resize(whole, self.size), whole)


_EXPRESSION_PREFIXES = (
    "brow", "cheekSquint", "eye", "jawOpen", "mouthFrown", "mouthPress", "mouthSmile", "mouthUpperUp", "noseSneer", "viseme_aa",
)  # fmt: skip
USED_MORPHS = tuple(name for name in MORPHS_67 if name.startswith(_EXPRESSION_PREFIXES))
"""Morphs that our expressions use; the others cost time and move nothing."""

_MATERIALS = {
    "eyes": Material("eyes", "eyes_albedo", roughness=0.12), "teeth": Material("teeth", "teeth_albedo", roughness=0.35),
    "tongue": Material("tongue", "tongue_albedo", roughness=0.5),
    "brows": Material("brows", "brows_albedo", roughness=0.9, alpha="BLEND", double_sided=True),
    "lashes": Material("lashes", "lashes_albedo", roughness=0.9, alpha="BLEND", double_sided=True),
    "hair": Material("hair", "hair_albedo", roughness=0.65, alpha="MASK", alpha_cutoff=0.35, double_sided=True),
}  # fmt: skip


def _make_cloth_material(holes: bool) -> Material:
    return Material("outfit", "outfit_albedo", roughness=0.88, alpha="MASK" if holes else "OPAQUE", double_sided=True)


@lru_cache(maxsize=1)
def _paint_tongue() -> Image:
    return resize(colour.shade_tongue(load_item("tongue", "tongue01").pictures["diffuse"]), 64)


def _build_teeth(body: Body) -> Mesh:
    part = load_item("teeth", "Teeth_Base")
    return build_teeth(fit_item(part, body), transfer_morphs(part, body), ROW_OFFSETS, "teeth")


def _build_item_mesh(body: Body, slot: Slot, name: str) -> Mesh:
    part = load_item(slot, name)
    return build_mesh(fit_item(part, body), slot, slot, transfer_morphs(part, body))


@lru_cache(maxsize=2)
def _load_average_body(man: bool) -> Body:
    return body_stage.make_average_adult(float(man))


@lru_cache(maxsize=32)
def crop_to_chest(name: str) -> WardrobeItem:
    """The garment without what hangs far below the chest."""
    whole = load_item("outfit", name)
    body = _load_average_body(name.startswith("male"))
    height = np.einsum("nk,nk->n", whole.weights, body.rest[whole.references][..., 1])
    chest = float(body.skeleton.heads[body.skeleton.names.index("Spine1")][1])
    stays = height > chest
    triangles = whole.triangles[stays[whole.corners[whole.triangles]].all(1)]
    corners, triangles = compact_vertices(triangles, len(whole.corners))
    vertices, item_corners = compact_vertices(whole.corners[corners], len(whole.references))
    return replace(
        whole, references=whole.references[vertices], weights=whole.weights[vertices], offsets=whole.offsets[vertices],
        corners=item_corners, uv=whole.uv[corners], triangles=triangles,
    )  # fmt: skip


@lru_cache(maxsize=32)
def compute_outfit_skin(name: str) -> Skin:
    """The garment's influences, which hardly depend on the body: those on the average adult."""
    return fit_item(crop_to_chest(name), _load_average_body(name.startswith("male"))).skin


def _crop_piece(piece: Piece, neck: Floats, skull: float) -> tuple[Mesh, Floats]:
    """The mesh without what lies outside every portrait, and its normals."""
    mesh = piece.mesh
    if mesh.name not in ("body", "outfit", "hair"):
        return mesh, piece.normals
    low = neck[1] - _HEADS_BELOW * skull * (1.4 if mesh.name == "hair" else 1)
    inside = (mesh.positions[:, 1] > low) & (np.abs(mesh.positions[:, 0] - neck[0]) < _HEADS_ASIDE * skull)
    kept, triangles = compact_vertices(mesh.triangles[inside[mesh.triangles].any(1)], len(mesh.positions))
    return take_vertices(mesh, kept, triangles), piece.normals[kept]


class _NeckSeam:
    """Brings head and body tile to one colour along the neck, as the texture stage does, its weights worked out once."""

    def __init__(self, library: SkinLibrary, size: int) -> None:
        head, body = library.surfaces
        in_head, in_body = find_seam_vertices(head, body)
        self._size = size
        self._at = tuple(np.clip((uv * size).astype(int), 0, size - 1) for uv in (head.uv[in_head], body.uv[in_body]))
        self._weights = tuple(self._compute_weights(uv) for uv in (head.uv[in_head], body.uv[in_body]))

    @staticmethod
    def _compute_weights(uv: Floats, cells: int = 64) -> NDArray[np.float32]:
        """(cells*cells,k) how much each seam point changes each cell."""
        grid = (np.stack(np.meshgrid(np.arange(cells), np.arange(cells)), -1).reshape(-1, 2) + 0.5) / cells
        squared = ((grid[:, None] - uv[None]) ** 2).sum(-1)
        weights = np.exp(-squared / (2 * 0.014**2)) + 1e-12 / (squared + 1e-6)
        weights /= weights.sum(-1, keepdims=True)
        fade: NDArray[np.float32] = (weights * np.exp(-squared.min(-1, keepdims=True) / 0.07**2)).astype(np.float32)
        return fade

    def match_colours(self, head: Floats, body: Floats) -> tuple[Floats, Floats]:
        """Both (s,s,3) CIE Lab."""
        body = np.asarray(body + np.median(self._measure_gap(head, body), 0), np.float32)
        half = np.asarray(self._measure_gap(head, body) / 2, np.float32)
        return np.asarray(head - self._spread_change(0, half), np.float32), np.asarray(body + self._spread_change(1, half), np.float32)

    def _measure_gap(self, head: Floats, body: Floats) -> Floats:
        import cv2

        soft = (cv2.GaussianBlur(lab, (0, 0), self._size / 128) for lab in (head, body))
        colours = [lab[at[:, 1], at[:, 0]] for lab, at in zip(soft, self._at, strict=True)]
        gap: Floats = colours[0] - colours[1]
        return gap

    def _spread_change(self, which: int, change: Floats) -> Floats:
        import cv2

        cells = int(np.sqrt(len(self._weights[which])))
        coarse = (self._weights[which] @ change).reshape(cells, cells, 3).astype(np.float32)
        field: Floats = cv2.resize(coarse, (self._size, self._size), interpolation=cv2.INTER_CUBIC)
        return field


def describe_person(who: Person, told: Mapping[str, float]) -> dict[str, float]:
    """The attributes of a person, column by column, 0..1 but for age_years."""
    hair = {f"hair_{kind}": float(who.hair_kind == kind and who.hair != "none") for kind in HAIR_COLOURS}
    looks = {f"eyes_{kind}": float(who.eyes_kind == kind) for kind in ("brown", "green", "blue", "grey")}
    return {
        "age_years": who.years, "gender": who.gender, "tone": told["tone"], "monk": (who.monk - 1) / 9, **who.origins, **who.build, **hair,
        "hair_length": HAIR_LENGTHS[who.style], "hair_curly": float(who.style == "afro"), "bald": float(who.hair == "none"), **looks,
        **{name: who.skin[name] for name in ("redness", "freckles", "moles", "scars", "stubble", "makeup", "lipstick", "lip_colour")},
        "formal": float(who.outfit in FORMAL_OUTFITS),
    }  # fmt: skip
