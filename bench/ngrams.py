"""TF-IDF over character n-grams with cosine similarity: the baseline of bench.understanding."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

SIZES = (2, 3, 4)


class NgramIndex:
    """Texts by the n-grams they share."""

    def __init__(self, texts: Sequence[tuple[str, str]]) -> None:
        counts = [count_ngrams(text) for _, text in texts]
        documents = Counter(gram for count in counts for gram in count)
        self.rarity = {gram: math.log((1 + len(texts)) / (1 + number)) + 1 for gram, number in documents.items()}
        self.rows = [(line, self._weigh(count)) for (line, _), count in zip(texts, counts, strict=True)]

    def _weigh(self, count: Counter[str]) -> dict[str, float]:
        weights = {gram: number * self.rarity.get(gram, 1.0) for gram, number in count.items()}
        length = math.sqrt(sum(weight**2 for weight in weights.values())) or 1.0
        return {gram: weight / length for gram, weight in weights.items()}

    def find(self, text: str, threshold: float, fallback: str) -> str:
        """The line of the nearest text, or the fallback below the threshold."""
        query = self._weigh(count_ngrams(text))
        scored = [(sum(weight * row.get(gram, 0.0) for gram, weight in query.items()), line) for line, row in self.rows]
        score, line = max(scored, default=(0.0, fallback))
        return line if score >= threshold else fallback


def count_ngrams(text: str) -> Counter[str]:
    plain = f" {' '.join(text.lower().split())} "
    return Counter(plain[at : at + size] for size in SIZES for at in range(len(plain) - size + 1))
