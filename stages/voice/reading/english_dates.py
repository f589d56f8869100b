"""English dates, times and days in words."""

from __future__ import annotations

import re

from stages.voice.reading import english_tables as tables
from stages.voice.reading.english_address import say_letters
from stages.voice.reading.english_context import (
    DASH,
    follows,
    get_before,
)
from stages.voice.reading.english_numbers import (
    say_cardinal,
    say_digits,
    say_ordinal,
    say_year,
)  # fmt: skip


def find_month(name: str) -> str:
    return next(month for month in tables.MONTHS if month.startswith(name.rstrip(".")[:3]))


def say_day(match: re.Match[str], day: int, month: str, year: str | None) -> str | None:
    if not 1 <= day <= 31:
        return None
    article = "" if re.search(r"\bthe\s+$", get_before(match), re.IGNORECASE) else "the "
    return f"{article}{say_ordinal(day)} of {month}" + (f" {say_short_year(year)}" if year else "")


def say_short_year(year: str) -> str:
    return say_year(int(year) if len(year) == 4 else int(year) + (2000 if int(year) <= 30 else 1900))


def say_numeric_date(match: re.Match[str]) -> str | None:
    """yyyy-mm-dd, dd.mm.yyyy, and mm/dd/yyyy as Americans write it unless the first number is no month."""
    if match.group("y1"):
        year, month, day = match.group("y1"), int(match.group("m1")), int(match.group("d1"))
    else:
        year, first, second = match.group("y2"), int(match.group("a")), int(match.group("b"))
        month, day = (second, first) if match.group("sep") == "." or first > 12 else (first, second)
    if not 1 <= month <= 12 or not 1 <= day <= 31:
        return None
    return say_day(match, day, tables.MONTHS[month - 1], year)


def say_day_month(match: re.Match[str]) -> str | None:
    month, year = find_month(match.group("month")), match.group("year")
    if match.group("last"):
        until = say_day(match, int(match.group("last")), month, year)
        first = int(match.group("day"))
        return f"the {say_ordinal(first)} to {until}" if until and 1 <= first <= 31 else None
    return say_day(match, int(match.group("day")), month, year)


def say_month_day(match: re.Match[str]) -> str | None:
    day, last = int(match.group("day")), match.group("last")
    if not 1 <= day <= 31:
        return None
    until = f" to {say_ordinal(int(last))}" if last else ""
    year = f", {say_year(int(match.group('year')))}" if match.group("year") else ""
    return f"{find_month(match.group('month'))} {say_ordinal(day)}{until}{year}"


def say_decade(match: re.Match[str]) -> str:
    century, decade = match.group("century"), int(match.group("decade"))
    if century and not decade:
        return say_year(int(century + "00")) + "s"
    tens = say_cardinal(decade) if decade else "hundred"
    tens = tens[:-1] + "ies" if tens.endswith("y") else tens + "s"
    return f"{say_cardinal(int(century))} {tens}" if century else tens


def say_clock(hour: int, minute: str | None, half: str) -> str:
    spelt = f" {say_letters(half[0].upper() + 'M')}" if half else ""
    if minute is None or (minute == "00" and spelt):
        return say_cardinal(hour) + spelt
    if minute == "00":
        return say_cardinal(hour) + (" o'clock" if 1 <= hour <= 12 else " hundred")
    minutes = f"oh {say_digits(minute[1])}" if minute[0] == "0" else say_cardinal(int(minute))
    return f"{say_cardinal(hour)} {minutes}{spelt}"


def say_time(match: re.Match[str]) -> str | None:
    parts = []
    for begin in ("", "2"):
        hour, minute, second, half = (match.group(name + begin) for name in ("hour", "minute", "second", "half"))
        if hour is None:
            continue
        if int(hour) > 24 or int(minute or 0) > 59 or not (minute or half):
            return None
        seconds = f" and {say_cardinal(int(second))} second{'' if int(second) == 1 else 's'}" if second else ""
        parts.append(say_clock(int(hour), minute, half or "") + seconds)
    # The full stop of "p.m." also ends the sentence there.
    stop = "." if match.group().endswith(".") and follows(match, r"\s*$|\s+[A-Z]") else ""
    return " to ".join(parts) + stop


def say_duration(match: re.Match[str]) -> str:
    hours, minutes = int(match.group("h")), match.group("m")
    words = f"{say_cardinal(hours)} hour{'' if hours == 1 else 's'} {say_cardinal(int(minutes))}"
    return words + (f" minute{'' if int(minutes) == 1 else 's'}" if match.group("unit") else "")


def say_days(match: re.Match[str]) -> str:
    words = [tables.DAYS[match.group(1)]]
    for sign, day in re.findall(rf"\s*({DASH}|&|/|,|to|and)\s*([A-Z][a-z]+)", match.group()[len(match.group(1)) :]):
        words += [{"&": "and", "and": "and", "/": "or", ",": ","}.get(sign, "to"), tables.DAYS[day]]
    return " ".join(words).replace(" ,", ",")
