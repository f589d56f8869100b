"""A random person as the subject of a portrait: body, skin and groom, reduced to what a portrait shows."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.character import EYES, Body, Groom, Identity, TextureSet
from assets.artefacts.geometry import Floats, Image, Material, Mesh, Pixels, Skin
from assets.base_mesh import load_skin_triangles
from assets.conventions import MORPHS_67, SKIN_VERTICES
from assets.formats.image import preserve_coverage, resize
from assets.mesh import compact_vertices
from assets.spec.appearance import BodySpec
from stages.body import stage as body_stage
from stages.datasets.people import FORMAL_OUTFITS, HAIR_COLOURS, HAIR_LENGTHS, OUTFIT_COUNT, Person, sample_source_skins
from stages.datasets.skins import SkinBlender, apply_traits
from stages.groom import colour
from stages.groom.eyes import build_eyes, compute_cornea_normals, paint_iris
from stages.groom.fit import (
    GarmentSurface,
    build_mesh,
    compute_area_weighted_normals,
    find_hidden_skin,
    fit_item,
    lift_hair,
    push_out_of_body,
    transfer_morphs,
)
from stages.groom.teeth import build_teeth, find_lip_line, paint_teeth
from stages.groom.wardrobe import Slot, WardrobeItem, load_item
from stages.identity.backend import IDENTITY_LATENT_SIZE
from stages.identity.latents import draw_latent
from stages.identity.stage import derive_face_changes, load_face_change_names
from stages.model.scene import assemble_character
from stages.portrait.subject import crop_piece
from stages.render.portrait import PortraitSubject
from stages.texture.albedo import find_seam_vertices, to_pixels
from stages.texture.tiles import SkinLibrary, convert_lightness_to_tone, locate_face_window, measure_lightness


class SubjectBuilder:
    """Builds subjects; holds what they share: the skins in CIE Lab, the body backend and the colour seam at the neck."""

    def __init__(self, library: SkinLibrary, size: int) -> None:
        self.library, self.size = library, size
        """Pixels a side of a skin tile."""
        self.blender = SkinBlender(library, tuple(range(len(library.names))), size, work_size=size)
        self.backend = body_stage.BACKENDS.get()
        self.names = load_face_change_names()
        self._neck = _NeckSeam(library, size)

    def build_subject(self, person: Person, seed: int) -> tuple[PortraitSubject, float]:
        """The subject, and the tone of its face as measured on the finished skin."""
        tiles, tone = self._build_skin(person, np.random.default_rng([seed, 2, person.number]))
        body = self._build_body(person, seed)
        groom = self._build_groom(body, person)
        images = {f"{name}_albedo": Image(tile) for name, tile in zip(("head", "body"), tiles, strict=True)}
        skin = tuple(Material(name, f"{name}_albedo", roughness=0.62) for name in ("head", "body"))
        character = assemble_character(body, TextureSet(self.library.surfaces, images, skin), groom)
        neck = body.skeleton.heads[body.skeleton.names.index("Neck")]
        top = float(max(p.mesh.positions[:, 1].max() for p in character.pieces) - neck[1])
        skull = float(body.positions[:SKIN_VERTICES, 1].max() - neck[1])
        # Hair is rendered first: what it hides need not be shaded.
        ordered = sorted(character.pieces, key=lambda piece: {"hair": 0, "outfit": 1}.get(piece.mesh.name, 2))
        cropped = [crop_piece(piece, neck, skull) for piece in ordered]
        meshes = tuple(mesh for mesh, _ in cropped)
        normals = {mesh.name: facing for mesh, facing in cropped if mesh.name in ("hair", EYES)}
        materials = {m.name: m for m in character.materials}
        return PortraitSubject(meshes, materials, character.images, body.skeleton, normals, min(top, 1.25 * skull)), tone

    def _build_skin(self, person: Person, rng: np.random.Generator) -> tuple[tuple[Pixels, Pixels], float]:
        """Head and body tiles that match at the neck, and the tone of the face."""
        library = self.library
        chosen = sample_source_skins(library.ages, library.genders, library.tones, person, 2 + int(rng.random() < 0.4), rng)
        head, body, shares = self.blender.blend_skins(chosen, person.tone, rng)
        added_years = person.years - float(shares @ np.array([library.ages[i] for i in chosen]))
        traits = {**person.skin, "years": float(np.clip(added_years, -20, 25))}
        head, body = self._neck.match_colours(*apply_traits(head, body, traits, rng))
        rows, columns = locate_face_window(self.size)
        tiles = to_pixels(head), to_pixels(body)
        return tiles, convert_lightness_to_tone(measure_lightness(tiles[0][rows, columns]))

    def _build_body(self, person: Person, seed: int) -> Body:
        latent = draw_latent(int(np.random.default_rng([seed, 3, person.number]).integers(2**31)), IDENTITY_LATENT_SIZE)
        face = derive_face_changes(latent, self.names, person.variety)
        flat = Image(np.zeros((1, 1, 3), np.uint8))
        identity = Identity(latent, flat, flat, person.years, person.gender, person.tone, face)
        build = person.build
        options = BodySpec(local=dict(person.origins), muscle=build["muscle"], weight=build["weight"], height=build["height"])
        body = body_stage.run(identity, options=options, backend=self.backend, seed=seed)
        return replace(body, morphs=tuple(m for m in body.morphs if m.name in USED_MORPHS))

    def _build_groom(self, body: Body, person: Person) -> Groom:
        """Eyes, mouth, brows, lashes, hair and the upper part of the outfit."""
        skin_normals = compute_area_weighted_normals(body.positions, load_skin_triangles())
        top = crop_to_chest(person.outfit)
        fitted = push_out_of_body(fit_item(top, body, compute_outfit_skin(person.outfit)), body, skin_normals)
        meshes = [
            build_eyes(body, "eyes"),
            _build_teeth(body),
            _build_item_mesh(body, "tongue", "tongue01"),
            _build_item_mesh(body, "brows", person.brows),
        ]
        meshes += [_build_item_mesh(body, "lashes", person.lashes), build_mesh(fitted, "outfit", "outfit")]
        if person.hair != "none":
            hair = lift_hair(fit_item(load_item("hair", person.hair), body), [GarmentSurface.from_item(fitted)], body, skin_normals)
            meshes.append(build_mesh(hair, "hair", "hair"))
        cloth, holes = colour.tint_cloth(top.pictures["diffuse"], person.outfit_colour)
        images = self._paint_textures(person) | {"outfit": resize(cloth, self.size)}
        materials = tuple(_MATERIALS[name] if name != "outfit" else _make_cloth_material(holes) for name in (m.name for m in meshes))
        hidden = find_hidden_skin([fitted], body, skin_normals)
        pictures, normals = {f"{name}_albedo": image for name, image in images.items()}, {EYES: compute_cornea_normals(body)}
        return Groom(tuple(meshes), materials, pictures, hidden, normals=normals)

    def _paint_textures(self, person: Person) -> dict[str, Image]:
        """The albedo of each part except the outfit."""
        shade = colour.parse_hex_colour(person.hair_colour)
        brow = np.asarray(shade * np.float32(0.75 - 0.4 * float(shade.mean())), np.float32)
        images = {
            "eyes": paint_iris(colour.parse_hex_colour(person.eyes_colour), person.number, 128),
            "teeth": paint_teeth(64),
            "tongue": _paint_tongue(),
        }
        images["brows"] = self._paint_strands("brows", person.brows, brow, 0.5, 1.0)
        images["lashes"] = self._paint_strands("lashes", person.lashes, np.array([0.05, 0.04, 0.035], np.float32), 0.5, 1.0)
        if person.hair != "none":
            images["hair"] = self._paint_strands("hair", person.hair, shade, 0.8, 1.3)
        return images

    def _paint_strands(self, slot: Slot, name: str, shade: Floats, contrast: float, cover: float) -> Image:
        tinted = colour.tint_hair(load_item(slot, name).pictures["diffuse"], shade, contrast, cover)
        return preserve_coverage(resize(tinted, self.size), tinted)


_EXPRESSION_PREFIXES = (
    "brow", "cheekSquint", "eye", "jawOpen", "mouthFrown", "mouthPress", "mouthSmile", "mouthUpperUp", "noseSneer", "viseme_aa",
)  # fmt: skip
USED_MORPHS = tuple(name for name in MORPHS_67 if name.startswith(_EXPRESSION_PREFIXES))
"""Morph targets that the expressions use; the others would only cost time."""

_MATERIALS = {
    "eyes": Material("eyes", "eyes_albedo", roughness=0.12), "teeth": Material("teeth", "teeth_albedo", roughness=0.35),
    "tongue": Material("tongue", "tongue_albedo", roughness=0.5),
    "brows": Material("brows", "brows_albedo", roughness=0.9, alpha="BLEND", double_sided=True),
    "lashes": Material("lashes", "lashes_albedo", roughness=0.9, alpha="BLEND", double_sided=True),
    "hair": Material("hair", "hair_albedo", roughness=0.65, alpha="MASK", alpha_cutoff=0.35, double_sided=True),
}  # fmt: skip


def _make_cloth_material(holes: bool) -> Material:
    return Material("outfit", "outfit_albedo", roughness=0.88, alpha="MASK" if holes else "OPAQUE", double_sided=True)


@lru_cache(maxsize=1)  # one image of 64 px for all people
def _paint_tongue() -> Image:
    item = load_item("tongue", "tongue01")
    mesh = build_mesh(fit_item(item, body_stage.make_average_adult(0.5)), "tongue", "tongue")
    return resize(colour.shade_tongue(item.pictures["diffuse"], mesh.uv, mesh.triangles, mesh.positions), 64)


def _build_teeth(body: Body) -> Mesh:
    part = load_item("teeth", "Teeth_Base")
    return build_teeth(fit_item(part, body), transfer_morphs(part, body), find_lip_line(body), "teeth")


def _build_item_mesh(body: Body, slot: Slot, name: str) -> Mesh:
    part = load_item(slot, name)
    return build_mesh(fit_item(part, body), slot, slot, transfer_morphs(part, body))


@lru_cache(maxsize=2)  # the woman and the man
def _load_average_body(is_man: bool) -> Body:
    return body_stage.make_average_adult(float(is_man))


@lru_cache(maxsize=OUTFIT_COUNT)  # every outfit that a person can wear
def crop_to_chest(name: str) -> WardrobeItem:
    """The garment without the parts below the chest."""
    item = load_item("outfit", name)
    body = _load_average_body(name.startswith("male"))
    height = np.einsum("nk,nk->n", item.weights, body.rest[item.references][..., 1])
    chest = float(body.skeleton.heads[body.skeleton.names.index("Spine1")][1])
    inside = height > chest
    triangles = item.triangles[inside[item.corners[item.triangles]].all(1)]
    corners, triangles = compact_vertices(triangles, len(item.corners))
    vertices, item_corners = compact_vertices(item.corners[corners], len(item.references))
    return replace(
        item, references=item.references[vertices], weights=item.weights[vertices], offsets=item.offsets[vertices],
        corners=item_corners, uv=item.uv[corners], triangles=triangles,
    )  # fmt: skip


@lru_cache(maxsize=OUTFIT_COUNT)
def compute_outfit_skin(name: str) -> Skin:
    """The garment's influences on the average adult: they hardly depend on the body."""
    return fit_item(crop_to_chest(name), _load_average_body(name.startswith("male"))).skin


class _NeckSeam:
    """Matches the colours of head and body tile along the neck, as the texture stage does, with weights computed once."""

    def __init__(self, library: SkinLibrary, size: int) -> None:
        head, body = library.surfaces
        in_head, in_body = find_seam_vertices(head, body)
        self._size = size
        self._seam_pixels = tuple(np.clip((uv * size).astype(int), 0, size - 1) for uv in (head.uv[in_head], body.uv[in_body]))
        self._weights = tuple(self._compute_weights(uv) for uv in (head.uv[in_head], body.uv[in_body]))

    @staticmethod
    def _compute_weights(uv: Floats, cells: int = 64) -> NDArray[np.float32]:
        """(cells*cells,k) the weight of each seam point in each cell of a coarse grid over the tile."""
        grid = (np.stack(np.meshgrid(np.arange(cells), np.arange(cells)), -1).reshape(-1, 2) + 0.5) / cells
        squared = ((grid[:, None] - uv[None]) ** 2).sum(-1)
        weights = np.exp(-squared / (2 * 0.014**2)) + 1e-12 / (squared + 1e-6)
        weights /= weights.sum(-1, keepdims=True)
        fade: NDArray[np.float32] = (weights * np.exp(-squared.min(-1, keepdims=True) / 0.07**2)).astype(np.float32)
        return fade

    def match_colours(self, head: Floats, body: Floats) -> tuple[Floats, Floats]:
        """Head and body (s,s,3) in CIE Lab: the body moves by the median gap, then both meet halfway along the seam."""
        body = np.asarray(body + np.median(self._measure_gap(head, body), 0), np.float32)
        half = np.asarray(self._measure_gap(head, body) / 2, np.float32)
        return np.asarray(head - self._spread_change(0, half), np.float32), np.asarray(body + self._spread_change(1, half), np.float32)

    def _measure_gap(self, head: Floats, body: Floats) -> Floats:
        import cv2

        soft = (cv2.GaussianBlur(lab, (0, 0), self._size / 128) for lab in (head, body))
        colours = [lab[pixels[:, 1], pixels[:, 0]] for lab, pixels in zip(soft, self._seam_pixels, strict=True)]
        gap: Floats = colours[0] - colours[1]
        return gap

    def _spread_change(self, which: int, change: Floats) -> Floats:
        import cv2

        cells = int(np.sqrt(len(self._weights[which])))
        coarse = (self._weights[which] @ change).reshape(cells, cells, 3).astype(np.float32)
        field: Floats = cv2.resize(coarse, (self._size, self._size), interpolation=cv2.INTER_CUBIC)
        return field


def describe_person(person: Person, tone: float) -> dict[str, float]:
    """Column -> value 0..1 (years in age_years); `tone` is the measured one."""
    hair = {f"hair_{kind}": float(person.hair_kind == kind and person.hair != "none") for kind in HAIR_COLOURS}
    eyes = {f"eyes_{kind}": float(person.eyes_kind == kind) for kind in ("brown", "green", "blue", "grey")}
    skin = ("redness", "freckles", "moles", "scars", "stubble", "makeup", "lipstick", "lip_colour")
    return {
        "age_years": person.years, "gender": person.gender, "tone": tone, "monk": (person.monk - 1) / 9, **person.origins, **person.build,
        **hair, "hair_length": HAIR_LENGTHS[person.style], "hair_curly": float(person.style == "afro"),
        "bald": float(person.hair == "none"), **eyes, **{name: person.skin[name] for name in skin},
        "formal": float(person.outfit in FORMAL_OUTFITS),
    }  # fmt: skip
