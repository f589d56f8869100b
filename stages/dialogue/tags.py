"""Emotion and gesture of a line, by its meaning: the labels of the examples in tag_examples.tsv that are nearest to it.

The examples are sentences of many trades with an emotion and a gesture given by hand. The way to compare and NEAREST were chosen on
tests/data/tags/tuning.tsv; `python -m bench.tags` judges them on other sentences.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stages.dialogue.e5 import load_e5
from stages.dialogue.encoder import SentenceEncoder, Vectors
from stages.dialogue.vector_cache import encode_once, encode_texts

NEAREST = 3
"""Examples of each label whose mean similarity to the line is the label's score."""
SERIOUS_MARGIN = 0.1
"""Of the 60 sentences that chose the method, all 6 serious ones are within it, and 6 of the others."""
MAX_LENGTH = 500
"""Characters of a line that are compared."""
SUPPRESSED_EMOTIONS = {"formal": {"happy": "neutral", "surprised": "neutral"}, "calm": {"surprised": "neutral"}}
"""Emotions that a manner replaces, except in greetings and goodbyes."""
_FIXED_EMOTIONS = {"hello": "happy", "thanks": "happy", "goodbye": "happy", "more": "neutral", "language": "neutral"}
_FIXED_GESTURES = {"hello": "wave", "thanks": "nod", "goodbye": "wave", "fallback": "shrug", "language": "shrug", "more": "nod"}
_FACT_KINDS = ("fact", "topic", "passage")


@dataclass(frozen=True)
class Tags:
    """How a line is performed."""

    emotion: str
    """neutral, happy, sad, surprised or serious."""
    gesture: str
    """none, wave, nod, explain, shrug or point."""


@dataclass(frozen=True, eq=False)
class _Examples:
    """The examples of one language."""

    centre: Vectors
    """(width,) mean of the encoder's vectors: what every sentence shares says nothing."""
    vectors: Vectors
    """(n, width) unit vectors after the centre is taken away."""
    emotions: tuple[str, ...]
    gestures: tuple[str, ...]


def choose_tags(kind: str, text: str, language: str, manner: str) -> Tags:
    """The tags of a line of kind hello, fact, line, topic, passage, script, fallback or of small talk (thanks, goodbye, more, language).

    Raises:
        BackendError: the sentence encoder is not installed.
    """
    if kind == "fallback":
        return Tags("neutral" if manner == "formal" else "sad", _FIXED_GESTURES[kind])
    if kind in _FIXED_EMOTIONS:
        return Tags(_FIXED_EMOTIONS[kind], _FIXED_GESTURES[kind])
    # Only greetings and goodbyes wave; a fact about visitors who are welcome does not.
    found = classify(text, language, without=("wave",) if kind in _FACT_KINDS else ())
    if kind == "line" and found.gesture == "explain" and manner in ("calm", "formal"):
        found = Tags(found.emotion, "none")
    if found.gesture == "wave":
        return found
    return Tags(SUPPRESSED_EMOTIONS.get(manner, {}).get(found.emotion, found.emotion), found.gesture)


def classify(text: str, language: str, without: Container[str] = ()) -> Tags:
    """What the sentence alone says, in either language (en, zh).

    Args:
        without: gestures that are not considered.
    """
    examples, similarity = _compare(text, language)
    emotions, gestures = _score_labels(similarity, examples.emotions), _score_labels(similarity, examples.gestures)
    allowed = [gesture for gesture in gestures if gesture not in without]
    return Tags(max(emotions, key=emotions.__getitem__), max(allowed, key=gestures.__getitem__))


def may_be_serious(text: str, language: str) -> bool:
    """True for a warning or a prohibition, and for what is nearly one."""
    examples, similarity = _compare(text, language)
    scores = _score_labels(similarity, examples.emotions)
    return scores["serious"] > max(scores.values()) - SERIOUS_MARGIN


def _compare(text: str, language: str) -> tuple[_Examples, NDArray[np.float32]]:
    """The language's examples and how similar the text is to each (n,)."""
    encoder = load_e5()
    examples = _load_examples(encoder, language)
    vector = encode_texts(encoder, [text[:MAX_LENGTH]], questions=False)[0] - examples.centre
    return examples, examples.vectors @ (vector / (np.linalg.norm(vector) + 1e-9))


def _score_labels(similarity: NDArray[np.float32], labels: Sequence[str]) -> dict[str, float]:
    """Label -> mean similarity of its NEAREST examples."""
    given = np.asarray(labels)
    return {label: float(np.sort(similarity[given == label])[-NEAREST:].mean()) for label in dict.fromkeys(labels)}


@lru_cache(maxsize=2)  # two languages of 0.2 MB
def _load_examples(encoder: SentenceEncoder, language: str) -> _Examples:
    rows = [row for row in read_examples() if _is_chinese(row[2]) == (language == "zh")]
    emotions, gestures, texts = zip(*rows, strict=True)
    vectors = encode_once(encoder, texts, questions=False)
    centre = vectors.mean(0)
    moved = vectors - centre
    return _Examples(centre, moved / np.linalg.norm(moved, axis=1, keepdims=True), emotions, gestures)


def read_examples() -> list[tuple[str, str, str]]:
    """(emotion, gesture, sentence) of every example, of both languages."""
    rows = Path(__file__).with_name("tag_examples.tsv").read_text(encoding="utf-8").splitlines()
    return [(emotion, gesture, text) for emotion, gesture, text in (row.split("\t") for row in rows)]


def _is_chinese(text: str) -> bool:
    return any("一" <= letter <= "鿿" for letter in text)
