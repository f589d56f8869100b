"""When each word of a line is heard: its own phonemes, looked up alone, aligned with the timed phonemes of the whole line.

Works for every voice, as it needs only what `Utterance` has: Needleman and Wunsch (1970) on IPA letters, so that a word keeps its place
where the voice reads it differently in context ("the", "$5 million").
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import numpy as np

from assets.artefacts.geometry import Doubles
from assets.artefacts.talk import Phoneme, Word
from stages.voice.phonemes import IPA_VOWELS, SILENCE_VISEME, find_viseme
from stages.voice.text import strip_notation

GAP_COST, NEAR_COST, FAR_COST = 0.8, 0.6, 1.2
"""Of a letter that only one side has, of two alike (both vowels, or one viseme), and of two unlike."""
_MARKS = frozenset("ˈˌːˑ_ ʰʲˤᵝ")


def align_words(sentences: Sequence[str], language: str, phonemes: Sequence[Phoneme]) -> tuple[Word, ...]:
    """The words of cleaned sentences (Mandarin: their characters) in order, each from its first to its last sound."""
    words = list(_list_words(sentences, language))
    expected = [(letter, i) for i, (_, letters) in enumerate(words) for letter in letters]
    heard = list(_spread_letters(phonemes))
    owners = _assign_letters(expected, [letter for letter, _, _ in heard])
    placed: list[Word] = []
    for i, (text, _) in enumerate(words):
        spans = [(start, end) for (_, start, end), owner in zip(heard, owners, strict=True) if owner == i]
        # A word that the voice leaves out takes no time, at the end of the one before it.
        last = placed[-1].end if placed else 0.0
        placed.append(Word(spans[0][0], spans[-1][1], text) if spans else Word(last, last, text))
    return tuple(placed)


def _list_words(sentences: Sequence[str], language: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each word that has a sound, and the letters of its phonemes."""
    for sentence in sentences:
        if language == "zh":
            from stages.voice.mandarin_symbols import list_characters
            from stages.voice.pinyin import to_timed_symbols

            for character, symbols in list_characters(sentence):
                yield character, _to_letters(timed.symbol for symbol in symbols for timed in to_timed_symbols(symbol, 1.0))
        else:
            words = ((strip_notation(word), _spell_english(word)) for word in sentence.split())
            yield from ((word, letters) for word, letters in words if letters)


@lru_cache(maxsize=4096)  # a dialogue's vocabulary; unknown words cost a run of a network each
def _spell_english(word: str) -> tuple[str, ...]:
    from stages.voice.english import phonemize_ipa

    return _to_letters(phonemize_ipa(word))


def _to_letters(symbols: Iterable[str]) -> tuple[str, ...]:
    letters = (letter for symbol in symbols for letter in unicodedata.normalize("NFD", symbol))
    return tuple(letter for letter in letters if letter.isalpha() and letter not in _MARKS and not unicodedata.combining(letter))


def _spread_letters(phonemes: Sequence[Phoneme]) -> Iterator[tuple[str, float, float]]:
    """Each letter of the phonemes with its start and end: an affricate may belong to two words ("that she")."""
    for phoneme in phonemes:
        letters = _to_letters(phoneme.symbol) if phoneme.viseme != SILENCE_VISEME or phoneme.symbol else ()
        step = (phoneme.end - phoneme.start) / max(len(letters), 1)
        yield from ((letter, phoneme.start + i * step, phoneme.start + (i + 1) * step) for i, letter in enumerate(letters))


def _assign_letters(expected: Sequence[tuple[str, int]], heard: Sequence[str]) -> list[int]:
    """Word of each heard letter; -1 without words. What matches no letter goes to the word before it."""
    costs = _compute_alignment_costs([letter for letter, _ in expected], heard)
    owners, i, j = [-1] * len(heard), len(expected), len(heard)
    while i and j:
        if np.isclose(costs[i, j], costs[i - 1, j - 1] + _compare_letters(expected[i - 1][0], heard[j - 1])):
            i, j = i - 1, j - 1
            owners[j] = expected[i][1]
        elif np.isclose(costs[i, j], costs[i - 1, j] + GAP_COST):
            i -= 1
        else:
            j -= 1
    first = next((owner for owner in owners if owner >= 0), -1)
    for k, owner in enumerate(owners):
        owners[k] = owner if owner >= 0 else owners[k - 1] if k else first
    return owners


def _compute_alignment_costs(expected: Sequence[str], heard: Sequence[str]) -> Doubles:
    """(n+1,m+1) least cost of aligning the first letters of both."""
    alphabet = sorted({*expected, *heard})
    number = {letter: k for k, letter in enumerate(alphabet)}
    table = np.array([[_compare_letters(a, b) for b in alphabet] for a in alphabet]).reshape(len(alphabet), len(alphabet))
    columns = np.array([number[letter] for letter in heard], np.int64)
    costs = np.zeros((len(expected) + 1, len(heard) + 1))
    costs[0] = gaps = GAP_COST * np.arange(len(heard) + 1)
    for i, letter in enumerate(expected, 1):
        row = costs[i - 1] + GAP_COST
        row[1:] = np.minimum(row[1:], costs[i - 1, :-1] + table[number[letter], columns])
        # Gaps along the row: the minimum over k of row[k] + GAP_COST * (j - k).
        costs[i] = np.minimum.accumulate(row - gaps) + gaps
    return costs


def _compare_letters(a: str, b: str) -> float:
    if a == b:
        return 0.0
    alike = (a in IPA_VOWELS and b in IPA_VOWELS) or find_viseme(a) == find_viseme(b)
    return NEAR_COST if alike else FAR_COST
