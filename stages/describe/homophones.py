"""Chinese words with a character that sounds like the right one: 光投 for 光头, 称衫 for 衬衫, 菇凉 for 姑娘.

Southern accents and input methods mix up zh and z, n and l, -ang and -an, so that these sound alike here too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from stages.describe.lexicon import HAN, Node, load_lexicon

_FOLDER = Path(__file__).parent / "lexicon"
_CONTENT = frozenset({"noun", "garment", "person", "head", "modifier", "colour"})
LONGEST = 6
"""Characters of the longest word that is compared by its sound."""


@dataclass(frozen=True)
class Heard:
    """A phrase of the tables that the characters sound like."""

    phrase: str
    node: Node
    wrong: tuple[int, ...]
    """Indices of the characters that are other ones."""


@lru_cache(maxsize=1)
def load_syllables() -> dict[str, frozenset[str]]:
    """Character -> its syllables, without tones, as a careless ear hears them."""
    found: dict[str, set[str]] = {}
    for line in (_FOLDER / "syllables.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        syllable, _, letters = line.partition(" ")
        for letter in letters:
            found.setdefault(letter, set()).add(blur_syllable(syllable))
    return {letter: frozenset(some) for letter, some in found.items()}


def blur_syllable(syllable: str) -> str:
    """The syllable with what accents mix up made the same."""
    for retroflex, plain in (("zh", "z"), ("ch", "c"), ("sh", "s"), ("l", "n")):
        if syllable.startswith(retroflex):
            syllable = plain + syllable[len(retroflex) :]
    return syllable.removesuffix("g") if syllable.endswith(("ang", "eng", "ing")) else syllable


@lru_cache(maxsize=1)
def _index() -> dict[tuple[int, str], list[tuple[str, Node]]]:
    """(length, a character) -> the phrases of content with that character."""
    found: dict[tuple[int, str], list[tuple[str, Node]]] = {}
    for phrase, node in _walk(load_lexicon().root, ""):
        if 2 <= len(phrase) <= LONGEST and any(sense.kind in _CONTENT and not sense.name.startswith("like_") for sense in node.senses):
            for letter in set(phrase):
                found.setdefault((len(phrase), letter), []).append((phrase, node))
    return found


def _walk(node: Node, start: str) -> list[tuple[str, Node]]:
    found = []
    for token, child in node.next.items():
        if HAN.fullmatch(token):
            found += [(start + token, child)] if child.senses else []
            found += _walk(child, start + token)
    return found


@lru_cache(maxsize=1)
def load_usual_words() -> frozenset[str]:
    """Words that are spelt right although they sound like one of the tables."""
    lines = (_FOLDER / "usual_words.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def find_usual(text: str) -> set[int]:
    """Indices of the characters that are part of a usual word."""
    words = load_usual_words()
    spans = [(at, at + length) for length in (2, 3, 4) for at in range(len(text) - length + 1) if text[at : at + length] in words]
    return {k for start, end in spans for k in range(start, end)}


def hear(letters: Sequence[str]) -> list[Heard]:
    """The phrases that these characters sound like, with at most half of them other characters; the likest first."""
    count = len(letters)
    most = 1 if count < 4 else 2
    found: dict[str, Heard] = {}
    for letter in set(letters):
        for phrase, node in _index().get((count, letter), ()):
            wrong = tuple(at for at in range(count) if letters[at] != phrase[at])
            if 0 < len(wrong) <= most and all(_sounds_like(letters[at], phrase[at]) for at in wrong):
                found[phrase] = Heard(phrase, node, wrong)
    return sorted(found.values(), key=lambda one: (len(one.wrong), one.phrase))


def _sounds_like(first: str, second: str) -> bool:
    syllables = load_syllables()
    return bool(syllables.get(first, frozenset()) & syllables.get(second, frozenset()))
