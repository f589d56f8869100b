"""What people ask at counters, doors and desks of any kind, in groups of one meaning: common_questions_LANGUAGE.txt.

A group that a persona can answer lends its wordings to the persona's line; the others are strays, which draw questions away from the
facts that happen to be nearest. Written for no persona in particular.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stages.dialogue.encoder import SentenceEncoder, Vectors
from stages.dialogue.vector_cache import encode_once

HEALTH_MARK, SEPARATOR = "! ", " | "


@dataclass(frozen=True)
class CommonQuestions:
    """The questions of a language."""

    texts: tuple[str, ...]
    groups: tuple[int, ...]
    """Number of each text's group, from 0, in order."""
    health: frozenset[int]
    """Groups about allergies, pregnancy and illness."""


@lru_cache(maxsize=2)  # two languages of 30 KB
def read_common_questions(language: str) -> CommonQuestions:
    """The questions of a language (en, zh)."""
    rows = Path(__file__).with_name(f"common_questions_{language}.txt").read_text(encoding="utf-8").splitlines()
    health = frozenset(number for number, row in enumerate(rows) if row.startswith(HEALTH_MARK))
    texts = [(text, number) for number, row in enumerate(rows) for text in row.removeprefix(HEALTH_MARK).split(SEPARATOR)]
    return CommonQuestions(tuple(text for text, _ in texts), tuple(number for _, number in texts), health)


def encode_common_questions(encoder: SentenceEncoder, language: str) -> Vectors:
    """(texts, width) unit vectors."""
    return encode_once(encoder, read_common_questions(language).texts)


def score_groups(similarity: NDArray[np.float32], groups: tuple[int, ...]) -> NDArray[np.float32]:
    """(..., texts) -> (..., groups): a group is as near as its nearest text."""
    starts = np.searchsorted(groups, np.arange(groups[-1] + 1))
    return np.asarray(np.maximum.reduceat(similarity, starts, axis=-1), np.float32)
