"""Text as the tables spell it: lower case, half width, simplified characters, no accents; with the place of every letter."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "lexicon"
_QUOTES = {"\u2019": "'", "\u2018": "'", "\u02bc": "'", "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-"}


@dataclass(frozen=True)
class PlainText:
    """Normalised text."""

    text: str
    places: tuple[int, ...]
    """Index in the original of each character, and the original's length at the end."""

    def locate(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original that became `start` to `end`."""
        return self.places[start], self.places[end - 1] + 1 if end > start else self.places[start]


def normalise(text: str) -> PlainText:
    """The text in the tables' spelling."""
    simplified = _load_simplified()
    letters: list[str] = []
    places: list[int] = []
    for at, letter in enumerate(text):
        for one in unicodedata.normalize("NFKD", _QUOTES.get(letter, letter)):
            if unicodedata.combining(one) or unicodedata.category(one) == "Cf":
                continue
            plain = simplified.get(one, one).lower()
            letters.append(plain if len(plain) == 1 else one)
            places.append(at)
    return PlainText("".join(letters), (*places, len(text)))


@lru_cache(maxsize=1)
def _load_simplified() -> dict[str, str]:
    """Traditional character -> simplified one."""
    text = (_FOLDER / "traditional.txt").read_text(encoding="utf-8")
    pairs = [pair for line in text.splitlines() if not line.startswith("#") for pair in line.split()]
    return {pair[0]: pair[1] for pair in pairs}
