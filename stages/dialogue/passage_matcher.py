"""Which passage of the author's documents answers a question, where no fact does; none in doubt.

A passage has no example questions, so that it is compared with the question itself: by meaning, and by shared words. The common
questions are the yardstick of how near any statement is to the question. The weights were fitted on the personas of
tests/data/understanding/tuning with their facts as passages; each left out in turn, 111 of 207 questions were right, 17 got a wrong
passage, and 79 none.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.dialogue.common_questions import encode_common_questions, read_common_questions
from stages.dialogue.encoder import SentenceEncoder, Vectors
from stages.dialogue.spelling import Speller
from stages.dialogue.tfidf import MAX_QUESTION_LENGTH, compute_base_weight, count_terms
from stages.dialogue.vector_cache import encode_once, encode_texts

PASSAGE_WEIGHTS = (2.0, 3.7, 3.85, 0.43)
"""Of how much nearer a passage is than common questions are and than the other passages are, as a statement; of its nearness as a
question; of the share of the question's words in it."""
NONE_WEIGHTS = (0.94, 0.85, 1.5)
"""A constant, the nearest stray or common question, and the mean of the five nearest."""
THRESHOLD = 0.5
"""Least probability of a passage that is quoted."""
NEAREST = 20
"""Common questions that set the yardstick."""


@dataclass(frozen=True)
class FoundPassage:
    """The best passage for a question."""

    line: str
    score: float
    """Probability that it answers the question, 0 to 1."""


class PassageMatcher:
    """Finds passages by their line ids."""

    def __init__(self, texts: Mapping[str, str], strays: Sequence[str], encoder: SentenceEncoder, language: str) -> None:
        self.lines, self.encoder = tuple(texts), encoder
        common = read_common_questions(language)
        questions = encode_common_questions(encoder, language)
        self.centre = questions.mean(0)
        self.common = self._centre(np.concatenate([questions, self._encode(strays)]))
        self.yardstick = encode_once(encoder, common.texts, questions=False)
        shown = [text[:MAX_QUESTION_LENGTH] for text in texts.values()]
        self.statements = encode_texts(encoder, shown, questions=False)
        self.texts = self._centre(self._encode(shown))
        self.terms = [count_terms(text) for text in shown]
        self.documents = Counter(term for terms in self.terms for term in terms)
        self.speller = Speller([*shown, *common.texts])

    def _encode(self, texts: Sequence[str]) -> Vectors:
        return encode_texts(self.encoder, texts) if texts else np.zeros((0, len(self.centre)), np.float32)

    def _centre(self, vectors: Vectors) -> Vectors:
        moved = vectors - self.centre
        return np.asarray(moved / (np.linalg.norm(moved, axis=-1, keepdims=True) + 1e-9), np.float32)

    def find(self, question: str) -> FoundPassage | None:
        """The passage that most probably answers the question; None below THRESHOLD."""
        scores = self.score(question)
        best = max(scores, key=lambda line: scores[line])
        return FoundPassage(best, scores[best]) if scores[best] >= THRESHOLD else None

    def score(self, question: str) -> dict[str, float]:
        """Line id -> probability; what is left to 1 is that of none."""
        corrected = self.speller.correct(question[:MAX_QUESTION_LENGTH])
        raw = self.encoder.encode_questions([corrected])[0]
        query = self._centre(raw[None])[0]
        near = self.statements @ raw
        usual = np.sort(self.yardstick @ raw)[-NEAREST:].mean()
        columns = (10 * (near - usual), 10 * (near - near.mean()), self.texts @ query, self._count_shared(corrected))
        strays = np.sort(self.common @ query)[::-1]
        none = np.asarray([1.0, strays[0], strays[:5].mean()]) @ np.asarray(NONE_WEIGHTS)
        logits = np.append(np.stack(columns, 1) @ np.asarray(PASSAGE_WEIGHTS), none)
        found = np.exp(logits - logits.max())
        return {line: float(p) for line, p in zip(self.lines, found / found.sum(), strict=False)}

    def _count_shared(self, question: str) -> NDArray[np.float64]:
        """(passages,) share of the question's words in each, weighted by their rarity."""
        total = len(self.terms)
        weights = {t: (math.log((1 + total) / (1 + self.documents[t])) + 0.3) * compute_base_weight(t) for t in count_terms(question)}
        whole = sum(weights.values()) or 1.0
        return np.asarray([sum(weight for term, weight in weights.items() if term in terms) / whole for terms in self.terms])
