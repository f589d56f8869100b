"""Words that no table has: a small net reads their letters and, where the sentence encoder is installed, their meaning.

The letters are hashed n-grams whose rows are summed (Bojanowski et al. 2017), the meaning is the vector of multilingual e5-small
(stages/dialogue); two layers follow, and one sigmoid for each label of the grammar, because a word may say two things or nothing. bench/train_describe.py
trains it on two thirds of the words of the tables; without the encoder the same net works on the letters alone.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from assets import weights as committed
from stages.describe.lexicon import HAN

Floats = NDArray[np.float32]
TITLE = "text-words"
BUCKETS, MEANING = 8192, 384
"""Rows of the table of n-grams, and the length of an encoder's vector."""


@dataclass(frozen=True)
class WordNet:
    """The weights; shapes: rows (buckets, n), meaning (384, n), hidden (n, h), out (h, labels)."""

    labels: tuple[str, ...]
    rows: Floats
    meaning: Floats
    bias: Floats
    hidden: Floats
    hidden_bias: Floats
    out: Floats
    out_bias: Floats
    threshold: float
    """Least probability of a label, with the encoder's vector."""
    letter_threshold: float
    """The same without it."""

    def rate(self, texts: Sequence[str], vectors: Floats | None) -> Floats:
        """(n, labels) probabilities of phrases; vectors (n, 384) of their meaning, or None."""
        summed = np.stack([self.rows[hash_ngrams(text)].mean(0) for text in texts]) + self.bias
        if vectors is not None:
            summed = summed + vectors @ self.meaning
        first = np.maximum(summed, 0)
        second = np.maximum(first @ self.hidden + self.hidden_bias, 0)
        return np.asarray(1 / (1 + np.exp(-(second @ self.out + self.out_bias))), np.float32)


def hash_ngrams(text: str) -> NDArray[np.int64]:
    """Rows of a phrase's n-grams: 3 to 5 letters of Latin words with their ends marked, 1 to 3 characters of Chinese ones."""
    sizes = (1, 2, 3) if HAN.search(text) else (3, 4, 5)
    marked = f"<{text.lower()}>"
    grams = {marked[at : at + size] for size in sizes for at in range(len(marked) - size + 1)} | {marked}
    return np.array(sorted(zlib.crc32(gram.encode()) % BUCKETS for gram in grams), np.int64)


@lru_cache(maxsize=1)
def load_word_net() -> WordNet | None:
    """The committed net; None where there are no such weights."""
    if not committed.has_weights(TITLE):
        return None
    from safetensors import safe_open

    with safe_open(committed.locate_weights(TITLE), framework="numpy") as stream:
        arrays = {name: stream.get_tensor(name).astype(np.float32) for name in stream.keys()}  # noqa: SIM118
        notes = json.loads(stream.metadata()["net"])
    return WordNet(tuple(notes["labels"]), **arrays, threshold=notes["threshold"], letter_threshold=notes["letter_threshold"])


def encode_meaning(texts: Sequence[str]) -> Floats | None:
    """(n, 384) vectors of phrases; None where the encoder is not installed."""
    from stages.dialogue import e5

    if e5.unavailable_reason():
        return None
    return e5.load_e5().encode_questions(texts)


def guess_labels(texts: Sequence[str]) -> list[list[str]]:
    """The labels `attribute=value` of each phrase; none where the net is not sure, or is missing."""
    net = load_word_net()
    if net is None or not texts:
        return [[] for _ in texts]
    vectors = encode_meaning(texts)
    limit = net.letter_threshold if vectors is None else net.threshold
    return [[net.labels[k] for k in np.flatnonzero(row >= limit)] for row in net.rate(texts, vectors)]
