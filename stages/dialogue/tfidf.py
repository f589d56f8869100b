"""The lexical backend: TF-IDF over stemmed words and parts of words; without a model, for English and Chinese."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

from assets.rights import Source
from assets.spec.behaviour import PersonaSpec
from stages.dialogue.backend import Candidate, Wording

HAN_PATTERN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
WORD_PATTERN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+|[^\W_]+(?:'[^\W_]+)*")
MAX_QUESTION_LENGTH = 400
"""Characters of a question that are used; real questions are shorter, and the limit bounds the time."""
STOP_WORD_WEIGHT = 0.15
"""Weight of a function word."""
UNSEEN_WEIGHT, NGRAM_WEIGHT = 0.4, 0.35
"""Weights of a word that no candidate contains, and of four letters of a word."""


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
    """Matches a question by the words and parts of words that it shares with a candidate."""

    name = "overlap"
    languages: tuple[str, ...] = ("en", "zh")
    takes_model = False

    def unavailable_reason(self) -> str:
        """Empty: it needs no package and no model."""
        return ""

    def weights(self) -> Mapping[str, str]:
        """None."""
        return {}

    def sources(self, options: PersonaSpec) -> tuple[Source, ...]:
        """None: it uses no third-party model."""
        return ()

    def rephrase_fact(self, fact: str, question: str, options: PersonaSpec, seed: int) -> Wording:
        """The author's sentence."""
        return Wording(fact)

    def make_matcher(self, candidates: Sequence[Candidate], options: PersonaSpec) -> TfidfMatcher:
        """A matcher whose term weights come from these candidates alone."""
        return TfidfMatcher(candidates)


def stem_words(text: str) -> list[str]:
    """Stemmed lower-case words and single Chinese characters, in order."""
    found: list[str] = []
    for piece in WORD_PATTERN.findall(normalize_text(text)):
        found += list(piece) if HAN_PATTERN.match(piece) else [stem(piece)]
    return found


def normalize_text(text: str) -> str:
    """The first MAX_QUESTION_LENGTH characters in lower case, NFKC and with straight apostrophes."""
    return unicodedata.normalize("NFKC", text[:MAX_QUESTION_LENGTH]).replace("’", "'").lower()


def stem(word: str) -> str:
    """The word without its ending; only the most common English endings are removed."""
    if word in ENGLISH_STOP_WORDS:
        return word
    word = word.removesuffix("'s")
    for suffix in SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            root = word[: -len(suffix)] + ("y" if suffix == "ies" else "")
            return root[:-1] if len(root) > 3 and root[-1] == root[-2] and root[-1] not in "lse" else root
    return word


def count_terms(text: str) -> Counter[str]:
    """How often each term occurs: words, parts of long words (4 letters), pairs of Chinese characters."""
    count: Counter[str] = Counter()
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
    """Weight of a term by its kind: content word 1, function word or part of a word."""
    if term in ENGLISH_STOP_WORDS or all(letter in CHINESE_STOP_CHARACTERS for letter in term):
        return STOP_WORD_WEIGHT
    if term.startswith("#"):
        return NGRAM_WEIGHT
    return 1.0


class TfidfMatcher:
    """Cosine similarity of TF-IDF vectors to the nearest example question, supported by the text of the line."""

    threshold = 0.22
    text_weight = 1.0
    """Weight of the line's own text relative to that of its questions."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        documents = [count_terms(" ".join((candidate.text, *candidate.questions))) for candidate in candidates]
        document_counts = Counter(term for document in documents for term in document)
        total = len(documents)
        self.rarity = {term: math.log((1 + total) / (1 + count)) + 0.3 for term, count in document_counts.items()}
        # A word that no candidate contains is mostly part of how the visitor phrases the question, so it counts less than a rare one.
        self.unseen_weight = UNSEEN_WEIGHT * (math.log(1 + total) + 0.3)
        self.candidates = [(c.line, self._vectorize(c.text), [self._vectorize(question) for question in c.questions]) for c in candidates]

    def _vectorize(self, text: str) -> dict[str, float]:
        weights = {term: (1 + math.log(count)) * self.weigh_term(term) for term, count in count_terms(text).items()}
        length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
        return {term: weight / length for term, weight in weights.items()}

    def weigh_term(self, term: str) -> float:
        """How specific a term is to a subject: its rarity among the candidates times its base weight."""
        return self.rarity.get(term, self.unseen_weight) * compute_base_weight(term)

    def score_candidates(self, question: str) -> dict[str, float]:
        """Line id -> 0 to 1.25."""
        query = self._vectorize(question)
        scores: dict[str, float] = {}
        for line, text, questions in self.candidates:
            question_score = max((_dot(query, example) for example in questions), default=0.0)
            text_score = self.text_weight * _dot(query, text) if line.startswith("fact") else 0.0
            scores[line] = max(question_score, text_score) + 0.25 * min(question_score, text_score)
        return scores


def _dot(first: Mapping[str, float], second: Mapping[str, float]) -> float:
    return sum(value * second[term] for term, value in first.items() if term in second)
