"""Text as the tables spell it: lower case, half width, simplified characters, no accents; with the place of every letter."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "lexicon"
_STOP = re.compile(r"\bstop\b")
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
    plain = "".join(letters)
    if len(_STOP.findall(plain)) > 1:
        plain = _STOP.sub(".   ", plain)  # as telegrams end their sentences
    return _fix_letters(plain, places, len(text))


def blank(text: str, start: int, end: int) -> str:
    """The text with spaces from `start` to `end`: what was read there is not read again, and all places stay."""
    return text[:start] + " " * (end - start) + text[end:]


def _fix_letters(text: str, places: list[int], length: int) -> PlainText:
    """The text with the mistakes of `typos.txt` put right: those in numbers, in short words and in single characters."""
    parts: list[str] = []
    kept: list[int] = []
    at = 0
    pattern, right = _load_typos()
    for match in pattern.finditer(text):
        word = right[match[0]]
        parts += [text[at : match.start()], word]
        kept += places[at : match.start()]
        kept += [places[min(match.start() + k, match.end() - 1)] for k in range(len(word))]
        at = match.end()
    return PlainText("".join(parts) + text[at:], (*kept, *places[at:], length))


@lru_cache(maxsize=1)
def _load_typos() -> tuple[re.Pattern[str], dict[str, str]]:
    """(what finds the mistakes, mistake -> the right word)."""
    lines = (_FOLDER / "typos.txt").read_text(encoding="utf-8").splitlines()
    right = {
        wrong: word
        for line in lines
        if line and not line.startswith("#")
        for word, _, some in [line.partition(" :: ")]
        for wrong in some.split(", ")
    }
    english = sorted((word for word in right if word[0].isascii()), key=len, reverse=True)
    chinese = sorted((word for word in right if not word[0].isascii()), key=len, reverse=True)
    return re.compile(rf"(?<![a-z'])(?:{'|'.join(map(re.escape, english))})(?![a-z'])|{'|'.join(chinese)}"), right


@lru_cache(maxsize=1)
def _load_simplified() -> dict[str, str]:
    """Traditional character -> simplified one."""
    text = (_FOLDER / "traditional.txt").read_text(encoding="utf-8")
    pairs = [pair for line in text.splitlines() if not line.startswith("#") for pair in line.split()]
    return {pair[0]: pair[1] for pair in pairs}
