"""English words that are not read as they are written: addresses, telephone numbers, versions, titles, abbreviations, acronyms, signs."""

from __future__ import annotations

import re
import unicodedata

from stages.voice.reading import english_tables as tables
from stages.voice.reading.english_address import say_address, say_letters
from stages.voice.reading.english_context import (
    DIAL,
    STARTERS,
    TITLE_BEFORE,
    follows,
    get_before,
)
from stages.voice.reading.english_numbers import (
    parse_roman,
    say_cardinal,
    say_digits,
    say_ordinal,
)  # fmt: skip
from stages.voice.reading.foreign_words import find_sounds, say_syllables


def say_url(match: re.Match[str]) -> str | None:
    address = re.sub(r"^(?:https?://)?(?:www\.)?", "", match.group())
    return say_address(address)


def say_domain(match: re.Match[str]) -> str | None:
    ending = match.group("ending").lower()
    known = ending in tables.TOP_LEVEL_WORDS or ending in tables.SPELT_DOMAINS or ending in tables.FILE_ENDINGS
    return say_address(match.group()) if known and not match.group().replace(".", "").isdigit() else None


def say_tag(match: re.Match[str]) -> str:
    return f"{'hashtag' if match.group()[0] == '#' else 'at'} {say_address(match.group()[1:])}"


def say_phone(match: re.Match[str]) -> str | None:
    digits = re.sub(r"\D", "", match.group())
    if not 7 <= len(digits) <= 15:
        return None
    groups = re.findall(r"\d+", match.group())
    return ("plus " if match.group().startswith("+") else "") + ", ".join(say_digits(group) for group in groups)


def say_emergency(match: re.Match[str]) -> str | None:
    called = DIAL.search(get_before(match)) or follows(match, r"\s+(?:is|for|if|in case|when|at once|now)\b|\s*(?:[.,;!?]|$)")
    return say_digits(match.group()) if match.group() == "911" or called else None


def say_version(match: re.Match[str]) -> str | None:
    marked = match.group("v") or re.search(r"version\s+$", get_before(match), re.IGNORECASE) or match.group("parts").count(".") > 1
    if not marked:
        return None
    number = " point ".join(
        say_cardinal(int(part)) if not part.startswith("0") else say_digits(part) for part in match.group("parts").split(".")
    )
    tail = f" {say_address(match.group('tail'))}" if match.group("tail") else ""
    return f"{'version ' if match.group('v') else ''}{number}{tail}"


def say_leading_zero(match: re.Match[str]) -> str:
    return say_digits(match.group())


def say_roman(match: re.Match[str]) -> str | None:
    name, numeral = match.group("name"), match.group("numeral")
    if match.group("century"):
        return f"{say_ordinal(parse_roman(numeral))} {match.group('century')}" if not name else None
    if (
        name in tables.MONARCHS
        and (len(numeral) > 1 or numeral in "IVX")
        and not follows(match, r"[a-z'.]|\s+(?:am|was|have|will|do|think)\b")
    ):
        return f"{name} the {say_ordinal(parse_roman(numeral))}"
    if name and name.lower() in tables.ROMAN_NOUNS:
        return f"{name} {say_cardinal(parse_roman(numeral))}"
    return None


def say_century(match: re.Match[str]) -> str:
    return f"{say_ordinal(parse_roman(match.group(1)))}{match.group(2)}"


def say_title(match: re.Match[str]) -> str:
    return tables.TITLES[match.group(1)] + " "


def say_saint(match: re.Match[str]) -> str | None:
    """St. Ives, but not Main St. Then."""
    street = (
        match.group(1) in ("St", "Ft", "Mt")
        and re.search(r"[A-Z][\w']*\s+$", get_before(match))
        and not TITLE_BEFORE.search(get_before(match))
    )
    return None if street else tables.TITLES[match.group(1)] + " "


def say_initial(match: re.Match[str]) -> str | None:
    """The initial of a name, whose full stop ends no sentence."""
    following = re.compile(r"\s?([A-Z][\w']*)").match(match.string, match.end())
    return None if following and following.group(1) in STARTERS else say_letters(match.group(1))


def say_before_number(match: re.Match[str]) -> str:
    word = tables.BEFORE_NUMBER[match.group(1).lower()]
    return word.capitalize() if match.group(1)[0].isupper() else word


def say_abbreviation(match: re.Match[str]) -> str | None:
    name = match.group(1)
    words = tables.ABBREVIATIONS.get(name) or tables.ABBREVIATIONS.get(name.lower() if name.isupper() else name[0].lower() + name[1:])
    if not words:
        return None
    following = re.compile(r"\s+([A-Z][\w']*)").match(match.string, match.end())
    ends = follows(match, r"\s*$") or (
        following is not None
        and (following.group(1) in STARTERS or name.lower() == "etc")
        and name not in ("e.g", "i.e", "vs", "cf", "approx", "Mr", "Mrs", "Dr", "Prof")
    )
    return words + ("." if ends else "")


def say_dotted_letters(match: re.Match[str]) -> str | None:
    if match.group().rstrip(".").lower() in tables.ABBREVIATIONS:
        return None
    stop = "." if follows(match, r"\s*$|\s+[A-Z][a-z]") and match.group().count(".") > 2 else ""
    return say_letters(match.group().replace(".", "")) + stop


def say_acronym(match: re.Match[str]) -> str | None:
    from stages.voice.english import is_known_word

    word = match.group("letters")
    plural = match.group("plural")
    letters = re.sub(r"[^A-Z]", "", match.string)
    shouted = len(re.findall(r"\b[A-Z]{2,}\b", match.string)) > 2 and len(letters) > 0.6 * sum(map(str.isalpha, match.string))
    if word in tables.WORD_ACRONYMS:
        return word + (plural or "")
    if word in tables.SPELT_WORDS and not shouted:
        return say_letters(word, plural=plural or "")
    if is_known_word(word.lower()) or len(word) > 5 or shouted:
        return word.lower() + (plural or "")
    return say_letters(word, plural=plural or "")


def say_sharp(match: re.Match[str]) -> str:
    return f"{say_letters(match.group(1))} {'sharp' if match.group(2) in '#♯' else 'flat' if match.group(2) == '♭' else 'plus plus'}"


def keep_word(match: re.Match[str]) -> str | None:
    if not all(unicodedata.name(letter, "").startswith(("LATIN", "FEMININE", "MASCULINE")) for letter in match.group() if letter.isalpha()):
        return None
    word = match.group().translate(str.maketrans("’ʼ", "''"))
    sounds = find_sounds(word)
    return f"[{word}](/{sounds}/)" if sounds else word


def say_han(match: re.Match[str]) -> str:
    """Chinese characters by their pinyin, in English sounds."""
    from stages.voice.reading.mandarin_g2p import read_clause

    syllables = read_clause(match.group())
    return " " + " ".join(f"[{c}](/{say_syllables([s])}/)" if s else "" for c, s in zip(match.group(), syllables, strict=True)) + " "


def say_sign(match: re.Match[str]) -> str:
    return f" {tables.SIGNS[match.group()]} "


def keep_punctuation(match: re.Match[str]) -> str:
    text = match.group()
    return (
        {"—": ",", "–": ",", "…": "...", "‒": ","}.get(text.strip(), text.strip()[:1] if text[0] in "!?" else text) if text.strip() else " "
    )


def drop_silently(match: re.Match[str]) -> str:
    return "" if match.group() in "\u200b\u200c\u200d\ufeff\u00ad\u2060\ufe0e\ufe0f*_'’‘`" else " "
