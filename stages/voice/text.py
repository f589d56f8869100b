"""Cleans a line for a voice: no emoji, tags or foreign script, in sentences short enough for the models.

Numbers, dates, prices and abbreviations of English stay: the G2P reads them in context. For Mandarin they are written out
here where its own normaliser (cn_tn) does not know the form.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

LONGEST = 300
"""Characters a model gets at once; VITS and FastSpeech2 grow unsteady beyond."""

_TAG = re.compile(r"</?[A-Za-z!?][^<>]{0,200}>")
_URL = re.compile(r"\b(?:https?://|www\.)(?:www\.)?(\S+?)(?=[.,;:!?]*(?:\s|$))")
_MARKDOWN = re.compile(r"[*_`#~]{1,3}(?=\S)|(?<=\S)[*_`~]{1,3}(?!\w)")
_SPACE = re.compile(r"\s+")
_END = re.compile(r"(?<=[.!?…])[\"”’)\]]*\s+(?=\S)|(?<=[。！？])[”’）」]*\s*(?=\S)")
_CLAUSE = re.compile(r"(?<=[,;:—])\s+|(?<=[，；：、])")
_ABBREVIATION = re.compile(r"(?:\b(?:Dr|Mr|Mrs|Ms|St|Prof|Sr|Jr|Gen|Col|Capt|Lt|Rev|Hon|vs|etc|e\.g|i\.e|approx|Inc|Ltd|Co)|\b[A-Z])\.$")
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")

# How Mandarin speakers say the Latin letters, in characters that the voice's syllable table holds.
_LETTERS: dict[str, str] = {
    "A": "诶", "B": "必", "C": "西", "D": "弟", "E": "衣", "F": "艾弗", "G": "吉", "H": "艾尺", "I": "爱", "J": "杰",
    "K": "开", "L": "艾勒", "M": "艾姆", "N": "恩", "O": "欧", "P": "屁", "Q": "克优", "R": "阿尔", "S": "艾斯", "T": "替",
    "U": "优", "V": "维", "W": "达不溜", "X": "艾克斯", "Y": "歪", "Z": "贼",
}  # fmt: skip
# The G2P lets a currency run on to the next number ("$5, 300 people"), so prices are written out; scales it reads well.
_PRICE = re.compile(r"([$£€¥])\s?(\d+(?:,\d{3})*)(?:\.(\d\d))?(?![\d.,]*\d|\s?(?:hundred|thousand|million|billion|trillion|[kKmMbB]\b))")
_COINS = {
    "$": ("dollar", "dollars", "cents"),
    "£": ("pound", "pounds", "pence"),
    "€": ("euro", "euros", "cents"),
    "¥": ("yen", "yen", "sen"),
}
_MONEY = {"$": "美元", "¥": "元", "￥": "元", "€": "欧元", "£": "英镑"}


@dataclass(frozen=True)
class CleanText:
    """Sentences to speak in order, and what had to be left out."""

    sentences: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def clean(text: str, language: str) -> CleanText:
    """Speakable sentences of at most LONGEST characters; none where nothing can be said."""
    plain = _URL.sub(lambda m: m.group(1).replace(".", " dot ").replace("/", " slash "), _TAG.sub(" ", text))
    plain = _MARKDOWN.sub("", plain) if language == "en" else plain
    plain, warnings = _english(plain) if language == "en" else _mandarin(plain)
    plain = _SPACE.sub(" ", plain).strip()
    sentences = [part for sentence in _sentences(plain) for part in _short(sentence)]
    return CleanText(tuple(part for part in sentences if any(map(str.isalnum, part)) or _has_sign(part)), tuple(warnings))


def _has_sign(part: str) -> bool:
    return any(sign in part for sign in "%&+=@")


def _english(text: str) -> tuple[str, list[str]]:
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
    spoken = _PRICE.sub(_price, spoken)
    return spoken, _left_out(dropped, "an English voice cannot read them")


def _price(match: re.Match[str]) -> str:
    sign, whole, rest = match.groups()
    one, many, coins = _COINS[sign]
    amount = f"{whole} {one if whole == '1' else many}"
    return f"{amount} and {int(rest)} {coins}" if rest and int(rest) else amount


def _mandarin(text: str) -> tuple[str, list[str]]:
    text = unicodedata.normalize("NFKC", text).replace("〇", "零")
    text = re.sub(r"(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)", r"\1年\2月\3日", text)
    text = re.sub(r"-(?=\d+(?:\.\d+)?\s?(?:℃|°C))", "零下", text)
    text = re.sub(r"([01]?\d|2[0-4])[:：]([0-5]\d)(?!\d)", _clock, text)
    text = re.sub(r"([$¥￥€£])\s?(\d[\d,]*(?:\.\d+)?)", lambda m: m.group(2).replace(",", "") + _MONEY[m.group(1)], text)
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text).replace("℃", "摄氏度").replace("°C", "摄氏度").replace("+", "加").replace("&", "和")
    # A name such as AI is spelt; a longer Latin word has no Chinese reading.
    text = re.sub(r"(?<![A-Za-z])[A-Z]{1,4}(?![A-Za-z])", lambda m: "".join(_LETTERS[letter] for letter in m.group()), text)
    dropped = set(re.findall(r"[A-Za-z]+", text)) | {c for c in text if c.isalpha() and not c.isascii() and not _HAN.match(c)}
    kept = "".join(c if _HAN.match(c) or c.isdigit() or c in ".%-/,，。！？；：、!?;: " else " " for c in text)
    marks = str.maketrans({",": "，", "!": "！", "?": "？", ";": "；", ":": "："})
    kept = re.sub(r"\.(?!\d)", "。", kept.translate(marks))
    return re.sub(r" +", "", kept), _left_out(dropped, "the Mandarin voice cannot read them")


def _clock(match: re.Match[str]) -> str:
    hour, minute = match.group(1).lstrip("0") or "0", int(match.group(2))
    hour = "两" if hour == "2" else hour
    if not minute:
        return f"{hour}点"
    return f"{hour}点{'零' if minute < 10 else ''}{minute}分"


def _left_out(dropped: set[str], why: str) -> list[str]:
    if not dropped:
        return []
    shown = " ".join(sorted(dropped)[:8])
    return [f"left out {len(dropped)} letters or words ({shown}): {why}"]


def _sentences(text: str) -> list[str]:
    """Sentences of a text; a stop after a title or an initial ends none."""
    out, begin = [], 0
    for match in _END.finditer(text):
        head = text[begin : match.start()]
        follows = text[match.end()]
        if _ABBREVIATION.search(head) or follows.islower() or (head.endswith("No.") and follows.isdigit()):
            continue
        out.append(text[begin : match.end()].strip())
        begin = match.end()
    return [*out, text[begin:].strip()]


def _short(sentence: str) -> list[str]:
    """The sentence in pieces of at most LONGEST characters: at clauses, else at spaces, else anywhere."""
    if len(sentence) <= LONGEST:
        return [sentence] if sentence else []
    pieces = [piece for piece in _CLAUSE.split(sentence) if piece]
    if len(pieces) == 1:
        pieces = sentence.split(" ")
    if len(pieces) == 1:
        return [sentence[i : i + LONGEST] for i in range(0, len(sentence), LONGEST)]
    glue = "" if _HAN.search(sentence) else " "
    return [part for packed in _packed(pieces, glue) for part in _short(packed)]


def _packed(pieces: list[str], glue: str) -> list[str]:
    packed = [pieces[0]]
    for piece in pieces[1:]:
        if len(packed[-1]) + len(glue) + len(piece) <= LONGEST:
            packed[-1] += glue + piece
        else:
            packed.append(piece)
    return packed
