"""Random people for portraits, balanced over skin tone, age and gender."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from assets.artefacts.geometry import Floats
from stages.datasets.tones import monk_to_tone
from stages.texture.tiles import ORIGINS

AGE_BANDS = ((5, 12), (13, 19), (20, 34), (35, 49), (50, 64), (65, 90))
"""First and last age in years of each band; all bands are equally frequent."""
CELL_COUNT = 10 * len(AGE_BANDS) * 2
"""Combinations of Monk class, age band and gender."""
HAIR_COLOURS = ("black", "brown", "blond", "red", "grey", "dyed")
# sRGB of each hair colour, darkest and lightest; a person's colour is between the two.
_HAIR_RGB = {
    "black": ("#0f0c0b", "#241a16"), "brown": ("#38261a", "#7a5233"), "blond": ("#9a7444", "#d3b27c"), "red": ("#58291a", "#8a4a2e"),
    "grey": ("#7f7b78", "#d9d6d2"),
}  # fmt: skip
_DYE_RGB = ("#33486e", "#74385e", "#8f3f48", "#33665c", "#b98a97", "#55437a")
_EYE_RGB = {
    "brown": ("#2e1a10", "#6b4a22"),
    "green": ("#55603a", "#7a8050"),
    "blue": ("#4f6f8c", "#7c9fc0"),
    "grey": ("#6a747a", "#8f989c"),
}
HAIRSTYLES = {
    "none": "bald", "short01": "short", "short02": "short", "short04": "short", "short03": "short", "bob01": "bob", "bob02": "bob",
    "afro01": "afro", "long01": "long", "ponytail01": "ponytail", "Braid01": "braid",
}  # fmt: skip
HAIR_LENGTHS = {"bald": 0.0, "short": 0.3, "afro": 0.5, "bob": 0.6, "ponytail": 0.8, "braid": 0.9, "long": 1.0}
_MALE_HAIR_WEIGHTS = {"short01": 0.3, "short02": 0.25, "short04": 0.25, "none": 0.12, "long01": 0.04, "ponytail01": 0.04}
# A bob's fringe hides half of a face in profile, so bobs are rarer than in life.
_FEMALE_HAIR_WEIGHTS = {"bob01": 0.06, "long01": 0.26, "ponytail01": 0.22, "short02": 0.1, "short03": 0.14, "Braid01": 0.19, "none": 0.03}
_OUTFITS = {
    "man": ("male_casualsuit01", "male_casualsuit02", "male_casualsuit03", "male_casualsuit04", "male_casualsuit05", "male_casualsuit06",
            "male_elegantsuit01"),
    "woman": ("female_casualsuit01", "female_casualsuit02", "female_elegantsuit01", "female_sportsuit01"),
}  # fmt: skip
OUTFIT_COUNT = sum(map(len, _OUTFITS.values()))
FORMAL_OUTFITS = ("male_elegantsuit01", "female_elegantsuit01")
_CLOTH_RGB = (
    "#2b3a55", "#7a2f2f", "#3f5a3c", "#8a8d91", "#c9b79c", "#4a3f5c", "#b5533c", "#22252b", "#d8d4cc", "#5f86a6", "#b08a3e", "#89566e",
)  # fmt: skip


@dataclass(frozen=True)
class Person:
    """Everything about a person that is the same in all pictures."""

    number: int
    years: float
    gender: float
    """0 female .. 1 male."""
    monk: int
    """Requested class 1..10 of the Monk scale."""
    tone: float
    """0 lightest .. 1 darkest."""
    origins: Mapping[str, float]
    """Shares of african, asian, caucasian shape."""
    build: Mapping[str, float]
    """muscle, weight, height, 0..1."""
    variety: float
    hair: str
    """Wardrobe item, or "none"."""
    hair_kind: str
    hair_colour: str
    """#rrggbb"""
    brows: str
    lashes: str
    eyes_kind: str
    eyes_colour: str
    outfit: str
    outfit_colour: str | None
    skin: Mapping[str, float]
    """Amounts of blemishes and make-up, as stages.datasets.skins takes them."""

    @property
    def is_man(self) -> bool:
        """Whether the gender is nearer to male."""
        return self.gender >= 0.5

    @property
    def style(self) -> str:
        """bald, short, bob, afro, long, ponytail or braid."""
        return HAIRSTYLES[self.hair]


def assign_cell(index: int) -> tuple[int, int, int]:
    """Monk class 1..10, age band and gender (0 or 1) of the index-th person of a split; any 120 in a row cover every cell once."""
    half, rest = divmod(index % CELL_COUNT, CELL_COUNT // 2)
    return rest % 10 + 1, (rest + rest // 30) % len(AGE_BANDS), (rest + rest // 10 + half) % 2


def sample_person(number: int, index: int, seed: int) -> Person:
    """The person of that number, the index-th of its split."""
    rng = np.random.default_rng([seed, 1, number])
    monk, band, man = assign_cell(index)
    low, high = AGE_BANDS[band]
    years, tone = float(rng.uniform(low, high + 1)), monk_to_tone(monk, float(rng.uniform(0.05, 0.95)))
    between = np.minimum(rng.beta(1, 6, 2), 0.45)
    gender = float(1 - between[0] if man else between[1])
    origins = sample_origins(tone, rng)
    hair = _sample_hairstyle(man, years, origins["african"], rng)
    kind = _sample_hair_kind(tone, years, man, rng)
    eyes = _sample_eyes_kind(tone, rng)
    outfits = _OUTFITS["man" if man else "woman"]
    outfit = outfits[int(rng.integers(len(outfits)))]
    tint = _CLOTH_RGB[int(rng.integers(len(_CLOTH_RGB)))] if rng.random() < 0.65 and outfit not in FORMAL_OUTFITS else None
    build = {name: float(rng.beta(3, 3)) for name in ("muscle", "weight", "height")}
    brow = int(rng.integers(1, 4)) if man else (8, 10, 12)[int(rng.integers(3))]
    lashes = "Eyelashes01" if man else f"eyelashes0{int(rng.integers(2, 4))}"
    return Person(
        number, years, gender, monk, tone, origins, build, float(rng.uniform(0.35, 0.6) if years < 13 else rng.uniform(0.5, 0.85)),
        hair, kind, sample_shade(_HAIR_RGB[kind], rng) if kind != "dyed" else _DYE_RGB[int(rng.integers(len(_DYE_RGB)))],
        f"eyebrow{brow:03d}", lashes, eyes, sample_shade(_EYE_RGB[eyes], rng), outfit, tint, _sample_blemishes(man, years, rng),
    )  # fmt: skip


def sample_origins(tone: float, rng: np.random.Generator) -> dict[str, float]:
    """A mixture of origins; the tone makes some more likely, but every tone occurs with every origin."""
    alpha = np.array([0.3 + 1.8 * np.clip((tone - 0.4) / 0.4, 0, 1), 0.5 + 0.8 * np.clip(1 - abs(tone - 0.35) / 0.35, 0, 1),
                       0.3 + 1.6 * np.clip((0.6 - tone) / 0.45, 0, 1)])  # fmt: skip
    shares = rng.dirichlet(alpha)
    return dict(zip(ORIGINS, map(float, shares), strict=True))


def _sample_hairstyle(man: int, years: float, african: float, rng: np.random.Generator) -> str:
    table = dict(_MALE_HAIR_WEIGHTS if man else _FEMALE_HAIR_WEIGHTS)
    table["afro01"] = 0.35 * african + 0.02
    table["none"] *= 0.0 if years < 18 else 1 + max(years - 40, 0) / 30
    weights = np.array(list(table.values()))
    return str(rng.choice(list(table), p=weights / weights.sum()))


def _sample_hair_kind(tone: float, years: float, man: int, rng: np.random.Generator) -> str:
    if years > 14 and rng.random() < (0.04 if man else 0.08):
        return "dyed"
    if rng.random() < np.clip((years - 40) / 40, 0, 0.9):
        return "grey"
    light = float(np.clip((0.55 - tone) / 0.4, 0, 1))
    weights = np.array([0.25 + 0.5 * (1 - light), 0.35, 0.03 + 0.25 * light, 0.02 + 0.12 * light])
    return str(rng.choice(HAIR_COLOURS[:4], p=weights / weights.sum()))


def _sample_eyes_kind(tone: float, rng: np.random.Generator) -> str:
    light = float(np.clip((0.5 - tone) / 0.4, 0, 1))
    weights = np.array([0.4 + 0.55 * (1 - light), 0.05 + 0.13 * light, 0.02 + 0.28 * light, 0.01 + 0.1 * light])
    return str(rng.choice(list(_EYE_RGB), p=weights / weights.sum()))


def sample_shade(ends: tuple[str, str], rng: np.random.Generator) -> str:
    low, high = (np.array([int(end[k : k + 2], 16) for k in (1, 3, 5)]) for end in ends)
    mixed = np.rint(low + (high - low) * rng.random()).astype(int)
    return "#" + "".join(f"{value:02x}" for value in mixed)


def _sample_blemishes(man: int, years: float, rng: np.random.Generator) -> dict[str, float]:
    adult = years >= 16
    makeup = float(rng.beta(2, 2)) if adult and rng.random() < (0.02 if man else 0.4) else 0.0
    return {
        "redness": float(rng.beta(1.6, 3)), "freckles": float(rng.uniform(0.1, 1)) if rng.random() < 0.2 else 0.0,
        "moles": float(rng.integers(1, 5)) / 8 if rng.random() < 0.35 else 0.0, "scars": 0.5 if adult and rng.random() < 0.08 else 0.0,
        "stubble": float(rng.uniform(0.15, 1)) if man and years >= 17 and rng.random() < 0.55 else 0.0,
        "makeup": makeup, "lipstick": makeup * float(rng.uniform(0.3, 1)), "lip_colour": float(rng.beta(2, 2.5)),
    }  # fmt: skip


def sample_source_skins(
    ages: Floats, genders: Floats, tones: Floats, person: Person, count: int, rng: np.random.Generator
) -> tuple[int, ...]:
    """Indices of `count` source skins that resemble the person, in tone first, then in age and gender."""
    distance = np.abs(tones - person.tone) / 0.15 + np.abs(ages - person.years) / 25 + 1.2 * np.abs(genders - person.gender)
    weights = np.exp(-(distance - distance.min()))
    return tuple(int(i) for i in rng.choice(len(tones), count, replace=False, p=weights / weights.sum()))
