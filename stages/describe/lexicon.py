"""The tables of words of both languages as one tree of tokens: what a word is, and what it means."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from stages.describe.normalise import normalise

_FOLDER = Path(__file__).parent / "lexicon"
LANGUAGES = ("en", "zh")
TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)*|\d+(?:\.\d+)?|[\u4e00-\u9fff]|[^\s]")
HAN = re.compile(r"[\u4e00-\u9fff]")
_LIKE_HAN = ("像", "好像", "跟", "如", "似", "若", "宛如", "犹如", "赛")
_COUNTS_HAN = ("", "个", "一个", "只", "一只", "根", "一根", "头", "座", "颗", "块", "一块", "张", "条", "团", "片")
"""Chinese words of comparison, and what counts the thing."""
Terms = tuple[tuple[str, str], ...]
"""(name, value) pairs: an attribute, a field or an instruction, and what it becomes."""


_KINDS = {"modifiers": "modifier", "similes": "modifier", "patterns": "pattern", "fabrics": "fabric", "shades": "shade"}
"""Section -> the kind of its senses, where the two have other names."""


@dataclass(frozen=True)
class Sense:
    """One meaning of a word."""

    kind: str
    """neg, degree, join, scope, stop, neutral, head, noun, modifier, colour, shade, pattern, fabric, person or garment."""
    name: str = ""
    """Head, concept, colour, slot or degree."""
    terms: Terms = ()
    is_bound: bool = False
    """A head that is the end of a compound: -haired, -eyed."""


@dataclass
class Node:
    """A place in the tree of phrases."""

    next: dict[str, Node] = field(default_factory=dict)
    senses: list[Sense] = field(default_factory=list)


@dataclass(frozen=True)
class Meaning:
    """What a modifier means by its head."""

    heads: Mapping[str, Terms]
    needs_head: bool


@dataclass(frozen=True)
class Lexicon:
    """All words."""

    root: Node
    meanings: Mapping[str, Meaning]
    words: frozenset[str]
    """Every English word of a phrase."""
    targets: frozenset[str]
    """Those of them that say something: what a misspelt word may be meant to be."""


def split_tokens(text: str) -> list[tuple[str, int, int]]:
    """(token, start, end) of a normalised text: English words, numbers, single Chinese characters, signs; no hyphens."""
    found = [(match.group(), match.start(), match.end()) for match in TOKEN.finditer(text)]
    return [token for token in found if token[0] != "-"]


@lru_cache(maxsize=1)  # both languages, half a megabyte of text
def load_lexicon() -> Lexicon:
    """Both languages' tables."""
    root, things = Node(), {language: Node() for language in LANGUAGES}
    words: set[str] = set()
    targets: set[str] = set()
    for language in LANGUAGES:
        for section, payload, phrase in read_lines(language):
            sense = _parse_sense(section, payload)
            _add(things[language] if section == "similes" else root, phrase, sense, words)
            if section not in ("stop", "neutral", "join", "similes"):
                targets.update(token for token, _, _ in split_tokens(phrase))
    # All places first: a phrase that were added after a graft would grow in what the trees share.
    places = [(_walk(root, marker, words), language) for language in LANGUAGES for marker in _list_markers(language)]
    for place, language in places:
        _graft(place, things[language])
    return Lexicon(
        root, _read_meanings(), *(frozenset(word for word in some if word.isalpha() and word.isascii()) for some in (words, targets))
    )


def read_lines(language: str) -> Iterator[tuple[str, str, str]]:
    """(section, payload, phrase) of every word of a language."""
    section = ""
    for line in (_FOLDER / f"{language}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            payload, _, phrases = line.partition(" :: ")
            yield from ((section, payload.strip(), phrase.strip()) for phrase in phrases.split(",") if phrase.strip())


def _list_markers(language: str) -> Iterator[str]:
    """The words between what is compared and what it is like: `like a`, `the colour of`, 像一个, 跟."""
    if language == "en":
        for marker in ("like", "as", "the colour of", "the color of"):
            yield from (marker, f"{marker} a", f"{marker} an", f"{marker} the")
    else:
        yield from (f"{marker}{count}" for marker in _LIKE_HAN for count in _COUNTS_HAN)


def _graft(into: Node, things: Node) -> None:
    """Lets the phrases of one tree begin in a node of another; the two share what they can."""
    into.senses.extend(things.senses)
    for token, child in things.next.items():
        own = into.next.setdefault(token, child)
        if own is not child:
            _graft(own, child)


def _parse_sense(section: str, payload: str) -> Sense:
    if section in ("neg", "join", "scope", "stop", "neutral"):
        return Sense(section, payload)
    if section in ("degree", "modifiers", "similes", "patterns", "fabrics", "shades"):
        return Sense(_KINDS.get(section, section), payload)
    if section in ("heads", "bound"):
        return Sense("head", payload, is_bound=section == "bound")
    if section == "nouns":
        head, _, terms = payload.partition("|")
        return Sense("noun", head.strip(), parse_terms(terms))
    if section == "colours":
        name, _, terms = payload.partition(" ")
        return Sense("colour", name, parse_terms(terms))
    if section == "people":
        return Sense("person", "", () if payload == "-" else parse_terms(payload))
    slot, names, *rest = payload.split(" ")
    return Sense("garment", slot, (("names", names), *parse_terms(" ".join(rest))))


def parse_terms(text: str) -> Terms:
    """The pairs of `name=value name=value`."""
    pairs = (part.partition("=") for part in text.split())
    return tuple((name, value) for name, _, value in pairs)


def _read_meanings() -> dict[str, Meaning]:
    found = {}
    for line in (_FOLDER / "meanings.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        concept, _, rest = line.partition(" = ")
        needs = rest.startswith("!")
        heads = [part.partition(":") for part in rest.lstrip("!").split(";")]
        found[concept] = Meaning({head.strip(): parse_terms(terms) for head, _, terms in heads}, needs)
    return found


def _add(root: Node, phrase: str, sense: Sense, words: set[str]) -> None:
    _walk(root, phrase, words).senses.append(sense)


def _walk(root: Node, phrase: str, words: set[str]) -> Node:
    """The phrase's place in the tree, which grows by what it lacks."""
    node = root
    for token, _, _ in split_tokens(normalise(phrase).text):
        node = node.next.setdefault(token, Node())
        words.add(token)
    return node
