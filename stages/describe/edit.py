"""A change in words to a person: comparatives move one field, other words replace one, everything else stays as it is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from stages.describe.ages import parse_number
from stages.describe.claims import NORMAL, Claim, Reading
from stages.describe.colours import shade_colour
from stages.describe.field_values import Fields, get_field, get_local
from stages.describe.normalise import blank
from stages.describe.vocabulary import MAX_AGE, MIN_AGE
from stages.describe.wishes import Wishes

_SIZES = {"": 1.0, "mild": 0.5, "strong": 1.8, "more": 1.8, "less": -1.0}
"""Degree -> how many steps: a bit, plainly, much."""
_STEPS: Mapping[str, tuple[str, float, tuple[float, float]]] = {
    "height": ("body.height", 0.22, (0.0, 1.0)), "weight": ("body.weight", 0.22, (0.0, 1.0)), "muscle": ("body.muscle", 0.24, (0.0, 1.0)),
    "tone": ("identity.tone", 0.16, (0.0, 1.0)), "freckles": ("texture.freckles", 0.3, (0.0, 1.0)),
    "grey": ("groom.grey", 0.46, (0.0, 1.0)),
    "wrinkles": ("texture.wrinkles", 0.3, (0.0, 1.0)), "rate": ("voice.rate", 0.15, (0.5, 2.0)),
    "gender": ("identity.gender", 0.25, (0.0, 1.0)),
}  # fmt: skip
"""Axis -> field, one step, limits."""
_LENGTHS = ("bald", "buzz", "short", "medium", "long")
_TEXTURES = ("straight", "wavy", "curly", "coily")
_TOWARDS: Mapping[tuple[str, str], tuple[str, float]] = {
    ("height", "tall"): ("height", 1), ("height", "short"): ("height", -1), ("build", "thin"): ("weight", -1),
    ("build", "heavy"): ("weight", 1),
    ("build", "muscular"): ("muscle", 1), ("tone", "dark"): ("tone", 1), ("tone", "light"): ("tone", -1),
    ("freckles", "yes"): ("freckles", 1),
    ("age", "66-82"): ("age", 10), ("age", "19-29"): ("age", -10), ("age", "42-56"): ("age", 10),
    ("hair_length", "long"): ("hair_length", 1),
    ("hair_length", "short"): ("hair_length", -1), ("hair_texture", "curly"): ("hair_texture", 1),
    ("hair_texture", "wavy"): ("hair_texture", 1),
    ("hair_texture", "straight"): ("hair_texture", -1), ("hair_texture", "coily"): ("hair_texture", 1),
    ("hair_colour", "grey"): ("grey", 1),
}  # fmt: skip
"""What `more` of a value is a step along."""
GROUPS: Mapping[str, tuple[str, ...]] = {
    "gender": ("identity.gender",), "age": ("identity.age",), "tone": ("identity.tone",), "build": ("body.weight", "body.muscle"),
    "height": ("body.height",), "stature": ("body.height",), "hair_length": ("groom.hair",),
    "hair_texture": ("groom.hair",), "hair_style": ("groom.hair",),
    "hair": ("groom.hair",), "hair_colour": ("groom.hair_colour", "groom.grey"), "hair_hex": ("groom.hair_colour", "groom.grey"),
    "dye": ("groom.hair_colour", "groom.grey"), "eye_colour": ("groom.eye_colour",), "eye_hex": ("groom.eye_colour",),
    "beard": ("groom.beard",),
    "beard_style": ("groom.beard",), "glasses": ("groom.glasses",), "hat": ("groom.hat",), "freckles": ("texture.freckles",),
    "wrinkles": ("texture.wrinkles",), "expression": ("performance.expression",), "manner": ("persona.manner",), "rate": ("voice.rate",),
    "energy": ("performance.energy",), "earrings": ("groom.earrings",), "outfit": ("groom.outfit", "groom.pieces", "groom.outfit_colour"),
}  # fmt: skip
"""Attribute or wish -> the fields that it decides."""
_FEW = {"few": 4, "couple of": 2, "several": 6, "some": 5}
_RELATIVE = (
    (re.compile(r"(?:a )?(?P<n>few|couple of|several|some) years? (?P<d>older|younger|later|earlier)"), 1),
    (re.compile(r"(?P<n>[a-z]+(?:[- ][a-z]+)?|\d+) years? (?P<d>later|on|earlier|ago|before)\b"), 1),
    (re.compile(r"(?P<d>older|younger) by (?P<n>a) decade"), 10),
    (re.compile(r"(?P<n>a) decade (?P<d>later|on|earlier|ago)"), 10),
    (re.compile(r"(?P<n>[零一二两三四五六七八九十\d]{1,3})年(?:以)?(?P<d>后|前|之后|之前)"), 1),
    (re.compile(r"(?P<n>[a-z]+(?:[- ][a-z]+)?|\d+) years? (?P<d>older|younger)"), 1),
    (re.compile(r"(?P<d>older|younger) by (?P<n>[a-z]+(?:[- ][a-z]+)?|\d+)(?: years?)?"), 1),
    (re.compile(r"(?P<n>a) decade (?P<d>older|younger)"), 10),
    (re.compile(r"(?P<n>two|three|four) decades (?P<d>older|younger)"), 10),
    (re.compile(r"(?P<n>add|plus) (?P<m>[a-z]+|\d+) years(?P<d>)"), 1),
    (re.compile(r"(?P<d>年轻|小|减|老|大|年长|增加|加|长)(?:了|个|上|去|掉)?(?P<n>[零一二两三四五六七八九十\d]{1,3})(?:来|多)?岁"), 1),
)
_DOUBLE = re.compile(r"\b(?:twice|double) (?:as old|(?:his|her|their|the) age)\b|年龄(?:翻倍|加倍|翻一番)|老一倍")
_YOUNGER = ("younger", "earlier", "ago", "before", "年轻", "小", "减", "前", "之前")


@dataclass(frozen=True)
class Steps:
    """Moves along axes, and the text without the words that were read."""

    years: int = 0
    text: str = ""


def find_relative_years(text: str, age: int = 0) -> Steps:
    """`ten years older`, 年轻十岁, `twice as old`: the years, and the text with these words blanked.

    Args:
        age: of the person before the change.
    """
    if match := _DOUBLE.search(text):
        return Steps(age, blank(text, match.start(), match.end()))
    for pattern, unit in _RELATIVE:
        match = pattern.search(text)
        if not match:
            continue
        number = match.groupdict().get("m") or match["n"]
        years = (
            _FEW.get(number, 0) or 1
            if number in ("a", *_FEW)
            else parse_number(number.split()[-1])
            if parse_number(number) < 0
            else parse_number(number)
        )
        if 0 < years < 80:
            sign = -1 if match["d"] in _YOUNGER else 1
            return Steps(sign * years * unit, blank(text, match.start(), match.end()))
    return Steps(0, text)


def find_steps(reading: Reading) -> tuple[list[Claim], Reading]:
    """The comparatives of a change, as claims named by their axis; and the reading without them."""
    steps, rest = [], []
    for claim in reading.claims:
        if step := _read_step(claim, reading):
            steps.append(step)
        else:
            rest.append(claim)
    return steps, replace(reading, claims=rest)


def _read_step(claim: Claim, reading: Reading) -> Claim | None:
    if claim.name.startswith("+"):
        sign = -1 if claim.negated else 1
        degree = "" if claim.degree == "more" and not claim.name.startswith("+age") else claim.degree
        return replace(claim, name=claim.name[1:], value=str(float(claim.value) * sign), degree=degree)
    towards = _TOWARDS.get((claim.name, claim.value))
    after = _read_degree_after(claim, reading)
    is_comparative = claim.degree in ("more", "less") or after in ("more", "less") or _is_followed_by_little(claim, reading)
    if towards is None or not is_comparative or claim.rank < NORMAL:
        return None
    sign = -1 if claim.negated or "less" in (claim.degree, after) else 1
    size = "mild" if _is_followed_by_little(claim, reading) else "strong" if _is_followed_by_much(claim, reading) else ""
    return replace(claim, name=towards[0], value=str(towards[1] * sign), degree=size, negated=False)


def _read_degree_after(claim: Claim, reading: Reading) -> str:
    """more or less where 多 or 少 follows: 雀斑少一点."""
    after = next((item for item in reading.items if item.start >= claim.end), None)
    is_near = after is not None and after.is_han and after.start == claim.end and after.has("degree") and not after.has("modifier")
    return after.get("degree")[0].name if after is not None and is_near else ""


def drop_hints(reading: Reading) -> Reading:
    """The reading without what words only suggest of gender and age: `make her taller` is no wish for a woman."""
    kept = [claim for claim in reading.claims if claim.name not in ("gender", "age") or claim.rank >= NORMAL]
    return replace(reading, claims=kept)


def _is_followed_by_little(claim: Claim, reading: Reading) -> bool:
    """Whether 一点 or 些 follows: 胖一点 is fatter, 有点胖 is not."""
    after = next((item for item in reading.items if item.start >= claim.end), None)
    return (
        after is not None
        and after.start == claim.end
        and after.is_han
        and (after.text in ("一点", "一点儿", "一点点", "一些", "些", "点", "点儿") or _is_followed_by_much(claim, reading))
    )


def _is_followed_by_much(claim: Claim, reading: Reading) -> bool:
    after = next((item for item in reading.items if item.start >= claim.end), None)
    return after is not None and after.start == claim.end and after.text in ("很多", "多", "得多", "许多", "不少")


def apply_steps(fields: Fields, steps: Sequence[Claim], years: int, attributes: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """(the fields that change, the values of hair that the steps lead to)."""
    changed: dict[str, Any] = {}
    hair: dict[str, str] = {}
    if years:
        changed["identity.age"] = int(np.clip(int(get_field(fields, "identity.age")) + years, MIN_AGE, MAX_AGE))
    for step in steps:
        known = {**fields, **changed}
        amount = float(step.value) * abs(_SIZES.get(step.degree, 1.0))
        if step.name == "age" and not years:
            changed["identity.age"] = int(np.clip(int(get_field(known, "identity.age")) + round(amount), MIN_AGE, MAX_AGE))
        elif step.name in _STEPS:
            name, size, limits = _STEPS[step.name]
            start = _read_start(known, name)
            changed[name] = round(float(np.clip(start + size * amount, *limits)), 3)
        elif step.name in ("hair_length", "hair_texture"):
            hair[step.name] = _move(_LENGTHS if step.name == "hair_length" else _TEXTURES, str(attributes[step.name]), amount)
        elif step.name in ("hair_shade", "eye_shade"):
            field_name = "groom.hair_colour" if step.name == "hair_shade" else "groom.eye_colour"
            changed[field_name] = shade_colour(
                str(known[field_name]), float(np.clip(0.6 * amount, -1.2, 1.2)), 0.0, np.random.default_rng(0)
            )
        elif step.name.startswith("local."):
            local = get_local(known)
            key = step.name.removeprefix("local.")
            local[key] = round(float(np.clip(local.get(key, 0.0) + amount, -1, 1)), 3)
            changed["body.local"] = local
    return changed, hair


def _read_start(fields: Fields, name: str) -> float:
    defaults = {"voice.rate": 1.0, "groom.grey": 0.0}
    if name == "texture.wrinkles" and fields.get(name) is None:
        # Left out, wrinkles follow the age.
        return float(np.clip((float(get_field(fields, "identity.age")) - 30) / 50, 0, 1))
    value = get_field(fields, name)
    return defaults.get(name, 0.0) if value is None else float(value)


def _move(order: Sequence[str], value: str, amount: float) -> str:
    """One place further for a step or less, two for much."""
    places = int(np.sign(amount)) * (2 if abs(amount) > 1.5 else 1)
    return order[int(np.clip(order.index(value) + places, 0, len(order) - 1))]


def list_affected(wishes: Wishes, has_garments: bool) -> frozenset[str]:
    """The fields that the change decides."""
    names = {*wishes.values, *wishes.excluded}
    fields = {one for name in names for one in GROUPS.get(name, ())}
    if has_garments:
        fields |= set(GROUPS["outfit"])
    if names & {"face", "origin"} or any(name.startswith("local.") for name in names):
        fields.add("body.local")
    return frozenset(fields)


def merge_pieces(
    old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]], named: frozenset[str], slots: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The old pieces, those of the named slots replaced.

    Args:
        named: slots of the garments that the change names.
        slots: garment -> its slot.
    """
    kept = [dict(piece) for piece in old if slots.get(str(piece["garment"]), "top") not in named]
    if "dress" in named:
        kept = [piece for piece in kept if slots.get(str(piece["garment"])) == "shoes"]
    added = [dict(piece) for piece in new if slots.get(str(piece["garment"]), "top") in named]
    if named & {"top", "bottom"}:
        kept = [piece for piece in kept if slots.get(str(piece["garment"])) != "dress"]
    found = [*added, *kept]
    worn = {slots.get(str(piece["garment"]), "top") for piece in found}
    found += [dict(piece) for piece in new if slots.get(str(piece["garment"]), "top") not in worn and "dress" not in worn]
    order = ("dress", "top", "over", "bottom", "shoes")
    return sorted(found, key=lambda piece: order.index(slots.get(str(piece["garment"]), "top")))[:6]
