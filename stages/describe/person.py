"""What a person with these fields is, in the words of the vocabulary: by the functions that the build draws with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from assets.artefacts.character import Body, Identity
from assets.spec.appearance import GroomSpec
from stages.body.phenotype import resolve_origins
from stages.describe.colours import classify_eyes, classify_hair
from stages.describe.face import classify_face
from stages.describe.field_values import Fields, get_field, get_local
from stages.describe.hair import BEARD_KINDS, HairWish, read_look
from stages.describe.outfit import ITEM_CLASSES, classify_outfit
from stages.describe.vocabulary import classify_build, classify_freckles, classify_gender, classify_height, classify_tone
from stages.groom import colour
from stages.groom.garments.choices import TAILORED, choose_outfit, list_outfit_names, list_shoe_names
from stages.groom.hair.choices import choose_hair
from stages.groom.stage import choose_items
from stages.identity.backend import IDENTITY_LATENT_SIZE
from stages.identity.latents import draw_latent

_GROOM_FIELDS = tuple(GroomSpec.model_fields)


@dataclass(frozen=True)
class Drawn:
    """What the seed draws where fields say nothing."""

    hair: str
    beard: str
    hair_colour: str
    """#rrggbb of the roots without grey."""
    grey: float
    eye_colour: str
    outfit: str
    """Name of the set, `pieces`, or the item of the wardrobe."""
    outfit_class: str


def build_phenotype(fields: Fields, seed: int) -> dict[str, float]:
    """What the choices of hair, eyes and clothes read of a body: gender, years and origins."""
    own = fields.get("identity.seed")
    latent = draw_latent(seed if own is None else int(own), IDENTITY_LATENT_SIZE)
    identity = cast(Identity, SimpleNamespace(tone=float(get_field(fields, "identity.tone")), latent=latent, face={}))
    gender = fields.get("body.gender")
    return {
        "gender": float(get_field(fields, "identity.gender") if gender is None else gender),
        "age_years": float(get_field(fields, "identity.age")),
        **resolve_origins(identity, get_local(fields)),
    }


def draw_person(fields: Fields, seed: int) -> Drawn:
    """Hair, eyes and clothes of the person that is built from these fields and this seed."""
    # Only the phenotype of a body is read before anything is built.
    body = cast(Body, SimpleNamespace(phenotype=build_phenotype(fields, seed)))
    given = {name: fields[f"groom.{name}"] for name in _GROOM_FIELDS if fields.get(f"groom.{name}") is not None}
    options = GroomSpec(**given)
    hair = choose_hair(body, options, seed)
    # The order of draws of stages.groom.stage.run: lashes and shoes, hair's colour, iris.
    rng = np.random.default_rng([seed, 0x6700])
    choose_items(body, options, rng)
    rng.integers(colour.NATURAL_COUNT)
    iris = colour.choose_iris_colour(body, options.eye_colour, rng)
    outfit, outfit_class = _draw_outfit(body.phenotype, options, seed)
    style = "none" if options.hair == "none" else hair.style
    return Drawn(style, hair.beard, _to_hex(hair.colour.root), float(hair.colour.grey), _to_hex(iris), outfit, outfit_class)


def _draw_outfit(phenotype: Mapping[str, float], options: GroomSpec, seed: int) -> tuple[str, str]:
    if options.outfit not in (None, TAILORED, *list_outfit_names()) and not options.pieces:
        return str(options.outfit), ITEM_CLASSES.get(str(options.outfit), "casual")
    requested = options.pieces or (options.outfit if options.outfit in list_outfit_names() else None)
    shoes = options.shoes if options.shoes in list_shoe_names() else None
    choice = choose_outfit(
        phenotype["age_years"], phenotype["gender"], requested, options.outfit_colour, shoes, seed, options.role
    )  # fmt: skip
    pieces = [(piece.garment.name, cast("tuple[float, float, float]", tuple(map(float, piece.colours.main)))) for piece in choice.pieces]
    return choice.name, classify_outfit(pieces)


def _to_hex(rgb: Any) -> str:
    return "#" + "".join(f"{round(float(part) * 255):02x}" for part in rgb)


def read_person(fields: Fields, seed: int, wish: HairWish | None = None) -> dict[str, Any]:
    """Every attribute of the person that is built from these fields and this seed.

    Args:
        wish: what the text says about hair: a bun is of medium or of long hair, whichever is said.
    """
    drawn = draw_person(fields, seed)
    weight, muscle = (float(get_field(fields, f"body.{name}")) for name in ("weight", "muscle"))
    return {
        "age": round(float(get_field(fields, "identity.age"))),
        "gender": classify_gender(float(get_field(fields, "identity.gender"))),
        "tone": classify_tone(float(get_field(fields, "identity.tone"))),
        "build": classify_build(weight, muscle),
        "height": classify_height(float(get_field(fields, "body.height"))),
        "face": classify_face(fields, seed),
        **read_look(drawn.hair, wish),
        "hair_colour": classify_hair(drawn.hair_colour, drawn.grey),
        "eye_colour": classify_eyes(drawn.eye_colour),
        "beard": BEARD_KINDS.get(drawn.beard, "beard"),
        "glasses": "no" if fields.get("groom.glasses") in (None, "no", "none", False) else "yes",
        "hat": "no" if fields.get("groom.hat") in (None, "none") else "yes",
        "freckles": classify_freckles(float(get_field(fields, "texture.freckles"))),
        "outfit": drawn.outfit_class,
        "expression": str(get_field(fields, "performance.expression")),
    }
