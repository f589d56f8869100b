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
from stages.dialogue.backend import Candidate
from stages.dialogue.concepts import find_concepts

HAN_PATTERN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
WORD_PATTERN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+|[^\W_]+(?:'[^\W_]+)*")
MAX_QUESTION_LENGTH = 400
"""Characters of a question that are read: nobody asks longer, and time stays bounded."""
STOP_WORD_WEIGHT = 0.15
"""Weight of a word that carries grammar rather than a subject."""
UNSEEN_WEIGHT, CONCEPT_WEIGHT, NGRAM_WEIGHT = 0.4, 1.2, 0.35
"""Weights of a word that no topic holds, of an everyday concept, of four letters out of a word."""


def split_words(text: str) -> frozenset[str]:
    """The words of a text as a set."""
    return frozenset(text.split())


ENGLISH_STOP_WORDS = split_words(
    "a an the is are am was were be been do does did have has had can could may might shall should will would must i you he she it we "
    "they me him her us them my your his its our their this that these those there here of to in on at for from by with and or but if "
    "as so not no any some please tell know want like get what who whom which where when why how much many long 's it's i'm what's"
)
CHINESE_STOP_CHARACTERS = frozenset("的了吗呢吧啊是在有我你您他她它们这那个和也都就不没很会能可以要得地着过到从对为与么什怎样哪请问")
SUFFIXES = ("ings", "ing", "edly", "ed", "ies", "es", "s", "ly")


class Tfidf:
    """Words and parts of words that a question shares with the examples."""

    name = "overlap"
    languages: tuple[str, ...] = ("en", "zh")
    takes_model = False

    def unavailable_reason(self) -> str:
        """Always usable."""
        return ""

    def weights(self) -> Mapping[str, str]:
        """It has none."""
        return {}

    def sources(self, options: PersonaSpec) -> tuple[Source, ...]:
        """Nobody else's work."""
        return ()

    def rephrase_fact(self, fact: str, question: str, options: PersonaSpec, seed: int) -> str:
        """The author's sentence."""
        return fact

    def make_matcher(self, topics: Sequence[Candidate], options: PersonaSpec) -> TfidfMatcher:
        """Weights of terms from these topics alone."""
        return TfidfMatcher(topics)


def stem_words(text: str) -> list[str]:
    """Lower-case stemmed words, and single Chinese characters, in order."""
    found: list[str] = []
    for piece in WORD_PATTERN.findall(normalize_text(text)):
        found += list(piece) if HAN_PATTERN.match(piece) else [stem(piece)]
    return found


def normalize_text(text: str) -> str:
    """The text in lower case, compatibility forms and straight apostrophes, cut to LONGEST."""
    return unicodedata.normalize("NFKC", text[:MAX_QUESTION_LENGTH]).replace("’", "'").lower()


def stem(word: str) -> str:
    """The word without its ending, by the commonest English endings only."""
    if word in ENGLISH_STOP_WORDS:
        return word
    word = word.removesuffix("'s")
    for suffix in SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            root = word[: -len(suffix)] + ("y" if suffix == "ies" else "")
            return root[:-1] if len(root) > 3 and root[-1] == root[-2] and root[-1] not in "lse" else root
    return word


def count_terms(text: str) -> Counter[str]:
    """Weighted terms: words, parts of long words (4 letters), pairs of Chinese characters."""
    count: Counter[str] = Counter(find_concepts(normalize_text(text)))
    sequence = stem_words(text)
    for word in sequence:
        count[word] += 1
        if len(word) > 4:
            for at in range(len(word) - 3):
                count["#" + word[at : at + 4]] += 1
    for first, second in pairwise(sequence):
        if HAN_PATTERN.match(first) and HAN_PATTERN.match(second):
            count[first + second] += 1
    return count


def compute_base_weight(term: str) -> float:
    """1 for a term with a subject of its own, COMMON for grammar, less than 1 for a part of a word."""
    if term in ENGLISH_STOP_WORDS or all(letter in CHINESE_STOP_CHARACTERS for letter in term):
        return STOP_WORD_WEIGHT
    if term.startswith("@"):
        return CONCEPT_WEIGHT
    if term.startswith("#"):
        return NGRAM_WEIGHT
    return 1.0


class TfidfMatcher:
    """Cosine of TF-IDF vectors: the nearest example question, helped by the text of the line."""

    threshold = 0.22
    text_weight = 1.0
    """Weight of the line's own text beside that of its questions."""

    def __init__(self, topics: Sequence[Candidate]) -> None:
        documents = [count_terms(" ".join((topic.text, *topic.questions))) for topic in topics]
        seen = Counter(term for document in documents for term in document)
        total = len(documents)
        self.rarity = {term: math.log((1 + total) / (1 + times)) + 0.3 for term, times in seen.items()}
        # A word of the question that no topic holds says little: the asker's way of putting it, mostly.
        self.unseen = UNSEEN_WEIGHT * (math.log(1 + total) + 0.3)
        self.topics = [
            (topic.line, self._vectorize(topic.text), [self._vectorize(question) for question in topic.questions]) for topic in topics
        ]

    def _vectorize(self, text: str) -> dict[str, float]:
        found = {term: (1 + math.log(times)) * self.weight(term) for term, times in count_terms(text).items()}
        length = math.sqrt(sum(value * value for value in found.values())) or 1.0
        return {term: value / length for term, value in found.items()}

    def weight(self, term: str) -> float:
        """How much a term tells of a subject, by its rarity among the topics."""
        return self.rarity.get(term, self.unseen) * compute_base_weight(term)

    def scores(self, question: str) -> dict[str, float]:
        """Line id -> 0..1."""
        asked = self._vectorize(question)
        found: dict[str, float] = {}
        for line, text, questions in self.topics:
            near = sorted((_dot(asked, example) for example in questions), reverse=True)
            best = near[0] if near else 0.0
            said = self.text_weight * _dot(asked, text) if line.startswith("fact") else 0.0
            found[line] = max(best, said) + 0.25 * min(best, said)
        return found


def _dot(first: Mapping[str, float], second: Mapping[str, float]) -> float:
    return sum(value * second[term] for term, value in first.items() if term in second)
