"""Misspelt English words: the nearest word of the tables by edits, transpositions included (Damerau-Levenshtein)."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from pathlib import Path

_SHORTEST, _LONG = 5, 7
"""Letters from which one edit is forgiven, and two."""
_SHORTEST_OF_ALL, _MOST_VOWELS = 3, 2
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_FOLDER = Path(__file__).parent / "lexicon"


def correct_word(word: str, known: Collection[str], targets: frozenset[str]) -> str:
    """The word, or the nearest known one: of a plural or a possessive its stem.

    Args:
        known: words that are spelt right.
        targets: those that a misspelt word may be meant to be.
    """
    if word in known or not word.isascii() or (not word.isalpha() and "'" not in word) or word in _load_words("usual_english"):
        return word
    for ending in ("'s", "s", "es", "ish"):
        if word.endswith(ending) and word.removesuffix(ending) in known and len(word) > len(ending) + 2:
            return word.removesuffix(ending)
    if short := _find_short(word):
        return short
    return _find_nearest(word, _index(targets)) if len(word) >= _SHORTEST else word


@lru_cache(maxsize=4)
def _load_words(name: str) -> dict[str, None]:
    """The words of a table of the lexicon, in its order."""
    lines = (_FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return dict.fromkeys(word for line in lines if not line.startswith("#") for word in line.split())


@lru_cache(maxsize=512)
def _find_short(word: str) -> str:
    """The likeliest of the words that people describe with: by one slip, or without vowels; empty for none."""
    if len(word) < _SHORTEST_OF_ALL:
        return ""
    ranked = [(rank, at, other) for at, other in enumerate(_load_words("short_words")) if (rank := _rate_slip(word, other)) is not None]
    return min(ranked)[2] if ranked else ""


def _rate_slip(word: str, other: str) -> int | None:
    """0 to 4, the likeliest slip first; None where one does not become the other by a slip."""
    if abs(len(word) - len(other)) > _MOST_VOWELS or not set(word[:2]) & set(other[:2]):
        return None
    if _squeeze(word) == _squeeze(other):
        return 0
    if len(word) == len(other) and sorted(word) == sorted(other) and measure_edits(word, other, 2) == 1:
        return 1
    if word[0] == other[0] and len(word) < len(other) and measure_edits(word, other, 2) == 1:
        return 2
    if word[0] == other[0] and _drop_vowels(word) == _drop_vowels(other) and len(word) < len(other):
        return 3
    if word[0] != other[0] or measure_edits(word, other, 2) != 1:
        return None
    if len(word) >= _SHORTEST:
        return 4
    return 4 if len(word) == len(other) and len(word) > _SHORTEST_OF_ALL and _is_near_key(word, other) else None


def _squeeze(word: str) -> str:
    """Every letter once in a row."""
    return "".join(letter for at, letter in enumerate(word) if at == 0 or letter != word[at - 1])


def _drop_vowels(word: str) -> str:
    """As in a short message: brn, grl, blck."""
    return _squeeze(word[0] + "".join(letter for letter in word[1:] if letter not in "aeiouw").replace("ck", "k"))


def _is_near_key(word: str, other: str) -> bool:
    """Whether the one other letter is next to the right one on the keyboard."""
    pair = next(((a, b) for a, b in zip(word, other, strict=True) if a != b), None)
    return pair is not None and any(abs(row.find(pair[0]) - row.find(pair[1])) == 1 and {*pair} <= {*row} for row in _ROWS)


@lru_cache(maxsize=2)
def _index(known: frozenset[str]) -> dict[int, tuple[str, ...]]:
    """Length -> the known words of that length, sorted."""
    found: dict[int, list[str]] = {}
    for word in sorted(known):
        if len(word) >= _SHORTEST - 1:
            found.setdefault(len(word), []).append(word)
    return {length: tuple(words) for length, words in found.items()}


def _find_nearest(word: str, index: dict[int, tuple[str, ...]]) -> str:
    most = 2 if len(word) >= _LONG else 1
    best, least = word, most + 1
    for length in range(len(word) - most, len(word) + most + 1):
        for other in index.get(length, ()):
            if other[0] != word[0] and sorted(other[:2]) != sorted(word[:2]) and other[1:3] != word[1:3]:
                continue
            distance = measure_edits(word, other, least + 1)
            # Of two as near the longer one: letters are left out more often than put in.
            if distance < least or (distance == least <= most and other[0] == word[0] and len(other) > len(best)):
                best, least = other, distance
    return best


def measure_edits(first: str, second: str, limit: int) -> int:
    """Insertions, deletions, substitutions and transpositions of neighbours between two words; `limit` where there are as many or more."""
    before, row = list(range(len(second) + 1)), list(range(len(second) + 1))
    older: list[int] = before
    for i, a in enumerate(first, 1):
        older, before, row = before, row, [i] + [0] * len(second)
        for j, b in enumerate(second, 1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == second[j - 2] and first[i - 2] == b:
                row[j] = min(row[j], older[j - 2] + 1)
        if min(row) >= limit:
            return limit
    return min(row[-1], limit)
