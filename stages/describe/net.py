"""Words that no table has: one linear layer over a word's meaning and its letters says which labels of the grammar it has, if any.

The meaning is the vector of multilingual e5-small (stages/dialogue), the letters are hashed n-grams (Bojanowski et al. 2017). The layer is
the closed solution of a kernel ridge regression on words of the tables (bench/train_describe.py). A net of two layers trained by gradient
descent on the same words was right for a third as many unseen ones: a thousand words are few.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assets.digest import sha256_file
from assets.errors import BackendError, Finding
from assets.weights import read_weights_index
from stages.describe.lexicon import HAN

Floats = NDArray[np.float32]
TITLE = "words"
WEIGHTS_FOLDER = Path(__file__).parent / "weights"
BUCKETS, MEANING = 4096, 384
"""Rows of the table of n-grams, and the length of an encoder's vector."""
LETTER_SHARE, OFFSET = 0.3, 0.09
"""Of the letters in the similarity of two words, next to that of their meaning; and what any two words have in common."""


@dataclass(frozen=True)
class WordNet:
    """The layer. Shapes: mean (384,), meaning (384, labels), letters (BUCKETS, labels), bias (labels,)."""

    labels: tuple[str, ...]
    mean: Floats
    """Of the encoder's vectors of all words: e5's vectors fill a narrow cone."""
    meaning: Floats
    letters: Floats
    bias: Floats
    threshold: float
    """Least score of a label."""

    def rate(self, texts: Sequence[str], vectors: Floats) -> Floats:
        """(n, labels) scores of phrases, about 1 for a label and 0 for none; vectors (n, 384) of their meaning."""
        return centre(vectors, self.mean) @ self.meaning + hash_letters(texts) @ self.letters + self.bias


def centre(vectors: Floats, mean: Floats) -> Floats:
    """(n, 384) unit vectors about the mean."""
    moved = vectors - mean
    return np.asarray(moved / np.linalg.norm(moved, axis=1, keepdims=True), np.float32)


def hash_letters(texts: Sequence[str]) -> Floats:
    """(n, BUCKETS) unit rows of n-grams: 3 to 5 letters of Latin words with their ends marked, 1 to 3 characters of Chinese ones."""
    rows = np.zeros((len(texts), BUCKETS), np.float32)
    for row, text in zip(rows, texts, strict=True):
        sizes = (1, 2, 3) if HAN.search(text) else (3, 4, 5)
        marked = f"<{text.lower()}>"
        for gram in {marked[at : at + size] for size in sizes for at in range(len(marked) - size + 1)} | {marked}:
            row[zlib.crc32(gram.encode()) % BUCKETS] = 1
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


@lru_cache(maxsize=1)
def load_word_net() -> WordNet | None:
    """The committed layer; None where there are no such weights; raises BackendError where they are damaged."""
    entry = read_weights_index(WEIGHTS_FOLDER).get(TITLE)
    if entry is None:
        return None
    from safetensors import safe_open

    file = WEIGHTS_FOLDER / str(entry["file"])
    if not file.is_file() or sha256_file(file) != entry["sha256"]:
        message = f"{file.name} does not match its sha256 in weights.json"
        raise BackendError(Finding("weights/corrupt", message, fix="restore it from the repository"))
    with safe_open(file, framework="numpy") as stream:
        arrays = {name: stream.get_tensor(name).astype(np.float32) for name in stream.keys()}  # noqa: SIM118
        notes = json.loads(stream.metadata()["net"])
    return WordNet(tuple(notes["labels"]), **arrays, threshold=notes["threshold"])


def encode_meaning(texts: Sequence[str]) -> Floats | None:
    """(n, 384) vectors of phrases; None where the encoder is not installed."""
    from stages.dialogue import e5

    if e5.unavailable_reason():
        return None
    return e5.load_e5().encode_questions(texts)


def guess_labels(texts: Sequence[str]) -> list[list[str]]:
    """The labels `attribute=value` of each phrase; none where the layer is not sure, or the encoder is missing."""
    net = load_word_net() if texts else None
    vectors = encode_meaning(texts) if net else None
    if net is None or vectors is None:
        return [[] for _ in texts]
    return [[net.labels[k] for k in np.flatnonzero(row >= net.threshold)] for row in net.rate(texts, vectors)]
