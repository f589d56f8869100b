"""Checks that a fact supports a sentence: no content word, number or negation is added, and none that matters is lost.

It compares words, not logic. Because word order can change the meaning, numbers must keep their order, and most content
words theirs.
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
"""Least share of the fact's content words that a text must keep."""
MIN_ORDERED_SHARE = 0.75
"""Least share of a sentence's content words that must be in the fact's order."""
SENTENCE_BOUNDARY = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])")


def extract_content_words(text: str) -> list[str]:
    """Content words in order: stemmed words, single Chinese characters and numbers as digits, without function words and negations."""
    found = []
    for token in TOKEN_PATTERN.findall(normalize_text(text)):
        if HAN_PATTERN.match(token):
            found += [letter for letter in token if letter not in CHINESE_STOP_CHARACTERS and letter not in HAN_NEGATIONS]
        elif token not in FUNCTION_WORDS and token not in NEGATIONS:
            found.append(NUMBER_WORDS.get(token) or stem(token.replace(",", "") if token[0].isdigit() else token))
    return found


def extract_numbers(text: str) -> list[str]:
    """Numbers in order: English words as digits, Chinese numerals as written."""
    plain = normalize_text(text)
    counted = [token for token in TOKEN_PATTERN.findall(plain) if token in NUMBER_WORDS or token[0].isdigit()]
    digits = [NUMBER_WORDS.get(token, token.replace(",", "")) for token in counted]
    return digits + [run for run in HAN_NUMBER_PATTERN.findall(plain) if HAN_PATTERN.match(run)]


def count_negations(text: str) -> int:
    """Number of negating words."""
    plain = normalize_text(text)
    return sum(token in NEGATIONS for token in TOKEN_PATTERN.findall(plain)) + sum(letter in HAN_NEGATIONS for letter in plain)


def is_supported(sentence: str, fact: str) -> bool:
    """True if every content word and number of the sentence is in the fact, mostly in its order, and no unusual character is used."""
    fact_words, sentence_words = extract_content_words(fact), extract_content_words(sentence)
    if not ALLOWED_CHARACTERS.fullmatch(sentence) or set(sentence_words) - set(fact_words) - PLEASANTRIES - HAN_PLEASANTRIES:
        return False
    shared = [word for word in sentence_words if word in fact_words]
    ordered = sum(block.size for block in SequenceMatcher(None, shared, fact_words, autojunk=False).get_matching_blocks())
    return _is_subsequence(extract_numbers(sentence), extract_numbers(fact)) and (not shared or ordered >= MIN_ORDERED_SHARE * len(shared))


def is_faithful(text: str, fact: str) -> bool:
    """True if the fact supports every sentence of the text, and together they keep its numbers, negations and most of its words."""
    parts = [part for part in SENTENCE_BOUNDARY.split(text.strip()) if part.strip()]
    if not parts or len(text) > 2 * len(fact) + 40 or not all(is_supported(part, fact) for part in parts):
        return False
    fact_words, text_words = set(extract_content_words(fact)), set(extract_content_words(text))
    same = sorted(extract_numbers(text)) == sorted(extract_numbers(fact)) and count_negations(text) == count_negations(fact)
    return same and len(fact_words & text_words) >= MIN_KEPT_SHARE * len(fact_words)


def _is_subsequence(few: list[str], many: list[str]) -> bool:
    """True if the few are among the many in the same order."""
    rest = iter(many)
    return all(number in rest for number in few)
