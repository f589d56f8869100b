"""Skin colour as numbers: a tone 0..1 to CIE Lab, and the ten classes of the Monk scale.

Source of the ten colours: E. Monk, The Monk Skin Tone Scale (2019), published with sRGB values (CC BY 4.0).
"""

from __future__ import annotations

import numpy as np

from assets.artefacts.geometry import Floats

# CIE L, a, b of skin from the lightest to the darkest tone, in the published range of skin colours.
TONE_COLOURS = np.array([[77, 10, 16], [70, 13, 19], [60, 15, 22], [48, 15, 21], [37, 13, 17], [27, 10, 12]], np.float32)
# sRGB in hexadecimal, as published.
MONK_COLOURS = ("f6ede4", "f3e7db", "f7ead0", "eadaba", "d7bd96", "a07e56", "825c43", "604134", "3a312a", "292420")


def tone_to_lab(tone: float) -> Floats:
    """(3,) CIE Lab of a tone 0..1."""
    tones = np.linspace(0, 1, len(TONE_COLOURS))
    return np.array([np.interp(tone, tones, TONE_COLOURS[:, k]) for k in range(3)], np.float32)


def compute_monk_lightness() -> Floats:
    """(10,) CIE L of the classes, from the lightest (1) to the darkest (10)."""
    import cv2

    rgb = np.array([[[int(code[k : k + 2], 16) for k in (0, 2, 4)] for code in MONK_COLOURS]], np.float32) / 255
    light: Floats = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)[0, :, 0]
    return light


def tone_to_monk(tone: float) -> int:
    """Class 1..10 of a tone 0..1, in equal tenths.

    Ranks are compared, not lightness: our lightest skin has L 77 and the first swatch 94, lighter than any albedo.
    """
    return int(np.clip(tone * 10, 0, 9)) + 1


def monk_to_tone(monk: int, within: float = 0.5) -> float:
    """Tone 0..1 of a class 1..10; `within` 0..1 is the position inside the class."""
    return (monk - 1 + within) / 10
