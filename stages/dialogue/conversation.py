"""The form of a question in a conversation: several questions in one, and those that only the previous one explains."""

from __future__ import annotations

import re

from stages.dialogue.tfidf import split_words

_STARTS = "what|when|where|who|why|how|which|whose|can|could|do|does|did|is|are|am|may|might|will|would|should|shall|have|has"
_ENGLISH_BREAK = re.compile(rf"(?<=[.!?;])\s+|,?\s+(?:and|or)\s+(?=(?:{_STARTS})\b)|,\s+(?=(?:{_STARTS})\b)", re.IGNORECASE)
_CHINESE_BREAK = re.compile(r"[。！？；，,!?;]+|还有|另外")
_WORDS = re.compile(r"[a-z]+(?:'[a-z]+)?")
_POINTERS = split_words("it its it's they them their that that's this these those there then one ones too also else he she him her")
_OPENINGS = ("and ", "what about", "how about", "but ", "so ")
_CHINESE_POINTERS = ("那", "它", "这个", "那个", "这些", "那些", "他", "她")
MAX_SHORT_WORDS, MAX_SHORT_CHARACTERS = 4, 7
"""Length up to which a question may leave out what it is about."""
MAX_PARTS = 3


def split_questions(text: str, language: str) -> list[str]:
    """The questions in a text, at most MAX_PARTS; one where it cannot be split."""
    pieces = (_CHINESE_BREAK if language == "zh" else _ENGLISH_BREAK).split(text)
    return [piece.strip(" ,") for piece in pieces if piece and re.search(r"\w", piece)][:MAX_PARTS]


def is_elliptical(text: str, language: str) -> bool:
    """True if the question points at something said before, or is so short that it may leave it out."""
    plain = text.strip().lower()
    if language == "zh":
        letters = re.sub(r"[\W_]", "", plain)
        return len(letters) <= MAX_SHORT_CHARACTERS or letters.endswith("呢") or any(word in plain for word in _CHINESE_POINTERS)
    words = _WORDS.findall(plain)
    return len(words) <= MAX_SHORT_WORDS or plain.startswith(_OPENINGS) or not _POINTERS.isdisjoint(words)
