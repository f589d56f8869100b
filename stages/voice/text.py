"""Cleans a line for a voice: removes emoji, tags and foreign scripts, and splits it into sentences short enough for the models.

English numbers, dates and abbreviations stay as they are: the G2P reads them in context. For Mandarin, forms that the voice's own
normaliser (cn_tn) does not know are written out here.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

MAX_CHARACTERS = 300
"""Most characters of one sentence; on longer ones VITS and FastSpeech2 become unstable."""

_TAG = re.compile(r"</?[A-Za-z!?][^<>]{0,200}>")
_URL = re.compile(r"\b(?:https?://|www\.)(?:www\.)?(\S+?)(?=[.,;:!?]*(?:\s|$))")
_MARKDOWN = re.compile(r"[*_`#~]{1,3}(?=\S)|(?<=\S)[*_`~]{1,3}(?!\w)")
_SPACE = re.compile(r"\s+")
_SENTENCE_BREAK = re.compile(r"(?<=[.!?…])[\"”’)\]]*\s+(?=\S)|(?<=[。！？])[”’）」]*\s*(?=\S)")
_CLAUSE_BREAK = re.compile(r"(?<=[,;:—])\s+|(?<=[，；：、])")
_TITLES = "Dr|Mr|Mrs|Ms|St|Prof|Sr|Jr|Gen|Col|Capt|Lt|Sgt|Rev|Hon"
_ABBREVIATION = re.compile(rf"(?:\b(?:{_TITLES}|vs|etc|e\.g|i\.e|approx|Inc|Ltd|Co)|\b[A-Z])\.$")
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)[a-z]*"
# These end a sentence unless a number follows.
_BEFORE_NUMBER = re.compile(rf"\b(?:No|Nos|Tel|p|pp|{_MONTH})\.$")
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")

# How Mandarin speakers pronounce Latin letters, in characters that are in the voice's syllable table.
_LETTER_READINGS: dict[str, str] = {
    "A": "诶", "B": "必", "C": "西", "D": "弟", "E": "衣", "F": "艾弗", "G": "吉", "H": "艾尺", "I": "爱", "J": "杰",
    "K": "开", "L": "艾勒", "M": "艾姆", "N": "恩", "O": "欧", "P": "屁", "Q": "克优", "R": "阿尔", "S": "艾斯", "T": "替",
    "U": "优", "V": "维", "W": "达不溜", "X": "艾克斯", "Y": "歪", "Z": "贼",
}  # fmt: skip
# The G2P applies a currency to the next number too ("$5, 300 people"), so prices are written out; scales ("$3 million") it reads well.
_PRICE = re.compile(r"([$£€¥])\s?(\d+(?:,\d{3})*)(?:\.(\d\d))?(?![\d.,]*\d|\s?(?:hundred|thousand|million|billion|trillion|[kKmMbB]\b))")
_CURRENCIES = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "€": ("euro", "euros", "cent", "cents"),
    "¥": ("yen", "yen", "sen", "sen"),
}
# Forms that the G2P misreads: ranges of hours and days, and a few signs.
_READINGS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(\d{1,2}:\d\d(?:\s?[ap]\.?m\.?)?|\d{1,2}\s?[ap]m)\s?[-–—]\s?(?=\d{1,2}(?::\d\d|\s?[ap]m))", re.IGNORECASE), r"\1 to "),
    (re.compile(rf"\b({_MONTH}\.? \d{{1,2}})\s?[-–—]\s?(?=\d{{1,2}}\b)"), r"\1 to "),
    (re.compile(r"(?<=\d)\s?([ap])m\b", re.IGNORECASE), r" \1.m."),
    (re.compile(r"(?<![\d/])24/7(?![\d/])"), "24 7"),
    (re.compile(r"(?<!\w)#(?=\d)"), "number "),
)
_LEADING_ZERO = re.compile(r"(?<![\w.,:/-])0\d+(?![\w:/-]|[.,]\d)")
_DIGITS = "零一二三四五六七八九"
_MEASURE_WORDS = "个|位|本|张|次|件|条|只|名|家|间|杯|瓶|块|天|周|岁|种|遍|小时|分钟|公里|公斤|千|万|亿"
_UNITS = {
    "km/h": "公里每小时", "km": "公里", "kg": "公斤", "cm": "厘米", "mm": "毫米", "m": "米", "g": "克", "l": "升", "ml": "毫升",
}  # fmt: skip
_UNIT = re.compile(r"(?<=[\d百千万亿])\s?(km/h|km|kg|cm|mm|ml|m|g|l)(?![A-Za-z])", re.IGNORECASE)
_CURRENCY_NAMES = {"$": "美元", "¥": "元", "￥": "元", "€": "欧元", "£": "英镑"}


@dataclass(frozen=True)
class CleanText:
    """Sentences to speak, in order, and warnings about what was left out."""

    sentences: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def clean_text(text: str, language: str) -> CleanText:
    """Speakable sentences of at most MAX_CHARACTERS characters; none if nothing is speakable."""
    plain = _URL.sub(lambda m: m.group(1).replace(".", " dot ").replace("/", " slash "), _TAG.sub(" ", text))
    plain = _MARKDOWN.sub("", _apply_readings(plain)) if language == "en" else plain
    plain, warnings = _clean_english(plain) if language == "en" else _clean_mandarin(plain)
    plain = _SPACE.sub(" ", plain).strip()
    sentences = [part for sentence in _split_sentences(plain) for part in _split_long_sentence(sentence)]
    return CleanText(tuple(part for part in sentences if any(map(str.isalnum, part)) or _has_sign(part)), tuple(warnings))


def _has_sign(part: str) -> bool:
    return any(sign in part for sign in "%&+=@")


def _clean_english(text: str) -> tuple[str, list[str]]:
    out, dropped = [], set()
    for letter in text.replace("\u2019", "'"):
        category = unicodedata.category(letter)
        if letter.isalpha() and not unicodedata.name(letter, "").startswith(("LATIN", "FEMININE", "MASCULINE")):
            dropped.add(letter)
            out.append(" ")
        elif category in ("So", "Sk", "Cs", "Co", "Cn", "Cf", "Cc", "Mn", "Me") and letter not in "°©®™\n\t":
            out.append(" ")
        else:
            out.append(letter)
    spoken = unicodedata.normalize("NFKC", "".join(out)).replace("\u2044", "/")
    spoken = _PRICE.sub(_spell_price, spoken)
    return spoken, _describe_dropped(dropped, "an English voice")


def _apply_readings(text: str) -> str:
    for pattern, reading in _READINGS:
        text = pattern.sub(reading, text)
    return _LEADING_ZERO.sub(lambda m: " ".join(m.group()), text)


def _spell_price(match: re.Match[str]) -> str:
    sign, whole, rest = match.groups()
    one, many, coin, coins = _CURRENCIES[sign]
    amount = f"{whole} {one if whole == '1' else many}"
    if not rest or not int(rest):
        return amount
    change = f"{int(rest)} {coin if int(rest) == 1 else coins}"
    return f"{amount} and {change}" if int(whole.replace(",", "")) else change


def _clean_mandarin(text: str) -> tuple[str, list[str]]:
    text = unicodedata.normalize("NFKC", text).replace("〇", "零")
    text = re.sub(r"(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)", lambda m: f"{m.group(1)}年{int(m.group(2))}月{int(m.group(3))}日", text)
    text = re.sub(r"-(?=\d+(?:\.\d+)?\s?(?:℃|°C))", "零下", text)
    text = re.sub(r"([01]?\d|2[0-4])[:：]([0-5]\d)(?!\d)", _spell_clock_time, text)
    text = re.sub(r"([$¥￥€£])\s?(\d[\d,]*(?:\.\d+)?)", lambda m: m.group(2) + _CURRENCY_NAMES[m.group(1)], text)
    # cn_tn reads seven digits as a telephone number and drops leading zeros.
    text = re.sub(r"(?<!\d)\d{1,3}(?:,\d{3})+(?![\d,])", lambda m: _spell_number(int(m.group().replace(",", ""))), text)
    text = re.sub(rf"(?<![\d.-])\d{{4,12}}(?={_MEASURE_WORDS}|人|元|美元|欧元|米|吨|字)", lambda m: _spell_number(int(m.group())), text)
    text = re.sub(r"(?<![\d.零])0\d+(?![\d.])", lambda m: "".join(_DIGITS[int(digit)] for digit in m.group()), text)
    text = re.sub(r"(?<![\d.])(\d+)\.(\d)(\d?)元", _spell_coins, text)
    text = re.sub(rf"(?<![\d.])2(?=(?:{_MEASURE_WORDS}))", "两", text)
    text = re.sub(r"(?<=[\d点分月日号])\s?[-–—~]\s?(?=\d)", "到", text) if not re.search(r"\d{3,}-\d{3,}", text) else text
    text = re.sub(r"\bNo\.\s?(\d+)", r"\1号", text)
    text = _UNIT.sub(lambda m: _UNITS[m.group(1).lower()], text)
    text = text.replace("℃", "摄氏度").replace("°C", "摄氏度").replace("+", "加").replace("&", "和")
    # An abbreviation such as AI is spelt; a longer Latin word has no Chinese reading.
    text = re.sub(r"(?<![A-Za-z])[A-Z]{1,4}(?![A-Za-z])", lambda m: "".join(_LETTER_READINGS[letter] for letter in m.group()), text)
    dropped = set(re.findall(r"[A-Za-z]+", text)) | {c for c in text if c.isalpha() and not c.isascii() and not _HAN.match(c)}
    kept = "".join(c if _HAN.match(c) or c.isdigit() or c in ".%-/,，。！？；：、!?;: " else " " for c in text)
    marks = str.maketrans({",": "，", "!": "！", "?": "？", ";": "；", ":": "："})
    kept = re.sub(r"\.(?!\d)", "。", kept.translate(marks))
    return re.sub(r" +", "", kept), _describe_dropped(dropped, "the Mandarin voice")


def _spell_number(number: int) -> str:
    """An integer below 10**16 in characters: 一百二十三万四千零五."""
    if number < 10:
        return _DIGITS[number]
    for unit, name in ((10**8, "亿"), (10**4, "万"), (1000, "千"), (100, "百"), (10, "十")):
        if number >= unit:
            many, rest = divmod(number, unit)
            gap = "零" if rest and rest < unit // 10 else ""
            return f"{'两' if many == 2 and unit > 100 else _spell_number(many)}{name}{gap}{_spell_number(rest) if rest else ''}"
    raise AssertionError(number)


def _spell_coins(match: re.Match[str]) -> str:
    whole, tenths, hundredths = match.groups()
    small = (f"{tenths}角" if tenths != "0" else "") + (f"{hundredths}分" if hundredths not in ("", "0") else "")
    return f"{whole}元{'零' if tenths == '0' and small else ''}{small}"


def _spell_clock_time(match: re.Match[str]) -> str:
    hour, minute = match.group(1).lstrip("0") or "0", int(match.group(2))
    hour = "两" if hour == "2" else hour
    if not minute:
        return f"{hour}点"
    return f"{hour}点{'零' if minute < 10 else ''}{minute}分"


def _describe_dropped(dropped: set[str], voice: str) -> list[str]:
    if not dropped:
        return []
    shown = " ".join(sorted(dropped)[:8])
    many, them = (f"{len(dropped)} letters or words", "them") if len(dropped) > 1 else ("one letter or word", "it")
    return [f"left out {many} ({shown}): {voice} cannot read {them}"]


def _split_sentences(text: str) -> list[str]:
    """Sentences of a text; a full stop after a title or an initial does not end one."""
    out, begin = [], 0
    for match in _SENTENCE_BREAK.finditer(text):
        head = text[begin : match.start()]
        follows = text[match.end()]
        if _ABBREVIATION.search(head) or follows.islower() or (_BEFORE_NUMBER.search(head) and follows.isdigit()):
            continue
        out.append(text[begin : match.end()].strip())
        begin = match.end()
    return [*out, text[begin:].strip()]


def _split_long_sentence(sentence: str) -> list[str]:
    """The sentence in pieces of at most MAX_CHARACTERS characters, split at clauses, else at spaces, else anywhere."""
    if len(sentence) <= MAX_CHARACTERS:
        return [sentence] if sentence else []
    pieces = [piece for piece in _CLAUSE_BREAK.split(sentence) if piece]
    if len(pieces) == 1:
        pieces = sentence.split(" ")
    if len(pieces) == 1:
        return [sentence[i : i + MAX_CHARACTERS] for i in range(0, len(sentence), MAX_CHARACTERS)]
    glue = "" if _HAN.search(sentence) else " "
    return [part for packed in _pack_pieces(pieces, glue) for part in _split_long_sentence(packed)]


def _pack_pieces(pieces: list[str], glue: str) -> list[str]:
    packed = [pieces[0]]
    for piece in pieces[1:]:
        if len(packed[-1]) + len(glue) + len(piece) <= MAX_CHARACTERS:
            packed[-1] += glue + piece
        else:
            packed.append(piece)
    return packed
