"""Statures in numbers: `190 cm`, `1.75 m`, `6\'4"`, `five foot two`, 一米八五."""

from __future__ import annotations

import re
from dataclasses import dataclass

from stages.describe.ages import parse_number

_LEAST_M, _MOST_M = 1.30, 2.30
_FOOT_M, _INCH_M = 0.3048, 0.0254
_SMALL = r"(?:\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|eleven)"
_HAN = "零一二两三四五六七八九"
_CENTIMETRES = re.compile(r"(?<![\d.])(?P<a>1[3-9]\d|2[0-3]\d) ?(?:cms?\b|centimet(?:er|re)s?|厘米|公分)(?: tall)?")
_METRES = re.compile(r"(?<![\d.])(?P<a>[12][.,]\d{1,2}) ?(?:m\b|met(?:er|re)s?\b|米)(?: tall)?")
_FEET = re.compile(
    rf"(?<![\w.])(?P<f>[4-7]|four|five|six|seven)(?: ?(?:'|ft\b|foot\b|feet\b)|-foot\b)[ -]?"
    rf"(?P<i>{_SMALL})?(?: ?(?:\"|''|in\b|inch(?:es)?\b))?(?: tall)?"
)
_CHINESE = re.compile(rf"(?P<m>[一二12])米(?P<d>[{_HAN}\d])(?P<c>[{_HAN}\d])?(?P<s>几|多)?")


@dataclass(frozen=True)
class StatureSpan:
    """Metres, as written from `start` to `end`."""

    start: int
    end: int
    metres: float


def find_statures(text: str) -> list[StatureSpan]:
    """Every stature of a person in a normalised text."""
    found: list[StatureSpan] = []
    for pattern in (_CENTIMETRES, _METRES, _FEET, _CHINESE):
        for match in pattern.finditer(text):
            metres = _measure(match)
            if _LEAST_M <= metres <= _MOST_M and not any(one.start < match.end() and match.start() < one.end for one in found):
                found.append(StatureSpan(match.start(), match.end(), round(metres, 3)))
    return sorted(found, key=lambda one: one.start)


def _measure(match: re.Match[str]) -> float:
    groups = match.groupdict()
    if "f" in groups:
        return max(parse_number(groups["f"]), 0) * _FOOT_M + max(parse_number(groups["i"] or "0"), 0) * _INCH_M
    if "m" in groups:
        tens, units = (_read_digit(groups[name]) for name in ("d", "c"))
        return _read_digit(groups["m"]) + tens / 10 + (units / 100 if groups["c"] else 0.03 if groups["s"] else 0)
    value = float(groups["a"].replace(",", "."))
    return value / 100 if value > 100 else value


def _read_digit(letter: str | None) -> float:
    return 0.0 if not letter else float(letter) if letter.isdigit() else float(max(parse_number(letter), 0))
