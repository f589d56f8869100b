"""Text in which every character can be seen: names that read one way and are another are refused."""

from __future__ import annotations

import unicodedata

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

_JOINERS = "\u200c\u200d\u034f"
"""Persian and Indic words and many emoji need them; between Latin letters they only hide."""
_BLANKS = "\u115f\u1160\u3164\uffa0\u2800\u17b4\u17b5"
"""Letters, a symbol and marks without ink."""


def find_invisible_character(text: str) -> str:
    """The first character that nobody sees, such as U+202E, which turns what follows around; empty where there is none."""
    for before, character, after in zip(" " + text, text, text[1:] + " ", strict=False):
        if character in _JOINERS and not before.isascii() and not after.isascii():
            continue
        # Controls, format characters, surrogates, private use, line and paragraph separators.
        if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") or character in _BLANKS + _JOINERS:
            return character
        # The digits of keycaps are the only ones of ASCII that a selector changes.
        if _is_variation_selector(character) and before.isascii() and after != "\u20e3":
            return character
    return ""


def _is_variation_selector(character: str) -> bool:
    """Whether it picks the shape of the letter or emoji before it, and is nothing by itself."""
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef" or "\u180b" <= character <= "\u180f"


def _refuse_invisible_characters(text: str) -> str:
    if found := find_invisible_character(text):
        raise PydanticCustomError("invisible_character", "text without the invisible character {code}", {"code": f"U+{ord(found):04X}"})
    return text


Visible = AfterValidator(_refuse_invisible_characters)
"""Annotation of names that are shown to people as they are."""
