"""Heights and weights in numbers: `6'2"`, `five foot nothing`, `1m60`, 一米七八, 身高178, `110 kg`, 一百五十斤."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from stages.describe.normalise import blank

_SMALL = dict(zip(["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"], range(1, 12), strict=True))
_SMALL |= {"nothing": 0, "nil": 0, "zero": 0, "nowt": 0}
_WORDS = "|".join(_SMALL)
_HAN = dict(zip("零一二三四五六七八九", range(10), strict=True)) | {"两": 2, "〇": 0}
_H = "".join(_HAN)
_TALLEST = 2.0
"""Metres; eight chi are a figure of speech."""
_FOOT, _INCH, _POUND, _STONE, _CHI = 30.48, 2.54, 0.4536, 6.35, 33.3
_RELATIVE = re.compile(
    r"(?:los[et]s?|losing|drop(?:s|ped)?|gain(?:s|ed)?|put(?:s|ting)? on|shed|add|减|减掉|瘦|胖|轻|重|增|增加|长)[^,，。;]{0,8}$"
)
_SURPLUS = re.compile(r" ?(?:over|too|heavier|lighter|extra|of )")


@dataclass(frozen=True)
class Measure:
    """A height in centimetres or a weight in kilograms, as written from `start` to `end`."""

    start: int
    end: int
    kind: str
    """height or weight."""
    value: float


def find_measures(text: str) -> list[Measure]:
    """Every height and weight in a normalised text, in its order."""
    found: list[Measure] = []
    for kind, pattern, read in _PATTERNS:
        for match in pattern.finditer(text):
            value = read(match)
            low, high = (120, 310) if kind == "height" else (32, 260)
            is_free = not any(one.start < match.end() and match.start() < one.end for one in found)
            if low <= value <= high and is_free and not (kind == "weight" and _is_relative(text, match)):
                found.append(Measure(match.start(), match.end(), kind, value))
    return sorted(found, key=lambda one: one.start)


def blank_measures(text: str, measures: list[Measure]) -> str:
    """The text with every measure as spaces, so that no age is read from it."""
    for one in measures:
        text = blank(text, one.start, one.end)
    return text


def classify_measured_height(height: float, gender: str | None) -> str:
    """short, average or tall for the gender; the edges lie about one deviation from the mean (ANSUR II, NCD-RisC)."""
    low, high = {"female": (160.5, 170.5), "male": (168.0, 178.0)}.get(gender or "", (161.0, 178.0))
    return "short" if height <= low else "tall" if height >= high else "average"


def classify_measured_weight(weight: float, metres: float | None, gender: str | None) -> str:
    """thin, average or heavy by the body mass index (WHO: under 18.5, from 25 on); men from 27 on, because of their muscle."""
    metres = min(metres, _TALLEST) if metres else {"female": 1.62, "male": 1.75}.get(gender or "", 1.68)
    index = weight / metres**2
    return "thin" if index < 18.6 else "heavy" if index >= (25 if gender == "female" else 27) else "average"


def _is_relative(text: str, match: re.Match[str]) -> bool:
    """Whether the weight is what somebody lost, gained or has too much."""
    return bool(_RELATIVE.search(text[max(0, match.start() - 16) : match.start()]) or _SURPLUS.match(text, match.end()))


def _feet(match: re.Match[str]) -> float:
    return _count(match["a"]) * _FOOT + _count(match["b"] or "0") * _INCH


def _count(text: str) -> int:
    return int(text) if text.isdigit() else _SMALL.get(text, 0)


def _metres(match: re.Match[str]) -> float:
    rest = match["b"]
    return 100 * int(match["a"]) + (int(rest) * 10 if len(rest) == 1 else int(rest))


def _plain(match: re.Match[str]) -> float:
    return float(match["a"])


def _han_metres(match: re.Match[str]) -> float:
    digits = "".join(str(_HAN.get(letter, letter)) for letter in match["b"] or "")
    value = (200.0 if match["a"] in "两2" else 100.0) + (int(digits) * 10 if len(digits) == 1 else int(digits or 0))
    less, more = match["q"] or "", match["s"] or ""
    if "不到" in less + more or "矮" in more:
        return value - 4
    return value + (4 if more else 0)


def _han_number(text: str) -> int:
    """一百五十二, 一百五, 两百, 八十."""
    if text.isdigit():
        return int(text)
    hundreds, found, rest = text.rpartition("百")
    total = 100 * (_HAN.get(hundreds, 1) if found else 0)
    tens, is_tens, units = rest.partition("十")
    if is_tens:
        return total + 10 * _HAN.get(tens.lstrip("零"), 1) + _HAN.get(units, 0)
    if found and len(rest) == 1:
        return total + 10 * _HAN.get(rest, 0)
    return total + (_HAN.get(rest[-1:], 0) if rest else 0)


def _han_centimetres(match: re.Match[str]) -> float:
    return float(_han_number(match["a"]))


def _chi(match: re.Match[str]) -> float:
    return _HAN[match["a"]] * _CHI + _HAN.get(match["b"] or "零", 0) * _CHI / 10


def _weight(match: re.Match[str]) -> float:
    unit = match["u"]
    value = float(match["a"].replace(",", ".")) if match["a"][0].isdigit() else float(_han_number(match["a"]))
    return value * (0.5 if unit == "斤" else _POUND if unit.startswith(("lb", "pound", "磅")) else 1.0)


def _stone(match: re.Match[str]) -> float:
    return _count(match["a"]) * _STONE + int(match["b"] or 0) * _POUND


def _name_weight(match: re.Match[str]) -> float:
    value = float(_han_number(match["a"]))
    return value / 2 if value >= 130 else value


_TALL = r"(?:[- ]*(?:tall|high|in height|height)\b)?"
_QUOTE = r"(?: ?(?:''|\"|”|“|′′|″|inch(?:es)?\b|ins?\b\.?))?"
_Reader = Callable[[re.Match[str]], float]
_PATTERNS: tuple[tuple[str, re.Pattern[str], _Reader], ...] = tuple(
    (kind, re.compile(pattern), read)
    for kind, pattern, read in (
        ("height",
            r"(?<![\d.])(?P<a>[4-7]) ?(?:['′](?!')|f(?:oo|o|ee|"
            r"e)?t\b\.?|ft(?=\d))[- ]?(?:and )?(?:(?P<b>1[01]|\d(?!\d)"
            rf"|nothing|nil)(?:\.5|½)?{_QUOTE})?{_TALL}", _feet),
        ("height",
            r"\b(?P<a>four|five|six|seven)[- ](?:foot|feet|ft)\b(?:[- ](?:and )"
            rf"?(?P<b>{_WORDS})\b(?:[- ]inch(?:es)?)?)?(?:[- ]and a half)"
            rf"?{_TALL}", _feet),
        ("height", rf"\b(?P<a>five|six|four)-(?P<b>{_WORDS})\b(?! ?(?:year|yr)){_TALL}", _feet),
        ("height", r"(?<![\d.-])(?P<a>[4-6])-(?P<b>0\d|1[01])(?![\d-])", _feet),
        ("height",
            rf"(?<![\d.])(?P<a>[12])(?:[.,]| ?m ?|米)(?P<b>\d{{1,2}})"
            rf"(?!\d)(?: ?(?:m\b|met(?:er|re)s?\b|米))?{_TALL}(?<!\d[.,]\d)"
            r"(?<!\d[.,]\d\d)", _metres),
        ("height", rf"(?<![\d.])(?P<a>[12])[.,](?P<b>\d{{1,2}}) ?(?:m\b|met(?:er|re)s?\b|米){_TALL}", _metres),
        ("height", rf"(?<![\d.])(?P<a>1[3-9]\d|2[01]\d)(?:\.\d)? ?(?:cms?\b|centimet(?:er|re)s?\b|公分|厘米){_TALL}", _plain),
        ("height", rf"(?P<q>不到|比)?(?P<a>[一1两2])米(?P<b>[{_H}\d]{{1,2}})?(?P<s>几|多|出头|不到|矮(?:一?点|一些)|以上)?", _han_metres),
        ("height", rf"(?P<a>一百(?:[{_H}]?十[{_H}]?|零[{_H}]|[{_H}])) ?(?:公分|厘米)", _han_centimetres),
        ("height", r"(?P<a>[五六七八九])尺(?:(?P<b>[一二三四五六七八九])寸?)?", _chi),
        ("height", r"(?P<a>[4-7])尺(?P<b>1[01]|\d)寸?", _feet),
        ("weight", r"(?<![\d.])(?P<a>\d{2,3}(?:[.,]\d)?) ?(?P<u>kgs?\b|kilos?\b|kilograms?\b|公斤|千克|斤|lbs?\b|pounds?\b|磅)", _weight),
        ("weight",
            rf"(?P<a>[{_H}]?百[{_H}]?十?[{_H}]?|[四五六七八九]十[{_H}]?)"
            r"来?多?(?P<u>公斤|千克|斤|磅)(?:不到|左右|上下|以上|"
            r"出头|多)?", _weight),
        ("weight", rf"\b(?P<a>\d{{1,2}}|{_WORDS}) stone(?: (?P<b>\d{{1,2}}))?\b", _stone),
        ("weight", rf"(?:体重|重量)[:： ]?(?P<a>\d{{2,3}}|[{_H}百十]{{2,5}})(?!\d)来?多?斤?", _name_weight),
        ("height", r"(?:身高|身长|高度|个头|个子|height)[:： ]*(?:约|大约|about )?(?P<a>1[3-9]\d|2[01]\d)(?!\d)", _plain),
        ("height",
            r"(?<![\d.#$-])(?P<a>1[4-9]\d|20\d)(?![\d.%-]| ?(?:斤|"
            r"块|元|个|人|号|楼|天|页|lb|kg|pound|people|years|"
            r"miles|euro|dollar))", _plain),
    )
)  # fmt: skip
"""In the order in which they are tried; of two that overlap the first counts."""
