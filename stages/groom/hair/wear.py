"""All hair of a head: the style's, the beard's, and what is painted on the skin."""

from __future__ import annotations

import numpy as np

from assets.artefacts.character import Body, SkinPaint
from stages.groom.detail import BUNDLE, GroomDetail
from stages.groom.hair.atlas import paint_atlas
from stages.groom.hair.beard import BEARD_BUDGETS, get_beard, grow_beard, paint_beard
from stages.groom.hair.choices import HairChoice
from stages.groom.hair.grow import ALBEDO, LEVELS, Fit, GrownHair, grow_hair
from stages.groom.hair.paint import SIDE, Painter, paint_brows, paint_scalp
from stages.groom.hair.style import Comb, Style, list_styles, load_style

BEARD_ALBEDO = "beard_albedo"
_UNDER_ITEM = Style("item", comb=Comb(constant=(0, -0.1, -0.9), sink=(180, -38)), scalp=0.9)
"""What is painted under hair of the wardrobe, whose edge is a sawtooth on bare skin otherwise."""


def find_style(name: str) -> Style | None:
    """The style of that name; None for an item of the wardrobe."""
    return load_style(name) if name in list_styles() else None


def grow_head(body: Body, choice: HairChoice, seed: int, fit: Fit | None = None, detail: GroomDetail = BUNDLE) -> GrownHair:
    """Hair and beard of a person; no hair where it is an item of the wardrobe, and none of either where it is painted alone."""
    style = find_style(choice.style)
    beard = get_beard(choice.beard) if choice.beard != "none" else None
    is_long = beard is not None and beard.length > 0
    # A beard takes its triangles from the hair.
    budgets = tuple(total - own * is_long for total, own in zip(LEVELS, BEARD_BUDGETS, strict=True))
    hair = grow_hair(body, style, choice.colour, seed, fit, budgets, detail) if style else GrownHair((), (), {})
    if beard is None or not is_long:
        return hair
    atlas = hair.atlas or paint_atlas(
        choice.colour, np.random.default_rng([seed, 0xA71A]), curls=False, side=detail.hair_side, steps=detail.strand_steps
    )
    albedo = ALBEDO if hair.atlas else BEARD_ALBEDO
    curls = bool(style and style.curl_texture and hair.atlas)
    tuft_budgets = BEARD_BUDGETS if detail.hair_level is None else (BEARD_BUDGETS[detail.hair_level],)
    tufts, material = grow_beard(body, beard, atlas, albedo, seed, curls=curls, budgets=tuft_budgets)
    levels = tuple(one + two for one, two in zip(hair.levels or ((),) * len(tufts), tufts, strict=True))
    return GrownHair(levels, (*hair.materials, material), {**hair.images, albedo: atlas.image}, atlas, hair.rig)


def paint_hair(choice: HairChoice, seed: int, side: int = SIDE) -> SkinPaint:
    """Scalp, brows and beard on the skin, in a picture of so many pixels a side."""
    painter = Painter(side)
    paint_scalp(painter, find_style(choice.style) or _UNDER_ITEM, choice.colour, seed)
    paint_brows(painter, choice.brow, choice.colour, seed)
    if choice.beard != "none":
        paint_beard(painter, get_beard(choice.beard), choice.colour, seed)
    return painter.finish()
