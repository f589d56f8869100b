"""All hair of a head: the style's, the beard's, and what is painted on the skin."""

from __future__ import annotations

from assets.artefacts.character import Body, SkinPaint
from stages.groom.detail import BUNDLE, GroomDetail
from stages.groom.hair.beard import get_beard, paint_beard
from stages.groom.hair.choices import HairChoice
from stages.groom.hair.grow import Fit, GrownHair, grow_hair
from stages.groom.hair.paint import SIDE, Painter, paint_brows, paint_scalp
from stages.groom.hair.relief import compute_relief
from stages.groom.hair.style import Comb, Style, list_styles, load_style

_UNDER_ITEM = Style("item", comb=Comb(constant=(0, -0.1, -0.9), sink=(180, -38)), scalp=0.9)
"""What is painted under hair of the wardrobe, whose edge is a sawtooth on bare skin otherwise."""


def find_style(name: str) -> Style | None:
    """The style of that name; None for an item of the wardrobe."""
    return load_style(name) if name in list_styles() else None


def grow_head(body: Body, choice: HairChoice, seed: int, fit: Fit | None = None, detail: GroomDetail = BUNDLE) -> GrownHair:
    """The hair of a person; none where it is an item of the wardrobe or painted alone."""
    style = find_style(choice.style)
    return grow_hair(body, style, choice.colour, seed, fit, detail) if style else GrownHair((), (), {})


def paint_hair(choice: HairChoice, seed: int, side: int = SIDE, *, under_hat: bool = False) -> SkinPaint:
    """Scalp, brows and beard on the skin, in a picture of so many pixels a side; a hat presses the hair of the head flat."""
    style, beard = find_style(choice.style), get_beard(choice.beard) if choice.beard != "none" else None
    painter = Painter(side)
    paint_scalp(painter, style or _UNDER_ITEM, choice.colour, seed)
    paint_brows(painter, choice.brow, choice.colour, seed)
    if beard:
        paint_beard(painter, beard, choice.colour, seed)
    return painter.finish(compute_relief(None if under_hat else style, beard))
