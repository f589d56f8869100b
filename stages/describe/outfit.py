"""Clothes: the vocabulary's word for what is worn, and the pieces that a wish needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from stages.describe.colours import CLOTH_COLOURS, shade_colour

TEES = frozenset({"tshirt", "v_tee", "scoop_tee", "ringer_tee", "raglan_tee", "long_sleeve", "tank", "boat_top"})
SHIRTS = frozenset({"shirt", "short_shirt", "denim_shirt", "flannel_shirt", "blouse", "v_blouse", "polo", "stand_shirt"})
DRESSES = frozenset({"knit_dress", "maxi_dress", "qipao", "sheath_dress", "shirt_dress", "summer_dress", "tee_dress"})
SKIRTS = frozenset({"a_line_skirt", "denim_skirt", "midi_skirt", "pencil_skirt", "pleated_skirt"})
WORK = frozenset({"lab_coat", "scrub_top", "hivis_vest"})
OVER = frozenset({"blazer", "cardigan", "coat", "denim_jacket", "jacket", "puffer", "sweater_vest"})
SPORT_TOPS = frozenset({"sweatshirt", "hoodie", "zip_hoodie", "tshirt", "tank", "raglan_tee", "polo"})
SPORT_BOTTOMS = frozenset({"joggers", "sport_shorts"})
_DRESSY = frozenset({"suit_trousers", "pencil_skirt", "wide_trousers"})
_NEAR = 3.0
"""Largest difference of two 8-bit colours that are one uniform's."""
ITEM_CLASSES: Mapping[str, str] = {
    "female_elegantsuit01": "suit", "male_elegantsuit01": "suit", "female_sportsuit01": "sport", "female_casualsuit01": "casual",
    "female_casualsuit02": "dress", "male_casualsuit01": "casual", "male_casualsuit02": "casual", "male_casualsuit03": "t-shirt",
    "male_casualsuit04": "shirt", "male_casualsuit05": "shirt", "male_casualsuit06": "t-shirt",
}  # fmt: skip
"""Outfit item of the wardrobe -> the vocabulary's word."""


def classify_outfit(pieces: Sequence[tuple[str, tuple[float, float, float]]]) -> str:
    """The word for garments, each with its main colour as sRGB 0..1."""
    names = {name for name, _ in pieces}
    if names & DRESSES:
        return "dress"
    if names & WORK or _is_one_colour(pieces):
        return "uniform"
    if "blazer" in names and not names & (SKIRTS - _DRESSY) and ("tie" in names or names & SHIRTS or names & _DRESSY):
        return "suit"
    if names & SKIRTS:
        return "skirt"
    if names & SPORT_BOTTOMS and names & SPORT_TOPS and not names & OVER:
        return "sport"
    if names & SHIRTS and not names & OVER:
        return "shirt"
    return "t-shirt" if names & TEES and not names & OVER else "casual"


def _is_one_colour(pieces: Sequence[tuple[str, tuple[float, float, float]]]) -> bool:
    """Whether a shirt or jacket and plain trousers or skirt have one colour, as the uniforms of police, guards and crews do."""
    top = [colour for name, colour in pieces if name in ("shirt", "short_shirt", "stand_shirt", "zip_hoodie", "polo")]
    bottom = [colour for name, colour in pieces if name in ("suit_trousers", "joggers", "pencil_skirt", "cargo_trousers", "pleated_skirt")]
    over = {name for name, _ in pieces} & OVER
    if not (top and bottom) or over:
        return False
    return max(abs(a - b) * 255 for a, b in zip(top[0], bottom[0], strict=True)) <= _NEAR


@dataclass
class GarmentWish:
    """One garment that the text names."""

    slot: str
    """top, over, bottom, dress, shoes, set, hat, glasses or other."""
    names: tuple[str, ...]
    word: str
    """As written."""
    colour: str | None = None
    """#rrggbb."""
    pattern: str | None = None
    fabric: str | None = None
    fit: float | None = None


@dataclass
class OutfitWish:
    """What a text says about clothes."""

    garments: list[GarmentWish] = field(default_factory=list)
    kind: str | None = None
    """The vocabulary's word, where the text asks for it as a whole."""
    uniform: str | None = None
    """Key of UNIFORMS."""
    colour: str | None = None
    excluded: frozenset[str] = frozenset()


UNIFORMS: Mapping[str, tuple[tuple[str, ...], str | None]] = {
    "doctor": (("shirt|blouse", "lab_coat", "chinos|suit_trousers", "loafers|derbies"), None),
    "nurse": (("scrub_top", "scrub_trousers", "sneakers"), None),
    "worker": (("shirt|tshirt", "hivis_vest", "cargo_trousers|jeans", "boots"), None),
    "police": (("shirt", "tie", "suit_trousers", "derbies"), "#232c40"),
    "guard": (("shirt", "suit_trousers", "boots"), "#22252d"),
    "soldier": (("shirt", "cargo_trousers", "boots"), "#555a3e"),
    "crew": (("shirt", "tie", "suit_trousers", "derbies"), "#1f2a45"),
    "hostess": (("shirt", "pencil_skirt", "pumps"), "#27335c"),
    "chef": (("stand_shirt", "suit_trousers", "loafers"), "#e4e3de"),
    "courier": (("polo", "joggers", "running_shoes"), "#c79a1e"),
    "mechanic": (("shirt", "cargo_trousers", "boots"), "#2f4364"),
    "school": (("zip_hoodie", "joggers", "sneakers"), "#2b4a86"),
    "plain": (("shirt", "suit_trousers", "derbies"), "#2a3347"),
}
"""Kind of uniform -> its garments and the one colour of top and bottom; the last is worn where the text says no more than uniform."""
_SETS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "suit": {"man": ("business",), "woman": ("business_woman",)},
    "dress": {"man": ("summer_dress",), "woman": ("summer_dress", "day_dress")},
    "skirt": {"man": ("tee_skirt",), "woman": ("blouse_skirt", "knit_skirt", "tee_skirt")},
    "t-shirt": {"man": ("tee_jeans", "tee_chinos", "tee_shorts"), "woman": ("tee_jeans", "breton_chinos", "tee_jeans")},
    "shirt": {"man": ("shirt_jeans", "shirt_tucked", "summer_shirt"), "woman": ("blouse_trousers", "shirt_jeans")},
    "casual": {"man": ("sweater_jeans", "jacket", "sweater_trousers"), "woman": ("sweater_jeans", "sweater_trousers")},
}
_SPORT: tuple[tuple[str, ...], ...] = (
    ("sweatshirt", "joggers", "running_shoes"), ("zip_hoodie", "joggers", "running_shoes"), ("tshirt", "sport_shorts", "running_shoes"),
)  # fmt: skip


def build_outfit(wish: OutfitWish, *, is_man: bool, rng: np.random.Generator) -> dict[str, Any]:
    """The fields of `groom` that a wish needs; none where it has no clothes in it."""
    garments = [one for one in wish.garments if one.slot in ("top", "over", "bottom", "dress", "shoes") and one.names]
    if wish.kind == "uniform" and not any(one.slot in ("dress",) for one in garments):
        return {"groom.pieces": _build_uniform(wish.uniform or "plain", is_man, wish.colour, rng)}
    if wish.kind == "sport" and not any(one.slot in ("top", "bottom", "dress") for one in garments):
        return {"groom.pieces": _build_sport(garments, wish.colour, rng)}
    if wish.kind and not garments and (wish.colour is None or wish.kind in ("dress", "t-shirt", "shirt")):
        names = _SETS[wish.kind]["man" if is_man else "woman"]
        found: dict[str, Any] = {"groom.outfit": names[int(rng.integers(len(names)))]}
        return found | ({"groom.outfit_colour": wish.colour} if wish.colour else {})
    if not garments and not wish.kind:
        return {}
    if all(one.slot == "shoes" for one in garments) and not wish.kind:
        return {"groom.shoes": _pick(garments[0].names, rng)}
    return {"groom.pieces": _complete(garments, wish, is_man=is_man, rng=rng)}


def _complete(garments: Iterable[GarmentWish], wish: OutfitWish, *, is_man: bool, rng: np.random.Generator) -> list[dict[str, Any]]:
    """The garments that are named, and those that nobody goes without."""
    slots: dict[str, list[dict[str, Any]]] = {"top": [], "over": [], "bottom": [], "dress": [], "shoes": []}
    for one in garments:
        if not slots[one.slot] or one.slot == "over":
            slots[one.slot].append(_build_piece(one, rng))
    if wish.kind == "suit":
        _complete_suit(slots, wish, is_man, rng)
    if slots["dress"]:
        slots["top"], slots["bottom"] = [], []
    else:
        _fill(slots, is_man, rng)
    if not slots["shoes"]:
        slots["shoes"] = [{"garment": _choose_shoes(slots, is_man, rng)}]
    order = ("dress", "top", "over", "bottom", "shoes")
    return [piece for slot in order for piece in slots[slot]][:6]


def _complete_suit(slots: dict[str, list[dict[str, Any]]], wish: OutfitWish, is_man: bool, rng: np.random.Generator) -> None:
    cloth = {"colour": wish.colour or _pick(("#2b3342", "#33363c", "#3a3f4a", "#4a4038"), rng), "pattern": "plain"}
    over = [piece for piece in slots["over"] if piece["garment"] != "blazer"]
    blazer = next((piece for piece in slots["over"] if piece["garment"] == "blazer"), {})
    slots["over"] = [*over, {"garment": "blazer", "fabric": "wool", **cloth, **blazer}]
    slots["bottom"] = slots["bottom"] or [{"garment": "suit_trousers", **cloth}]
    if not slots["top"]:
        slots["top"] = [{"garment": "shirt" if is_man else "blouse", "pattern": "plain", "colour": "#e6e4df"}]
        slots["over"] = [{"garment": "tie"}, *slots["over"]] if is_man and not over else slots["over"]
    slots["shoes"] = slots["shoes"] or [{"garment": "derbies" if is_man else "pumps"}]


def _fill(slots: dict[str, list[dict[str, Any]]], is_man: bool, rng: np.random.Generator) -> None:
    over = {piece["garment"] for piece in slots["over"]}
    if not slots["top"]:
        dressy = over & {"blazer", "lab_coat", "sweater_vest", "tie"} or any(piece["garment"] in SKIRTS for piece in slots["bottom"])
        bottoms = {piece["garment"] for piece in slots["bottom"]}
        dressy = bool(dressy) or "suit_trousers" in bottoms
        plain = "sweatshirt" if bottoms & {"shorts", "denim_shorts"} else "tshirt" if over or bottoms & SPORT_BOTTOMS else "sweater"
        top = ("shirt" if is_man else "blouse") if dressy else "sweater" if over & {"coat", "puffer"} else plain
        slots["top"] = [{"garment": top}]
    if not slots["bottom"]:
        formal = over & {"blazer", "lab_coat", "tie"}
        slots["bottom"] = [{"garment": _pick(("suit_trousers", "chinos") if formal else ("jeans", "chinos"), rng)}]


def _choose_shoes(slots: Mapping[str, Sequence[Mapping[str, Any]]], is_man: bool, rng: np.random.Generator) -> str:
    names = {piece["garment"] for some in slots.values() for piece in some}
    if names & SPORT_BOTTOMS:
        return "running_shoes"
    if names & (DRESSES | SKIRTS):
        return _pick(("flats", "pumps", "loafers"), rng)
    return (
        _pick(("derbies", "loafers"), rng) if names & {"blazer", "suit_trousers", "coat"} else _pick(("sneakers", "loafers", "boots"), rng)
    )


def _build_piece(wish: GarmentWish, rng: np.random.Generator) -> dict[str, Any]:
    piece: dict[str, Any] = {"garment": _pick(wish.names, rng)}
    if wish.colour:
        piece["colour"] = wish.colour
        piece["pattern"] = wish.pattern or "plain"
    elif wish.pattern:
        piece["pattern"] = wish.pattern
    if wish.fabric:
        piece["fabric"] = wish.fabric
    if wish.fit:
        piece["fit"] = wish.fit
    return piece


def _build_uniform(kind: str, is_man: bool, colour: str | None, rng: np.random.Generator) -> list[dict[str, Any]]:
    names, own = UNIFORMS[kind]
    tint = (colour or own) if own else None
    pieces: list[dict[str, Any]] = []
    for alternatives in names:
        choices = alternatives.split("|")
        name = choices[0] if len(choices) > 1 and choices[1] == "blouse" and is_man else _pick(choices, rng)
        piece: dict[str, Any] = {"garment": name}
        if tint and name not in ("tie", "derbies", "boots", "loafers", "pumps", "sneakers", "running_shoes"):
            piece |= {"colour": tint, "pattern": "plain"}
        if kind == "nurse" and colour and name.startswith("scrub"):
            piece |= {"colour": colour}
        if name == "lab_coat":
            piece |= {"colour": CLOTH_COLOURS["white"]}
        pieces.append(piece | ({"colour": "#1c1c1f"} if name == "tie" else {}))
    return pieces


def _build_sport(garments: Sequence[GarmentWish], colour: str | None, rng: np.random.Generator) -> list[dict[str, Any]]:
    names = _SPORT[int(rng.integers(len(_SPORT)))]
    shoes = [_build_piece(one, rng) for one in garments if one.slot == "shoes"]
    pieces: list[dict[str, Any]] = [{"garment": name} for name in names[:2]] + (shoes[:1] or [{"garment": names[2]}])
    if colour:
        pieces[0] |= {"colour": colour, "pattern": "plain"}
        # A shade apart: of one colour it would be a uniform.
        pieces[1] |= {"colour": shade_colour(colour, -0.5, 0.0, rng), "pattern": "plain"}
    return pieces


def list_slots() -> dict[str, str]:
    """Garment -> top, over, bottom, dress or shoes."""
    from stages.groom.garments.style import load_garments

    found = {}
    for name, garment in load_garments().items():
        kind = {"trousers": "bottom", "skirt": "bottom", "shoes": "shoes", "tie": "over"}.get(
            garment.kind, "over" if name in OVER | WORK - {"scrub_top"} else "top"
        )
        found[name] = "dress" if name in DRESSES else kind
    return found


def _pick(names: Sequence[str], rng: np.random.Generator) -> str:
    return names[int(rng.integers(len(names)))]
