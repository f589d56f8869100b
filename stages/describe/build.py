"""Wishes to fields: what a text leaves open is sampled by the seed within what it asks for, or drawn as the build draws it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from stages.body.phenotype import compute_stature
from stages.describe.colours import EYE_COLOURS, HAIR_COLOURS, classify_eyes, classify_hair, shade_colour
from stages.describe.face import build_face_changes
from stages.describe.field_values import Fields, get_field
from stages.describe.hair import BEARD_CHOICES, BEARD_KINDS, HairWish, choose_style
from stages.describe.outfit import build_outfit
from stages.describe.person import build_phenotype, draw_person
from stages.describe.vocabulary import EXTENTS, HEIGHTS, MAX_AGE, MILD, MIN_AGE, MUSCLES, TONES, VALUES, WEIGHTS, Band
from stages.describe.wishes import Wishes

_STREAMS = {
    name: index
    for index, name in enumerate(
        (
            "gender",
            "age",
            "tone",
            "build",
            "height",
            "face",
            "hair",
            "hair_colour",
            "eye_colour",
            "beard",
            "freckles",
            "outfit",
            "glasses",
            "hat",
            "origin",
        )
    )
}
"""Each choice has random numbers of its own, so that a word more leaves the others as they are."""
_KEY = 0xDE5C
_VIVID_RED = "#b3201c"
_HATS = ("fedora", "fedora_cocked")


def draw(seed: int, name: str) -> np.random.Generator:
    """The random numbers of one choice."""
    return np.random.default_rng([seed, _KEY, _STREAMS[name]])


def build_fields(wishes: Wishes, seed: int, base: Fields, wish: HairWish) -> dict[str, Any]:
    """Every field of the person; those of `base` win and decide with."""
    fields: dict[str, Any] = {}
    _build_identity(fields, wishes, seed, base)
    _build_body(fields, wishes, seed)
    _build_extras(fields, wishes, seed)
    known = {**fields, **base}
    _build_hair(fields, wishes, wish, seed, known)
    _build_colours(fields, wishes, seed, {**fields, **base})
    _build_worn(fields, wishes, seed, {**fields, **base})
    if fields.get("body.local") and base.get("body.local"):
        base = {**base, "body.local": {**fields["body.local"], **base["body.local"]}}
    return {name: value for name, value in {**fields, **base}.items() if value is not None}


def _build_identity(fields: dict[str, Any], wishes: Wishes, seed: int, base: Fields) -> None:
    gender = wishes.get("gender")
    if gender is None:
        gender = "female" if draw(seed, "gender").random() < 0.5 else "male"
    fields["identity.gender"] = {"female": 0.0, "male": 1.0, "between": 0.5}[gender]
    if wishes.age:
        low, high = (min(max(age, MIN_AGE), MAX_AGE) for age in wishes.age)
        fields["identity.age"] = int(draw(seed, "age").integers(low, high + 1))
    else:
        fields["identity.age"] = int(get_field(base, "identity.age"))
    tone = wishes.get("tone")
    if tone:
        options = tone.split("|")
        rng = draw(seed, "tone")
        pick = options[int(rng.integers(len(options)))]
        degree = wishes.get_degree("tone")
        fields["identity.tone"] = _sample(
            MILD[pick] if degree == "mild" and pick in MILD else _push(TONES[pick], pick == "dark", degree), rng
        )
    else:
        fields["identity.tone"] = get_field(base, "identity.tone")


def _build_body(fields: dict[str, Any], wishes: Wishes, seed: int) -> None:
    build, height = wishes.get("build"), wishes.get("height")
    weight_band, muscle_band = WEIGHTS[build or "average"], MUSCLES[build or "average"]
    rng, degree = draw(seed, "build"), wishes.get_degree("build")
    if build and degree == "mild" and build in MILD:
        weight_band, muscle_band = (weight_band, MILD[build]) if build == "muscular" else (MILD[build], muscle_band)
    elif build and degree in ("strong", "more"):
        weight_band = _push(weight_band, build == "heavy", "strong") if build in ("thin", "heavy") else weight_band
    fields["body.weight"] = _sample(weight_band, rng) if build else 0.5
    fields["body.muscle"] = _sample(muscle_band, rng) if build else 0.5
    degree = wishes.get_degree("height")
    fields["body.height"] = 0.5
    if height:
        band = MILD[height] if height in MILD and degree == "mild" else _push(HEIGHTS[height], height == "tall", degree)
        fields["body.height"] = _sample(band, draw(seed, "height"))
    if stature := wishes.get("stature"):
        years, gender = float(fields["identity.age"]), float(fields["identity.gender"])
        mean = compute_stature(years, gender, 0.5)
        # compute_stature is linear in the height.
        height_axis = 0.5 + 0.5 * (float(stature) - mean) / (compute_stature(years, gender, 1.0) - mean)
        fields["body.height"] = round(float(np.clip(height_axis, *EXTENTS[height or "average"])), 3)
    local: dict[str, float] = {}
    if face := wishes.get("face"):
        options = face.split("|")
        local |= build_face_changes(options[int(draw(seed, "face").integers(len(options)))], draw(seed, "face"))
    for name, claim in wishes.values.items():
        if name.startswith("local."):
            local[name.removeprefix("local.")] = round(
                float(np.clip(float(claim.value) * {"mild": 0.5, "strong": 1.5}.get(claim.degree, 1.0), -1, 1)), 3
            )
    if origin := wishes.get("origin"):
        local |= _sample_origins(origin, draw(seed, "origin"))
    if local:
        fields["body.local"] = local


def _sample_origins(origin: str, rng: np.random.Generator) -> dict[str, float]:
    """Shares of Anny's three origins: mostly the named one, because real faces are mixtures."""
    main = round(float(rng.uniform(0.82, 0.96)), 3)
    others = [name for name in ("african", "asian", "caucasian") if name != origin]
    first = round((1 - main) * float(rng.uniform(0.2, 0.8)), 3)
    return {origin: main, others[0]: first, others[1]: round(1 - main - first, 3)}


def _build_extras(fields: dict[str, Any], wishes: Wishes, seed: int) -> None:
    """Freckles, wrinkles, expression, manner, voice."""
    freckles, degree = wishes.get("freckles"), wishes.get_degree("freckles")
    band: Band = (0.3, 0.42) if degree == "mild" else (0.85, 1.0) if degree in ("strong", "more") else (0.55, 0.8)
    fields["texture.freckles"] = _sample(band, draw(seed, "freckles")) if freckles == "yes" else 0.0
    if wrinkles := wishes.get("wrinkles"):
        negated = "wrinkles" not in wishes.values or wishes.values["wrinkles"].negated
        fields["texture.wrinkles"] = 0.0 if negated else float(wrinkles)
    elif "wrinkles" in wishes.excluded:
        fields["texture.wrinkles"] = 0.0
    expression = wishes.get("expression")
    fields["performance.expression"] = expression.split("|")[0] if expression else "neutral"
    if manner := wishes.get("manner"):
        fields["persona.manner"] = manner
    for name, target in (("energy", "performance.energy"), ("rate", "voice.rate")):
        if value := wishes.get(name):
            fields[target] = float(value)


def _build_hair(fields: dict[str, Any], wishes: Wishes, wish: HairWish, seed: int, known: Fields) -> None:
    """The style and the beard: as the build draws them, where the text allows that."""
    drawn = draw_person(known, seed)
    is_man = float(get_field(known, "identity.gender")) >= 0.5
    is_coily = build_phenotype(known, seed)["african"] > 0.5
    if known.get("groom.hair") is None:
        fields["groom.hair"] = drawn.hair if wish.is_empty else choose_style(
            wish, is_man=is_man, prefers_coily=is_coily, usual=drawn.hair, rng=draw(seed, "hair")
        )  # fmt: skip
    kind = wishes.get("beard")
    fields["groom.beard"] = (
        drawn.beard if kind is None else _choose_beard(kind, wishes.get("beard_style"), drawn.beard, draw(seed, "beard"))
    )


def _choose_beard(kind: str, style: str | None, usual: str, rng: np.random.Generator) -> str:
    if style and BEARD_KINDS.get(style) == kind:
        return style
    if BEARD_KINDS.get(usual) == kind and usual != "shadow":
        return usual
    table = BEARD_CHOICES[kind]
    weights = np.array(list(table.values()), float)
    return str(rng.choice(list(table), p=weights / weights.sum()))


def _build_colours(fields: dict[str, Any], wishes: Wishes, seed: int, known: Fields) -> None:
    drawn = draw_person(known, seed)
    colour, grey = _choose_hair_colour(wishes, drawn.hair_colour, drawn.grey, draw(seed, "hair_colour"))
    fields["groom.hair_colour"], fields["groom.grey"] = colour, round(grey, 3)
    fields["groom.eye_colour"] = _choose_eye_colour(wishes, drawn.eye_colour, draw(seed, "eye_colour"))


def _choose_hair_colour(wishes: Wishes, usual: str, grey: float, rng: np.random.Generator) -> tuple[str, float]:
    """(root colour, share of grey)."""
    names = _list_allowed("hair_colour", wishes, classify_hair(usual, grey))
    if "dye" in wishes.values and not wishes.values["dye"].negated:
        if wishes.get("hair_colour") is None:
            names = ["dyed"]
        elif names == ["red"]:
            return _VIVID_RED, 0.0
    if not names:
        return usual, grey
    name = names[int(rng.integers(len(names)))]
    if "grey" in wishes.values and name == "grey":
        return HAIR_COLOURS["black"][int(rng.integers(3))], round(float(wishes.get("grey") or 0.5) + float(rng.uniform(-0.03, 0.06)), 3)
    hexes = (wishes.get("hair_hex") or "").split(",") if wishes.get("hair_hex") else list(HAIR_COLOURS[name])
    shade = float(wishes.get("hair_shade") or 0)
    chosen = _pick_shade(hexes, shade, rng, lambda one: classify_hair(one, 0) == name, HAIR_COLOURS[name])
    return chosen, 0.0


def _choose_eye_colour(wishes: Wishes, usual: str, rng: np.random.Generator) -> str:
    if (given := wishes.get("eye_hex")) and "eye_colour" not in wishes.values:
        return given
    names = _list_allowed("eye_colour", wishes, classify_eyes(usual))
    if not names:
        return usual
    name = names[int(rng.integers(len(names)))]
    shade = 0.6 * float(wishes.get("eye_shade") or 0)
    return _pick_shade(EYE_COLOURS[name], shade, rng, lambda one: classify_eyes(one) == name, EYE_COLOURS[name])


def _list_allowed(attribute: str, wishes: Wishes, usual: str) -> list[str]:
    """The values that the text allows; none where what is drawn anyway is one of them and it asks for nothing."""
    excluded = wishes.excluded.get(attribute, frozenset())
    if wished := wishes.get(attribute):
        claim = wishes.values[attribute]
        names = [name for name in wished.split("|") if name not in excluded or not claim.negated]
        # What a word only suggests leaves alone what fits it.
        return [] if claim.rank < 2 and usual in names else names
    if usual in excluded:
        return [name for name in VALUES[attribute] if name not in excluded and name not in ("dyed", "white", "grey")]
    return []


def _pick_shade(hexes: Sequence[str], shade: float, rng: np.random.Generator, is_right: Any, fallback: Sequence[str]) -> str:
    """One of the colours in the shade, as far as it keeps its name."""
    base = hexes[int(rng.integers(len(hexes)))]
    for scale in (1.0, 0.6, 0.3, 0.0):
        colour = shade_colour(base, shade * scale, 0.07 if scale else 0.03, rng)
        if is_right(colour):
            return colour
    return base if is_right(base) else fallback[int(rng.integers(len(fallback)))]


def _build_worn(fields: dict[str, Any], wishes: Wishes, seed: int, known: Fields) -> None:
    is_man = float(get_field(known, "identity.gender")) >= 0.5
    rng = draw(seed, "outfit")
    for one in wishes.outfit.garments:
        one.colour = _resolve_cloth(one.colour, rng)
    wishes.outfit.colour = _resolve_cloth(wishes.outfit.colour, rng)
    if not any(known.get(f"groom.{name}") for name in ("outfit", "pieces")):
        fields.update(build_outfit(wishes.outfit, is_man=is_man, rng=rng))
        if not any(fields.get(f"groom.{name}") for name in ("outfit", "pieces")):
            fields["groom.outfit"] = _draw_allowed_outfit(known, wishes.outfit.excluded, seed)
    glasses = wishes.get("glasses")
    fields["groom.glasses"] = "no" if glasses in (None, "no") else glasses
    if wishes.get("hat") == "yes":
        fields["groom.hat"] = _HATS[int(draw(seed, "hat").integers(len(_HATS)))]
    if earrings := wishes.get("earrings"):
        fields["groom.earrings"] = "none" if wishes.values["earrings"].negated else earrings


def _draw_allowed_outfit(known: Fields, excluded: frozenset[str], seed: int) -> str:
    """The set that the seed draws; another one where the text rules that one out."""
    drawn = draw_person(known, seed)
    if drawn.outfit_class not in excluded or drawn.outfit == "pieces":
        return drawn.outfit
    for name in ("shirt_jeans", "sweater_jeans", "tee_jeans"):
        if draw_person({**known, "groom.outfit": name}, seed).outfit_class not in excluded:
            return name
    return drawn.outfit


def _resolve_cloth(colour: str | None, rng: np.random.Generator) -> str | None:
    """#rrggbb of a colour with its shade (#rrggbb-1), a little different for every seed."""
    if colour is None:
        return None
    return shade_colour(colour[:7], float(colour[7:] or 0), 0.06, rng)


def _sample(band: Band, rng: np.random.Generator) -> float:
    return round(float(rng.uniform(*band)), 3)


def _push(band: Band, is_high: bool, degree: str) -> Band:
    """The outer half of a band, for `very`."""
    if degree not in ("strong", "more"):
        return band
    middle = (band[0] + band[1]) / 2
    return (middle, band[1]) if is_high else (band[0], middle)
