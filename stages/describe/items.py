"""A text as items: the longest words of the tables, ages, signs and what nobody knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stages.describe.ages import AgeSpan, find_ages
from stages.describe.homophones import LONGEST, Heard, find_usual, hear
from stages.describe.lexicon import HAN, Lexicon, Node, Sense, split_tokens
from stages.describe.measures import Measure, blank_measures, find_measures
from stages.describe.spelling import correct_word

_UNKNOWN_COST, _SINGLE_HAN = -0.4, 0.6
_HEARD_SHARE, _HEARD_COST = 0.8, 0.25
"""What a word that only sounds right is worth next to one that is spelt so."""


@dataclass(frozen=True)
class Item:
    """A word or phrase."""

    text: str
    """As the tables spell it."""
    start: int
    """In the normalised text."""
    end: int
    senses: tuple[Sense, ...] = ()
    age: AgeSpan | None = None
    is_sign: bool = False
    joins_next: bool = False
    """Whether a hyphen follows."""

    def get(self, *kinds: str) -> tuple[Sense, ...]:
        """The senses of these kinds."""
        return tuple(sense for sense in self.senses if sense.kind in kinds)

    def has(self, *kinds: str) -> bool:
        """Whether it has a sense of one of these kinds."""
        return any(sense.kind in kinds for sense in self.senses)

    @property
    def is_han(self) -> bool:
        """Whether it is Chinese."""
        return bool(HAN.match(self.text))

    @property
    def is_unknown(self) -> bool:
        """A word that no table has."""
        return not self.senses and self.age is None and not self.is_sign


@dataclass(frozen=True)
class _Choice:
    """How many words the phrase from here takes."""

    length: int
    node: Node | None = None
    phrase: str = ""
    """As the tables spell it, where the text has other characters."""


def split_items(text: str, lexicon: Lexicon) -> list[Item]:
    """The items of a normalised text."""
    measures = find_measures(text)
    ages = find_ages(blank_measures(text, measures))
    numbers: list[AgeSpan | Measure] = [*measures, *ages]
    tokens = [token for token in split_tokens(text) if not any(one.start <= token[1] < one.end for one in numbers)]
    words = [(correct_word(token, lexicon.words, lexicon.targets), start, end) for token, start, end in tokens]
    found = list(_join_shades(_segment(words, text, lexicon.root)))
    found += [Item(text[one.start : one.end], one.start, one.end, age=one) for one in ages]
    found += [Item(text[one.start : one.end], one.start, one.end, (_name_measure(one),)) for one in measures]
    return sorted(found, key=lambda item: item.start)


def _name_measure(measure: Measure) -> Sense:
    if measure.kind == "weight":
        return Sense("noun", "weight", (("mass", f"{measure.value:g}"),))
    return Sense("noun", "height", (("stature", f"{measure.value / 100:g}"),))


def _segment(words: list[tuple[str, int, int]], text: str, root: Node) -> list[Item]:
    """The split into phrases that covers most with the fewest."""
    count = len(words)
    best = [0.0] * (count + 1)
    choice: list[_Choice] = [_Choice(1)] * count
    heard = _hear_words(words, root)
    for at in range(count - 1, -1, -1):
        best[at], choice[at] = best[at + 1] + (_UNKNOWN_COST if words[at][0].isalnum() else 0.0), _Choice(1)
        for length, node in _match(words, text, at, root):
            score = best[at + length] + _rate(words[at][0], length)
            if score >= best[at]:
                best[at], choice[at] = score, _Choice(length, node)
        for one in heard.get(at, ()):
            length = len(one.phrase)
            score = best[at + length] + _HEARD_SHARE * _rate(words[at][0], length) - _HEARD_COST * len(one.wrong)
            if score > best[at]:
                best[at], choice[at] = score, _Choice(length, one.node, one.phrase)
    return _collect(words, text, choice)


def _hear_words(words: list[tuple[str, int, int]], root: Node) -> dict[int, list[Heard]]:
    """Index of a character -> what the characters from there sound like, where the tables do not have them as they are."""
    letters = [token if HAN.fullmatch(token) else " " for token, _, _ in words]
    usual = find_usual("".join(letters))
    spans = [(at, at + length) for at in range(len(letters)) for length in _match_letters(letters, at, root)]
    known = {k for start, end in spans for k in range(start, end)}
    found: dict[int, list[Heard]] = {}
    for at in range(len(letters)):
        for end in range(at + 2, min(at + LONGEST, len(letters)) + 1):
            if letters[end - 1] == " " or letters[at] == " " or words[end - 1][1] - words[at][1] != end - 1 - at:
                break
            # 微笑服务 has no 校服 in it: what sounds right does not cut a word that is right.
            is_cut = any(start < at < stop < end or at < start < end < stop for start, stop in spans)
            if not is_cut and not known.issuperset(range(at, end)):
                heard = hear(letters[at:end])
                found.setdefault(at, []).extend(one for one in heard if not usual.intersection(at + k for k in one.wrong))
    return found


def _match_letters(letters: Sequence[str], at: int, root: Node) -> list[int]:
    """Lengths of the phrases of two and more characters that start here."""
    found, node = [], root
    for length, letter in enumerate(letters[at:], 1):
        if letter not in node.next:
            break
        node = node.next[letter]
        if node.senses and length > 1:
            found.append(length)
    return found


def _join_shades(items: list[Item]) -> Iterator[Item]:
    """The items, a shade and the colour after it as one: dark blue, 浅棕色."""
    at = 0
    while at < len(items):
        item, after = items[at], items[at + 1] if at + 1 < len(items) else None
        if item.has("shade") and after is not None and after.has("colour") and after.start - item.end <= 1:
            amount, colour = item.get("shade")[0].name, after.get("colour")[0]
            sense = Sense("colour", colour.name, (*(term for term in colour.terms if term[0] != "shade"), ("shade", amount)))
            text = item.text + after.text if item.is_han else f"{item.text} {after.text}"
            yield Item(text, item.start, after.end, (sense, *after.get("person")), joins_next=after.joins_next)
            at += 2
        else:
            yield item
            at += 1


def _rate(first: str, length: int) -> float:
    if HAN.match(first):
        return _SINGLE_HAN if length == 1 else float(length**1.35)
    return float(length**1.35)


def _match(words: list[tuple[str, int, int]], text: str, at: int, root: Node) -> list[tuple[int, Node]]:
    """(tokens, node) of every phrase that starts here; a phrase does not reach over a gap that an age fills."""
    found, node = [], root
    for length in range(1, len(words) - at + 1):
        token, start, _ = words[at + length - 1]
        if length > 1 and text[words[at + length - 2][2] : start].strip(" -"):
            break
        if (child := node.next.get(token)) is None:
            break
        node = child
        if node.senses:
            found.append((length, node))
    return found


def _collect(words: list[tuple[str, int, int]], text: str, choice: list[_Choice]) -> list[Item]:
    items: list[Item] = []
    at = 0
    while at < len(words):
        length, node = choice[at].length, choice[at].node
        start, end = words[at][1], words[at + length - 1][2]
        spelt = " ".join(word for word, _, _ in words[at : at + length])
        spelt = choice[at].phrase or (spelt.replace(" ", "") if HAN.match(spelt) else spelt)
        is_sign = node is None and not spelt[:1].isalnum()
        is_hyphen = text[end : end + 1] == "-" and text[end + 1 : end + 2].isalpha()
        senses = tuple(node.senses) if node else ()
        previous = items[-1] if items else None
        if (
            node is None
            and not is_sign
            and previous
            and previous.is_unknown
            and previous.is_han
            and HAN.match(spelt)
            and previous.end == start
        ):
            items[-1] = Item(previous.text + spelt, previous.start, end)  # unknown characters in a row are one word
        else:
            items.append(Item(spelt, start, end, senses, is_sign=is_sign, joins_next=is_hyphen))
        at += length
    return items
