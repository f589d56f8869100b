"""Whether a sentence rests on a fact: no content word, number or negation that the fact does not hold, none of weight left out.

It is a check of words, not of logic: word order within a phrase may still shift a meaning, which is why numbers must
keep their order and most content words theirs.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from stages.dialogue.tfidf import CHINESE_COMMON, ENGLISH_COMMON, HAN, folded, listed, stem

TOKENS = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d_]+(?:'[^\W\d_]+)*")
NUMERALS = "零〇一二三四五六七八九十百千万亿两半0123456789"
HAN_NUMBER = re.compile(f"[{NUMERALS}]+(?:[.:：点][{NUMERALS}]+)*")
_UNDER_TWENTY = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
)
_OTHERS = "20 twenty 30 thirty 40 forty 50 fifty 60 sixty 70 seventy 80 eighty 90 ninety 100 hundred 1000 thousand 1 once 2 twice"
NUMBER_WORDS = {word: str(value) for value, word in enumerate(_UNDER_TWENTY.split())}
NUMBER_WORDS |= dict(zip(_OTHERS.split()[1::2], _OTHERS.split()[::2], strict=True))
NEGATIONS = listed(
    "not no never none nothing nobody without except unless neither nor cannot don't doesn't isn't aren't can't won't didn't hasn't wasn't"
)
HAN_NEGATIONS = frozenset("不没无别未非")
PLEASANTRIES = listed("yes sure certain certainly course well indeed happy glad great okay")
HAN_PLEASANTRIES = frozenset("好当然")
GRAMMAR = (ENGLISH_COMMON - NEGATIONS - listed("many long some but any")) | listed("also just then there's we're you'll you're very that's")
SPOKEN = re.compile(r"[\w\s.,;:!?'’\"“”()\-–—、。，！？；：（）《》「」]*")
KEPT = 0.6
"""Least share of the fact's content words that a sentence keeps."""
IN_ORDER = 0.75
"""Least share of its content words that stand in the fact's order."""
SENTENCES = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])")


def content(text: str) -> list[str]:
    """Content words in order: stemmed words, single Chinese characters, and numbers as digits; grammar and negations are left out."""
    found = []
    for token in TOKENS.findall(folded(text)):
        if HAN.match(token):
            found += [letter for letter in token if letter not in CHINESE_COMMON and letter not in HAN_NEGATIONS]
        elif token not in GRAMMAR and token not in NEGATIONS:
            found.append(NUMBER_WORDS.get(token) or stem(token.replace(",", "") if token[0].isdigit() else token))
    return found


def numbers(text: str) -> list[str]:
    """Numbers in order, English words as digits, Chinese numerals as they are written."""
    plain = folded(text)
    counted = [token for token in TOKENS.findall(plain) if token in NUMBER_WORDS or token[0].isdigit()]
    digits = [NUMBER_WORDS.get(token, token.replace(",", "")) for token in counted]
    return digits + [run for run in HAN_NUMBER.findall(plain) if HAN.match(run)]


def negations(text: str) -> int:
    """How many words turn a statement round."""
    plain = folded(text)
    return sum(token in NEGATIONS for token in TOKENS.findall(plain)) + sum(letter in HAN_NEGATIONS for letter in plain)


def supported(sentence: str, fact: str) -> bool:
    """Every content word and number of the sentence is in the fact, in its order for the most part, and no strange sign is used."""
    held, said = content(fact), content(sentence)
    if not SPOKEN.fullmatch(sentence) or set(said) - set(held) - PLEASANTRIES - HAN_PLEASANTRIES:
        return False
    weighty = [word for word in said if word in held]
    matched = sum(block.size for block in SequenceMatcher(None, weighty, held, autojunk=False).get_matching_blocks())
    return _within(numbers(sentence), numbers(fact)) and (not weighty or matched >= IN_ORDER * len(weighty))


def faithful(text: str, fact: str) -> bool:
    """Every sentence of the text is supported by the fact, and together they keep its numbers, its negations and most of its words."""
    parts = [part for part in SENTENCES.split(text.strip()) if part.strip()]
    if not parts or len(text) > 2 * len(fact) + 40 or not all(supported(part, fact) for part in parts):
        return False
    held, said = set(content(fact)), set(content(text))
    same = sorted(numbers(text)) == sorted(numbers(fact)) and negations(text) == negations(fact)
    return same and len(held & said) >= KEPT * len(held)


def _within(few: list[str], many: list[str]) -> bool:
    """The few appear among the many in the same order."""
    rest = iter(many)
    return all(number in rest for number in few)
