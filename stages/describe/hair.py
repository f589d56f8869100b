"""What the styles of docs/hair.md look like in the words of the vocabulary, and which style fits a wish."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Look:
    """A style in words; where several words fit, the first is the usual one."""

    lengths: tuple[str, ...]
    textures: tuple[str, ...]
    styles: tuple[str, ...]
    woman: float = 0.0
    """How often a woman who wishes such hair gets it; 0 for who names the style or has no other that fits."""
    man: float = 0.0


_ANY_TEXTURE = ("straight", "wavy", "curly", "coily")


def _look(lengths: str, textures: str, styles: str, woman: float, man: float) -> Look:
    return Look(tuple(lengths.split()), tuple(textures.split()), tuple(styles.split()), woman, man)


LOOKS: Mapping[str, Look] = {
    "afro": _look("medium", "coily", "loose", 2, 2),
    "afro_short": _look("short", "coily", "loose", 2, 3),
    "bald": Look(("bald",), _ANY_TEXTURE, ("loose",), 1, 1),
    "bob": _look("medium short", "straight", "loose parting", 3, 0.4),
    "braid": _look("long medium", "straight", "braids", 3, 1),
    "braids": _look("long medium", "coily straight", "braids", 1, 1),
    "bun": _look("long medium", "straight wavy", "bun", 3, 0.5),
    "buzz": Look(("buzz",), _ANY_TEXTURE, ("loose",), 1, 1),
    "coils": _look("medium long", "coily", "loose", 2, 2),
    "cornrows": _look("short medium", "coily", "braids", 1, 1.5),
    "crew": _look("short", "straight", "loose", 0, 2),
    "crown": _look("bald short", "straight wavy", "loose", 0, 0),
    "curly": _look("short", "curly wavy", "loose", 2, 3),
    "curly_long": _look("long medium", "curly", "loose", 3, 2),
    "fade": _look("short", "straight", "loose", 0, 1.5),
    "fringe": _look("medium short", "straight", "fringe", 3, 0.3),
    "fringe_long": _look("long", "straight", "fringe", 3, 0.3),
    "fringe_wavy": _look("long medium", "wavy curly", "fringe", 3, 0.3),
    "half_up": _look("long", "straight wavy", "loose tail", 0.5, 0.2),
    "lob": _look("medium", "straight wavy", "loose parting", 3, 1),
    "locs": _look("medium long", "coily", "braids", 1, 1.5),
    "long_straight": _look("long", "straight", "loose parting", 3, 2),
    "long_wavy": _look("long medium", "wavy", "loose parting", 3, 2),
    "messy": _look("short", "straight wavy", "loose", 0.8, 2),
    "mohawk": _look("short", "straight", "loose", 0, 0.02),
    "pigtails": _look("long medium", "straight", "tail", 0.8, 0.1),
    "pixie": _look("short", "straight", "fringe loose", 4, 0.2),
    "ponytail": _look("long medium", "straight wavy", "tail", 4, 2),
    "puffs": _look("medium short", "coily curly", "tail bun", 1, 0.3),
    "quiff": _look("short", "straight wavy", "loose", 0, 2),
    "receding": _look("short", "straight", "loose", 0, 0.2),
    "shaved": Look(("bald", "buzz"), _ANY_TEXTURE, ("loose",), 0, 0),
    "side_part": _look("short", "straight", "parting loose", 0.6, 3),
    "slick": _look("short", "straight", "loose", 0, 1),
    "space_buns": _look("medium long", "straight", "bun", 0.5, 0.05),
    "top_knot": _look("long medium", "straight wavy", "bun", 0.7, 2),
    "twists": _look("short", "coily curly", "braids loose", 0.6, 1),
    "undercut": _look("short", "straight", "loose", 0, 1),
}
"""Style -> its look. tests/stages/describe/test_hair.py compares the names with the styles that can be grown."""
ITEM_LOOKS: Mapping[str, Look] = {
    "Braid01": LOOKS["braid"], "afro01": LOOKS["afro"], "bob01": LOOKS["bob"], "bob02": LOOKS["bob"], "long01": LOOKS["long_straight"],
    "ponytail01": LOOKS["ponytail"], "short01": LOOKS["side_part"], "short02": LOOKS["messy"], "short03": LOOKS["crew"],
    "short04": LOOKS["side_part"], "none": LOOKS["bald"],
}  # fmt: skip
"""The same for hair of the wardrobe."""
BEARD_KINDS: Mapping[str, str] = {
    "none": "none", "shadow": "none", "stubble": "stubble", "moustache": "moustache", "goatee": "beard", "short_beard": "beard",
    "full_beard": "beard",
}  # fmt: skip
"""Beard style -> the vocabulary's word; this morning's shave is no beard."""
BEARD_CHOICES: Mapping[str, Mapping[str, float]] = {
    "none": {"none": 1}, "stubble": {"stubble": 1}, "moustache": {"moustache": 1}, "beard": {"short_beard": 2, "full_beard": 2},
}  # fmt: skip
_WISHES = ("style", "length", "texture")
"""In the order of what is given up last: a bun without curls is a bun, curls without a bun are none."""
_COSTS: Mapping[str, float] = {"style": 4.0, "length": 3.0, "texture": 2.5}

_KEPT_SHARE = 0.12
"""Of these costs, for what an edit does not speak of."""


@dataclass(frozen=True)
class HairWish:
    """What a text says about hair; None where it says nothing, and what it rules out."""

    length: str | None = None
    texture: str | None = None
    style: str | None = None
    name: str | None = None
    """A style by its own name."""
    not_lengths: frozenset[str] = frozenset()
    not_textures: frozenset[str] = frozenset()
    not_styles: frozenset[str] = frozenset()
    not_names: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()
    """Of length, texture and style what is only to stay as it was, if it can."""

    @property
    def is_empty(self) -> bool:
        """Whether the text leaves the style to the seed."""
        return self == HairWish()


def find_look(name: str) -> Look:
    """The look of a style or of an item of hair."""
    return LOOKS.get(name) or ITEM_LOOKS.get(name) or LOOKS["side_part"]


def read_look(name: str, wish: HairWish | None = None) -> dict[str, str]:
    """hair_length, hair_texture and hair_style of a style; where several words fit it, the wished one."""
    look, wish = find_look(name), wish or HairWish()

    def pick(words: tuple[str, ...], wished: str | None, excluded: frozenset[str]) -> str:
        return wished if wished in words else next((word for word in words if word not in excluded), words[0])

    return {
        "hair_length": pick(look.lengths, wish.length, wish.not_lengths),
        "hair_texture": pick(look.textures, wish.texture, wish.not_textures),
        "hair_style": pick(look.styles, wish.style, wish.not_styles),
    }


def choose_style(wish: HairWish, *, is_man: bool, prefers_coily: bool, usual: str, rng: np.random.Generator) -> str:
    """The style that fits best; the usual one if nothing speaks against it.

    Args:
        usual: what the seed draws for this person.
        prefers_coily: of African origin, where a wish without a texture means coily hair.
    """
    allowed = {name: look for name, look in LOOKS.items() if name not in wish.not_names}
    costs = {name: _compute_cost(look, wish, prefers_coily=prefers_coily and wish.texture is None) for name, look in allowed.items()}
    least = min(costs.values())
    best = {name: allowed[name] for name, cost in costs.items() if cost <= least + 1e-9}
    if wish.name:
        named = costs.get(wish.name, 99.0)
        return wish.name if named <= least + 0.9 else _draw(best, rng, is_man=is_man)
    # Bald is a bald head, no shadow of hair and no ring; a woman's short hair is no undercut.
    liked = {name: look for name, look in best.items() if (look.man if is_man else look.woman) > 0} or best
    return usual if usual in liked else _draw(liked, rng, is_man=is_man)


def _compute_cost(look: Look, wish: HairWish, *, prefers_coily: bool = False) -> float:
    """0 where the look is all that is wished; a word that is not the usual one costs a little."""
    words = {"length": look.lengths, "texture": look.textures, "style": look.styles}
    excluded = {"length": wish.not_lengths, "texture": wish.not_textures, "style": wish.not_styles}
    cost = 0.0
    for kind in _WISHES:
        wished, found = getattr(wish, kind), words[kind]
        if wished is not None:
            share = _KEPT_SHARE if kind in wish.kept else 1.0
            near = _COSTS[kind] if kind != "length" else _rate_length(wished, found)
            cost += share * (0.0 if wished == found[0] else 0.3 if wished in found else near)
        if all(word in excluded[kind] for word in found):
            cost += _COSTS[kind]
    # Who does not speak of curls, braids, buns or a shaved head does not mean them.
    is_usual = "coily" in look.textures if prefers_coily else look.textures[0] not in ("curly", "coily")
    cost += 0.4 * (wish.texture is None and not is_usual) + 0.6 * (wish.style is None and look.styles[0] in ("tail", "bun", "braids"))
    return cost + 0.8 * (wish.length is None and look.lengths[0] in ("bald", "buzz"))


def _rate_length(wished: str, found: tuple[str, ...]) -> float:
    """The cost of another length: more, the further it is from the wished one."""
    order = ("bald", "buzz", "short", "medium", "long")
    distance = min(abs(order.index(wished) - order.index(one)) for one in found)
    return _COSTS["length"] - 0.5 + 0.5 * distance


def _draw(best: Mapping[str, Look], rng: np.random.Generator, *, is_man: bool) -> str:
    weights = np.array([max(look.man if is_man else look.woman, 1e-6) for look in best.values()])
    return str(rng.choice(list(best), p=weights / weights.sum()))
