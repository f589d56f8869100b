"""How the character looks: the options of the identity, body, groom and texture stages."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticKnownError


def _reject_bool(value: Any) -> Any:
    # YAML reads `yes` and `no` as truth values, which pydantic would count as 1 and 0.
    if isinstance(value, bool):
        raise PydanticKnownError("float_type")
    return value


Number = BeforeValidator(_reject_bool)
"""Of every field that is a number."""
Unit = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), Number]
Signed = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False), Number]
Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]


class Section(BaseModel):
    """A part of the spec: unknown keys are errors, values do not change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, populate_by_name=True)


class MixSpec(Section):
    """Another person who goes into this one: kin, or who stands between two."""

    seed: Annotated[int, Field(ge=0, lt=2**32), Number]
    """Seed of the other one's latent."""
    share: Unit = 0.5
    """0 this person .. 1 the other one; age, gender and tone stay this one's."""


class IdentitySpec(Section):
    """Who it is: age, gender, skin tone, and a seed for all that makes a face one's own."""

    backend: str | None = None
    """Generator; left out: the default (`fenshen backends`)."""
    seed: Annotated[int | None, Field(ge=0, lt=2**32), Number] = None
    """Seed of the latent; left out: the avatar's seed."""
    mix: MixSpec | None = None
    """Skin and face on the way to another person's."""
    age: Annotated[float, Field(ge=18, le=90, allow_inf_nan=False), Number] = 30
    """Years."""
    gender: Unit = 0.5
    """0 female .. 1 male."""
    tone: Unit = 0.35
    """0 lightest .. 1 darkest skin."""
    variety: Unit = 0.6
    """How far the face may lie from the average."""


class BodySpec(Section):
    """The build; age and gender follow the identity unless given here."""

    backend: str | None = None
    """Body model; left out: the default. With "gan" the build is drawn, and the numbers below shift what was drawn."""
    gender: Unit | None = None
    """0 female .. 1 male; left out: follows identity.gender."""
    age: Unit | None = None
    """Anny's axis: 0 newborn, 1/3 child, 2/3 adult, 1 old; left out: follows identity.age."""
    muscle: Unit = 0.5
    """0 slack .. 1 strong."""
    weight: Unit = 0.5
    """0 thin .. 1 heavy."""
    height: Unit = 0.5
    """0 short .. 1 tall, for the age and gender."""
    proportions: Unit = 0.6
    """0 uncommon .. 1 ideal."""
    local: dict[str, Signed] = {}
    """Local changes by Anny's names, -1..1."""


class GroomSpec(Section):
    """What is worn and grown, by the names of the CC0 wardrobe; what is left out is picked by gender and seed."""

    hair: str | None = None
    """Hair item, or none for a bald head; left out: picked by gender and seed."""
    brows: str | None = None
    """Brows item; left out: picked by gender and seed."""
    lashes: str | None = None
    """Lashes item; left out: picked by gender and seed."""
    outfit: str | None = None
    """Outfit item, every bundle is dressed; left out: picked by gender and seed."""
    shoes: str | None = None
    """Shoes item; left out: picked by gender and seed."""
    hat: str | None = None
    """Hat item; left out: none."""
    hair_colour: Colour | None = None
    """#rrggbb; left out: picked by age and tone."""
    outfit_colour: Colour | None = None
    """#rrggbb tint of the outfit; left out: its own colours."""
    eye_colour: Colour | None = None
    """#rrggbb of the iris; left out: picked by tone."""


class TextureSpec(Section):
    """The painted detail of the skin."""

    size: Literal[512, 1024, 2048] = 1024
    """Pixels of a tile's side before the target's limit."""
    freckles: Unit = 0.0
    """0 none .. 1 many."""
    wrinkles: Unit | None = None
    """0 none .. 1 many; left out: follows the age."""
    pores: Unit = 0.5
    """Strength of the pore normals."""
