"""Random people as specs, for portraits of what a bundle shows: grown hair, made clothes, glasses, hats, beards.

Unlike stages.datasets.people, these are adults, because a spec is; and every person can be built as a bundle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assets.spec.avatar import AvatarSpec
from stages.datasets.people import sample_origins, sample_shade
from stages.datasets.tones import monk_to_tone
from stages.groom.garments.choices import describe_person
from stages.groom.garments.style import load_sets
from stages.groom.hair.choices import BEARDS, STYLES
from stages.groom.jewellery import EARRING_KINDS, list_glasses

AGE_BANDS = ((18, 29), (30, 44), (45, 59), (60, 90))
"""First and last age in years of each band; all bands are equally frequent."""
CELL_COUNT = 10 * len(AGE_BANDS) * 2
HAIR_RGB: Mapping[str, tuple[str, str]] = {
    "black": ("#0f0c0b", "#241a16"), "brown": ("#38261a", "#7a5233"), "blond": ("#9a7444", "#d3b27c"), "red": ("#58291a", "#9a4a2a"),
    "grey": ("#7f7b78", "#a8a4a0"), "white": ("#d0ccc8", "#e8e5e0"), "dyed": ("#33486e", "#b84a80"),
}  # fmt: skip
"""Hair colour -> sRGB between which a person's is."""
_DYES = {"blue": "#33486e", "purple": "#55437a", "pink": "#c06a90", "green": "#33665c"}
EYE_RGB: Mapping[str, tuple[str, str]] = {
    "brown": ("#2e1a10", "#5a3a1c"), "hazel": ("#6b5a2a", "#86703a"), "green": ("#55663a", "#7a8a50"), "blue": ("#4f6f98", "#7c9fc8"),
    "grey": ("#6a747a", "#8f989c"),
}  # fmt: skip
CLOTH_RGB: Mapping[str, str] = {
    "red": "#a02a2a", "blue": "#2f5a9c", "green": "#3a7048", "yellow": "#d6b23c", "pink": "#d88aa6", "purple": "#6a4a8c",
    "orange": "#cf7030", "white": "#e6e4de", "black": "#22242a", "grey": "#83868a", "brown": "#6e4c32",
}  # fmt: skip
STYLE_LOOKS: Mapping[str, tuple[str, str, str]] = {
    "afro": ("medium", "coily", "loose"), "afro_short": ("short", "coily", "loose"), "bald": ("bald", "straight", "loose"),
    "bob": ("medium", "straight", "loose"), "braid": ("long", "straight", "braids"), "braids": ("long", "coily", "braids"),
    "bun": ("long", "straight", "bun"), "buzz": ("buzz", "straight", "loose"), "coils": ("medium", "coily", "loose"),
    "cornrows": ("medium", "coily", "braids"), "crew": ("short", "straight", "loose"), "crown": ("short", "straight", "loose"),
    "curly": ("short", "curly", "loose"), "curly_long": ("long", "curly", "loose"), "fade": ("short", "straight", "loose"),
    "fringe": ("medium", "straight", "fringe"), "fringe_long": ("long", "straight", "fringe"),
    "fringe_wavy": ("long", "wavy", "fringe"), "half_up": ("long", "straight", "tail"), "lob": ("medium", "straight", "loose"),
    "locs": ("long", "coily", "loose"), "long_straight": ("long", "straight", "parting"), "long_wavy": ("long", "wavy", "loose"),
    "messy": ("short", "wavy", "fringe"), "mohawk": ("short", "straight", "loose"), "pigtails": ("long", "straight", "tail"),
    "pixie": ("short", "straight", "fringe"), "ponytail": ("long", "straight", "tail"), "puffs": ("medium", "coily", "bun"),
    "quiff": ("short", "straight", "loose"), "receding": ("short", "straight", "loose"), "shaved": ("buzz", "straight", "loose"),
    "side_part": ("short", "straight", "parting"), "slick": ("short", "straight", "loose"), "space_buns": ("long", "straight", "bun"),
    "top_knot": ("long", "straight", "bun"), "twists": ("short", "coily", "braids"), "undercut": ("short", "straight", "loose"),
}  # fmt: skip
"""Hair style -> length, texture and style in the closed vocabulary of labels."""
BEARD_LOOKS: Mapping[str, str] = {
    "none": "none", "shadow": "stubble", "stubble": "stubble", "short_beard": "beard", "full_beard": "beard", "goatee": "beard",
    "moustache": "moustache",
}  # fmt: skip
OUTFIT_LOOKS: Mapping[str, str] = {
    "blouse_skirt": "skirt", "blouse_trousers": "shirt", "breton_chinos": "casual", "business": "suit", "business_woman": "suit",
    "cardigan": "casual", "day_dress": "dress", "jacket": "casual", "knit_skirt": "skirt", "kurta": "casual", "lab": "uniform",
    "nurse": "uniform", "polo_chinos": "shirt", "qipao": "dress", "shirt_jeans": "shirt", "shirt_tucked": "shirt",
    "site_worker": "uniform", "smart_casual": "suit", "summer_dress": "dress", "summer_shirt": "shirt", "sweater_jeans": "casual",
    "sweater_trousers": "casual", "sweatshirt": "sport", "tee_chinos": "t-shirt", "tee_jeans": "t-shirt", "tee_shorts": "t-shirt",
    "tee_skirt": "skirt", "tunic": "casual", "vest": "casual", "winter": "casual",
}  # fmt: skip
"""Set of clothes -> outfit in the closed vocabulary of labels."""
_HATS = ("fedora", "fedora_cocked")
_TABLE_SHARE, _WORK_SHARE, _GLASSES_SHARE, _HAT_SHARE, _DYED_SHARE = 0.6, 0.25, 0.35, 0.15, 0.06
_BUILDS = (0.3, 0.68)
"""Weights below which a person is thin, and above which heavy."""
_TONES = (0.33, 0.66)


@dataclass(frozen=True)
class PortraitPerson:
    """A person of the data set."""

    number: int
    spec: AvatarSpec
    labels: Mapping[str, str]
    """Attribute -> what the person is, in words of a closed vocabulary; age is a number of years."""
    origins: Mapping[str, float]
    monk: int


def assign_cell(number: int) -> tuple[int, int, int]:
    """Monk class 1..10, age band and gender (0 or 1) of a person; any 80 in a row cover every cell once."""
    cell = number % CELL_COUNT
    # Coprime steps, so that few people already differ in all three.
    return cell % 10 + 1, (cell // 10 + cell) % len(AGE_BANDS), (cell // 40 + cell + cell // 4) % 2


def sample_portrait_person(number: int, seed: int) -> PortraitPerson:
    """The person of that number."""
    rng = np.random.default_rng([seed, 21, number])
    monk, band, man = assign_cell(number)
    low, high = AGE_BANDS[band]
    years, tone = int(rng.integers(low, high + 1)), monk_to_tone(monk, float(rng.uniform(0.05, 0.95)))
    origins = sample_origins(tone, rng)
    weight, muscle = (float(rng.beta(2, 2)) for _ in range(2))
    hair, hair_rgb, hair_kind = _sample_hair(years, man, tone, origins["african"], rng)
    eyes = _sample_eyes(tone, rng)
    beard = _pick(BEARDS[_row(years, man, "")], rng) if man else "none"
    glasses = str(rng.choice(list_glasses())) if rng.random() < _GLASSES_SHARE else "none"
    hat = str(rng.choice(_HATS)) if rng.random() < _HAT_SHARE else "none"
    earrings = str(rng.choice(EARRING_KINDS)) if rng.random() < (0.05 if man else 0.3) else "none"
    freckles = float(rng.uniform(0.45, 1)) if rng.random() < 0.2 else 0.0
    outfit, cloth = _sample_outfit(years, man, rng), str(rng.choice(list(CLOTH_RGB))) if rng.random() < 0.6 else "none"
    groom: dict[str, Any] = {"hair": "none" if hair == "bald" else hair, "hair_colour": hair_rgb, "beard": beard, "outfit": outfit}
    groom |= {"eye_colour": sample_shade(EYE_RGB[eyes], rng), "glasses": glasses, "earrings": earrings}
    groom |= {"hat": hat} if hat != "none" else {}
    groom |= {"outfit_colour": CLOTH_RGB[cloth]} if cloth != "none" else {}
    spec = AvatarSpec.model_validate({
        "name": f"Person {number}", "seed": int(rng.integers(2**31)),
        "identity": {"age": years, "gender": float(man), "tone": tone, "variety": float(rng.uniform(0.5, 0.85))},
        "body": {"local": origins, "weight": weight, "muscle": muscle}, "groom": groom, "texture": {"freckles": freckles},
    })  # fmt: skip
    labels = {
        "age": str(years), "gender": "male" if man else "female", "tone": _band(tone, _TONES, ("light", "medium", "dark")),
        "build": _band(weight, _BUILDS, ("thin", "average", "heavy")), "hair": hair, "hair_colour": hair_kind, "eye_colour": eyes,
        "beard": BEARD_LOOKS[beard], "beard_style": beard, "glasses": "no" if glasses == "none" else "yes", "frame": glasses,
        "hat": "no" if hat == "none" else "yes", "earrings": "no" if earrings == "none" else "yes",
        "freckles": "yes" if freckles else "no", "outfit": OUTFIT_LOOKS[outfit], "set": outfit, "outfit_colour": cloth,
    }  # fmt: skip
    labels |= dict(zip(("hair_length", "hair_texture", "hair_style"), STYLE_LOOKS[hair], strict=True))
    return PortraitPerson(number, spec, labels, origins, monk)


def _row(years: float, man: int, coily: str) -> str:
    """The row of the tables of hair and beards for a person."""
    age = "old " if years >= 55 else "" if years >= 38 else "young "
    return age + ("man" if man else "woman") + coily


def _sample_hair(years: int, man: int, tone: float, african: float, rng: np.random.Generator) -> tuple[str, str, str]:
    """Style, colour as #rrggbb, and kind of colour."""
    table = STYLES[_row(years, man, ", coily" if african > 0.5 else "")]
    style = _pick(table, rng) if rng.random() < _TABLE_SHARE else str(rng.choice(list(STYLE_LOOKS)))
    if rng.random() < _DYED_SHARE:
        return style, str(rng.choice(list(_DYES.values()))), "dyed"
    if rng.random() < np.clip((years - 42) / 40, 0, 0.85):
        kind = "white" if rng.random() < np.clip((years - 55) / 40, 0, 0.7) else "grey"
    else:
        light = float(np.clip((0.6 - tone) / 0.4, 0, 1))
        kind = _pick({"black": 0.3 + 0.3 * (1 - light), "brown": 0.35, "blond": 0.05 + 0.25 * light, "red": 0.04 + 0.12 * light}, rng)
    return style, sample_shade(HAIR_RGB[kind], rng), kind


def _sample_eyes(tone: float, rng: np.random.Generator) -> str:
    light = float(np.clip((0.6 - tone) / 0.4, 0, 1))
    return _pick({"brown": 0.3 + 0.5 * (1 - light), "hazel": 0.12, "green": 0.04 + 0.14 * light, "blue": 0.04 + 0.24 * light,
                  "grey": 0.02 + 0.08 * light}, rng)  # fmt: skip


def _sample_outfit(years: int, man: int, rng: np.random.Generator) -> str:
    sets = load_sets()
    if rng.random() < _WORK_SHARE:
        return str(rng.choice([name for name, one in sets.items() if not one.wearers and not (man and OUTFIT_LOOKS[name] == "dress")]))
    person = describe_person(years, man)
    return _pick({name: one.wearers.get(person, 0.0) for name, one in sets.items()}, rng)


def _pick(table: Mapping[str, float], rng: np.random.Generator) -> str:
    weights = np.array(list(table.values()), float)
    return str(rng.choice(list(table), p=weights / weights.sum()))


def _band(value: float, limits: tuple[float, float], words: Sequence[str]) -> str:
    return words[int(value >= limits[0]) + int(value >= limits[1])]
