"""A finished dialogue and a question -> the lines to speak: the one way in which questions are answered, live and offline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from stages.dialogue.encoder import SentenceEncoder

MIN_SCORE = 0.86
"""Least cosine of a question to one that a line answers."""


@dataclass(frozen=True)
class Turn:
    """One earlier turn of a conversation."""

    question: str
    lines: tuple[str, ...] = ()
    """Ids of the lines that answered it."""


@dataclass(frozen=True)
class Answer:
    """What to speak."""

    lines: tuple[str, ...]
    """Line ids in order; the fallback's alone where nothing fits."""
    text: str
    """The lines' texts, joined."""
    score: float
    """How sure the choice is, 0 to 1."""
    next: str | None
    """A line that would continue the answer; None without one."""
    why: str
    """One sentence in English on the choice, for people who debug."""


class Answerer:
    """Answers questions with the lines of one dialogue; safe to use from several threads, and without a memory of its own."""

    def __init__(self, dialogue: Mapping[str, Any], encoder: SentenceEncoder) -> None:
        self.texts = {str(line["id"]): str(line["text"]) for line in dialogue["lines"]}
        self.fallback, self.encoder = str(dialogue["fallback"]), encoder
        known = [(str(reply["line"]), str(question)) for reply in dialogue["replies"] for question in reply["questions"]]
        self.known = [(line, question) for line, question in known if line in self.texts]
        self.vectors = encoder.encode_questions([question for _, question in self.known])

    @classmethod
    def from_dialogue(cls, dialogue: Mapping[str, Any], *, encoder: SentenceEncoder | None = None) -> Answerer:
        """The answerer of a bundle's dialogue.json, parsed, with the embedded encoder or another."""
        from stages.dialogue.e5 import load_e5

        return cls(dialogue, encoder or load_e5())

    def answer(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        """The lines for a question of any content.

        Args:
            history: earlier turns, the oldest first; the last few are used.
        """
        if not question.strip() or not self.known:
            return Answer((self.fallback,), self.texts.get(self.fallback, ""), 0.0, None, "no question")
        scores = self.vectors @ self.encoder.encode_questions([question])[0]
        best = int(np.argmax(scores))
        line, nearest = self.known[best]
        found = line if scores[best] >= MIN_SCORE else self.fallback
        return Answer((found,), self.texts.get(found, ""), float(scores[best]), None, f'nearest known question: "{nearest}"')
