"""Colours of hair, eyes and cloth as hexadecimal numbers, and the vocabulary's word for a number."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping

import numpy as np

HAIR_COLOURS: Mapping[str, tuple[str, ...]] = {
    "black": ("#14100e", "#191412", "#110f10", "#1d1714"),
    "brown": ("#3b2619", "#4a2f1f", "#5a3a22", "#422a1b"),
    "blond": ("#b8955f", "#c9a86c", "#a98a58", "#d2b57e"),
    "red": ("#8c3a1c", "#9a431f", "#7f3519", "#a64c24"),
    "grey": ("#9c9a97", "#8f8d8b", "#a8a6a2", "#868482"),
    "white": ("#e6e4df", "#eceae6", "#dfdcd6", "#e9e6e0"),
    "dyed": ("#d4508c", "#3d6fd0", "#7a4bc0", "#2f9e78", "#22a0b8", "#c22f5e"),
}
EYE_COLOURS: Mapping[str, tuple[str, ...]] = {
    "brown": ("#4a2c17", "#3d2413", "#5a361c", "#2e1a10"),
    "blue": ("#5b86b4", "#4f7fb0", "#6b97c2", "#47719f"),
    "green": ("#5c7f4c", "#4f7a4a", "#678a58", "#568048"),
    "grey": ("#7f8890", "#8a9299", "#757d85", "#90969b"),
    "hazel": ("#7a6336", "#82683a", "#6e5a34", "#876d3c"),
}
CLOTH_COLOURS: Mapping[str, str] = {
    "black": "#1c1c1f", "white": "#e8e6e1", "grey": "#7c7f83", "brown": "#5f4330", "red": "#a5282d", "blue": "#2f5b96", "green": "#3f6b45",
    "yellow": "#d6b13c", "orange": "#c96a2b", "pink": "#d48aa4", "purple": "#654a86", "beige": "#cbb894", "blond": "#d2b57e",
}  # fmt: skip
_GREY = (185, 182, 178)
"""The pigmentless strand of stages.groom.colour."""


def classify_hair(colour: str, grey: float) -> str:
    """The word for hair of this root colour of which a share is grey."""
    if grey >= 0.45:
        return "grey"
    red, green, blue = parse(colour)
    hue, light, saturation = colorsys.rgb_to_hls(red, green, blue)
    degrees, top = hue * 360, max(red, green, blue)
    chroma = top - min(red, green, blue)
    if chroma < 0.085 and top > 0.27:
        return "white" if top > 0.8 else "grey"
    if top < 0.155:
        return "black"
    if not (4 <= degrees <= 60) or (saturation > 0.75 and chroma > 0.5 and degrees < 20):
        return "dyed" if chroma > 0.1 else "black" if top < 0.22 else "grey"
    if degrees < 21 and chroma > 0.25 and top > 0.36:
        return "red"
    return "blond" if light > 0.37 else "brown"


def classify_eyes(colour: str) -> str:
    """The word for an iris of this colour."""
    red, green, blue = parse(colour)
    hue, _, saturation = colorsys.rgb_to_hls(red, green, blue)
    degrees, top = hue * 360, max(red, green, blue)
    if saturation < 0.125 and top > 0.3:
        return "grey"
    if degrees < 60 or degrees > 330:
        return "hazel" if degrees >= 28 and top > 0.4 else "brown"
    return "green" if degrees < 168 else "blue"


def parse(colour: str) -> tuple[float, float, float]:
    """sRGB 0..1 of #rrggbb."""
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def shade_colour(colour: str, shade: float, jitter: float, rng: np.random.Generator) -> str:
    """The colour, darker (shade below 0) or lighter (above), with a random difference of at most `jitter`."""
    scale = (1 + 0.45 * shade if shade <= 0 else 1 + 0.35 * shade) * (1 + jitter * float(rng.uniform(-1, 1)))
    lift = 0.10 * max(shade, 0)
    parts = [min(max(part * scale + lift, 0), 1) for part in parse(colour)]
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)
