"""How the character looks: the options of the identity, body, groom and texture stages."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticKnownError

from assets.spec.expectation import Expects
from assets.spec.visible_text import Visible


def _reject_bool(value: Any) -> Any:
    # YAML reads `yes` and `no` as booleans, which pydantic would take for 1 and 0.
    if isinstance(value, bool):
        raise PydanticKnownError("float_type")
    return value


def _name_bool(value: Any) -> Any:
    # YAML reads `yes` and `no` as booleans.
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value


SPEC_SUFFIXES = (".yaml", ".yml", ".json")
"""Of spec files, by which the word for a file differs from that for a preset."""
YesNo = BeforeValidator(_name_bool)
"""Annotation of a name that may be yes or no."""
Number = BeforeValidator(_reject_bool)
"""Annotation of every numeric field."""
Unit = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), Number]
Signed = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False), Number]
Colour = Annotated[
    str, Field(pattern=r"^#[0-9a-fA-F]{6}$"), Expects('a colour such as "#5a2e1a"', "write # and six hexadecimal digits, in quotes")
]


class Section(BaseModel):
    """A section of the spec: unknown fields are errors, values are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, populate_by_name=True)


class PersonSpec(Section):
    """A person to mix in or descend from: exactly one of seed, spec and preset, or a word for a preset or a spec file."""

    seed: Annotated[int | None, Field(ge=0, lt=2**32), Number] = None
    """Seed of the person's latent; everything else is as in this spec."""
    spec: Annotated[str | None, Field(pattern=r"\S")] = None
    """Spec file of the person, relative to this one."""
    preset: str | None = None
    """Preset of the person."""
    weight: Annotated[float, Field(ge=0.01, le=100, allow_inf_nan=False), Number] = 1.0
    """Of this person among those that are mixed."""
    share: Unit | None = None
    """Of a single seed: its share, the rest being the spec's own person; age, gender and tone are not mixed."""

    @model_validator(mode="before")
    @classmethod
    def _expand_word(cls, value: Any) -> Any:
        if not isinstance(value, str) or not value.strip():
            return value
        return {"spec" if value.lower().endswith(SPEC_SUFFIXES) else "preset": value}


def _list_people(value: Any) -> Any:
    # `mix: {seed: 2, share: 0.5}` is a single person mixed into the spec's own, half and half where nothing else is said.
    if isinstance(value, dict) and "seed" in value and not value.keys() & {"weight", "spec", "preset"}:
        return [{"share": 0.5, **value}]
    return [value] if isinstance(value, dict | str) else value


class IdentitySpec(Section):
    """Age, gender, skin tone, and the seed of the individual face."""

    text: Annotated[str | None, Field(pattern=r"\S", max_length=2000)] = None
    """Who it is, in English or Chinese; fills every field of the looks that the spec does not name (docs/describe.md)."""
    backend: str | None = None
    """Generator; left out: the default (`fenshen backends`)."""
    seed: Annotated[int | None, Field(ge=0, lt=2**32), Number] = None
    """Seed of the latent; left out: the avatar's seed."""
    mix: Annotated[tuple[PersonSpec, ...], Field(max_length=16), BeforeValidator(_list_people)] = ()
    """People whose skin, face, age, gender, tone and build are mixed; what this spec says itself stays (docs/axes.md)."""
    child_of: Annotated[tuple[PersonSpec, ...], Field(max_length=2)] = ()
    """Two parents, such as [ada, kofi.yaml]: the seed draws what their grown-up child has from whom (docs/axes.md)."""
    age: Annotated[float, Field(ge=18, le=90, allow_inf_nan=False), Number] = 30
    """Age in years."""
    gender: Unit = 0.5
    """0 female, 1 male."""
    tone: Unit = 0.35
    """Skin tone: 0 lightest, 1 darkest."""
    variety: Unit = 0.6
    """How far the face may differ from the average."""
    axes: dict[str, Signed] = {}
    """One trait of the face each, from -1 to 1, by the names of docs/axes.md; added to the face of the seed."""


class BodySpec(Section):
    """The build; age and gender follow the identity unless given here."""

    backend: str | None = None
    """Body model; left out: the default. With gan or vae the build is generated, and the numbers below shift it."""
    gender: Unit | None = None
    """0 female, 1 male; left out: follows identity.gender."""
    age: Unit | None = None
    """Anny's axis: 0 newborn, 1/3 child, 2/3 adult, 1 old; left out: follows identity.age."""
    muscle: Unit = 0.5
    """0 slack, 1 strong."""
    weight: Unit = 0.5
    """0 thin, 1 heavy."""
    height: Unit = 0.5
    """0 short, 1 tall for the age and gender."""
    proportions: Unit = 0.6
    """0 uncommon, 1 ideal."""
    local: dict[str, Signed] = {}
    """Local changes of the shape by Anny's names, each from -1 to 1."""


class PrintSpec(Section):
    """Text or a picture of your own on the chest: exactly one of the two."""

    text: Annotated[str | None, Field(pattern=r"\S", max_length=60)] = None
    """A word or a few, in the piece's second colour; a line break begins a new line."""
    picture: Annotated[str | None, Field(pattern=r"\S")] = None
    """Path of a picture, relative to the spec; transparent parts show the cloth."""
    licence: Annotated[str, Field(pattern=r"\S", max_length=200), Visible] | None = None
    """SPDX id of the picture's licence, required with a picture; it is listed in the bundle."""
    author: Annotated[str, Field(max_length=200), Visible] | None = None
    """Who made the picture."""


class PieceSpec(Section):
    """One garment of an outfit of your own (docs/clothes.md)."""

    garment: str
    """What it is, such as tshirt, jeans or blazer."""
    fabric: str | None = None
    """What it is made of, such as denim, linen or wool; left out: one that suits the garment."""
    pattern: str | None = None
    """What is woven or printed, such as plain, breton or tartan; left out: one that suits the garment."""
    colour: Colour | None = None
    """Main colour as "#rrggbb", in quotes; left out: of the palette that the seed picks."""
    second: Colour | None = None
    """Colour of stripes and prints as "#rrggbb", in quotes; left out: of the same palette."""
    print: PrintSpec | None = None
    """What is printed on the chest of a top or a dress; left out: nothing of your own."""
    fit: Annotated[float, Field(ge=0.7, le=2.2, allow_inf_nan=False), Number] | None = None
    """Ease: 0.9 slim, 1.1 regular, 1.7 wide; left out: the garment's own."""


class GroomSpec(Section):
    """Hair, clothes and colours: styles, outfits made to the body, items of the CC0 wardrobe; left out: by gender, age and seed."""

    hair: str | None = None
    """Hair style that is grown (docs/hair.md), hair item, or none for a bald head; left out: a style, by gender, age and seed."""
    beard: str | None = None
    """Beard style, or none; left out: none for women, for men by age and seed."""
    brows: str | None = None
    """Eyebrow item over the painted brows; left out: painted brows alone."""
    lashes: str | None = None
    """Eyelash item; left out: picked by gender and seed."""
    outfit: str | None = None
    """Outfit item; a set of docs/clothes.md, made to the body; or tailored, as left out: a set by age, gender and seed."""
    pieces: Annotated[tuple[PieceSpec, ...], Field(max_length=6)] = ()
    """Garments worn instead of a set."""
    shoes: str | None = None
    """Shoe item, or shoes of docs/clothes.md; left out: those of the set, or an item with an outfit item."""
    role: Literal["office", "school", "medical", "laboratory", "site", "sport", "festive"] | None = None
    """Work or occasion that a drawn outfit shows; left out: everyday clothes."""
    hat: str | None = None
    """Hat item; left out: none."""
    glasses: Annotated[str | None, YesNo] = None
    """A frame of docs/clothes.md, yes for one that the seed picks, or no; left out: none."""
    earrings: str | None = None
    """studs, hoops, drops or none; left out: none."""
    hair_colour: Colour | None = None
    """Hair colour as "#rrggbb", in quotes; left out: picked by origin, age and seed."""
    hair_tips: Colour | None = None
    """Colour of the tips of grown hair as "#rrggbb", in quotes; left out: a little lighter than hair_colour."""
    grey: Unit | None = None
    """Share of grey strands; left out: by age, or 0 where hair_colour is given."""
    outfit_colour: Colour | None = None
    """Main colour of the outfit's top as "#rrggbb", in quotes, or tint of an outfit item; left out: its own colours."""
    eye_colour: Colour | None = None
    """Iris colour as "#rrggbb", in quotes; left out: picked by tone."""


class TextureSpec(Section):
    """Detail of the skin."""

    size: Literal[512, 1024, 2048] = 1024
    """Side of a texture tile in pixels; left out, desktop gets 2048. The target's limit still applies."""
    freckles: Unit = 0.0
    """0 none, 1 many."""
    wrinkles: Unit | None = None
    """0 none, 1 many; left out: follows the age."""
    pores: Unit = 0.5
    """Strength of the pore normals."""
