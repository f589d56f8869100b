"""XLM-RoBERTa's tokenizer: SentencePiece's unigram model (Kudo 2018), which splits a text into the likeliest pieces of its vocabulary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SPACE = "\u2581"
"""What stands for a space in a piece."""
UNKNOWN_PENALTY = 10.0
"""Subtracted from the least log probability of a piece for a character that no piece contains, as SentencePiece does."""


@dataclass(frozen=True, eq=False)
class Unigram:
    """A vocabulary of pieces with their log probabilities."""

    pieces: Mapping[bytes, int]
    """Piece in UTF-8 -> token id."""
    scores: Sequence[float]
    """Log probability by token id."""
    normalised: Mapping[str, str]
    """Character -> what replaces it before the text is split (NFKC and SentencePiece's own)."""
    begin: int
    end: int
    unknown: int
    longest: int
    """Bytes of the longest piece."""
    least: float
    """Least log probability of a piece."""

    def tokenize(self, text: str, most: int) -> list[int]:
        """Token ids from begin to end, at most `most` with the two."""
        plain = "".join(self.normalised.get(letter, letter) for letter in text)
        spaced = SPACE + SPACE.join(plain.split(" ")) if not plain.startswith(" ") else plain.replace(" ", SPACE)
        while SPACE * 2 in spaced:
            spaced = spaced.replace(SPACE * 2, SPACE)
        return [self.begin, *self._split(spaced)[: most - 2], self.end]

    def _split(self, text: str) -> list[int]:
        """The likeliest pieces (Viterbi); a piece ends where a character does."""
        raw, ends = text.encode("utf-8", "replace"), [0]
        for letter in text:
            ends.append(ends[-1] + len(letter.encode("utf-8", "replace")))
        best, last = [0.0, *[float("-inf")] * len(text)], [(0, 0)] * (len(text) + 1)
        for at, first in enumerate(ends[:-1]):
            if best[at] + self.least - UNKNOWN_PENALTY > best[at + 1]:
                best[at + 1], last[at + 1] = best[at] + self.least - UNKNOWN_PENALTY, (at, self.unknown)
            for end in range(at + 1, len(ends)):
                if ends[end] - first > self.longest:
                    break
                token = self.pieces.get(raw[first : ends[end]])
                if token is not None and (score := best[at] + self.scores[token]) > best[end]:
                    best[end], last[end] = score, (at, token)
        found, end = [], len(text)
        while end:
            end, token = last[end]
            found.append(token)
        return found[::-1]
