"""The lexical backend: TF-IDF over stemmed words and character n-grams; no model, deterministic, English and Chinese."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

from assets.rights import Source
from assets.spec.behaviour import PersonaSpec
from stages.dialogue.backend import Topic
from stages.dialogue.concepts import concepts_of

HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
PIECES = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+|[^\W_]+(?:'[^\W_]+)*")
LONGEST = 400
"""Characters of a question that are read: nobody asks longer, and time stays bounded."""
COMMON = 0.15
"""Weight of a word that carries grammar rather than a subject."""
UNSEEN, CONCEPT, PART = 0.4, 1.2, 0.35
"""Weights of a word that no topic holds, of an everyday concept, of four letters out of a word."""


def listed(text: str) -> frozenset[str]:
    """The words of a text as a set."""
    return frozenset(text.split())


ENGLISH_COMMON = listed(
    "a an the is are am was were be been do does did have has had can could may might shall should will would must i you he she it we "
    "they me him her us them my your his its our their this that these those there here of to in on at for from by with and or but if "
    "as so not no any some please tell know want like get what who whom which where when why how much many long 's it's i'm what's"
)
CHINESE_COMMON = frozenset("的了吗呢吧啊是在有我你您他她它们这那个和也都就不没很会能可以要得地着过到从对为与么什怎样哪请问")
SUFFIXES = ("ings", "ing", "edly", "ed", "ies", "es", "s", "ly")


class Overlap:
    """Words and parts of words that a question shares with the examples."""

    name = "overlap"
    languages: tuple[str, ...] = ("en", "zh")
    takes_model = False

    def unusable(self) -> str:
        """Always usable."""
        return ""

    def weights(self) -> Mapping[str, str]:
        """It has none."""
        return {}

    def sources(self, options: PersonaSpec) -> tuple[Source, ...]:
        """Nobody else's work."""
        return ()

    def worded(self, fact: str, question: str, options: PersonaSpec, seed: int) -> str:
        """The author's sentence."""
        return fact

    def matcher(self, topics: Sequence[Topic], options: PersonaSpec) -> Lexical:
        """Weights of terms from these topics alone."""
        return Lexical(topics)


def words(text: str) -> list[str]:
    """Lower-case stemmed words, and single Chinese characters, in order."""
    found: list[str] = []
    for piece in PIECES.findall(folded(text)):
        found += list(piece) if HAN.match(piece) else [stem(piece)]
    return found


def folded(text: str) -> str:
    """The text in lower case, compatibility forms and straight apostrophes, cut to LONGEST."""
    return unicodedata.normalize("NFKC", text[:LONGEST]).replace("’", "'").lower()


def stem(word: str) -> str:
    """The word without its ending, by the commonest English endings only."""
    if word in ENGLISH_COMMON:
        return word
    word = word.removesuffix("'s")
    for suffix in SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            root = word[: -len(suffix)] + ("y" if suffix == "ies" else "")
            return root[:-1] if len(root) > 3 and root[-1] == root[-2] and root[-1] not in "lse" else root
    return word


def terms(text: str) -> Counter[str]:
    """Weighted terms: words, parts of long words (4 letters), pairs of Chinese characters."""
    count: Counter[str] = Counter(concepts_of(folded(text)))
    sequence = words(text)
    for word in sequence:
        count[word] += 1
        if len(word) > 4:
            for at in range(len(word) - 3):
                count["#" + word[at : at + 4]] += 1
    for first, second in pairwise(sequence):
        if HAN.match(first) and HAN.match(second):
            count[first + second] += 1
    return count


def plainness(term: str) -> float:
    """1 for a term with a subject of its own, COMMON for grammar, less than 1 for a part of a word."""
    if term in ENGLISH_COMMON or all(letter in CHINESE_COMMON for letter in term):
        return COMMON
    if term.startswith("@"):
        return CONCEPT
    if term.startswith("#"):
        return PART
    return 1.0


class Lexical:
    """Cosine of TF-IDF vectors: the nearest example question, helped by the text of the line."""

    threshold = 0.22
    of_text = 1.0
    """Weight of the line's own text beside that of its questions."""

    def __init__(self, topics: Sequence[Topic]) -> None:
        documents = [terms(" ".join((topic.text, *topic.questions))) for topic in topics]
        seen = Counter(term for document in documents for term in document)
        total = len(documents)
        self.rarity = {term: math.log((1 + total) / (1 + times)) + 0.3 for term, times in seen.items()}
        # A word of the question that no topic holds says little: the asker's way of putting it, mostly.
        self.unseen = UNSEEN * (math.log(1 + total) + 0.3)
        self.topics = [(topic.line, self._vector(topic.text), [self._vector(question) for question in topic.questions]) for topic in topics]

    def _vector(self, text: str) -> dict[str, float]:
        found = {term: (1 + math.log(times)) * self.weight(term) for term, times in terms(text).items()}
        length = math.sqrt(sum(value * value for value in found.values())) or 1.0
        return {term: value / length for term, value in found.items()}

    def weight(self, term: str) -> float:
        """How much a term tells of a subject, by its rarity among the topics."""
        return self.rarity.get(term, self.unseen) * plainness(term)

    def scores(self, question: str) -> dict[str, float]:
        """Line id -> 0..1."""
        asked = self._vector(question)
        found: dict[str, float] = {}
        for line, text, questions in self.topics:
            near = sorted((_dot(asked, example) for example in questions), reverse=True)
            best = near[0] if near else 0.0
            said = self.of_text * _dot(asked, text) if line.startswith("fact") else 0.0
            found[line] = max(best, said) + 0.25 * min(best, said)
        return found


def _dot(first: Mapping[str, float], second: Mapping[str, float]) -> float:
    return sum(value * second[term] for term, value in first.items() if term in second)
