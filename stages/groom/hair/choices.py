"""Which hair, brows and beard a person has: the spec's, otherwise by sex, age, origin and seed, from explicit tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from assets.artefacts.character import Body
from assets.spec.appearance import GroomSpec
from stages.groom.colour import choose_natural_colour, parse_hex_colour
from stages.groom.hair.atlas import HairColour
from stages.groom.hair.chart import Floats
from stages.groom.hair.paint import Brow

BALD = "bald"
"""The style of `groom.hair: none`."""
_OLD, _MIDDLE = 55.0, 38.0
"""Years from which the tables for old and for middle-aged people apply."""
# Style -> weight. A style that is added here changes the hair of specs that leave it out.
STYLES: Mapping[str, Mapping[str, float]] = {
    "young man": {"side_part": 3, "crew": 2, "buzz": 2, "slick": 1, "quiff": 2, "fade": 2, "curly": 1.5, "messy": 2},
    "man": {"side_part": 3, "crew": 2, "buzz": 2, "slick": 2, "receding": 1.5, "fade": 1, "shaved": 1},
    "old man": {"side_part": 2, "receding": 4, "crown": 2, "shaved": 1, "buzz": 1, "slick": 1},
    "young woman": {"long_straight": 3, "long_wavy": 3, "ponytail": 2.5, "bun": 1, "bob": 1.5, "fringe": 1.5, "braid": 1, "half_up": 1},
    "woman": {"long_wavy": 2, "ponytail": 2, "bun": 2, "bob": 3, "lob": 2, "pixie": 1.5},
    "old woman": {"bob": 3, "pixie": 3, "bun": 2, "lob": 1, "side_part": 1},
    "young man, coily": {"fade": 2, "buzz": 2, "afro_short": 2, "afro": 1, "locs": 1, "cornrows": 1, "twists": 1},
    "man, coily": {"fade": 2, "buzz": 3, "afro_short": 2, "shaved": 1.5, "locs": 0.7},
    "old man, coily": {"buzz": 3, "receding": 1.5, "shaved": 2, "afro_short": 2},
    "young woman, coily": {"afro": 2, "braids": 2, "locs": 1, "bun": 1, "coils": 2, "cornrows": 1},
    "woman, coily": {"afro_short": 2, "braids": 1.5, "bun": 2, "coils": 1.5, "afro": 1},
    "old woman, coily": {"afro_short": 3, "bun": 2, "coils": 1},
}
BEARDS: Mapping[str, Mapping[str, float]] = {
    "young man": {"none": 3, "stubble": 3, "shadow": 2, "goatee": 0.4, "short_beard": 1},
    "man": {"none": 3, "stubble": 2.5, "shadow": 2, "short_beard": 2, "full_beard": 1, "goatee": 0.6, "moustache": 0.4},
    "old man": {"none": 4, "shadow": 2, "short_beard": 1.5, "full_beard": 1, "moustache": 1},
    "young man, coily": {"none": 3, "stubble": 3, "shadow": 2, "goatee": 0.4, "short_beard": 1},
    "man, coily": {"none": 3, "stubble": 2.5, "shadow": 2, "short_beard": 2, "full_beard": 1, "goatee": 0.6, "moustache": 0.4},
    "old man, coily": {"none": 4, "shadow": 2, "short_beard": 1.5, "full_beard": 1, "moustache": 1},
}


@dataclass(frozen=True)
class HairChoice:
    """What grows on a head, and in which colours."""

    style: str
    beard: str
    colour: HairColour
    brow: Brow


def choose_hair(body: Body, options: GroomSpec, seed: int) -> HairChoice:
    """The hair of a person; each choice has random numbers of its own, so that a requested one leaves the others as they are."""
    years, is_man = body.phenotype["age_years"], body.phenotype["gender"] >= 0.5
    person = ("old " if years >= _OLD else "" if years >= _MIDDLE else "young ") + ("man" if is_man else "woman")
    coily = ", coily" if body.phenotype.get("african", 0) > 0.5 else ""
    style = options.hair or _draw(STYLES[person + coily], seed, 1)
    beard = options.beard or (_draw(BEARDS[person + coily], seed, 2) if is_man else "none")
    return HairChoice(BALD if style == "none" else style, beard, choose_colour(body, options, seed), choose_brow(body, seed))


def _draw(table: Mapping[str, float], seed: int, stream: int) -> str:
    weights = np.array(list(table.values()))
    return str(np.random.default_rng([seed, 0x4A17, stream]).choice(list(table), p=weights / weights.sum()))


def choose_colour(body: Body, options: GroomSpec, seed: int) -> HairColour:
    """Root, tip and grey: tips that are not given are a little lighter than the root."""
    natural, grey = choose_natural_colour(body, options.hair_colour, np.random.default_rng([seed, 0x4A17, 3]))
    tip = parse_hex_colour(options.hair_tips) if options.hair_tips else lighten_tips(natural)
    return HairColour(natural, tip, grey if options.grey is None else options.grey)


def lighten_tips(root: Floats) -> Floats:
    """(3,) sRGB of tips that the sun has bleached."""
    return np.asarray(np.clip(root * np.array([1.16, 1.12, 1.06]) + 0.01, 0, 1), np.float32)


def choose_brow(body: Body, seed: int) -> Brow:
    """Brows of men are wider and straighter, of women arched; they thin out with age."""
    rng = np.random.default_rng([seed, 0x4A17, 4])
    man, years = body.phenotype["gender"], body.phenotype["age_years"]
    width = (0.84 + 0.34 * man) * rng.uniform(0.9, 1.12)
    thin = 1 - 0.3 * float(np.clip((years - 50) / 35, 0, 1)) * (1 - 0.6 * man)
    return Brow(float(width), float((0.8 + 0.25 * man) * thin), float(0.9 * (1 - man) * rng.uniform(0.4, 1.2)))
