"""Misspelt words of a question -> the words that they are meant to be, out of those that a persona and common questions use.

English by edit distance (Damerau 1964), Chinese by sound: who types pinyin picks another character of the same sound.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from stages.dialogue.tfidf import CHINESE_STOP_CHARACTERS, HAN_PATTERN, normalize_text

_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
_ENDINGS = ("s", "es", "ed", "d", "ing", "er", "ers", "ly")
_HAN_RUN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")
MIN_LONG_WORD = 5
"""Letters from which two mistakes are corrected; a shorter word with two would be another word."""
HAN_LENGTHS = (4, 3, 2)
"""Characters that are replaced together: one alone has too many others of its sound."""


class Speller:
    """Corrects questions towards the words of some texts."""

    def __init__(self, texts: Iterable[str]) -> None:
        plain = [normalize_text(text) for text in texts]
        self.words = tuple(dict.fromkeys(word for text in plain for word in _WORD.findall(text) if "'" not in word))
        runs = sorted({run for text in plain for run in _HAN_RUN.findall(text)})
        self.phrases = {run[at : at + size] for run in runs for size in HAN_LENGTHS for at in range(len(run) - size + 1)}
        self.sounds = {read_sounds(phrase): phrase for run in runs for phrase in list_phrases(run)}

    def correct(self, question: str) -> str:
        """The question in lower case with its mistakes corrected; words that are known, or like none of the texts, stay as they are."""
        words = _WORD.sub(lambda found: self._correct_word(found.group()), normalize_text(question))
        return _HAN_RUN.sub(lambda found: self._correct_characters(found.group()), words)

    def _correct_word(self, word: str) -> str:
        if len(word) < 2 or "'" in word or word in self.words or is_english_word(word):
            return word
        most = 2 if len(word) >= MIN_LONG_WORD else 1
        scored = [(measure_distance(word, other, most), other[0] != word[0], place, other) for place, other in enumerate(self.words)]
        distance, _, _, best = min(scored, default=(most + 1, True, 0, word))
        return best if distance <= most else word

    def _correct_characters(self, run: str) -> str:
        import rjieba

        ends = [0]
        for word in rjieba.cut(run):
            # What is no word of the dictionary may be two that are torn apart by the mistake.
            ends += [ends[-1] + len(word)] if is_chinese_word(word) else range(ends[-1] + 1, ends[-1] + len(word) + 1)
        for size in HAN_LENGTHS:
            for at in range(len(run) - size + 1):
                part = run[at : at + size]
                # A part of longer words is no mistake: the end of one and the beginning of the next only sound like a phrase.
                if at not in ends or at + size not in ends or part in self.phrases or is_chinese_word(part):
                    continue
                meant = self.sounds.get(read_sounds(part), "")
                # Another word of the same sound: at least one character of it was typed as meant.
                if any(typed == right for typed, right in zip(part, meant, strict=False)):
                    run = run[:at] + meant + run[at + size :]
        return run


def list_phrases(run: str) -> list[str]:
    """One word or two neighbours of a run of Chinese characters, of HAN_LENGTHS."""
    import rjieba

    words = rjieba.cut(run)
    full = (pair for pair in pairwise(words) if not any(word in CHINESE_STOP_CHARACTERS for word in pair))
    joined = [*words, *(first + second for first, second in full)]
    return [phrase for phrase in joined if len(phrase) in HAN_LENGTHS]


def is_chinese_word(text: str) -> bool:
    """True for a word of jieba's dictionary."""
    import rjieba

    return bool(rjieba.has_word(text))


def is_english_word(word: str) -> bool:
    """True for a word of the voice's dictionary, or one with a common ending; true for all where the dictionary is not installed."""
    known = read_dictionary()
    stems = (word, *(word[: -len(ending)] for ending in _ENDINGS if word.endswith(ending)))
    return not known or any(stem in known or stem + "e" in known for stem in stems)


@lru_cache(maxsize=1)  # 100,000 words, 10 MB
def read_dictionary() -> frozenset[str]:
    """The English words of hibari's lexicon, in lower case; empty where the package is missing."""
    found = importlib.util.find_spec("hibari")
    folder = Path(str(found.origin)).parent / "assets" if found else Path()
    tables = sorted(folder.glob("lexicon_*_gold.json.gz"))
    return frozenset(word.lower() for table in tables for word in json.loads(gzip.decompress(table.read_bytes())))


@lru_cache(maxsize=4096)  # a few hundred short phrases a persona
def read_sounds(phrase: str) -> tuple[str, ...]:
    """The syllables of Chinese characters without tones."""
    from pypinyin import lazy_pinyin

    return tuple(lazy_pinyin(phrase)) if HAN_PATTERN.match(phrase) else tuple(phrase)


def measure_distance(first: str, second: str, most: int) -> int:
    """Insertions, deletions, exchanges and swaps of neighbours that lead from one word to the other; most + 1 for anything above `most`."""
    if abs(len(first) - len(second)) > most:
        return most + 1
    before: Sequence[int] = []
    row: list[int] = list(range(len(second) + 1))
    for i, letter in enumerate(first, start=1):
        last, row = row, [i, *[0] * len(second)]
        for j, other in enumerate(second, start=1):
            row[j] = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == second[j - 2] and first[i - 2] == other:
                row[j] = min(row[j], before[j - 2] + 1)
        before = last
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)
