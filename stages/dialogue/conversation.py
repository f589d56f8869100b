"""The form of a question in a conversation: several questions in one, and those that only the previous one explains."""

from __future__ import annotations

import re

from stages.dialogue.tfidf import CHINESE_STOP_CHARACTERS, ENGLISH_STOP_WORDS, split_words

_STARTS = "what|when|where|who|why|how|which|whose|can|could|do|does|did|is|are|am|may|might|will|would|should|shall|have|has"
_ENGLISH_BREAK = re.compile(rf"(?<=[.!?;])\s+|,?\s+(?:and|or)\s+(?=(?:{_STARTS})\b)|,\s+(?=(?:{_STARTS})\b)", re.IGNORECASE)
_CHINESE_BREAK = re.compile(r"[。！？；，,!?;]+|还有|另外")
_WORDS = re.compile(r"[a-z]+(?:'[a-z]+)?")
_OPENINGS = ("and ", "what about", "how about", "but ", "so ", "also ", "not ")
_POINTERS = split_words("it its it's they them their that that's those then one ones too also else he she him her")
_AUXILIARIES = split_words("can could do does did is are am may might will would should shall have has")
_BARE = ENGLISH_STOP_WORDS | split_words(
    "minute minutes hour hours day days week weeks month months year years time times cost costs price pay take takes last far often "
    "people person start end early late before after where when who why exactly extra"
)
"""Words that leave open what a question is about."""
_CHINESE_OPENINGS, _CHINESE_POINTERS = ("那", "还"), ("它", "这个", "那个", "这些", "那些", "他", "她", "也")
_CHINESE_BARE = CHINESE_STOP_CHARACTERS | frozenset(
    "多少钱几点个人一次小时分钟天久长间远走收费另外贵候谁里提前早晚最钟付花时需还块元岁月年周"
)
_FRAGMENT_STARTS = split_words("in on at for with without from to by every each all only which until")
MAX_FRAGMENT = 4
"""Words of an English question without a verb of its own, such as "in every room?"."""
MAX_PARTS = 3


def split_questions(text: str, language: str) -> list[str]:
    """The questions in a text, at most MAX_PARTS; one where it cannot be split."""
    pieces = (_CHINESE_BREAK if language == "zh" else _ENGLISH_BREAK).split(text)
    return [piece.strip(" ,") for piece in pieces if piece and re.search(r"\w", piece)][:MAX_PARTS]


def is_elliptical(text: str, language: str) -> bool:
    """True if the question points at something said before, or does not say what it is about."""
    plain = text.strip().lower()
    if language == "zh":
        letters = re.sub(r"[\W_]", "", plain)
        points = plain.startswith(_CHINESE_OPENINGS) or letters.endswith("呢") or any(word in plain for word in _CHINESE_POINTERS)
        return points or all(letter in _CHINESE_BARE for letter in letters)
    words = _WORDS.findall(plain)
    points = plain.startswith(_OPENINGS) or not _POINTERS.isdisjoint(words)
    fragment = len(words) <= MAX_FRAGMENT and _AUXILIARIES.isdisjoint(words) and bool(words) and words[0] in _FRAGMENT_STARTS
    return points or fragment or all(word in _BARE for word in words)
