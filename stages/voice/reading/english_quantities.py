"""English amounts, measures, fractions and plain numbers in words."""

from __future__ import annotations

import re

from stages.voice.reading import english_tables as tables
from stages.voice.reading.english_context import (
    PER_POWERS,
    PLURAL_NOUNS,
    PREPOSITIONS,
    SUPERSCRIPTS,
    follows,
    get_before,
)
from stages.voice.reading.english_numbers import (
    NUMBER,
    say_cardinal,
    say_fraction,
    say_number,
    say_ordinal,
    say_year,
)  # fmt: skip


def is_one(number: str | None) -> bool:
    return number is not None and number.replace(",", "") in ("1", "1.0")


def say_amount(number: str, scale: str | None, sign: str) -> str:
    one, many, coin, coins = tables.CURRENCIES[sign]
    if scale:
        return f"{say_number(number)} {tables.SCALES[scale]} {many}"
    whole, _, small = number.replace(",", "").partition(".")
    if len(small) != 2:
        return f"{say_number(number)} {one if is_one(number) else many}"
    amount = f"{say_cardinal(int(whole or 0))} {one if whole == '1' else many}"
    if not int(small):
        return amount
    if not coin:
        return f"{amount} {say_cardinal(int(small))}" if int(whole or 0) else f"{say_number(number)} {many}"
    change = f"{say_cardinal(int(small))} {coin if int(small) == 1 else coins}"
    return f"{amount} and {change}" if int(whole or 0) else change


def say_money(match: re.Match[str]) -> str | None:
    sign = match.group("before") or match.group("after")
    minus = "minus " if match.group("minus") else ""
    until = match.group("until")
    scale = match.group("scale")
    if until:
        one, many, *_ = tables.CURRENCIES[sign]
        return f"{minus}{say_number(match.group('number'))} to {say_amount(until, scale, sign)}" if many else one
    return minus + say_amount(match.group("number"), scale, sign)


def say_unit(unit: str, *, one: bool) -> str | None:
    words = []
    for index, part in enumerate(unit.split("/")):
        power = tables.POWERS.get(part[-1], "") if part[-1] in "²³" else ""
        names = tables.UNITS.get(part.rstrip("²³"))
        if not names:
            return None
        name = names[0 if one or index else 1]
        words.append(f"per {name}{f' {PER_POWERS[power]}' if power else ''}" if index else f"{power} {name}".strip())
    return " ".join(words)


def say_measure(match: re.Match[str]) -> str | None:
    number, unit, gap = match.group("number"), match.group("unit"), match.group("gap")
    mixed = match.group("mixed")
    if unit in ("in", "mo") and not (
        match.group("stop") or follows(match, r"\s+(?:wide|deep|long|tall|high|thick|across|by|x|×)\b") or not gap
    ):
        return None
    if (unit in tables.TIGHT_UNITS and gap) or (unit in tables.LETTER_UNITS and not gap and unit in "KBb"):
        return None
    value = say_mixed(number or "", mixed.strip()) if mixed else say_number(number)
    until = match.group("until")
    if until:
        value = f"{value} to {say_number(until)}"
    one = (is_one(number) and not mixed and not until) or (mixed is not None and not number)
    words = say_unit(unit, one=one)
    sign = match.group("sign")
    # A full stop belongs to the unit in the middle of a sentence.
    stop = "." if match.group("stop") and not follows(match, r"\s+[a-z(]|,") else ""
    return f"{tables.BEFORE_SIGNS[sign] + ' ' if sign else ''}{value} {words}{stop}" if words else None


def say_quote_unit(match: re.Match[str]) -> str | None:
    feet, inches = match.group("feet"), match.group("inches")
    words = []
    if feet:
        words.append(f"{say_number(feet)} {'foot' if is_one(feet) or inches else 'feet'}")
    if inches:
        words.append(say_number(inches) + ("" if feet else " inch" if is_one(inches) else " inches"))
    return " ".join(words)


def say_dimensions(match: re.Match[str]) -> str:
    numbers = " by ".join(say_number(number) for number in re.findall(NUMBER, match.group("numbers") or match.group("bare")))
    return f"{numbers} {say_unit(match.group('unit'), one=False)}" if match.group("unit") else numbers


def say_mixed(whole: str, part: str) -> str:
    sign = tables.FRACTION_SIGNS.get(part)
    top, bottom = sign or tuple(int(number) for number in re.split("[/⁄]", part.translate(SUPERSCRIPTS)))
    words = say_fraction(top, bottom)
    if not whole:
        return words
    if top == 1:
        words = f"{'an' if bottom == 8 else 'a'} {words.removeprefix('one ')}"
    return f"{say_number(whole)} and {words}"


def say_fraction_sign(match: re.Match[str]) -> str:
    return say_mixed(match.group("whole") or "", match.group("sign"))


def say_mixed_fraction(match: re.Match[str]) -> str | None:
    top, bottom = (int(number) for number in match.group("part").split("/"))
    return say_mixed(match.group("whole"), match.group("part")) if 0 < top < bottom else None


def say_slashed(match: re.Match[str]) -> str | None:
    top, bottom = int(match.group(1)), int(match.group(2))
    if (top, bottom) in ((24, 7), (50, 50), (60, 40), (80, 20), (70, 30), (9, 11)):
        return f"{say_cardinal(top)} {say_cardinal(bottom)}"
    if 0 < top < bottom and (bottom <= 20 or bottom in (32, 64, 100, 1000)):
        return say_fraction(top, bottom)
    return f"{say_cardinal(top)} over {say_cardinal(bottom)}" if bottom else None


def say_percent(match: re.Match[str]) -> str:
    sign, until = match.group("sign"), match.group("until")
    value = say_number(match.group("number")) + (f" to {say_number(until)}" if until else "")
    return f"{tables.BEFORE_SIGNS[sign] + ' ' if sign else ''}{value} {tables.SIGNS[match.group('unit')]}"


def say_power(match: re.Match[str]) -> str:
    exponent = match.group("exponent").translate(SUPERSCRIPTS).replace("−", "-")
    base = say_number(match.group("base"))
    if exponent in ("2", "3"):
        return f"{base} {'squared' if exponent == '2' else 'cubed'}"
    sign = "minus " if exponent.startswith("-") else ""
    return f"{base} to the {sign}{say_ordinal(int(exponent.lstrip('-')))}"


def say_ratio(match: re.Match[str]) -> str:
    return " to ".join(say_cardinal(int(number)) for number in match.group().split(":"))


def say_range(match: re.Match[str]) -> str | None:
    first, last = match.group("first"), match.group("last")
    years = len(first) == 4 and len(last) in (2, 4) and 1100 <= int(first) <= 2099 and "," not in first
    if years:
        return f"{say_year(int(first))} to {say_year(int(last)) if len(last) == 4 else say_cardinal(int(last))}"
    low, high = float(first.replace(",", "")), float(last.replace(",", ""))
    return f"{say_number(first)} {'to ' if low < high or max(low, high) <= 12 else ''}{say_number(last)}"


def say_ordinal_number(match: re.Match[str]) -> str:
    return say_ordinal(int(match.group(1).replace(",", "")))


def say_number_sign(match: re.Match[str]) -> str:
    return f"number {say_number(match.group(1))}"


def say_scaled(match: re.Match[str]) -> str | None:
    scale = match.group("scale")
    if scale in ("m", "T", "b", "B") or (scale == "K" and float(match.group("number").replace(",", "")) <= 8):
        return None
    return f"{say_number(match.group('number'))} {tables.SCALES[scale]}"


def say_times(match: re.Match[str]) -> str:
    return f"{say_number(match.group(1))} times"


def say_signed(match: re.Match[str]) -> str | None:
    """A sign before a number; a hyphen only where no word or number is before it."""
    sign = match.group("sign")
    before = get_before(match).rstrip()
    if sign in "-–−+" and before and (before[-1].isalnum() or before[-1] in ")%"):
        return {"-": "minus", "–": "minus", "−": "minus", "+": "plus"}[sign] + " " if before != get_before(match) or sign in "−+" else None
    if sign in "<>≥≤≈" and before and re.search(r"(?:\b[a-zA-Z]|\d|\))$", before):
        question = re.search(r"\b(?:is|are)\s+[\w.]+$", before, re.IGNORECASE)
        return tables.SIGNS[sign].removeprefix("is " if question else "") + " "
    return tables.BEFORE_SIGNS[sign] + " "


def say_cardinal_number(match: re.Match[str]) -> str:
    text = match.group()
    if re.fullmatch(r"\d{4}", text) and is_year(match):
        return say_year(int(text))
    return say_number(text)


def is_year(match: re.Match[str]) -> bool:
    year = int(match.group())
    if not 1100 <= year <= 2099:
        return False
    if PREPOSITIONS.search(get_before(match)) and not follows(match, r"\s+[a-z]+s\b"):
        return True
    noun = re.compile(r"\s+([a-z]+)").match(match.string, match.end())
    return not (
        noun
        and (
            noun.group(1) in PLURAL_NOUNS
            or (noun.group(1).endswith("s") and noun.group(1) not in ("was", "is", "has", "as", "its", "this"))
        )
    )


def say_checked_measure(match: re.Match[str]) -> str | None:
    mixed = (match.group("mixed") or "").strip()
    if not (match.group("number") or mixed):
        return None
    if match.group("sign") and (before := get_before(match)) and before[-1:].strip():
        return None
    return say_measure(match)
