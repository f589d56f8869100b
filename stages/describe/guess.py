"""Claims of the words that no table has, by the net of net.py; any word of the tables counts for more."""

from __future__ import annotations

from dataclasses import replace

from stages.describe.claims import GUESS, Claim, Reading
from stages.describe.items import Item
from stages.describe.net import guess_labels
from stages.describe.normalise import PlainText

_MOST = 16
"""Words of a text that are rated: each takes some ten milliseconds."""
_LEAST = {True: 2, False: 4}
"""Letters of a Chinese word, and of an English one, that the net rates: shorter ones say too little."""


def add_guesses(reading: Reading, plain: PlainText, text: str) -> Reading:
    """The reading, with what the net makes of its unknown words."""
    unknown = [item for item in reading.unknown if item.is_unknown and _is_word(item, plain, text)][:_MOST]
    claims: list[Claim] = []
    understood: set[int] = set()
    for item, labels in zip(unknown, guess_labels([item.text for item in unknown]), strict=True):
        for label in labels:
            name, _, value = label.partition("=")
            claims.append(Claim(name, value, item.start, item.end, GUESS, "", _is_negated(reading, item)))
            understood.add(item.start)
    kept = [item for item in reading.unknown if item.start not in understood]
    return replace(reading, claims=[*reading.claims, *claims], unknown=kept)


def _is_word(item: Item, plain: PlainText, text: str) -> bool:
    """Whether it is a word of content: no name, which begins with a capital inside of a sentence."""
    start, _ = plain.locate(item.start, item.end)
    is_first = start == 0 or text[:start].rstrip()[-1:] in ".!?;:,"
    return len(item.text) >= _LEAST[item.is_han] and (is_first or not text[start].isupper())


def _is_negated(reading: Reading, item: Item) -> bool:
    at = next((k for k, one in enumerate(reading.items) if one.start == item.start), -1)
    return at in reading.negated
