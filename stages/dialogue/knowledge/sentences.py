"""A block of text to passages: whole sentences, as many as one can say at once, never a part of one."""

from __future__ import annotations

import re

SHORT_PASSAGE, MAX_SENTENCES = 300, 3
"""Characters up to which sentences are joined, and the most of them."""
MAX_SENTENCE = 500
"""Characters of a sentence: half a minute of speech. A longer one is refused, as its end may take back its beginning."""
_ENDS = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+(?=[\"'“‘(\[]*[^\Wa-z_])|(?<=[。！？；])(?![。！？”’」』）])|(?<=[。！？][”’」』）])")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:Mr|Mrs|Ms|Dr|Prof|St|No|Nos|vs|approx|etc|e\.g|i\.e|a\.m|p\.m|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|[A-Z])\.$"
)


def split_sentences(text: str) -> list[tuple[int, str]]:
    """(offset, sentence) of each sentence; an abbreviation ends none."""
    found, begin = [], 0
    for end in _ENDS.finditer(text):
        if _ABBREVIATION.search(text[begin : end.start()]):
            continue
        # Closing quotes before the space belong to the sentence.
        stop = end.start() + len(end.group().rstrip())
        found.append((begin, text[begin:stop].strip()))
        begin = end.end()
    found.append((begin, text[begin:].strip()))
    return [(at, sentence) for at, sentence in found if sentence]


def group_sentences(text: str) -> list[tuple[int, str]]:
    """(offset, passage): sentences in order, joined up to SHORT_PASSAGE characters as they are in the text."""
    groups: list[list[tuple[int, str]]] = []
    for at, sentence in split_sentences(text):
        if groups and len(groups[-1]) < MAX_SENTENCES and at + len(sentence) - groups[-1][0][0] <= SHORT_PASSAGE:
            groups[-1].append((at, sentence))
        else:
            groups.append([(at, sentence)])
    return [(group[0][0], text[group[0][0] : group[-1][0] + len(group[-1][1])]) for group in groups]
