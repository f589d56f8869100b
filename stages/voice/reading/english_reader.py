"""English text -> the words that are spoken: the classes of spans, each with its verbaliser."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from stages.voice.reading import english_tables as tables
from stages.voice.reading.english_address import say_address, say_letters, say_model_number
from stages.voice.reading.english_context import (
    CURRENCY_NAMES,
    DASH,
    ENDS,
    FRACTION_SIGN,
    LETTER,
    MONTH,
    SCALE,
    UNIT_EXPRESSION,
    UNIT_NAMES,
    follows,
    starts_word,
)
from stages.voice.reading.english_dates import (
    say_day_month,
    say_days,
    say_decade,
    say_duration,
    say_month_day,
    say_numeric_date,
    say_time,
)
from stages.voice.reading.english_numbers import (
    NUMBER,
    say_cardinal,
)  # fmt: skip
from stages.voice.reading.english_quantities import (
    say_cardinal_number,
    say_checked_measure,
    say_dimensions,
    say_fraction_sign,
    say_mixed_fraction,
    say_money,
    say_number_sign,
    say_ordinal_number,
    say_percent,
    say_power,
    say_quote_unit,
    say_range,
    say_ratio,
    say_scaled,
    say_signed,
    say_slashed,
    say_times,
)
from stages.voice.reading.english_words import (
    drop_silently,
    keep_word,
    say_abbreviation,
    say_acronym,
    say_before_number,
    say_domain,
    say_dotted_letters,
    say_emergency,
    say_han,
    say_initial,
    say_leading_zero,
    say_phone,
    say_roman,
    say_saint,
    say_sharp,
    say_sign,
    say_tag,
    say_title,
    say_url,
    say_version,
)
from stages.voice.reading.spans import UNREADABLE, Span, SpanClass, tokenize_line

_SURE_TITLES = "|".join(sorted(set(tables.TITLES) - set(str.split("St Mt Ft Fr Rep Pres Hon Gen Col Maj")), key=len, reverse=True))
"""Titles that stand before a name without a full stop too."""


@lru_cache(maxsize=256)  # a line is read for its sound, its words and its warnings
def tokenize_english(text: str) -> tuple[Span, ...]:
    """The spans of a line of English."""
    return tuple(tokenize_line(compose_letters(text), CLASSES))


def compose_letters(text: str) -> str:
    """The text with its accents composed, and with plain letters for ligatures and full-width forms."""
    plain = "".join(unicodedata.normalize("NFKC", c) if "\ufb00" <= c <= "\ufb06" or "\uff01" <= c <= "\uff5e" else c for c in text)
    return unicodedata.normalize("NFC", plain)


def _rule(kind: str, pattern: str, verbalise: Callable[[re.Match[str]], str | None], *, inside: bool = False) -> SpanClass:
    """A class; its form starts a word unless `inside`, and is surrounded by spaces in the spoken text."""

    def guard(match: re.Match[str]) -> str | None:
        words = verbalise(match) if inside or starts_word(match) else None
        return words if words is None or inside else f" {words} " if not words.endswith(".") else f" {words}"

    return SpanClass(kind, re.compile(pattern), guard)


_NUM = f"(?:{NUMBER})"
CLASSES: tuple[SpanClass, ...] = (
    _rule("e-mail", r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+", lambda match: say_address(match.group())),
    _rule("url", r"(?:https?://|www\.)\S*[\w/]", say_url),
    _rule("domain", r"(?:[A-Za-z0-9][\w-]{0,62}\.){1,9}(?P<ending>[A-Za-z]\w{1,5})(?:/[\w./?=&%#-]*[\w/])?(?!\w)", say_domain),
    _rule("hashtag", r"#[A-Za-z]\w*|@\w+", say_tag),
    _rule("sharp", r"([A-G])([#♯♭])(?!\w)|(C)(\+\+)", lambda m: say_sharp(re.compile(r"(.)(.*)").match(m.group()) or m)),
    _rule("address", r"\d{1,3}(?:\.\d{1,3}){3}(?!\.?\d)",
        lambda m: " point ".join(say_cardinal(int(part)) for part in m.group().split("."))),
    _rule("date", rf"(?P<y1>\d{{4}})([-/.])(?P<m1>\d{{1,2}})\2(?P<d1>\d{{1,2}}){ENDS}|(?P<a>\d{{1,2}})(?P<sep>[./-])(?P<b>\d{{1,2}})(?P"
                  rf"=sep)(?P<y2>\d{{4}}|\d{{2}}){ENDS}", say_numeric_date),
    _rule("version", r"(?P<v>v\.?\s?|ver\.?\s)?(?P<parts>\d{1,1000}(?:\.\d{1,1000})+(?!\d))"
                     r"(?P<tail>-[A-Za-z][\w.]*)?(?![\w%°²³€$£]|\.\d)", say_version),
    _rule("version", r"(?P<v>v)(?P<parts>\d+)(?P<tail>-[A-Za-z]\w*)?(?![\w.])", say_version),
    _rule("telephone", r"\+\d{1,3}(?:[ -]?\(?\d{1,5}\)?)(?:[ -]\d{2,5})+" + ENDS, say_phone),
    _rule("telephone", r"\(\d{2,5}\)\s?\d{2,5}(?:[ -]\d{2,5})*" + ENDS, say_phone),
    _rule("telephone", r"(?:1-)?\d{3}[-. ]\d{3}[-. ]\d{4}" + ENDS, say_phone),
    _rule("telephone", r"\d{3}-\d{4}(?:-\d{4})?" + ENDS, say_phone),
    _rule("telephone", r"0\d{2,4}(?:[ -]\d{2,5})+" + ENDS, say_phone),
    _rule("telephone", r"(?:911|112|999|000|110|119)(?![\w%$€£:/.-]*\d)" + ENDS, say_emergency),
    _rule("date", rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:\s?{DASH}\s?(?P<last>\d{{1,2}})(?:st|nd|rd|th)?)?\s(?:of\s)?(?P<month>"
                  rf"{MONTH})(?![a-z])(?:,?\s(?P<year>\d{{4}}){ENDS})?", say_day_month),
    _rule("date", rf"(?P<month>{MONTH})(?![a-z])\s(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:\s?{DASH}\s?(?P<last>\d{{1,2}}))?(?![\d:%.]*\d|"
                  rf"\w)(?:,?\s(?P<year>\d{{4}}){ENDS})?", say_month_day),
    _rule("decade", r"(?:(?P<century>\d\d)|['’]|(?<=\b[Tt]he )|(?<=\b[Hh]is )|(?<=\b[Hh]er )|(?<=\b[Mm]y )|(?<=\beir )|(?<=\bearly )|(?<"
                    r"=\blate )|(?<=\bmid-))(?P<decade>\d0)['’]?s\b", say_decade),
    _rule("time", rf"(?P<hour>\d{{1,2}})(?::(?P<minute>\d\d)(?::(?P<second>\d\d))?)?(?:\s?(?P<half>[ap]\.?m\b\.?))?\s?(?:{DASH}|to)\s?("
                  rf"?P<hour2>\d{{1,2}})(?::(?P<minute2>\d\d)(?P<second2>)?)?(?:\s?(?P<half2>[ap]\.?m\b\.?))?{ENDS}", say_time),
    _rule("time", rf"(?P<hour>\d{{1,2}})(?::(?P<minute>\d\d)(?::(?P<second>\d\d))?)?(?:\s?(?P<half>[apAP]\.?[mM]\b\.?))?{ENDS}(?P<hour2"
                  rf">(?!))?(?P<minute2>(?!))?(?P<second2>(?!))?(?P<half2>(?!))?", say_time),
    _rule("duration", r"(?P<h>\d+)\s?h(?:rs?)?\s?(?P<m>\d{1,2})\s?(?P<unit>min|m)?" + ENDS, say_duration),
    _rule("days", rf"({'|'.join(tables.DAYS)})(?:\s?(?:{DASH}|&|/)\s?(?:{'|'.join(tables.DAYS)}))+(?![a-z])", say_days),
    _rule("days", rf"({'|'.join(tables.DAYS)})(?=\s+\d|\s*{DASH}\s*\d|:)", say_days),
    _rule("fraction", rf"(?P<whole>{_NUM})?\s?(?P<sign>[{FRACTION_SIGN}])(?!\s?(?:{UNIT_NAMES}){ENDS})", say_fraction_sign),
    _rule("dimensions", rf"(?P<numbers>{_NUM}(?:\s?[x×]\s?{_NUM})+)\s?(?P<unit>{UNIT_EXPRESSION}){ENDS}|(?P<bare>{_NUM}(?:\s?x\s?"
                        rf"{_NUM})+){ENDS}", say_dimensions),
    _rule("measure", rf"(?P<sign>[-−–+~≈±])?(?P<number>{_NUM})?(?P<mixed>\s?[{FRACTION_SIGN}]|\s\d+/\d+|(?<!\d)\d+/\d+)?(?:\s?(?:"
                     rf"{DASH}|to)\s?(?P<until>{_NUM}))?(?P<gap>\s)?(?P<unit>{UNIT_EXPRESSION})(?![A-Za-z0-9°])(?P<stop>\.)?",
          lambda m: say_checked_measure(m)),
    _rule("measure", r"(?:(?P<feet>\d+)['′]\s?)?(?P<inches>\d+(?:\.\d+)?)(?:\"|″|''|”)(?!\w)", say_quote_unit),
    _rule("measure", r"(?P<feet>\d+)['′](?P<inches>\d+)?(?![\w'])", say_quote_unit),
    _rule("money", rf"(?P<minus>[-−])?(?P<before>{CURRENCY_NAMES})\s?(?P<number>{_NUM})(?:\s?{DASH}\s?(?:[$€£])?(?P<until>{_NUM}))?(?:"
                   rf"\s?(?P<scale>{SCALE}))?(?P<after>(?!))?", say_money),
    _rule("money", rf"(?P<minus>[-−])?(?P<number>{_NUM})(?:\s?{DASH}\s?(?P<until>{_NUM}))?(?:\s?(?P<scale>{SCALE}))?\s?(?P<after>"
                   rf"{CURRENCY_NAMES}){ENDS}(?P<before>(?!))?", say_money),
    _rule("percent", rf"(?P<sign>[-−+~≈±])?(?P<number>{_NUM})(?:\s?{DASH}\s?(?P<until>{_NUM}))?\s?(?P<unit>[%‰])", say_percent),
    _rule("power", rf"(?P<base>{_NUM})(?:\^(?P<exponent>[-−]?\d{{1,1000}})(?!\d))", say_power),
    _rule("power", rf"(?P<base>{_NUM})(?P<exponent>⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]{{1,1000}})", say_power),
    _rule("fraction", r"(?P<whole>\d+) (?P<part>\d{1,2}/\d{1,3})(?![\d/])", say_mixed_fraction),
    _rule("fraction", rf"(\d+)\s?[/⁄]\s?(\d+)(?![\d/]){ENDS}", say_slashed),
    _rule("ratio", r"\d+(?::\d+)+" + ENDS, say_ratio),
    _rule("range", rf"(?P<first>{_NUM})\s?{DASH}\s?(?P<last>{_NUM})(?![\d-]|\s*=){ENDS}", say_range),
    _rule("ordinal", r"(\d+(?:,\d{3})*)(?:st|nd|rd|th)\b", say_ordinal_number),
    _rule("number sign", rf"(?:#|№\s?)({_NUM})(?!\w)", say_number_sign),
    _rule("scaled", rf"(?P<number>{_NUM})\s?(?P<scale>[kK]|mn|bn|M|tn|million|billion)(?![A-Za-z0-9])", say_scaled),
    _rule("times", rf"({_NUM})[x×](?!\w)", say_times),
    SpanClass(UNREADABLE, re.compile(r"<3(?![\w%.,]*\d|[\w%])(?<!\d.<3)(?<!\bis <3)(?<!\bif <3)"), lambda m: " "),
    _rule("power", r"[A-Za-z][²³]", lambda m: f"{say_letters(m.group()[0].upper())} {'squared' if m.group()[1] == '²' else 'cubed'}"),
    _rule("circled number", r"[①-⑳]", lambda m: f"{say_cardinal(int(unicodedata.normalize('NFKC', m.group())))},", inside=True),
    SpanClass(UNREADABLE, re.compile(r"(?<=[A-Za-z.,;!?)])(?:[⁰¹²³⁴⁵⁶⁷⁸⁹]+|\[\d{1,3}\])"), lambda m: ""),
    _rule("signed", r"(?P<sign>[-−–+~∼≈≥≤<>±√])\s?(?=\d|\.\d)", say_signed, inside=True),
    _rule("model number", r"(?=[A-Za-z0-9_]{0,60}(?:[A-Za-z]-?\d|\d-?[A-Za-z]))[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*",
        lambda m: say_model_number(m.group())),
    _rule("leading zero", r"0\d+(?![.,]?\d)", say_leading_zero),
    _rule("roman", r"(?P<numeral>[IVXLC]{1,7})(?:th)?\s(?P<century>century|centuries|dynasty)\b(?P<name>(?!))?", say_roman),
    _rule("roman", r"(?P<name>[A-Z]?[a-z]+)\s(?P<numeral>M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3}))(?<=[IVXLCM])\b(?P"
                   r"<century>(?!))?", say_roman),
    _rule("number", NUMBER + r"(?![A-Za-z])", say_cardinal_number),
    _rule("title", rf"({_SURE_TITLES})\.?\s(?=[A-Z])", say_title),
    _rule("title", rf"({'|'.join(tables.TITLES)})\.\s(?=[A-Z])", say_saint),
    _rule("acronym", r"(?:[A-Za-z]\.){2,}[A-Za-z]?(?![A-Za-z])", say_dotted_letters),
    _rule("acronym", r"Ph\.?D\.?(?!\w)", lambda m: say_letters("PHD") + ("." if m.group().endswith(".") and follows(m, r"\s*$") else "")),
    _rule("acronym", r"([A-Z]{1,3})&([A-Z]{1,3})(?!\w)", lambda m: f"{say_letters(m.group(1))} and {say_letters(m.group(2))}"),
    _rule("initial", r"([A-Z])\.(?=\s?[A-Z])", say_initial),
    _rule("abbreviation", rf"(?i:({'|'.join(sorted(tables.BEFORE_NUMBER, key=len, reverse=True))})\.\s?(?=\d))", say_before_number),
    _rule("abbreviation", rf"(?i:({'|'.join(re.escape(name) for name in sorted(tables.ABBREVIATIONS, key=len, reverse=True))}))\.",
        say_abbreviation),
    _rule("acronym", r"(?P<letters>[A-Z]{2,})(?P<plural>s)?(?![A-Za-z])(?!['’][a-z])", say_acronym),
    _rule("acronym", r"(?P<letters>[A-Z]{2,})(?P<plural>)(?=['’]s\b)", say_acronym),
    _rule("letter", r"[B-HJ-Z](?![\w'’.])|[B-HJ-Z](?=\.(?:\s*$|\s[A-Z]))(?<!\w)|[b-hj-z](?![\w'’.-])",
        lambda m: say_letters(m.group().upper())),
    SpanClass("han", re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+"), say_han),
    SpanClass("word", re.compile(rf"{LETTER}+(?:['’ʼ-]{LETTER}+)*['’]?"), keep_word),
    SpanClass("space", re.compile(r"\s+"), lambda m: " "),
    SpanClass("punctuation", re.compile(r"\.{3,}|…"), lambda m: "..."),
    SpanClass("punctuation", re.compile(r"[!?]{2,}"), lambda m: "?" if "?" in m.group() else "!"),
    SpanClass("punctuation", re.compile(r"[.,;:!?]"), lambda m: m.group()),
    SpanClass("punctuation", re.compile(r"\s*[—–‒]\s*|\s+-+\s+"), lambda m: ", "),
    SpanClass("punctuation", re.compile(r"[()\[\]{}]"), lambda m: ", "),
    SpanClass("punctuation", re.compile(r"-"), lambda m: " "),
    SpanClass("sign", re.compile(r"/(?=\w)"), lambda m: " slash "),
    SpanClass("sign", re.compile(f"[{re.escape(''.join(sign for sign in tables.SIGNS if len(sign) == 1))}]"), say_sign),
    SpanClass("mark", re.compile(f"[{re.escape(''.join(tables.SILENT_MARKS))}]"), drop_silently),
)  # fmt: skip
"""In the order of their claims: the longer and the surer forms first."""
