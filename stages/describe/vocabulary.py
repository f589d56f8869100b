"""The closed vocabulary of a described person, and the bands of the spec's numbers that its values stand for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

VALUES: Mapping[str, tuple[str, ...]] = {
    "gender": ("female", "male", "between"),
    "tone": ("light", "medium", "dark"),
    "build": ("thin", "average", "heavy", "muscular"),
    "height": ("short", "average", "tall"),
    "face": ("round", "oval", "long", "square"),
    "hair_length": ("bald", "buzz", "short", "medium", "long"),
    "hair_texture": ("straight", "wavy", "curly", "coily"),
    "hair_style": ("loose", "parting", "fringe", "tail", "bun", "braids"),
    "hair_colour": ("black", "brown", "blond", "red", "grey", "white", "dyed"),
    "eye_colour": ("brown", "blue", "green", "grey", "hazel"),
    "beard": ("none", "stubble", "moustache", "beard"),
    "glasses": ("yes", "no"),
    "hat": ("yes", "no"),
    "freckles": ("yes", "no"),
    "outfit": ("t-shirt", "shirt", "suit", "dress", "skirt", "uniform", "casual", "sport"),
    "expression": ("neutral", "smile", "serious"),
}
"""Attribute -> its values. One more attribute, age, is in years."""
ATTRIBUTES: tuple[str, ...] = ("age", *VALUES)
MIN_AGE, MAX_AGE = 18, 90
"""Years that the spec accepts."""
MAX_TEXT = 2000
"""Characters of a description."""

Band = tuple[float, float]
TONES: Mapping[str, Band] = {"light": (0.06, 0.26), "medium": (0.42, 0.54), "dark": (0.72, 0.95)}
WEIGHTS: Mapping[str, Band] = {"thin": (0.08, 0.22), "average": (0.45, 0.55), "heavy": (0.82, 0.95), "muscular": (0.54, 0.62)}
MUSCLES: Mapping[str, Band] = {"thin": (0.40, 0.50), "average": (0.45, 0.55), "heavy": (0.40, 0.50), "muscular": (0.84, 0.97)}
HEIGHTS: Mapping[str, Band] = {"short": (0.06, 0.2), "average": (0.44, 0.56), "tall": (0.8, 0.94)}
"""Attribute's value -> the band of the spec's field that the seed samples from."""
EXTENTS: Mapping[str, Band] = {"short": (0.0, 0.32), "average": (0.34, 0.66), "tall": (0.68, 1.0)}
"""The whole share of the scale that a word for the height stands for: what metres are kept in."""
MILD: Mapping[str, Band] = {
    "thin": (0.24, 0.31), "heavy": (0.70, 0.77), "muscular": (0.72, 0.79), "short": (0.24, 0.31), "tall": (0.69, 0.76),
    "light": (0.27, 0.35), "dark": (0.62, 0.68),
}  # fmt: skip
"""The same where the text says `slightly`."""
_TONE_EDGES, _WEIGHT_EDGES, _HEIGHT_EDGES = (0.38, 0.59), (0.33, 0.67), (0.36, 0.58)
"""Of the height: 1.70 and 1.80 m for men, 1.57 and 1.67 m for women."""
_MUSCLE_EDGE, _GENDER_EDGES, _FRECKLES_EDGE = 0.68, (0.35, 0.65), 0.2


def check_value(attribute: str, value: Any) -> bool:
    """Whether the attribute has this value."""
    return isinstance(value, int) if attribute == "age" else value in VALUES.get(attribute, ())


def classify_tone(tone: float) -> str:
    """light, medium or dark: the third of the scale of identity.tone that divides Monk's ten tones 4 : 2 : 4."""
    return _classify(tone, _TONE_EDGES, ("light", "medium", "dark"))


def classify_gender(gender: float) -> str:
    """female, between or male by identity.gender."""
    return _classify(gender, _GENDER_EDGES, ("female", "between", "male"))


def classify_height(height: float) -> str:
    """short, average or tall by body.height."""
    return _classify(height, _HEIGHT_EDGES, ("short", "average", "tall"))


def classify_build(weight: float, muscle: float) -> str:
    """thin, average, heavy or muscular by body.weight and body.muscle."""
    if muscle >= _MUSCLE_EDGE:
        return "muscular"
    return _classify(weight, _WEIGHT_EDGES, ("thin", "average", "heavy"))


def classify_freckles(freckles: float) -> str:
    """Whether texture.freckles is seen from a portrait's distance."""
    return "yes" if freckles >= _FRECKLES_EDGE else "no"


def _classify(value: float, edges: tuple[float, float], names: tuple[str, str, str]) -> str:
    return names[0] if value < edges[0] else names[1] if value < edges[1] else names[2]
