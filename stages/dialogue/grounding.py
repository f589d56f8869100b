"""Whether a sentence rests on a fact: no content word, number or negation that the fact does not hold, none of weight left out.

It is a check of words, not of logic: word order within a phrase may still shift a meaning, which is why numbers must
keep their order and most content words theirs.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from stages.dialogue.tfidf import CHINESE_STOP_CHARACTERS, ENGLISH_STOP_WORDS, HAN_PATTERN, normalize_text, split_words, stem

TOKEN_PATTERN = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d_]+(?:'[^\W\d_]+)*")
HAN_NUMERALS = "零〇一二三四五六七八九十百千万亿两半0123456789"
HAN_NUMBER_PATTERN = re.compile(f"[{HAN_NUMERALS}]+(?:[.:：点][{HAN_NUMERALS}]+)*")
_UNDER_TWENTY = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
)
_OTHER_NUMBERS = "20 twenty 30 thirty 40 forty 50 fifty 60 sixty 70 seventy 80 eighty 90 ninety 100 hundred 1000 thousand 1 once 2 twice"
NUMBER_WORDS = {word: str(value) for value, word in enumerate(_UNDER_TWENTY.split())}
NUMBER_WORDS |= dict(zip(_OTHER_NUMBERS.split()[1::2], _OTHER_NUMBERS.split()[::2], strict=True))
NEGATIONS = split_words(
    "not no never none nothing nobody without except unless neither nor cannot don't doesn't isn't aren't can't won't didn't hasn't wasn't"
)
HAN_NEGATIONS = frozenset("不没无别未非")
PLEASANTRIES = split_words("yes sure certain certainly course well indeed happy glad great okay")
HAN_PLEASANTRIES = frozenset("好当然")
FUNCTION_WORDS = (ENGLISH_STOP_WORDS - NEGATIONS - split_words("many long some but any")) | split_words(
    "also just then there's we're you'll you're very that's"
)
ALLOWED_CHARACTERS = re.compile(r"[\w\s.,;:!?'’\"“”()\-–—、。，！？；：（）《》「」]*")
MIN_KEPT_SHARE = 0.6
"""Least share of the fact's content words that a sentence keeps."""
MIN_ORDERED_SHARE = 0.75
"""Least share of its content words that stand in the fact's order."""
SENTENCE_BOUNDARY = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])")


def extract_content_words(text: str) -> list[str]:
    """Content words in order: stemmed words, single Chinese characters, and numbers as digits; grammar and negations are left out."""
    found = []
    for token in TOKEN_PATTERN.findall(normalize_text(text)):
        if HAN_PATTERN.match(token):
            found += [letter for letter in token if letter not in CHINESE_STOP_CHARACTERS and letter not in HAN_NEGATIONS]
        elif token not in FUNCTION_WORDS and token not in NEGATIONS:
            found.append(NUMBER_WORDS.get(token) or stem(token.replace(",", "") if token[0].isdigit() else token))
    return found


def extract_numbers(text: str) -> list[str]:
    """Numbers in order, English words as digits, Chinese numerals as they are written."""
    plain = normalize_text(text)
    counted = [token for token in TOKEN_PATTERN.findall(plain) if token in NUMBER_WORDS or token[0].isdigit()]
    digits = [NUMBER_WORDS.get(token, token.replace(",", "")) for token in counted]
    return digits + [run for run in HAN_NUMBER_PATTERN.findall(plain) if HAN_PATTERN.match(run)]


def count_negations(text: str) -> int:
    """How many words turn a statement round."""
    plain = normalize_text(text)
    return sum(token in NEGATIONS for token in TOKEN_PATTERN.findall(plain)) + sum(letter in HAN_NEGATIONS for letter in plain)


def is_supported(sentence: str, fact: str) -> bool:
    """Every content word and number of the sentence is in the fact, in its order for the most part, and no strange sign is used."""
    held, said = extract_content_words(fact), extract_content_words(sentence)
    if not ALLOWED_CHARACTERS.fullmatch(sentence) or set(said) - set(held) - PLEASANTRIES - HAN_PLEASANTRIES:
        return False
    weighty = [word for word in said if word in held]
    matched = sum(block.size for block in SequenceMatcher(None, weighty, held, autojunk=False).get_matching_blocks())
    return _is_subsequence(extract_numbers(sentence), extract_numbers(fact)) and (
        not weighty or matched >= MIN_ORDERED_SHARE * len(weighty)
    )


def is_faithful(text: str, fact: str) -> bool:
    """Every sentence of the text is supported by the fact, and together they keep its numbers, its negations and most of its words."""
    parts = [part for part in SENTENCE_BOUNDARY.split(text.strip()) if part.strip()]
    if not parts or len(text) > 2 * len(fact) + 40 or not all(is_supported(part, fact) for part in parts):
        return False
    held, said = set(extract_content_words(fact)), set(extract_content_words(text))
    same = sorted(extract_numbers(text)) == sorted(extract_numbers(fact)) and count_negations(text) == count_negations(fact)
    return same and len(held & said) >= MIN_KEPT_SHARE * len(held)


def _is_subsequence(few: list[str], many: list[str]) -> bool:
    """The few appear among the many in the same order."""
    rest = iter(many)
    return all(number in rest for number in few)
