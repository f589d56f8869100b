"""The matcher: sentence embeddings, common questions and stray questions -> the probability that a line answers a question.

A softmax over the lines and "none of them". A line's evidence is how near the question is to the line's own example questions, to
its text, and to common questions that the line answers; the evidence for none is how near it is to common questions that no line
answers and to the persona's questions out of scope. `python -m bench.fit_understanding` fits the weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.dialogue.backend import Candidate
from stages.dialogue.candidates import FALLBACK_ID
from stages.dialogue.common_questions import encode_common_questions, read_common_questions, score_groups
from stages.dialogue.encoder import SentenceEncoder, Vectors
from stages.dialogue.spelling import Speller
from stages.dialogue.tfidf import MAX_QUESTION_LENGTH
from stages.dialogue.vector_cache import encode_texts

LINE_WEIGHTS = (4.18, 6.52, 8.84, 4.29, 2.24, -2.57)
"""Of the nearest of a line's own questions, the mean of the two nearest, common questions that it answers, its text as a question and as a
statement, and having no text."""
NONE_WEIGHTS = (2.66, 3.65, 4.27)
"""Of the nearest stray question, the nearest weighted by how little any line answers it, and a constant."""
COVERED = 0.55
"""Similarity of a line's question to a group of common questions from which the line answers the group."""
HEALTH_LIKE, HEALTH_COVERED = 0.47, 0.75
"""Similarity to a common question on health from which only a line answers whose own question is that similar to the same group."""
Scores = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is known of a question, before the weights."""

    lines: Scores
    """(lines, 6) in the order of LINE_WEIGHTS."""
    none: Scores
    """(3,) in the order of NONE_WEIGHTS."""
    health: tuple[bool, ...]
    """Of each line: the question is about health and the line is not about the same."""
    nearest: tuple[str, ...]
    """Of each line: its own question that is nearest."""


class EmbeddingMatcher:
    """Probability of each candidate; what is left to 1 is that of the fallback, with the candidate of that name."""

    threshold = 0.45
    """With each tuning persona left out of the fit: 219 of 256 questions right, 16 wrong lines, 21 missed."""

    def __init__(self, candidates: Sequence[Candidate], encoder: SentenceEncoder, language: str) -> None:
        self.encoder, self.common = encoder, read_common_questions(language)
        self.lines = [candidate for candidate in candidates if candidate.line != FALLBACK_ID and (candidate.questions or candidate.text)]
        common = encode_common_questions(encoder, language)
        self.centre = common.mean(0)
        self.common_vectors = self._centre(common)
        strays = [question for c in candidates if c.line == FALLBACK_ID for question in c.questions]
        self.strays = self._encode(strays)
        self.questions = [candidate.questions or (candidate.text,) for candidate in self.lines]
        self.vectors = [self._encode(questions) for questions in self.questions]
        self.has_text = np.asarray([candidate.line.startswith("fact") for candidate in self.lines], bool)
        texts = [candidate.text[:MAX_QUESTION_LENGTH] for candidate in self.lines]
        self.texts, self.statements = self._encode(texts), encode_texts(encoder, texts, questions=False)
        similar = [score_groups(vectors @ self.common_vectors.T, self.common.groups).max(0) for vectors in self.vectors]
        self.covered: Scores = np.stack(similar) if similar else np.zeros((0, self.common.groups[-1] + 1), np.float32)
        self.speller = Speller([*(t for q in self.questions for t in q), *texts, *self.common.texts])

    def _centre(self, vectors: Vectors) -> Vectors:
        """Unit vectors after the mean of all questions is taken away: what every question shares says nothing."""
        moved = vectors - self.centre
        return np.asarray(moved / (np.linalg.norm(moved, axis=-1, keepdims=True) + 1e-9), np.float32)

    def _encode(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.zeros((0, len(self.centre)), np.float32)
        return self._centre(encode_texts(self.encoder, [text[:MAX_QUESTION_LENGTH] for text in texts]))

    def collect_evidence(self, question: str) -> Evidence:
        """What the question has to do with each line and with strays; misspelt words are read as meant."""
        raw = self.encoder.encode_questions([self.speller.correct(question)])[0]
        query = self._centre(raw[None])[0]
        groups = score_groups(self.common_vectors @ query, self.common.groups)
        own = [vectors @ query for vectors in self.vectors]
        statements = self.statements @ raw
        facts = statements[self.has_text]
        stated = np.where(self.has_text, 10 * (statements - (facts.mean() if len(facts) else 0.0)), 0.0)
        common = np.minimum(groups, self.covered).max(1)
        columns = (
            np.asarray([found.max() for found in own]), np.asarray([np.sort(found)[-2:].mean() for found in own]), common,
            np.where(self.has_text, self.texts @ query, 0.0), stated, ~self.has_text,
        )  # fmt: skip
        health = self._find_uncovered_health(groups)
        nearest = tuple(texts[int(found.argmax())] for texts, found in zip(self.questions, own, strict=True))
        return Evidence(np.stack(columns, 1).astype(np.float32), self._collect_none(query, groups), health, nearest)

    def _collect_none(self, query: Vectors, groups: Scores) -> Scores:
        most = self.covered.max(0) if len(self.covered) else np.zeros_like(groups)
        strays = groups[most < COVERED].max(initial=-1.0)
        own = (self.strays @ query).max(initial=-1.0)
        soft = (groups * np.clip((COVERED + 0.15 - most) / 0.3, 0, 1)).max()
        return np.asarray([max(strays, own), soft, 1.0], np.float32)

    def _find_uncovered_health(self, groups: Scores) -> tuple[bool, ...]:
        health = max(self.common.health, key=lambda group: groups[group])
        if groups[health] < HEALTH_LIKE:
            return (False,) * len(self.lines)
        return tuple(bool(covered < HEALTH_COVERED) for covered in self.covered[:, health])

    def score_candidates(self, question: str) -> dict[str, float]:
        """Line id -> probability; that of the fallback is "none of them"."""
        if not question.strip() or not self.lines:
            return {FALLBACK_ID: 1.0, **{candidate.line: 0.0 for candidate in self.lines}}
        return self.weigh(self.collect_evidence(question))

    def weigh(self, evidence: Evidence) -> dict[str, float]:
        """The probabilities from the evidence."""
        logits = np.append(evidence.lines @ np.asarray(LINE_WEIGHTS), evidence.none @ np.asarray(NONE_WEIGHTS))
        logits[:-1][np.asarray(evidence.health, bool)] = -np.inf
        found = np.exp(logits - logits.max())
        found /= found.sum()
        return {FALLBACK_ID: float(found[-1])} | {c.line: float(p) for c, p in zip(self.lines, found, strict=False)}
