"""What a text says becomes what the person is: a table of texts and attributes, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from stages.describe.resolve import describe
from tests.stages.describe.tuning import is_right, read_sentences

TUNING = Path(__file__).resolve().parents[2] / "data" / "describe_tuning.txt"
UNGROWN = ("with bangs", "齐刘海，穿旗袍", "刘海")
"""Wishes that no style fulfils: long or wavy hair with a fringe."""


def pick(text: str, *names: str, seed: int = 1) -> tuple[object, ...]:
    attributes = describe(text, seed=seed).attributes
    return tuple(attributes[name] for name in names)


@pytest.mark.parametrize(("text", "expected"), [
    ("short hair", {"hair_length": "short"}),
    ("a short man", {"height": "short"}),
    ("a short red-haired woman", {"height": "short", "hair_colour": "red"}),
    ("her hair is short", {"hair_length": "short"}),
    ("his hair is grey, short and curly", {"hair_length": "short", "hair_colour": "grey", "hair_texture": "curly"}),
    ("dark hair, dark skin, dark eyes", {"tone": "dark", "eye_colour": "brown"}),
    ("a tall, dark-skinned woman with a shaved head", {"height": "tall", "tone": "dark", "hair_length": "bald"}),
 
    ("Hair: black; Eyes: green; Build: slim; Glasses: no", {"hair_colour": "black", "eye_colour": "green", "glasses": "no"}),
    ("she is tall", {"height": "tall", "gender": "female"}),
    ("a black suit", {"outfit": "suit"}),
    ("a trim beard, tight black curls", {"beard": "beard", "hair_texture": "coily"}),
    ("an older man with longer hair", {"hair_length": "long"}),
    ("a man, 6'4\"", {"height": "tall"}),
    ("身高一米五五的女生", {"height": "short"}),
    ("头发很短", {"hair_length": "short"}),
    ("个子很矮", {"height": "short"}),
    ("短发圆脸大眼睛", {"hair_length": "short", "face": "round"}),
    ("皮肤白，头发黑，眼睛蓝", {"tone": "light", "hair_colour": "black", "eye_colour": "blue"}),
    ("頭髮花白的老先生，戴眼鏡", {"hair_colour": "grey", "gender": "male", "glasses": "yes"}),
    ("ａ ｔａｌｌ ｍａｎ", {"height": "tall", "gender": "male"}),
    ("a 高个子 man with 短发", {"height": "tall", "hair_length": "short", "gender": "male"}),
])  # fmt: skip
def test_a_modifier_belongs_to_its_head(text: str, expected: dict[str, str]) -> None:
    attributes = describe(text, seed=1).attributes
    assert {name: attributes[name] for name in expected} == expected


@pytest.mark.parametrize(("text", "expected"), [
    ("no beard, glasses", {"beard": "none", "glasses": "yes"}),
    ("without a hat or glasses", {"hat": "no", "glasses": "no"}),
    ("no beard, hat or glasses", {"beard": "none", "hat": "no", "glasses": "no"}),
    ("a man without a beard and long hair", {"beard": "none", "hair_length": "long"}),
    ("not tall", {"height": "average"}),
    ("never without a hat", {"hat": "yes"}),
    ("no beard but a moustache", {"beard": "moustache"}),
    ("a bearded man who is not bald", {"beard": "beard", "gender": "male"}),
    ("clean-shaven man", {"beard": "none"}),
    ("without any hair", {"hair_length": "bald"}),
    ("不戴帽子", {"hat": "no"}),
    ("没有胡子和眼镜", {"beard": "none", "glasses": "no"}),
    ("没戴眼镜，戴帽子", {"glasses": "no", "hat": "yes"}),
    ("不胖不瘦", {"build": "average"}),
    ("既不高也不矮的男人", {"height": "average", "gender": "male"}),
    ("没有胡子戴眼镜", {"beard": "none", "glasses": "yes"}),
])  # fmt: skip
def test_a_negation_reaches_as_far_as_its_list(text: str, expected: dict[str, str]) -> None:
    attributes = describe(text, seed=1).attributes
    assert {name: attributes[name] for name in expected} == expected


@pytest.mark.parametrize(("text", "low", "high"), [
    ("in her late forties", 47, 49), ("a sixty-two-year-old", 62, 62), ("in his 60s", 62, 68), ("mid-thirties", 34, 36),
    ("between 30 and 40", 30, 40), ("pushing fifty", 48, 49), ("thirtysomething", 32, 37), ("woman, 62", 62, 62), ("65 y/o", 65, 65),
    ("七十岁左右", 68, 72), ("三十出头", 31, 33), ("年近五十", 47, 49), ("三十五六岁", 35, 36), ("花甲之年", 59, 61), ("６０岁", 60, 60),
    ("奔五的人", 48, 49), ("二十七八", 27, 28), ("180 cm tall", 30, 30),
])  # fmt: skip
def test_ages_are_sampled_within_what_is_said(text: str, low: int, high: int) -> None:
    assert all(low <= describe(text, seed=seed).attributes["age"] <= high for seed in range(4))


@pytest.mark.parametrize(("text", "expected"), [
    ("a man with a moustahce", {"beard": "moustache"}),
    ("curley hiar", {"hair_texture": "curly"}),
    ("frekles and glases", {"freckles": "yes", "glasses": "yes"}),
    ("a businesman in a siut", {"outfit": "suit"}),
])  # fmt: skip
def test_a_misspelt_word_is_the_nearest_one(text: str, expected: dict[str, str]) -> None:
    attributes = describe(text, seed=1).attributes
    assert {name: attributes[name] for name in expected} == expected


@pytest.mark.parametrize(("text", "expected"), list(read_sentences(TUNING)), ids=lambda value: value[:40] if isinstance(value, str) else "")
def test_the_sentences_that_the_tables_were_tuned_on(text: str, expected: dict[str, str]) -> None:
    attributes = describe(text, seed=1).attributes
    wrong = {name: (value, attributes[name]) for name, value in expected.items() if not is_right(attributes, name, value)}
    if any(part in text for part in UNGROWN):
        wrong = {name: pair for name, pair in wrong.items() if name not in ("hair_length", "hair_texture")}
    assert wrong == {}


def test_the_tuning_sentences_are_of_both_languages() -> None:
    texts = [text for text, _ in read_sentences(TUNING)]
    chinese = sum(any("\u4e00" <= letter <= "\u9fff" for letter in text) for text in texts)
    assert len(texts) >= 180
    assert min(chinese, len(texts) - chinese) >= 70
