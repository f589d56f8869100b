"""Misspelt English words: the nearest word of the tables by edits, transpositions included (Damerau-Levenshtein)."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

_SHORTEST, _LONG = 5, 8
"""Letters from which one edit is forgiven, and two."""


def correct_word(word: str, known: Collection[str], targets: frozenset[str]) -> str:
    """The word, or the nearest known one: of a plural or a possessive its stem.

    Args:
        known: words that are spelt right.
        targets: those that a misspelt word may be meant to be.
    """
    if word in known or not word.isascii() or (not word.isalpha() and "'" not in word):
        return word
    for ending in ("'s", "s", "es"):
        if word.endswith(ending) and word.removesuffix(ending) in known and len(word) > len(ending) + 2:
            return word.removesuffix(ending)
    if len(word) < _SHORTEST:
        # Of four letters only a transposition is forgiven.
        swapped = [other for other in _index(targets).get(len(word), ()) if sorted(other) == sorted(word) and other[0] == word[0]]
        return swapped[0] if len(word) == _SHORTEST - 1 and swapped else word
    return _find_nearest(word, _index(targets))


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
