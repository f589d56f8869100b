"""Ages in words and numbers, in English and Chinese: `in her late forties`, `sixty-two`, 年近五十, 三十五六岁."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from stages.describe.spoken_ages import CORRECTION, PATTERNS, THIS_YEAR

_UNITS = dict(zip(["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"], range(1, 10), strict=True))
_TEENS = dict(
    zip(
        ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"],
        range(10, 20),
        strict=True,
    )
)
_TENS = dict(zip(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], range(20, 100, 10), strict=True)) | {
    "fourty": 40
}
_DECADES = dict(
    zip(["twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties", "nineties"], range(20, 100, 10), strict=True)
)
_DECADES |= {"fourties": 40, "teens": 10}
_WORD = rf"(?:(?:{'|'.join(_TENS)})(?:[- ]?(?:{'|'.join(_UNITS)}))?|{'|'.join(_TEENS)}|{'|'.join(_UNITS)})"
_NUM = rf"(?:(?<![\d.])\d{{1,3}}(?![\d.]*\d)|\b{_WORD}\b)"
_YEARS = (
    r"(?:[- ]*(?:years?|yrs?|yr|year's|years')[- ]*(?:old|of[- ]age|young)s?\b|[- ]*(?:y/?\.?o\.?\b|years\b(?! (?:ago|later|of|in|on))))"
)
MIN_SPOKEN = 18
"""A lower number that does not say years is no age."""
_DIGITS = dict(zip("零一二三四五六七八九", range(10), strict=True)) | {"两": 2, "〇": 0}
_HAN = "零一二两三四五六七八九十廿卅"
_CNUM = rf"(?:\d{{1,3}}|[{_HAN}]{{1,4}})"


MIN_BARE = 14
"""Years from which a number after `about` or `over` is an age without the word years."""


@dataclass(frozen=True)
class AgeSpan:
    """Years from `low` to `high`, both included, as written from `start` to `end`."""

    start: int
    end: int
    low: int
    high: int


def find_ages(text: str) -> list[AgeSpan]:
    """Every age in a normalised text, in its order."""
    text = text.replace("歳", "岁")
    found: list[AgeSpan] = []
    for pattern, measure in _PATTERNS:
        for match in pattern.finditer(text):
            span = measure(match)
            if span and not any(one.start < match.end() and match.start() < one.end for one in found):
                found.append(AgeSpan(match.start(), match.end(), max(span[0], 0), max(span[1], 0)))
    return _drop_corrected(sorted(found, key=lambda one: one.start), text)


def _drop_corrected(ages: list[AgeSpan], text: str) -> list[AgeSpan]:
    """Of `22, no wait, 24` the last: the first one and the words of the correction become part of its span."""
    found: list[AgeSpan] = []
    for one in ages:
        if found and CORRECTION.search(text[found[-1].end : one.start]):
            one = replace(one, start=found.pop().start)
        found.append(one)
    return found


def parse_number(text: str) -> int:
    """The number of digits, English words or Chinese numerals; -1 where it is none."""
    text = text.strip()
    if text.isdigit():
        return int(text)
    if text and all(letter in _HAN + "〇" for letter in text):
        return _parse_chinese(text)
    parts = [part for part in re.split(r"[- ]+", re.sub(rf"({'|'.join(_TENS)})(?=[a-z])", r"\1 ", text)) if part]
    if not parts:
        return -1
    first = _TENS.get(parts[0], _TEENS.get(parts[0], _UNITS.get(parts[0], -1)))
    return first + _UNITS.get(parts[1], 0) if len(parts) > 1 and parts[0] in _TENS else first


def _parse_chinese(text: str) -> int:
    text = text.replace("廿", "二十").replace("卅", "三十")
    if "十" not in text:
        total = 0
        for letter in text:
            total = total * 10 + _DIGITS[letter]
        return total
    tens, _, units = text.partition("十")
    return (_DIGITS.get(tens, 1) if tens else 1) * 10 + (_DIGITS.get(units[:1], 0) if units else 0)


def _range(match: re.Match[str]) -> tuple[int, int] | None:
    low, high = parse_number(match["a"]), parse_number(match["b"])
    return (low, high) if 0 < low < high < 120 else None


def _exact(match: re.Match[str]) -> tuple[int, int] | None:
    years = parse_number(match["a"])
    return (years, years) if years >= 0 else None


def _approximate(match: re.Match[str]) -> tuple[int, int] | None:
    years = parse_number(match["a"])
    if not 0 < years < 130 or (years < MIN_BARE and "y" not in match[0][match.end("a") - match.start() :]):
        return None  # `over one eye` is no age
    word = match["q"].strip()
    if re.search(r"nearly|almost|pushing|approaching|under|close to|nearing|going[ ]on|shy of", word):
        return years - 2, years - 1
    if re.search(r"over|past|more|above|older|upwards|beyond|least", word):
        return years + 1, years + 4
    if re.search(r"younger|below|less|most", word):
        return years - 5, years - 1
    return years - 1, years + 1


def _decade(match: re.Match[str]) -> tuple[int, int] | None:
    name = match["d"]
    start = _DECADES[name] if name in _DECADES else int(re.sub(r"\D", "", name))
    part = (match["p"] or "").strip(" -")
    low, high = (2, 8) if not part else (1, 3) if "early" in part else (4, 6) if "mid" in part else (7, 9)
    low, high = (0, 1) if "very early" in part else (8, 9) if "very late" in part else (low, high)
    return start + low, start + high


def _young(match: re.Match[str]) -> tuple[int, int] | None:
    """A number that is an age by its place alone, and a child's."""
    years = parse_number(match["a"])
    return (years, years) if 2 <= years < 18 else None


def _read_hundred(match: re.Match[str]) -> tuple[int, int]:
    return 100, 109


def _something(match: re.Match[str]) -> tuple[int, int] | None:
    years = parse_number(match["a"])
    return (years + 2, years + 7) if years >= 20 else None


def _bare(match: re.Match[str]) -> tuple[int, int] | None:
    years = parse_number(match["a"])
    return (years, years) if 18 <= years <= 99 else None


def _chinese(match: re.Match[str]) -> tuple[int, int] | None:
    text = match["a"]
    before, after = match["q"] or "", match["s"] or ""
    pair = re.fullmatch(r"([一二三四五六七八九])([一二三四五六七八九])十", text)
    if pair:
        return _DIGITS[pair[1]] * 10, _DIGITS[pair[2]] * 10 + 5
    close = re.fullmatch(r"([二三四五六七八九]?十)([一二三四五六七八九])([一二三四五六七八九])", text)
    if close:
        low = _parse_chinese(close[1] + close[2])
        return low, max(_parse_chinese(close[1] + close[3]), low)
    years = parse_number(text)
    if not 0 < years < 130 or not (before or after or "岁" in match[0]):
        return None
    return _qualify_chinese(years, before, after)


def _qualify_chinese(years: int, before: str, after: str) -> tuple[int, int]:
    if re.search("近|快|将|不到|未满|差不多到|奔|接近", before) or re.search("不到", after):
        return years - 3, years - 1
    if re.search("出头|刚过", after + before):
        return years + 1, years + 3
    if re.search("多|几|有余|余|好几", after):
        return years + 3, years + 8
    if re.search("开外|以上", after) or re.search("过|超|逾", before):
        return years + 1, years + 5
    if re.search("来", after):
        return years - 1, years + 2
    if re.search("左右|上下|样子|前后", after) or re.search("约|大概|差不多|估摸|看着", before):
        return years - 2, years + 2
    return years, years


def _chinese_decade(match: re.Match[str]) -> tuple[int, int] | None:
    years = _DIGITS[match["a"]] * 10
    before = match["q"] or ""
    return (years - 3, years - 1) if "近" in before or "将" in before else (years + 1, years + 5) if before else (years, years + 4)


def _chinese_approach(match: re.Match[str]) -> tuple[int, int] | None:
    years = parse_number(match["a"])
    years = years * 10 if years < 10 else years
    return years - 2, years - 1


def _chinese_both(match: re.Match[str]) -> tuple[int, int] | None:
    """An age whose qualifier is before or after 岁."""
    text, after = match["a"], (match["s"] or "") + (match["t"] or "")
    if re.fullmatch(r"[一二三四五六七八九]{2}十", text) or re.fullmatch(r"[二三四五六七八九]?十[一二三四五六七八九]{2}", text):
        return _chinese(match)
    digits = [_DIGITS[letter] for letter in text] if re.fullmatch(r"[一二两三四五六七八九]{2}", text) else []
    if digits and 0 < digits[1] - digits[0] <= 2:
        # 七八岁: seven or eight, not 78.
        return digits[0], digits[1]
    years = parse_number(text)
    return _qualify_chinese(years, match["q"] or "", after) if 0 <= years < 130 else None


def _read_spoken(match: re.Match[str], kind: str) -> tuple[int, int] | None:
    """An age of `spoken_ages`, by how its numbers are read."""
    groups = match.groupdict()
    years = parse_number(groups.get("a") or "")
    if kind == "score":
        scores = {"two": 40, "three": 60, "four": 80, "2": 40, "3": 60, "4": 80}.get(
            groups.get("n") or "", 50 if "half" in match[0] else 25
        )
        years = scores + max(parse_number(groups.get("m") or ""), 0)
        return (years, years) if groups.get("n") else (years - 1, years + 1)
    if kind == "born":
        digits = "".join(str(_DIGITS.get(letter, letter)) for letter in match["y"])
        return (THIS_YEAR - int(digits) - 1, THIS_YEAR - int(digits)) if len(digits) == 4 else None
    if kind == "sum":
        return years + _DIGITS[match["b"]], years + _DIGITS[match["b"]]
    if kind in ("pair", "range"):
        other = parse_number(match["b"])
        return (years, other) if 0 < years <= other else None
    low, high = {"over": (1, 7), "under": (-3, 0), "near": (-2, -1), "some": (2, 8), "late": (5, 9), "twenty": (0, 0), "bare": (0, 0)}[kind]
    years = 20 if kind == "twenty" else years
    return (max(years + low, MIN_SPOKEN), years + high) if years >= MIN_SPOKEN else None


_QUALIFIER = (
    r"about|around|roughly|approximately|approx\.?|circa|ca\.?|c\.|maybe|perhaps|some|nearly|almost|pushing|approaching|just under|nearing|"
    r"close to|going[ ]on|shy of|over|past|more than|above|older than|well over|just over|slightly over|upwards of|beyond|at least|under|"
    r"younger than|below|less than|at most|~|looks like|looks|looking"
)
_AFTER = r"(?:左右|上下|多|好几|几|出头|开外|不到|来|有余|余|以上|的样子|前后)"
_BEFORE = (
    r"(?:大约|约莫|约|大概|差不多|估摸|看着|接近|将近|年近|快要|快到|快|近|年过|过了|已过|"
    r"刚过|超过|年逾|逾|不到|未满|年约|年届|年满|刚满|年方|芳龄|现年|年龄|年纪|今年|虚岁|实岁|:|：)"
)
_NO_AGE = r"(?! ?(?:cm|kg|ft|feet|foot|inch|inches|lbs|pounds|kilos|percent|%|m\b|厘米|公斤|斤))"
"""What follows a number that is a measure of something else."""
_DECADES_HAN = "[二三四五六七八九]?十[一二三四五六七八九]?"
_BEGINS = r"(?:^|(?<=[,;.(:] )|(?<= of )|(?<=^at )|(?<= at ))"
_SUBJECT = r"\b(?:she|he|they|who)(?:'s|’s|'re| is| are) (?:only |just |about |barely |nearly |almost |maybe |around )?"
_PERSON = r"\b(?:girl|boy|woman|man|person|lady|guy|female|male)(?:,|:| of) (?:only |just |about |barely )?"
_ENDS = r"(?=\s*(?:$|[,;.)!?]|and (?!a half)|with |but |in (?:a |an |the |her |his )))"
_TENS_WORDS = rf"(?:{'|'.join(_TENS)})(?:[- ](?:{'|'.join(_UNITS)}))?"
_PATTERNS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], tuple[int, int] | None]], ...] = (
    *((re.compile(pattern), partial(_read_spoken, kind=kind)) for pattern, kind in PATTERNS if kind != "bare"),
    (re.compile(rf"(?:aged?[: ]+)?(?:between|from) (?P<a>{_NUM}) (?:and|to) (?P<b>{_NUM})(?:{_YEARS})?"), _range),
    (re.compile(rf"(?:aged?[: ]+|ages )?(?P<a>{_NUM}) ?(?:-|to|or|–) ?(?P<b>{_NUM}){_YEARS}"), _range),
    (re.compile(rf"(?<![\d.])(?P<a>\d{{1,3}})\.\d+{_YEARS}"), _exact),
    (re.compile(rf"(?:aged?|ages)[: ]+(?P<a>{_NUM}) ?(?:-|to|or) ?(?P<b>{_NUM})"), _range),
    (re.compile(rf"(?P<a>{_CNUM}) ?(?:岁)?(?:到|至|-|~)(?P<b>{_CNUM})(?=岁|之间)(?:岁)?(?:之间)?"), _range),
    (
        re.compile(
            r"(?:in (?:his|her|their|the|my|your|its) |somewhere in (?:his|her|their|the) )?"
            r"(?P<p>(?:very |the )?(?:early|mid|middle|late)(?:[- ]to[- ](?:mid|late))?[- ]?(?:to )?)?"
            rf"(?P<d>\b(?:{'|'.join(_DECADES)})\b|(?<!\d)[2-9]0'?s\b)"
        ),
        _decade,
    ),
    (re.compile(rf"(?P<a>\b(?:{'|'.join(_TENS)})|\b[2-9]0)[- ]?some?thing\b(?:[- ]years?[- ]old)?"), _something),
    (re.compile(rf"(?:^|(?<=[^a-z]))(?P<q>{_QUALIFIER}) (?:the age of )?(?P<a>{_NUM})(?:{_YEARS}|\b{_NO_AGE})"), _approximate),
    (re.compile(rf"(?P<a>(?:{'|'.join(_TENS)})|\d{{2}}|{_NUM})(?P<q>ish| or so|-odd|-ish)\b(?:{_YEARS})?"), _approximate),
    (re.compile(rf"(?P<a>{_NUM}){_YEARS}"), _exact),
    (re.compile(rf"\b(?:age|aged|turning|turned|ages|just turned)[: ]+(?:of )?(?P<a>{_NUM})\b(?:{_YEARS})?"), _exact),
    (re.compile(r"奔(?P<a>[三四五六七八九])(?:十)?(?:的?人)?"), _chinese_approach),
    (re.compile(rf"(?P<q>{_BEFORE})?(?P<a>[五六七八九])旬"), _chinese_decade),
    (re.compile(rf"(?<![年轻老小大])[一两]?百零?[{_HAN}]{{0,3}}(?:多|来|几)?岁"), _read_hundred),
    (re.compile(rf"(?P<q>{_BEFORE})? ?(?P<a>{_CNUM}) ?(?P<s>{_AFTER})?(?:周)?[岁碎](?P<t>{_AFTER})?"), _chinese_both),
    (re.compile(rf"(?P<q>{_BEFORE})? ?(?P<a>{_DECADES_HAN}|[2-9]\d)(?P<s>多|几|出头|开外|来|上下|左右)"), _chinese),
    (re.compile(r"(?P<q>年近|将近|年过|年逾|快|年约|年届|年满|年方)(?P<a>[二三四五六七八九]?十[一二三四五六七八九]?)(?P<s>)"), _chinese),
    (re.compile(rf"(?P<q>今年|现年|芳龄|年方|年龄|年纪|年满)(?:是|:|有)?(?P<a>{_DECADES_HAN}|\d{{2}})(?P<s>)"), _chinese),
    (re.compile(r"(?P<q>)(?P<a>[二三四五六七八九]十[一二三四五六七八九]{2})(?P<s>左右|上下|)"), _chinese),
    (re.compile(rf"{_SUBJECT}(?P<a>{_NUM})(?: or {_NUM})?{_ENDS}"), _young),
    (re.compile(rf"{_PERSON}(?P<a>{_NUM})(?: or {_NUM})?{_ENDS}"), _young),
    (re.compile(rf"(?<![\w.'-])(?P<a>\d{{2}})(?![\w%'\"-]|\.\d){_NO_AGE}"), _bare),
    (
        re.compile(rf"{_BEGINS}(?P<a>{'|'.join(_TEENS)}|{_TENS_WORDS})(?=[,;.)]|$| and | with | if | in )"),
        _bare,
    ),
    *((re.compile(pattern), partial(_read_spoken, kind=kind)) for pattern, kind in PATTERNS if kind == "bare"),
)  # fmt: skip
"""In the order in which they are tried; of two that overlap the first counts."""
