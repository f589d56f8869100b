"""Text in pictures with the fonts inside OpenCV 5, which has Latin, Greek, Cyrillic and Chinese letters in every build.

OpenCV embeds Rubik (OFL-1.1) and, for what that lacks, WenQuanYi Micro Hei (Apache-2.0); see THIRD_PARTY.md.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from assets.artefacts.geometry import Pixels
from assets.errors import BackendError, Finding

RGB = tuple[int, int, int]
_PROBE = "\U0010ffff"
"""No font has it: it is drawn as the sign for a missing letter."""
_PROBE_SIZE = 40


class Typeface(NamedTuple):
    """A font of OpenCV and its weight, 400 for regular and 700 for bold."""

    name: str
    weight: int


BODY, HEADING, CODE = Typeface("sans", 400), Typeface("sans", 700), Typeface("uni", 400)


def measure_text(text: str, face: Typeface, size: float) -> float:
    """Width in pixels of one row."""
    import cv2

    if not text:
        return 0.0
    # The box of the ink lacks the spaces at the ends, which is right for centring.
    _, _, width, _ = cv2.getTextSize((0, 0), text, (0, 0), _load(face.name), round(size), face.weight)
    return float(width)


def draw_text(
    picture: Pixels, text: str, face: Typeface, size: float, colour: RGB, at: tuple[float, float], *, centred: bool = False
) -> None:
    """Draws one row into a picture (h,w,3).

    Args:
        at: (x, y) of the row's left end and the middle of its capitals; of its middle where `centred`.
    """
    import cv2

    left = at[0] - measure_text(text, face, size) / 2 if centred else at[0]
    # Capitals are about 0.7 of the size above the baseline.
    cv2.putText(picture, text, (round(left), round(at[1] + 0.35 * size)), colour, _load(face.name), round(size), face.weight)


def find_undrawable(text: str) -> str:
    """The first letter of the text that no font here can draw; empty where there is none."""
    return next((letter for letter in dict.fromkeys(text) if not _is_blank(letter) and not _can_draw(letter)), "")


def _is_blank(letter: str) -> bool:
    return letter.isspace() or unicodedata.category(letter) in ("Cc", "Cf", "Mn")


@lru_cache(maxsize=8192)  # the letters of a long Chinese script
def _can_draw(letter: str) -> bool:
    return not np.array_equal(_draw_probe(letter), _draw_probe(_PROBE))


def _draw_probe(letter: str) -> Pixels:
    probe = np.zeros((2 * _PROBE_SIZE, 3 * _PROBE_SIZE, 3), np.uint8)
    draw_text(probe, letter, BODY, _PROBE_SIZE, (255, 255, 255), (_PROBE_SIZE / 2, _PROBE_SIZE))
    return probe


@lru_cache(maxsize=4)  # the fonts above
def _load(name: str) -> Any:
    import cv2

    if not hasattr(cv2, "FontFace"):
        message = f"OpenCV {cv2.__version__} has no fonts"
        raise BackendError(Finding("present/no-fonts", message, fix="install opencv-contrib-python 5 or newer"))
    return cv2.FontFace(name)


_NO_START = frozenset("，。、；：？！）》」』】〉’”,.;:?!)]}%…")
"""No row begins with these."""


def wrap_text(text: str, face: Typeface, size: float, width: float) -> list[str]:
    """The text in rows of at most `width` pixels, broken at spaces and between Chinese letters; longer words are cut."""
    rows: list[str] = []
    row = ""
    for piece in _split_pieces(text):
        if row and measure_text((row + piece).rstrip(), face, size) > width and piece.strip():
            rows.append(row.rstrip())
            row = ""
        row += piece if row else piece.lstrip()
        while measure_text(row.rstrip(), face, size) > width and len(row) > 1:
            cut = _find_cut(row, face, size, width)
            rows.append(row[:cut])
            row = row[cut:]
    return [*rows, row.rstrip()] if row.strip() else rows


def _split_pieces(text: str) -> list[str]:
    """Words with the space after them, and single Chinese letters with the punctuation that follows them."""
    pieces: list[str] = []
    for letter in text:
        alone = not pieces or is_wide(letter) or is_wide(pieces[-1][-1]) or pieces[-1][-1].isspace()
        if pieces and (letter.isspace() or letter in _NO_START or not alone):
            pieces[-1] += letter
        else:
            pieces.append(letter)
    return pieces


def is_wide(letter: str) -> bool:
    """Whether it is a Chinese, Japanese or Korean letter or sign, between which rows may break."""
    return unicodedata.east_asian_width(letter) in ("W", "F")


def _find_cut(row: str, face: Typeface, size: float, width: float) -> int:
    low, high = 1, len(row)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if measure_text(row[:middle], face, size) <= width else (low, middle - 1)
    return low
