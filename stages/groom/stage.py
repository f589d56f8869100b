"""Body to Groom: eyes, mouth, brows, lashes, hair and clothes for this body, and the skin that they cover."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from assets.artefacts.character import EYES, Body, Groom
from assets.artefacts.geometry import Floats, Image, Material, Mesh
from assets.base_mesh import load_skin_triangles
from assets.conventions import SKIN_VERTICES
from assets.rights import Source
from assets.spec.appearance import GroomSpec
from stages.groom import colour
from stages.groom.detail import BUNDLE, GroomDetail
from stages.groom.eyelashes import trim_lashes
from stages.groom.eyes import build_eyes, compute_cornea_normals, find_lid_lines, paint_iris
from stages.groom.fit import (
    FittedItem,
    GarmentSurface,
    Mask,
    build_mesh,
    compute_area_weighted_normals,
    find_hidden_skin,
    fit_item,
    is_cap,
    lift_hair,
    lift_points,
    push_out_of_body,
    transfer_morphs,
)
from stages.groom.garments.choices import TAILORED, choose_outfit, list_outfit_names, list_shoe_names
from stages.groom.garments.outfit import UPPER_KINDS, MadeOutfit, make_outfit
from stages.groom.garments.style import digest_garments
from stages.groom.hair.atlas import HairColour
from stages.groom.hair.choices import BALD, HairChoice, choose_hair
from stages.groom.hair.grow import GrownHair
from stages.groom.hair.style import digest_styles, list_styles
from stages.groom.hair.wear import grow_head, paint_hair
from stages.groom.hat import add_hair_room, fit_hair_under_hat, press_strands
from stages.groom.jewellery import EARRING_KINDS, check_choice, list_glasses, make_earrings, make_glasses
from stages.groom.socks import push_socks_under, remove_loose_socks
from stages.groom.teeth import build_teeth, find_lip_line, paint_teeth
from stages.groom.texture_padding import pad_texture
from stages.groom.wardrobe import (
    OPTIONAL_SLOTS,
    Slot,
    WardrobeItem,
    build_item_source,
    check_item_name,
    find_missing_wardrobe,
    load_catalogue,
    load_item,
)
from stages.stage import Stage

_OUTFIT_COUNTS = {"man": 6, "woman": 2}
"""Drawn from since outfits were taken from the wardrobe: without that draw, eyes and lashes of older specs would change."""
_HAIR_COUNTS = {"man": 3, "woman": 4}
"""The same for hair."""
_BROW_COUNT = 3
_SHOES = {"man": ("shoes01", "shoes03"), "woman": ("shoes03", "shoes04")}
_CLOTHES: tuple[Slot, ...] = ("outfit", "shoes", "hat")


@dataclass(frozen=True)
class _Clothes:
    """What is worn, as hair and skin see it."""

    surfaces: tuple[GarmentSurface, ...]
    """All but the hat."""
    hat: FittedItem | None
    hidden: Mask
    """(19158,) base vertices that outfit and shoes hide."""
    normals: dict[str, Floats]
    """Of the groom's meshes that are shaded by normals of their own."""


@dataclass
class _GroomDraft:
    """A groom under construction."""

    meshes: list[Mesh] = field(default_factory=list)
    materials: list[Material] = field(default_factory=list)
    images: dict[str, Image] = field(default_factory=dict)
    sources: list[Source] = field(default_factory=list)

    def add(self, mesh: Mesh, material: Material, images: dict[str, Image], origin: Source | None = None) -> None:
        """Adds a part with its material and pictures."""
        self.meshes.append(mesh)
        self.materials.append(material)
        self.images |= images
        if origin:
            self.sources.append(origin)


def run(body: Body, *, options: GroomSpec, seed: int) -> Groom:
    """Everything that is worn or grows on the body; raises SpecError for an item that is not in the wardrobe."""
    return groom_person(body, options, seed)


def groom_person(body: Body, options: GroomSpec, seed: int, detail: GroomDetail = BUNDLE) -> Groom:
    """The same in more or less detail: PORTRAIT is several times as fast."""
    rng = np.random.default_rng([seed, 0x6700])
    items = choose_items(body, options, rng)
    rng.integers(colour.NATURAL_COUNT)  # once the hair's colour: the iris of older specs depends on this draw
    choice, iris = choose_hair(body, options, seed), colour.choose_iris_colour(body, options.eye_colour, rng)
    draft = _GroomDraft()
    _add_eyes(draft, body, iris, seed, detail.eye_side)
    _add_mouth(draft, body)
    _add_brows_and_lashes(draft, body, items, choice.colour.mean)
    skin_normals = compute_area_weighted_normals(body.positions, load_skin_triangles())
    clothes = _add_clothes(draft, body, items, options, seed, skin_normals, detail, has_hair=choice.style != BALD)
    if "hair" in items:
        _add_hair_item(draft, body, items["hair"], choice.colour, clothes, skin_normals)
    _add_jewellery(draft, body, options, seed)
    grown = _grow_hair(draft, body, choice, clothes, skin_normals, seed, detail)
    paint = paint_hair(choice, seed, detail.skin_side, under_hat=clothes.hat is not None)
    normals = {EYES: compute_cornea_normals(body), **clothes.normals}
    return Groom(
        tuple(draft.meshes), tuple(draft.materials), draft.images, clothes.hidden, tuple(draft.sources), grown.levels, paint, normals,
        grown.rig,
    )  # fmt: skip


def choose_items(body: Body, options: GroomSpec, rng: np.random.Generator) -> dict[Slot, str]:
    """Slot -> item name: the spec's, otherwise by gender and seed. Hair, brows and clothes are items only where the spec names one.

    Shoes go with an outfit of the wardrobe; everybody else wears what is made.
    """
    person = "man" if body.phenotype["gender"] >= 0.5 else "woman"
    curls = person == "man" and body.phenotype.get("african", 0) > 0.5
    rng.integers(_HAIR_COUNTS[person] + curls)
    rng.integers(_BROW_COUNT)
    rng.integers(_OUTFIT_COUNTS[person])
    likely: dict[Slot, tuple[str, ...]] = {
        "shoes": _SHOES[person], "lashes": ("Eyelashes01",) if person == "man" else ("eyelashes02", "eyelashes03"),
    }  # fmt: skip
    picked: dict[Slot, str] = {slot: names[int(rng.integers(len(names)))] for slot, names in likely.items()}
    is_made = bool(options.pieces) or options.outfit in (None, TAILORED, *list_outfit_names())
    if is_made:
        picked.pop("shoes")
    for slot in load_catalogue():
        requested = getattr(options, slot, None)
        if slot == "hair" and (requested in list_styles() or requested == "none"):
            continue
        if slot == "outfit" and is_made:
            continue
        if slot == "shoes" and requested in list_shoe_names():
            picked.pop(slot, None)
            continue
        if requested == "none" and slot in OPTIONAL_SLOTS:
            picked.pop(slot, None)
        elif requested:
            picked[slot] = check_item_name(slot, requested)
    return picked


def _add_eyes(draft: _GroomDraft, body: Body, iris: Floats, seed: int, side: int) -> None:
    # The sclera of dark people is a little browner: as white as that of fair ones, it would glow.
    white = 1 - 0.10 * float(body.phenotype.get("african", 0))
    picture = paint_iris(iris, seed, side, find_lid_lines(body, side), white)
    material = Material("eyes", albedo="eyes_albedo", roughness=0.12)
    draft.add(build_eyes(body, "eyes"), material, {"eyes_albedo": picture}, Source("eyes", "Apache-2.0", "generated by Fenshen"))


def _add_mouth(draft: _GroomDraft, body: Body) -> None:
    item = load_item("teeth", "Teeth_Base")
    mesh = build_teeth(fit_item(item, body), transfer_morphs(item, body), find_lip_line(body), "teeth")
    origin = replace(build_item_source(item), note="its arches give place and size to teeth of our own")
    draft.add(mesh, Material("teeth", albedo="teeth_albedo", roughness=0.45, specular=0.4), {"teeth_albedo": paint_teeth()}, origin)
    item = load_item("tongue", "tongue01")
    mesh = build_mesh(fit_item(item, body), "tongue", "tongue", transfer_morphs(item, body))
    picture = colour.shade_tongue(item.pictures["diffuse"], mesh.uv, mesh.triangles, mesh.positions)
    material = Material("tongue", albedo="tongue_albedo", roughness=0.7, specular=0.25)
    draft.add(mesh, material, {"tongue_albedo": picture}, build_item_source(item))


def _add_brows_and_lashes(draft: _GroomDraft, body: Body, items: dict[Slot, str], hair: Floats) -> None:
    """Adds brows and lashes, with alpha BLEND: MASK turns fine hair into hard bars."""
    # The fairer or greyer the hair, the more the brows are darkened.
    brow = hair * np.float32(0.75 - 0.4 * float(hair.mean()))
    shades: dict[Slot, Floats] = {"brows": brow, "lashes": np.array([0.05, 0.04, 0.035], np.float32)}
    for slot, shade in shades.items():
        if slot not in items:
            continue
        item = load_item(slot, items[slot])
        picture = colour.tint_hair(item.pictures["diffuse"], shade, 0.5)
        fitted = fit_item(item, body)
        fitted = trim_lashes(fitted, body) if slot == "lashes" else fitted
        mesh = build_mesh(fitted, slot, slot, transfer_morphs(item, body))
        material = Material(slot, albedo=f"{slot}_albedo", roughness=0.9, alpha="BLEND", double_sided=True)
        draft.add(mesh, material, {f"{slot}_albedo": picture}, build_item_source(item))


def _add_hair_item(draft: _GroomDraft, body: Body, name: str, shade: HairColour, clothes: _Clothes, skin_normals: Floats) -> None:
    """Adds hair of the wardrobe, with alpha MASK: sorted blending shows notches at the hairline."""
    item = load_item("hair", name)
    picture = colour.tint_hair(item.pictures["diffuse"], colour.grey_hair(shade.root, shade.grey), cover=1.3)
    fitted = lift_hair(fit_item(item, body), clothes.surfaces, body, skin_normals)
    # The inner side of short hair is seen only past its outline, and must look like the outer one there (stages.model.hair_backfaces).
    two_sided = not is_cap(fitted, body, skin_normals)
    material = Material("hair", albedo="hair_albedo", roughness=0.65, alpha="MASK", alpha_cutoff=0.35, double_sided=two_sided)
    unseen: Mask | None = None
    if clothes.hat:
        fitted, unseen = fit_hair_under_hat(fitted, clothes.hat, body.positions[:SKIN_VERTICES])
    draft.add(build_mesh(fitted, "hair", "hair", dropped=unseen), material, {"hair_albedo": picture}, build_item_source(item))


def _grow_hair(
    draft: _GroomDraft, body: Body, choice: HairChoice, clothes: _Clothes, skin_normals: Floats, seed: int, detail: GroomDetail
) -> GrownHair:
    """Grows hair and beard, where the choice is a style; adds their materials."""

    def fit(points: Floats) -> tuple[Floats, Mask]:
        lifted = lift_points(points, clothes.surfaces, body, skin_normals)
        return press_strands(lifted, clothes.hat) if clothes.hat else (lifted, np.zeros(len(points), bool))

    found = grow_head(body, choice, seed, fit, detail)
    draft.materials += found.materials
    draft.images |= found.images
    if found.levels:
        draft.sources.append(Source("hair", "Apache-2.0", "grown by Fenshen"))
    return found


def _add_clothes(
    draft: _GroomDraft, body: Body, items: dict[Slot, str], options: GroomSpec, seed: int, skin_normals: Floats, detail: GroomDetail, *,
    has_hair: bool,
) -> _Clothes:  # fmt: skip
    """Adds everything that is worn: an outfit made to the body, or items; an item may be worn with what is made."""
    slots = [slot for slot in _CLOTHES if slot in items and not (detail.is_upper_body and slot == "shoes")]
    fits = {slot: fit_item(load_item(slot, items[slot]), body) for slot in slots}
    worn = {slot: push_out_of_body(fit, body, skin_normals) for slot, fit in fits.items() if slot != "hat"}
    under: Mask | None = None
    if "outfit" in worn and "shoes" in worn:
        worn["shoes"], under = push_socks_under(worn["shoes"], worn["outfit"])
        worn["shoes"] = remove_loose_socks(worn["shoes"], worn["outfit"], body)
    if "hat" in fits:
        fits["hat"] = push_out_of_body(add_hair_room(fits["hat"]) if has_hair else fits["hat"], body, skin_normals)
    made = _add_made_outfit(draft, body, items, options, seed, detail)
    for slot, fit in (fits | worn).items():
        material, images = _build_fabric(fit.item, options.outfit_colour if slot == "outfit" else None)
        mesh = build_mesh(fit, slot, slot, dropped=under if slot == "shoes" else None)
        draft.add(mesh, material, images, build_item_source(fit.item))
    surfaces = made.surfaces if made else ()
    hidden = find_hidden_skin(worn.values(), body, skin_normals, surfaces)
    covers = (*surfaces, *(GarmentSurface.from_item(fit) for fit in worn.values()))
    return _Clothes(covers, fits.get("hat"), hidden, made.normals if made else {})


def _add_made_outfit(
    draft: _GroomDraft, body: Body, items: dict[Slot, str], options: GroomSpec, seed: int, detail: GroomDetail
) -> MadeOutfit | None:
    """Adds the garments that are made to the body; None where outfit and shoes are items, or none is to be seen."""
    if "outfit" in items and "shoes" in items:
        return None
    years, gender = body.phenotype["age_years"], body.phenotype["gender"]
    requested = options.pieces or (options.outfit if options.outfit in list_outfit_names() else None)
    shoes = options.shoes if options.shoes in list_shoe_names() else None
    choice = choose_outfit(years, gender, requested, options.outfit_colour, shoes, seed, options.role)
    choice = choice.leave_out(*items)
    if detail.is_upper_body and not any(piece.garment.kind in UPPER_KINDS for piece in choice.pieces):
        return None
    made = make_outfit(body, choice, seed, detail)
    draft.meshes += made.meshes
    draft.materials.append(made.material)
    draft.images |= made.images
    draft.sources += made.sources
    return made


def _add_jewellery(draft: _GroomDraft, body: Body, options: GroomSpec, seed: int) -> None:
    """Adds glasses and earrings, where the spec names some."""
    made = []
    if glasses := check_choice("glasses", options.glasses, ("yes", *list_glasses())):
        made.append(make_glasses(body, glasses, seed))
    if earrings := check_choice("earrings", options.earrings, EARRING_KINDS):
        made.append(make_earrings(body, earrings, seed))
    for one in made:
        draft.meshes += one.meshes
        draft.materials += one.materials
        draft.sources.append(one.source)


def _build_fabric(item: WardrobeItem, tint: str | None) -> tuple[Material, dict[str, Image]]:
    """The garment's material and pictures."""
    slot = item.slot
    picture, has_holes = colour.tint_cloth(item.pictures["diffuse"], tint)
    images = {f"{slot}_albedo": picture}
    roughness = 0.5 if slot == "shoes" else 0.88
    if "normal" in item.pictures:
        images[f"{slot}_normal"] = Image(colour.load_picture(item.pictures["normal"], 3), srgb=False)
    if "ao" in item.pictures:
        images[f"{slot}_orm"] = colour.build_garment_orm(item.pictures["ao"], roughness)
    images = {name: pad_texture(image, item) for name, image in images.items()}
    normal, orm = (name if (name := f"{slot}_{role}") in images else None for role in ("normal", "orm"))
    alpha = "MASK" if has_holes else "OPAQUE"
    return Material(slot, f"{slot}_albedo", normal, orm, roughness=roughness, alpha=alpha, double_sided=True), images  # type: ignore[arg-type]


def _digest_records() -> dict[str, str]:
    return digest_styles() | digest_garments()


STAGE: Stage[Groom] = Stage("groom", 24, run, makes=Groom, missing_requirements=find_missing_wardrobe, code=_digest_records)
