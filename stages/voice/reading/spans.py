"""A line as spans, each of one class with the words that are spoken for it.

The tokeniser of Ebden and Sproat, "The Kestrel TTS text normalization system" (2015): the first class that accepts the text at a place
takes it whole, so that no rule fires inside a larger form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

Verbaliser = Callable[["re.Match[str]"], str | None]
"""A match -> its words, or None where the form is of another class."""
# Python reads no number of more than 4300 digits; no reader means one. Behind a decimal point, digits are read one by one anyway.
_LONG_DIGITS = re.compile(r"(?<!\d)\d(?:,?\d){999,}")
_DECIMAL_POINT = re.compile(r"(?:[^\d.]|^)\d{1,20}\.$")
UNREADABLE = "unreadable"
"""Class of a character without a reading."""


@dataclass(frozen=True)
class Span:
    """A part of a line."""

    text: str
    """As written."""
    kind: str
    """word, space, punctuation, cardinal, date, money, ..."""
    words: str
    """As spoken."""


@dataclass(frozen=True)
class SpanClass:
    """A class of spans: what it looks like and how it is read."""

    kind: str
    pattern: re.Pattern[str]
    verbalise: Verbaliser


def tokenize_line(text: str, classes: Sequence[SpanClass]) -> list[Span]:
    """The spans of a line, in order and without a gap; what no class accepts is one character of the class UNREADABLE."""
    spans: list[Span] = []
    begin = 0
    for match in _LONG_DIGITS.finditer(text):
        if _DECIMAL_POINT.search(text[max(match.start() - 22, 0) : match.start()]):
            continue
        spans += _iterate_spans(text[begin : match.start()], classes)
        digits = {digit: _find_span(digit, 0, classes) for digit in set(match.group()) - {","}}
        spans += [digits.get(digit, Span(digit, "digits", "")) for digit in match.group()]
        begin = match.end()
    return [*spans, *_iterate_spans(text[begin:], classes)]


def _iterate_spans(text: str, classes: Sequence[SpanClass]) -> Iterator[Span]:
    at = 0
    while at < len(text):
        span = _find_span(text, at, classes)
        yield span
        at += len(span.text)


def _find_span(text: str, at: int, classes: Sequence[SpanClass]) -> Span:
    for span_class in classes:
        match = span_class.pattern.match(text, at)
        if match and match.end() > at and (words := span_class.verbalise(match)) is not None:
            return Span(match.group(), span_class.kind, words)
    return Span(text[at], UNREADABLE, " ")


def list_unreadable(spans: Sequence[Span]) -> tuple[str, ...]:
    """Every character without a reading, once, in order."""
    return tuple(dict.fromkeys(span.text for span in spans if span.kind == UNREADABLE))
