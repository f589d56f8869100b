"""How the character looks: the options of the identity, body, groom and texture stages."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticKnownError

from assets.spec.expectation import Expects


def _reject_bool(value: Any) -> Any:
    # YAML reads `yes` and `no` as booleans, which pydantic would take for 1 and 0.
    if isinstance(value, bool):
        raise PydanticKnownError("float_type")
    return value


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


class MixSpec(Section):
    """A second person mixed into this one, for relatives and in-betweens."""

    seed: Annotated[int, Field(ge=0, lt=2**32), Number]
    """Seed of the second person's latent."""
    share: Unit = 0.5
    """Share of the second person: 0 none, 1 all; age, gender and tone are not mixed."""


class IdentitySpec(Section):
    """Age, gender, skin tone, and the seed of the individual face."""

    backend: str | None = None
    """Generator; left out: the default (`fenshen backends`)."""
    seed: Annotated[int | None, Field(ge=0, lt=2**32), Number] = None
    """Seed of the latent; left out: the avatar's seed."""
    mix: MixSpec | None = None
    """A second person whose skin and face are mixed in."""
    age: Annotated[float, Field(ge=18, le=90, allow_inf_nan=False), Number] = 30
    """Age in years."""
    gender: Unit = 0.5
    """0 female, 1 male."""
    tone: Unit = 0.35
    """Skin tone: 0 lightest, 1 darkest."""
    variety: Unit = 0.6
    """How far the face may differ from the average."""


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


class GroomSpec(Section):
    """Hair, clothes and colours by the names of the CC0 wardrobe; what is left out is picked by gender and seed."""

    hair: str | None = None
    """Hair item, or none for a bald head; left out: picked by gender and seed."""
    brows: str | None = None
    """Eyebrow item; left out: picked by gender and seed."""
    lashes: str | None = None
    """Eyelash item; left out: picked by gender and seed."""
    outfit: str | None = None
    """Outfit item, always worn; left out: picked by gender and seed."""
    shoes: str | None = None
    """Shoe item; left out: picked by gender and seed."""
    hat: str | None = None
    """Hat item; left out: none."""
    hair_colour: Colour | None = None
    """Hair colour as "#rrggbb", in quotes; left out: picked by age and tone."""
    outfit_colour: Colour | None = None
    """Tint of the outfit as "#rrggbb", in quotes; left out: its own colours."""
    eye_colour: Colour | None = None
    """Iris colour as "#rrggbb", in quotes; left out: picked by tone."""


class TextureSpec(Section):
    """Detail of the skin."""

    size: Literal[512, 1024, 2048] = 1024
    """Side of a texture tile in pixels; the target's limit still applies."""
    freckles: Unit = 0.0
    """0 none, 1 many."""
    wrinkles: Unit | None = None
    """0 none, 1 many; left out: follows the age."""
    pores: Unit = 0.5
    """Strength of the pore normals."""
