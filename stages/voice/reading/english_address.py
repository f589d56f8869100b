"""Addresses, file names and model numbers, read part by part."""

from __future__ import annotations

import re

from stages.voice.reading import english_tables as tables
from stages.voice.reading.english_numbers import say_cardinal, say_digits, say_pairs

_PART = re.compile(r"[A-Za-z]+|\d+|.")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def say_letters(letters: str, *, plural: str = "") -> str:
    """Each letter by its name: [B](/bˈi/) [C](/sˈi/), the notation of the G2P for a given pronunciation."""
    spelt = [f"[{letter}](/{tables.LETTER_NAMES[letter]}/)" for letter in letters.upper()]
    if plural and spelt:
        name = tables.LETTER_NAMES[letters[-1].upper()]
        ending = "ᵻz" if name[-1] in "sʧz" else "s" if name[-1] in "fθ" else "z"
        spelt[-1] = f"[{letters[-1].upper()}s](/{name}{ending}/)"
    return " ".join(spelt)


def say_address(address: str) -> str:
    """An e-mail address, a domain, a path, a file name, a tag."""
    *_, ending = address.lower().split("/")[0].split(".")
    words: list[str] = []
    for part in _PART.findall(_CAMEL.sub(" ", address)):
        if part.isdigit():
            words.append(say_cardinal(int(part)) if len(part) <= 2 and not part.startswith("0") else say_digits(part))
        elif part.isalpha() and part.isascii():
            words.append(_say_part(part, last=part.lower() == ending))
        else:
            words.append(tables.ADDRESS_SIGNS.get(part, ""))
    return " ".join(filter(None, words))


def _say_part(part: str, *, last: bool) -> str:
    from stages.voice.english import is_known_word

    lower = part.lower()
    if last and lower in tables.TOP_LEVEL_WORDS:
        return lower
    if (last and (lower in tables.SPELT_DOMAINS or lower in tables.SPELT_ENDINGS)) or lower == "www":
        return say_letters(part)
    if (
        len(part) <= 2
        and lower not in ("co", "to", "go", "my", "me", "we", "in", "on", "at", "of", "up", "no", "so", "do", "be", "is", "it", "or", "by")
    ) or not re.search("[aeiouy]", lower):
        return say_letters(part)
    return lower if is_known_word(lower) or len(part) > 3 else say_letters(part)


def say_model_number(text: str) -> str:
    """R2-D2, A4, H2O, B737, mp3: capitals spelt, numbers in pairs."""
    from stages.voice.english import is_known_word

    words: list[str] = []
    for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|_", text):
        if part.isdigit():
            words.append(say_pairs(part))
        elif part == "_":
            words.append("underscore")
        elif (part.isupper() and len(part) <= 4) or len(part) <= 2 or not is_known_word(part.lower()):
            words.append(say_letters(part) if len(part) <= 4 else part.lower())
        else:
            words.append(part)
    return " ".join(words)
