"""A text as the tokens by which two sentences are compared: marks of logic, numbers, times, and words in one form for one meaning.

The tables hold what people say at counters, doors and desks in general; nothing in them is of a particular persona.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from stages.dialogue.tfidf import split_words, stem

Kind = Literal["word", "number", "mark", "stop", "break"]
HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")


@dataclass(frozen=True)
class Token:
    """One token."""

    kind: Kind
    value: str
    """A number in digits, a word's form, or a mark's name.

    Marks: not, except, excepting, only, other, if, but, least, most, from, until, must, may, all, some.
    """


# English: phrases that are marks, before words are looked at. The order matters.
_ENGLISH_MARKS = tuple(
    (re.compile(rf"\b(?:{pattern})(?!\w)"), f" @{mark} ")
    for pattern, mark in (
        (r"no (?:more|longer|later) than|not (?:more|longer) than|at (?:the )?most|up to|under|below", "most"),
        (r"a maximum of|maximum|fewer than|less than", "most"),
        (r"no (?:less|fewer) than|not less than|at (?:the )?least|a minimum of|minimum|more than|over|above", "least"),
        (r"but not|except(?:ing|ed)?(?: for)?|apart from|other than|aside from|excluding", "except"),
        (r"save for|unless|with the exception of|besides", "except"),
        (r"other|others|else|rest", "other"),
        (r"but only|only|just|solely|exclusively|nothing but|no one but", "only"),
        (r"provided(?: that)?|providing|as long as|so long as|in case|on condition that|if|once|whenever|when|while", "if"),
        (r"but|however|though|although|yet", "but"),
        (r"cannot|can't", "may @not"),
        (r"mustn't", "must @not"),
        (r"not allowed|forbidden|prohibited|not permitted", "may @not"),
        (r"free of|free from|without|not|no|none|never|nothing|nobody|neither|nor|\w+n't|doesnt|dont", "not"),
        (r"until|till|before|by the time|by(?= (?:\d|noon|midnight))|through", "until"),
        (r"from|since|after|starting|as of|onwards", "from"),
        (r"must|has to|have to|had to|needs? to|need|needs|needed|required|require|requires|obliged|mandatory", "must"),
        (r"may|can|could|allowed|permitted|able to", "may"),
        (r"sometimes|some|often|usually|mostly|partly", "some"),
        (r"every|each|all|everything|everybody|everyone|always|any ?(?:one|body|thing)?", "all"),
    )
)  # fmt: skip
_BETWEEN = re.compile(r"\bbetween (.{1,30}?) and ")
_NUMBER_RANGE = re.compile(r"(\d(?:[\d:.,]*\d)?)(?: o'clock)? ?(?:-|–|to) ?(?=\d)")
_UNDER_TWENTY = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
)
_TENS = dict(zip(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], range(20, 100, 10), strict=True))
NUMBER_WORDS = {word: value for value, word in enumerate(_UNDER_TWENTY.split())} | _TENS
_NUMBER_WORD = re.compile(rf"\b({'|'.join(_TENS)})(?:[- ]({'|'.join(_UNDER_TWENTY.split()[1:10])}))?\b|\b({'|'.join(NUMBER_WORDS)})\b")
_PRONOUN_ONE = re.compile(
    r"(?<=\b(?:last|next|this|that|each|same)\s)one\b|(?<=\bfirst\s)one\b|(?<=\bevery\s)one\b|(?<=\bthe\s)one\b|\bone of\b"
)
_HUNDRED = re.compile(r"\b(\d{1,2}|a) (hundred|thousand)\b")
_ENGLISH_TOKEN = re.compile(r"@\w+|\d+(?:[:.,]\d+)*|[a-z]+(?:'[a-z]+)?|[,;.!?]")
AUXILIARIES = split_words("is are was were be been am will would shall has have had do does did it's there's that's")
DAYTIMES = frozenset(map(stem, ("morning", "noon", "afternoon", "evening", "night")))
PREPOSITIONS = split_words("in on at by for with to of into onto within during per")
_STOPS = AUXILIARIES | PREPOSITIONS | split_words(
    "a an the i you he she it we they me him her us them my your his its our their this that these those here there and or so as "
    "also too just then well very please which who whom whose what how why where would like get got we're you're you'll we'll they're i'm "
    "called named along contain contains containing own self yourself ourselves whole now long"
)  # fmt: skip
PLEASANTRIES = split_words(
    "yes sure certain certainly course well indeed happy glad great okay welcome hello know tell fact simply really visit"
)
_ENGLISH_GROUPS = (
    "open opening opens", "close shut", "cost price charge fee pay pays paid", "visitor guest", "child children kid", "start begin",
    "keep stay store", "leave depart sail go", "fix repair mend", "buy purchase", "photo photograph picture",
    "take last", "hour hours", "climb climbing", "bake baking", "contain include", "large big", "small little", "bicycle bike",
    "doctor dr", "available ready", "bring carry", "hire rent", "speak talk", "teach lesson", "make produce", "ticket admission",
    "phone telephone", "euro euros €", "dollar dollars $", "pound pounds £", "person people", "also too",
    "build construct", "assist help", "quick fast", "twelve noon", "accompany come",
)  # fmt: skip
_ENGLISH_FORM = {stem(word): stem(group.split()[0]) for group in _ENGLISH_GROUPS for word in group.split()}
_IRREGULAR = {
    "children": "child",
    "left": "leave", "men": "man", "women": "woman", "people": "person", "built": "build", "kept": "keep", "paid": "pay",
    "began": "begin", "begun": "begin", "made": "make", "sold": "sell", "bought": "buy", "taken": "take", "took": "take", "seen": "see",
    "saw": "see", "came": "come", "went": "go", "gone": "go", "brought": "bring", "spoke": "speak", "spoken": "speak", "taught": "teach",
    "closing": "close", "closed": "close", "closes": "close", "prices": "price", "leaves": "leave", "leaving": "leave", "lost": "lose",
    "found": "find", "given": "give", "gave": "give", "held": "hold", "grown": "grow", "grew": "grow", "written": "write", "wrote": "write",
}  # fmt: skip
TIMES = split_words(
    "noon midnight monday tuesday wednesday thursday friday saturday sunday january february march april june july august september "
    "october november december weekend weekday holiday today tomorrow"
)  # fmt: skip

# Mandarin: one form for words of one meaning, then marks; the order matters, longer ones first.
_CHINESE_FILE = Path(__file__).with_name("canonical_zh.txt")
"""Rows of one form (- for none) and the words that it replaces."""
_CHINESE_MARKS = tuple(
    (re.compile(pattern), f" @{mark} ")
    for pattern, mark in (
        ("不超过|最多|至多|不多于|以下|以内|之内|不到|不满", "most"), ("不少于|不低于|至少|最少|以上|超过|多于", "least"),
        ("除非|除了|除去|不包括", "except"), ("除外|以外|之外", "excepting"), ("其他|其它|其余|别的|另外", "other"),
        ("只要|如果|要是|假如|倘若|的话|的时候|(?<=[雨雪风])时|一旦", "if"),
        ("只有|只能|只|仅|才", "only"), ("但是|但|不过|可是|然而", "but"),
        ("不可以|不能|不许|不准|不允许|禁止|请勿", "may @not"), ("不需要", "not @must"),
        ("从不|从没|不|没|无|别|未", "not"), ("以前|之前|为止|前(?!台|面|往|后|门|来)", "until"), 
        ("以后|之后|起|后(?!面|门|天|来|台)", "from"),
        ("从", "from"), ("(?<=[点分月日午夜0-9])到|至(?!少|多)", "until"), ("必须|需要|一定要|务必", "must"), ("可以|允许|能", "may"),
        ("有时|有些|有的|偶尔|一部分", "some"), ("所有|每|都|全|各", "all"),
    )
)  # fmt: skip
_CHINESE_STOPS = frozenset(
    "的了吗呢吧啊是在有我你您他她它们这那个也就很会要得地着过对为与么什怎样哪请问把给跟由里和来上下从让开始去所以并且请时候当还被及或到进一二个位名次想做呀嘛"
) - frozenset("上下二")  # fmt: skip
_CHINESE_NUMERALS = {letter: value for value, letter in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_CHINESE_SCALES = {"十": 10, "百": 100, "千": 1000, "万": 10_000}
_CHINESE_NUMBER = re.compile("[零〇一二两三四五六七八九十百千万]+")
_CHINESE_TIME = re.compile("星期[一二三四五六日]|中午|半夜|今天|明天|后天")
_CHINESE_TOKEN = re.compile(r"@\w+|<[^>]*>|\d+(?:[.:]\d+)?|[a-z]+|[\u3400-\u4dbf\u4e00-\u9fff]|[，,；;。.！!？?、]")
CHINESE_PLEASANTRIES = frozenset("好当然啦哦参观")


@lru_cache(maxsize=512)
def read_tokens(text: str, language: str) -> tuple[Token, ...]:
    """The tokens of a text (en, zh)."""
    plain = unicodedata.normalize("NFKC", text).replace("’", "'").lower()
    return tuple(_read_chinese(plain) if language == "zh" else _read_english(plain))


def _read_english(text: str) -> list[Token]:
    text = _PRONOUN_ONE.sub(" ", text)
    text = _NUMBER_WORD.sub(lambda found: str(_read_number_word(found)), text)
    text = _HUNDRED.sub(lambda found: str((1 if found[1] == "a" else int(found[1])) * (100 if found[2] == "hundred" else 1000)), text)
    text = _NUMBER_RANGE.sub(r"\1 @until ", text)
    text = _BETWEEN.sub(r" @from \1 @until ", text)
    for pattern, mark in _ENGLISH_MARKS:
        # Marks that are found already are no words.
        text = "".join(part if part.startswith("@") else pattern.sub(mark, part) for part in re.split(r"(@\w+)", text))
    return [_classify_english(token) for token in _ENGLISH_TOKEN.findall(text)]


def _read_number_word(found: re.Match[str]) -> int:
    return NUMBER_WORDS[found[3]] if found[3] else _TENS[found[1]] + (NUMBER_WORDS[found[2]] if found[2] else 0)


def _classify_english(token: str) -> Token:
    if token.startswith("@"):
        return Token("mark", token[1:])
    if token[0].isdigit():
        return Token("number", token.replace(",", ""))
    if not token[0].isalpha():
        return Token("break", token)
    if token in _STOPS:
        return Token("stop", token)
    word = _IRREGULAR.get(token, token)
    if word in TIMES or word.removesuffix("s") in TIMES:
        return Token("number", word if word in TIMES else word.removesuffix("s"))
    return Token("word", find_form(word))


def find_form(word: str) -> str:
    """The form in which an English word is compared: its stem, or that of another word of its meaning."""
    root = stem(word).removesuffix("e")
    return _FORMS.get(root, root)


_FORMS = {word.removesuffix("e"): form.removesuffix("e") for word, form in _ENGLISH_FORM.items()}


def _read_chinese(text: str) -> list[Token]:
    for word, form in _read_chinese_forms():
        text = text.replace(word, form)
    text = _CHINESE_TIME.sub(lambda found: f"<{found.group()}>", text)
    parts = re.split("(<[^>]*>)", text)
    text = "".join(part if part.startswith("<") else _mark_chinese(part) for part in parts)
    return [_classify_chinese(token) for token in _CHINESE_TOKEN.findall(text)]


@lru_cache(maxsize=1)
def _read_chinese_forms() -> tuple[tuple[str, str], ...]:
    """(word, form), longer words first."""
    rows = [row.split() for row in _CHINESE_FILE.read_text(encoding="utf-8").splitlines()]
    pairs = [(word, "" if form == "-" else form) for form, *words in rows for word in words]
    return tuple(sorted(pairs, key=lambda pair: -len(pair[0])))


def _mark_chinese(text: str) -> str:
    text = _CHINESE_NUMBER.sub(lambda found: _write_chinese_number(found.group()), text)
    for pattern, mark in _CHINESE_MARKS:
        text = "".join(part if part.startswith("@") else pattern.sub(mark, part) for part in re.split(r"(@\w+)", text))
    return text


def _write_chinese_number(numerals: str) -> str:
    """45 for 四十五, 1964 for 一九六四; a single 一 is an article."""
    if numerals == "一":
        return numerals
    if not set(numerals) & set(_CHINESE_SCALES):
        return "".join(str(_CHINESE_NUMERALS[letter]) for letter in numerals)
    total, digit = 0, 0
    for letter in numerals:
        if letter in _CHINESE_SCALES:
            scale = _CHINESE_SCALES[letter]
            total, digit = ((total + digit) * scale, 0) if scale == 10_000 else (total + (digit or 1) * scale, 0)
        else:
            digit = _CHINESE_NUMERALS[letter]
    return str(total + digit)


def _classify_chinese(token: str) -> Token:
    if token.startswith("@"):
        return Token("mark", token[1:])
    if token.startswith("<"):
        return Token("number", token[1:-1])
    if token[0].isdigit():
        return Token("number", token)
    if HAN.match(token):
        return Token("stop" if token in _CHINESE_STOPS else "word", token)
    return Token("word" if token.isalpha() else "break", token)
