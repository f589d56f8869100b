"""Captions of portraits from their labels: a sentence names some of what is to be seen, in English or in Chinese.

Each sentence picks its facts, words, order and frame at random; frames and phrases that are held out occur only in sentences
to judge by, so that a net is not judged by sentences that it knows by heart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from stages.datasets import portrait_words as words

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
_YOUNG, _OLD = 35, 60
"""Years below which a person is called young, and from which old."""
_AGE_SHARE, _DECADE_SHARE, _NEGATION_SHARE, _MOOD_SHARE, _VIEW_SHARE = 0.35, 0.4, 0.3, 0.7, 0.2
_MAX_FEATURES = 4
_ADJECTIVE_SHARE = 0.45
_DECADES_ZH = {2: "二十", 3: "三十", 4: "四十", 5: "五十", 6: "六十", 7: "七十", 8: "八十", 9: "九十"}
_DECADES_EN = {1: "late teens", 2: "twenties", 3: "thirties", 4: "forties", 5: "fifties", 6: "sixties", 7: "seventies", 8: "eighties",
               9: "nineties"}  # fmt: skip


@dataclass(frozen=True)
class Parts:
    """The parts of a sentence; empty where it does not say anything about them."""

    who: str
    """Noun with its adjectives."""
    age: str
    worn: tuple[str, ...]
    """Features of the head, which a person has."""
    dressed: tuple[str, ...]
    """What the person wears."""
    negations: tuple[str, ...]
    mood: str
    views: tuple[str, ...]


def compose_caption(labels: Mapping[str, str], language: Language, rng: np.random.Generator, *, held_out: bool = False) -> str:
    """A sentence about a portrait with these labels.

    Args:
        held_out: take frames that training never sees, and phrases that it sees no more often than others.
    """
    parts = _choose_parts(labels, language, rng, held_out)
    frames = _FRAMES[language, held_out]
    frame = frames[int(rng.integers(len(frames)))]
    return _fill_english(frame, parts) if language == "en" else _fill_chinese(frame, parts)


_FRAMES_EN = (
    "{a} {who}{age}{has}{wears}{mood}{views}", "portrait of {a} {who}{age}{has}{wears}{mood}{views}",
    "{a} {who}{mood}{has}{wears}{age}{views}",
    "photo of {a} {who}{has}{age}{mood}{wears}", "{who}{age}{wears}{has}{mood}{views}", "I want {a} {who}{has}{wears}{mood}",
    "the face of {a} {who}{age}{has}{mood}{views}", "a picture of {a} {who}{wears}{has}{mood}",
)  # fmt: skip
_FRAMES_EN_HELD_OUT = (
    "this is {a} {who}{has}{mood}{age}{wears}{views}", "headshot: {who}{age}{has}{wears}{mood}", "make me {a} {who}{wears}{has}{age}{mood}",
    "here you see {a} {who}{mood}{wears}{has}{views}",
)  # fmt: skip
_FRAMES_ZH = (
    "{who}{age}{has}{wears}{mood}{views}", "一张{who}的肖像{age}{has}{wears}{mood}{views}", "一位{who}{mood}{has}{wears}{age}{views}",
    "{who}的照片{has}{age}{mood}{wears}", "一个{who}{age}{wears}{has}{mood}", "我想要一位{who}{has}{wears}{mood}",
    "{who}的脸{age}{has}{mood}{views}",
)  # fmt: skip
_FRAMES_ZH_HELD_OUT = (
    "这是一位{who}{has}{mood}{age}{wears}{views}", "头像:{who}{age}{has}{wears}{mood}", "请画一个{who}{wears}{has}{age}{mood}",
    "画面里有一位{who}{mood}{wears}{has}{views}",
)  # fmt: skip
_FRAMES: Mapping[tuple[Language, bool], tuple[str, ...]] = {
    ("en", False): _FRAMES_EN, ("en", True): _FRAMES_EN_HELD_OUT, ("zh", False): _FRAMES_ZH, ("zh", True): _FRAMES_ZH_HELD_OUT,
}  # fmt: skip
"""Language, and whether they are held out -> the frames of sentences."""


def _choose_parts(labels: Mapping[str, str], language: Language, rng: np.random.Generator, held_out: bool) -> Parts:
    """What the sentence says, in random order."""
    english = language == "en"
    say = _Speaker(rng, held_out)
    adjectives, features = (words.ADJECTIVES_EN, words.FEATURES_EN) if english else (words.ADJECTIVES_ZH, words.FEATURES_ZH)
    chosen = [table[labels[name]] for name, table in adjectives.items() if labels[name] in table and rng.random() < _ADJECTIVE_SHARE]
    names = [name for name in features if labels[name] in features[name]]
    # What few people have is worth more words than what everybody has.
    weights = np.array([1.0 if name in ("eye_colour", "outfit", "hair_colour") else 1.6 for name in names])
    count = min(int(rng.integers(0, _MAX_FEATURES + 1)), len(names))
    picked = [str(name) for name in rng.choice(names, count, replace=False, p=weights / weights.sum())] if count else []
    worn_names = ("glasses", "hat", "earrings", "outfit", "outfit_colour")
    negated = words.NEGATIONS_EN if english else words.NEGATIONS_ZH
    possible = [phrases for key, phrases in negated.items() if _is_worth_denying(labels, *key.split())]
    negations = (say(possible[int(rng.integers(len(possible)))]),) if possible and rng.random() < _NEGATION_SHARE else ()
    mood = (words.MOODS_EN if english else words.MOODS_ZH)[labels["mood"]] if rng.random() < _MOOD_SHARE else ""
    return Parts(
        who=_join_adjectives([say(phrases) for phrases in chosen], say(_get_noun(labels, english)), english),
        age=_describe_age(int(labels["age"]), labels["gender"], english, rng) if rng.random() < _AGE_SHARE else "",
        worn=tuple(say(features[name][labels[name]]) for name in picked if name not in worn_names),
        dressed=tuple(say(features[name][labels[name]]) for name in picked if name in worn_names),
        negations=negations, mood=say(mood) if mood else "",
        views=tuple(say(phrases) for phrases in _choose_views(labels, english, rng)),
    )  # fmt: skip


def _is_worth_denying(labels: Mapping[str, str], name: str, value: str) -> bool:
    """Whether the attribute has the value that is denied; nobody says of a woman that she has no beard."""
    return labels[name] == value and not (name == "beard" and labels["gender"] == "female")


@dataclass(frozen=True)
class _Speaker:
    """Says one of several phrases."""

    rng: np.random.Generator
    held_out: bool

    def __call__(self, phrases: str) -> str:
        known, others = _split_phrases(phrases)
        every = known + others if self.held_out else known
        return every[int(self.rng.integers(len(every)))]


@lru_cache(maxsize=1024)  # all phrases there are
def _split_phrases(phrases: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    known, _, others = phrases.partition("|")
    first, second = (tuple(part.strip() for part in half.split(";") if part.strip()) for half in (known, others))
    return first, second


def _get_noun(labels: Mapping[str, str], english: bool) -> str:
    years = int(labels["age"])
    age = "young" if years < _YOUNG else "old" if years >= _OLD else "middle"
    return (words.NOUNS_EN if english else words.NOUNS_ZH)[f"{labels['gender']} {age}"]


def _join_adjectives(adjectives: Sequence[str], noun: str, english: bool) -> str:
    if not english:
        return "".join(adjectives) + noun
    before = [word for word in adjectives if not word.startswith("with ")]
    after = [word for word in adjectives if word.startswith("with ")]
    return " ".join([*before, noun, *after])


def _describe_age(years: int, gender: str, english: bool, rng: np.random.Generator) -> str:
    decade = years // 10
    if rng.random() < _DECADE_SHARE:
        return f"in {'his' if gender == 'male' else 'her'} {_DECADES_EN[decade]}" if english else f"{_DECADES_ZH.get(decade, '十')}多岁"
    return (f"{years} years old" if rng.random() < 0.5 else f"aged about {years}") if english else f"{years}岁"


def _choose_views(labels: Mapping[str, str], english: bool, rng: np.random.Generator) -> list[str]:
    table = words.VIEWS_EN if english else words.VIEWS_ZH
    shown = [labels["view"], f"{labels['background']} background", labels["light"]]
    return [table[name] for name in shown if name in table and rng.random() < _VIEW_SHARE]


def _fill_english(frame: str, parts: Parts) -> str:
    dressed = f" wearing {_list_english(parts.dressed)}" if parts.dressed else ""
    having = [*parts.worn, *(one for one in parts.negations if not one.startswith(("without", "not ")) and " " in one)]
    has = f" with {_list_english(having)}" if having else ""
    # What is an adjective or a preposition of its own is written between commas.
    loose = "".join(f", {one}" for one in parts.negations if one not in having)
    text = frame.format(
        a="{a}", who=parts.who, age=f", {parts.age}," if parts.age else "", has=has + loose, wears=dressed,
        mood=f", {parts.mood}" if parts.mood else "", views="".join(f", {view}" for view in parts.views),
    )  # fmt: skip
    text = text.replace("{a}", "an" if parts.who[0] in "aeiou" else "a")
    return text.replace(",,", ",").rstrip(" ,")


def _list_english(phrases: Sequence[str]) -> str:
    return phrases[0] if len(phrases) == 1 else f"{', '.join(phrases[:-1])} and {phrases[-1]}"


def _fill_chinese(frame: str, parts: Parts) -> str:
    has = "".join(f",{_have(one)}" for one in parts.worn) + "".join(f",{one}" for one in parts.negations)
    return frame.format(
        who=parts.who, age=f",{parts.age}" if parts.age else "", has=has, wears="".join(f",{_wear(one)}" for one in parts.dressed),
        mood=f",{parts.mood}" if parts.mood else "", views="".join(f",{view}" for view in parts.views),
    )  # fmt: skip


def _have(phrase: str) -> str:
    return phrase if phrase.startswith("没") else f"有{phrase}" if not phrase.endswith(("发", "头", "辫", "髻")) else phrase


def _wear(phrase: str) -> str:
    return f"戴{phrase}" if phrase.endswith(("眼镜", "帽子", "礼帽", "耳环", "耳饰")) else f"穿{phrase}"
