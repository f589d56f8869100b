"""Patterns that several English classes share, and what is around a match."""

from __future__ import annotations

import re

from stages.voice.reading import english_tables as tables

DASH = r"[-–—−‒]"
MONTH = (
    r"(?:Jan(?:uary|\.)?|Feb(?:ruary|\.)?|Mar(?:ch|\.)?|Apr(?:il|\.)?|May|June?\.?|July?\.?|Aug(?:ust|\.)?|Sept?(?:ember|\.)?"
    r"|Oct(?:ober|\.)?|Nov(?:ember|\.)?|Dec(?:ember|\.)?)"
)
ENDS = r"(?![A-Za-z0-9])"
SCALE = r"(?:hundred|thousand|million|billion|trillion|mio|mn|bn|tn|trn|[kKmMbBT])(?![A-Za-z0-9])"
LETTER = r"(?:(?![¹²³⁰-₟½¼¾⅐-⅟①-⓿ªº])[^\W\d_])"
STARTERS = frozenset(
    str.split(
        "The A An It He She We They I You This That These Those In On At But And So Then There When If As For To From With Where What "
        "Who Why How My Our Your His Her Its Their No Yes"
    )
)
"""Words that more often start a sentence than a name."""
FRACTION_SIGN = "".join(tables.FRACTION_SIGNS)
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
PLURAL_NOUNS = frozenset(str.split("people men women children feet teeth mice geese sheep fish staff euros bytes percent"))
PER_POWERS = {"square": "squared", "cubic": "cubed"}
PREPOSITIONS = re.compile(
    r"(?:in|since|by|from|until|till|of|year|before|after|circa|to|and|between|late|early|summer|winter|spring|autumn)\s+(?:the\s+)?$",
    re.IGNORECASE,
)
TITLE_BEFORE = re.compile(r"\b(?:In|At|From|To|Near|The|On|Of)\s+$")
DIAL = re.compile(r"(?:call|dial|ring|phone|number|text|tel\.?|telephone|fax)\s+(?:is\s+|on\s+)?$", re.IGNORECASE)
UNIT_NAMES = "|".join(re.escape(unit) for unit in sorted(tables.UNITS, key=len, reverse=True))
CURRENCY_NAMES = "|".join(re.escape(sign) for sign in sorted(tables.CURRENCIES, key=len, reverse=True))
UNIT_EXPRESSION = rf"(?:{UNIT_NAMES})(?:[²³])?(?:/(?:{UNIT_NAMES})[²³]?)*"


def follows(match: re.Match[str], pattern: str) -> bool:
    return re.compile(pattern).match(match.string, match.end()) is not None


def get_before(match: re.Match[str]) -> str:
    return match.string[: match.start()]


def starts_word(match: re.Match[str]) -> bool:
    """True unless a letter or a digit is directly before the match."""
    return not match.string[match.start() - 1 : match.start()].isalnum() if match.start() else True
