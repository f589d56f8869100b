"""Chinese characters -> pinyin with the tones that are spoken: words cut by jieba, readings from pypinyin, rules for what both miss.

Sandhi after Duanmu, The Phonology of Standard Chinese (2007), chapters 11 and 12: third tones from the right inside a foot, 一 and 不.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from stages.voice.reading.polyphones import NEUTRAL_WORDS, NO_NEUTRAL_ZI, POLYPHONES, SURNAMES, TITLES, WORDS

_NUMERALS = "零一二三四五六七八九十百千万亿两幺点"
_THIRD = re.compile("3$")


def read_clause(clause: str) -> list[str]:
    """Pinyin with tone digit 1-5 of each character of a clause without punctuation, after sandhi; a 儿 of erhua is "r5"."""
    words = cut_words(clause)
    tones = _read_words(words, clause)
    tones = _apply_yi(clause, tones)
    tones = _apply_bu(clause, tones)
    return _apply_third_tones(words, tones)


def cut_words(clause: str) -> list[str]:
    """Words of a clause; one that no dictionary has is cut into those that it has."""
    import rjieba

    return [part for word in rjieba.cut(clause, True) for part in _cut_known(word)]


def _cut_known(word: str) -> list[str]:
    if len(word) < 3 or _find_phrase(word) or word in WORDS:
        return [word]
    for size in range(len(word) - 1, 1, -1):
        for at in (len(word) - size, 0):
            part = word[at : at + size]
            if part in WORDS or _find_phrase(part):
                return [
                    piece
                    for rest in (word[:at], part, word[at + size :])
                    for piece in ([part] if rest == part else _cut_known(rest))
                    if piece
                ]
    return [word]


@lru_cache(maxsize=4096)  # words come back
def _find_phrase(word: str) -> tuple[str, ...]:
    """pypinyin's reading of a word in its dictionary of phrases; empty if it is not there."""
    from pypinyin import Style, pinyin
    from pypinyin.constants import PHRASES_DICT

    if word not in PHRASES_DICT:
        return ()
    return tuple(reading[0] for reading in pinyin(word, style=Style.TONE3, neutral_tone_with_five=True))


@lru_cache(maxsize=4096)
def _find_default(character: str) -> str:
    from pypinyin import Style, pinyin

    found = pinyin(character, style=Style.TONE3, neutral_tone_with_five=True, errors="ignore")
    return str(found[0][0]) if found else ""


def _read_words(words: Sequence[str], clause: str) -> list[str]:
    readings: list[str] = []
    for word in words:
        at = len(readings)
        found = list(WORDS.get(word, "").split() or _find_phrase(word) or map(_find_default, word))
        sure = word in WORDS
        for i, character in enumerate(word):
            rule = None if sure else _find_rule(character, clause[: at + i], clause[at + i + 1 :], word)
            found[i] = rule or found[i]
        readings += _soften(word, found)
    return [_find_erhua(clause, i) or reading for i, reading in enumerate(readings)]


def _find_rule(character: str, left: str, right: str, word: str) -> str | None:
    """The reading of a polyphone by what is around it; None where the dictionaries decide."""
    if character in SURNAMES and (
        re.search("(?:姓|我叫|他叫|她叫)$", left)
        or ((not re.search(r"[\u4e00-\u9fff]$", left) or left.endswith(("和", "是", "的", "请", "找", "问"))) and re.match(TITLES, right))
    ):
        return SURNAMES[character]
    for before, after, reading, alone in POLYPHONES.get(character, ()):
        if alone and len(word) > 1 and _find_phrase(word):
            continue
        if re.search(f"(?:{before})$", left) and re.match(after, right):
            return reading
    return None


def _soften(word: str, readings: list[str]) -> list[str]:
    """Neutral tones: of words that have them, of the suffixes 子 头 们, of doubled names of relatives."""
    out = list(readings)
    if len(word) >= 2 and (word in NEUTRAL_WORDS or word[-2:] in NEUTRAL_WORDS):
        out[-1] = out[-1][:-1] + "5"
    elif len(word) >= 2 and word[-1] == "子" and word[-2:] not in NO_NEUTRAL_ZI and word not in NO_NEUTRAL_ZI:
        out[-1] = "zi5"
    elif word[-1] == "们" and len(word) > 1:
        out[-1] = "men5"
    elif len(word) == 2 and word[0] == word[1] and word[0] in "爸妈爷奶哥姐弟妹叔婶舅姑公婆伯娃宝星":
        out[-1] = out[-1][:-1] + "5"
    return out


def _find_erhua(clause: str, at: int) -> str:
    """r5 for a 儿 that only colours the syllable before it."""
    if clause[at] != "儿" or not at:
        return ""
    left, right = clause[:at], clause[at + 1 :]
    own = re.search("(?:婴|幼|孤|女|少|胎|健|宠|男|患|育|托|弃|宁馨|新生|小|生|^)$", left) or re.match(
        "(?:子|童|女|科|媳|歌|孙|时|戏|化)", right
    )
    return "" if own and not left.endswith("小孩") else "r5"


def _apply_yi(clause: str, readings: list[str]) -> list[str]:
    out = list(readings)
    for i, character in enumerate(clause):
        if character != "一" or out[i][:2] != "yi":
            continue
        before, after = clause[i - 1 : i], clause[i + 1 : i + 2]
        out[i] = _choose_yi(clause, i, before, after, out[i + 1] if i + 1 < len(out) else "")
    return out


def _choose_yi(clause: str, at: int, before: str, after: str, next_reading: str) -> str:
    if not after or before in tuple("第周十初零幺二三四五六七八九点") or clause[:at].endswith(("星期", "礼拜", "之")):
        return "yi1"
    if after in "零一二三四五六七八九点月号楼" or (after in "日" and before == "月") or clause[at + 1 : at + 3] in ("年级", "班的", "世纪"):
        return "yi1"
    if before and before == after and before not in _NUMERALS:
        return "yi5"
    return "yi2" if next_reading[-1:] == "4" or after == "个" else "yi4"


def _apply_bu(clause: str, readings: list[str]) -> list[str]:
    out = list(readings)
    for i, character in enumerate(clause):
        if character == "不":
            twin = i and i + 1 < len(clause) and clause[i - 1] == clause[i + 1]
            out[i] = "bu5" if twin else "bu2" if i + 1 < len(out) and out[i + 1][-1:] == "4" else "bu4"
    return out


def _apply_third_tones(words: Sequence[str], readings: list[str]) -> list[str]:
    """Third tones before third tones become second: inside words first, then between words, from the right."""
    out, at = list(readings), 0
    bounds = []
    for word in words:
        _raise_in_word(word, out, at)
        bounds.append((at, at + len(word)))
        at += len(word)
    k = len(bounds) - 1
    while k > 0:
        (left, _), (right, end) = bounds[k - 1], bounds[k]
        if _THIRD.search(out[right - 1]) and _THIRD.search(out[right]):
            out[right - 1] = out[right - 1][:-1] + "2"
            # Two words of one syllable make a foot: the third tone before them keeps its own.
            k -= 1 if right - left == 1 and end - right == 1 else 0
        k -= 1
    return _raise_left_over(out)


def _raise_in_word(word: str, out: list[str], at: int) -> None:
    low = [bool(_THIRD.search(out[at + i])) for i in range(len(word))]
    if len(word) == 3 and all(low):
        right = _is_word(word[1:]) and not _is_word(word[:2])
        raised = [1] if right else [0, 1]
    else:
        raised = [i for i in range(len(word) - 1) if low[i] and low[i + 1]]
    for i in raised:
        out[at + i] = out[at + i][:-1] + "2"


def _is_word(text: str) -> bool:
    import rjieba

    return bool(rjieba.has_word(text))


def _raise_left_over(out: list[str]) -> list[str]:
    return [
        reading[:-1] + "2" if _THIRD.search(reading) and i + 1 < len(out) and _THIRD.search(out[i + 1]) else reading
        for i, reading in enumerate(out)
    ]
