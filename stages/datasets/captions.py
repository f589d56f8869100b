"""Captions of portraits: one sentence in English and one in Chinese, from templates."""

from __future__ import annotations

import numpy as np

from stages.datasets.people import FORMAL_OUTFITS, Person
from stages.datasets.shots import PortraitShot

_PERSON_WORDS = {
    ("girl", "女孩"): (0, 13, 0),
    ("boy", "男孩"): (0, 13, 1),
    ("teenage girl", "少女"): (13, 20, 0),
    ("teenage boy", "少年"): (13, 20, 1),
    ("young woman", "年轻女子"): (20, 35, 0),
    ("young man", "年轻男子"): (20, 35, 1),
    ("woman", "女士"): (35, 50, 0),
    ("man", "男士"): (35, 50, 1),
    ("middle-aged woman", "中年女性"): (50, 65, 0),
    ("middle-aged man", "中年男性"): (50, 65, 1),
    ("old woman", "老妇人"): (65, 200, 0),
    ("old man", "老先生"): (65, 200, 1),
}
"""English and Chinese noun -> from this age, below this age, and 1 for male."""
_SKIN_WORDS = (
    ("very fair", "很白的"), ("fair", "白皙的"), ("light", "浅色的"), ("light olive", "浅橄榄色的"), ("olive", "橄榄色的"),
    ("tan", "小麦色的"), ("brown", "棕色的"), ("dark brown", "深棕色的"), ("dark", "黝黑的"), ("very dark", "很黑的"),
)  # fmt: skip
_HAIR_WORDS = {
    "black": ("black", "黑色"), "brown": ("brown", "棕色"), "blond": ("blond", "金色"), "red": ("red", "红色"),
    "grey": ("grey", "灰白色"), "dyed": ("dyed", "染色的"),
}  # fmt: skip
_HAIRSTYLE_WORDS = {
    "short": ("short {} hair", "{}短发"), "bob": ("a {} bob", "{}波波头"), "afro": ("a {} afro", "{}爆炸头"),
    "long": ("long {} hair", "{}长发"), "ponytail": ("a {} ponytail", "{}马尾辫"), "braid": ("a {} braid", "{}辫子"),
    "bald": ("a bald head", "光头"),
}  # fmt: skip
_EYE_WORDS = {"brown": ("brown", "棕色"), "green": ("green", "绿色"), "blue": ("blue", "蓝色"), "grey": ("grey", "灰色")}
_EXPRESSION_WORDS = {
    "neutral": ("with a calm face", "表情平静"), "smile": ("smiling", "面带微笑"), "laugh": ("laughing", "开怀大笑"),
    "surprise": ("looking surprised", "神情惊讶"), "sad": ("looking sad", "神情忧伤"), "angry": ("looking angry", "神情愤怒"),
    "talk": ("talking", "正在说话"), "eyes_closed": ("with closed eyes", "闭着眼睛"),
}  # fmt: skip
_ENGLISH_TEMPLATES = (
    "portrait of a {who}, {skin} skin, {hair}, {mood}{extra}{light}",
    "{who}, {years} years old, {hair}, {eyes} eyes, {mood}{light}",
    "photo of a {who} with {hair} and {eyes} eyes, {mood}{extra}",
    "{who} {mood}, {skin} skin, {hair}{side}{background}",
    "head and shoulders of a {who}, about {years} years old, {hair}{extra}{side}",
    "a rendered face: {who}, {skin} skin, {eyes} eyes, {hair}, {mood}",
    "close portrait, {who} {mood}{background}{light}",
    "face of a {who} with {skin} skin, {mood}{extra}",
)
_CHINESE_TEMPLATES = (
    "一张{who}的肖像,{skin}皮肤,{hair},{mood}{extra}{light}",
    "{who},{years}岁左右,{hair},{eyes}眼睛,{mood}{light}",
    "{mood}的{who},{hair},{eyes}眼睛{extra}",
    "{who},{mood},{skin}皮肤,{hair}{side}{background}",
    "{who}的头像,约{years}岁,{hair}{extra}{side}",
    "渲染的人脸:{who},{skin}皮肤,{eyes}眼睛,{hair},{mood}",
    "近景肖像,{who}{mood}{background}{light}",
    "有着{skin}皮肤的{who}的脸{extra},{mood}",
)


def compose_captions(person: Person, shot: PortraitShot, rng: np.random.Generator) -> dict[str, str]:
    """English (en) and Chinese (zh) captions, each from a random template."""
    return {
        language: templates[int(rng.integers(len(templates)))].format(**_collect_words(person, shot, k))
        for k, (language, templates) in enumerate((("en", _ENGLISH_TEMPLATES), ("zh", _CHINESE_TEMPLATES)))
    }


def _collect_words(person: Person, shot: PortraitShot, k: int) -> dict[str, str]:
    """The values of the templates' fields; k is 0 for English, 1 for Chinese."""
    noun = next(nouns[k] for nouns, (low, high, man) in _PERSON_WORDS.items() if low <= person.years < high and man == person.is_man)
    hair = _HAIRSTYLE_WORDS[person.style][k].format(_HAIR_WORDS[person.hair_kind][k])
    return {
        "who": noun, "skin": _SKIN_WORDS[person.monk - 1][k], "hair": hair, "eyes": _EYE_WORDS[person.eyes_kind][k],
        "mood": _EXPRESSION_WORDS[shot.expression][k], "years": str(int(person.years)), "extra": _describe_extra(person, k),
        "light": _describe_light(shot, k), "side": _describe_side(shot, k), "background": _describe_background(shot, k),
    }  # fmt: skip


def _describe_extra(person: Person, k: int) -> str:
    """The first feature that stands out; empty if none does."""
    phrases = {
        (", with stubble", ",有胡茬"): person.skin["stubble"] > 0.3, (", with freckles", ",有雀斑"): person.skin["freckles"] > 0.3,
        (", wearing make-up", ",化了妆"): person.skin["makeup"] > 0.3,
        (", in formal clothes", ",穿着正装"): person.outfit in FORMAL_OUTFITS,
    }  # fmt: skip
    return next((phrase[k] for phrase, applies in phrases.items() if applies), "")


def _describe_light(shot: PortraitShot, k: int) -> str:
    if shot.contrast > 0.65:
        return (", hard light", ",光线强烈")[k]
    if shot.contrast < 0.3:
        return (", soft light", ",光线柔和")[k]
    return (", warm light", ",暖光")[k] if shot.warmth > 0.75 else (", cool light", ",冷光")[k] if shot.warmth < 0.25 else ""


def _describe_side(shot: PortraitShot, k: int) -> str:
    if abs(shot.yaw) < 14:
        return (", facing the camera", ",正面")[k]
    return (", turned to the side", ",侧着脸")[k]


def _describe_background(shot: PortraitShot, k: int) -> str:
    if 0.3 < shot.bright < 0.7:
        return ""
    return (" on a light background", ",浅色背景")[k] if shot.bright >= 0.7 else (" on a dark background", ",深色背景")[k]
