"""Misspelt words: which are put right, and which are no mistakes."""

from __future__ import annotations

import pytest

from stages.describe.homophones import blur_syllable, hear
from stages.describe.lexicon import load_lexicon
from stages.describe.normalise import normalise
from stages.describe.resolve import describe
from stages.describe.spelling import correct_word


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("tal", "tall"), ("thn", "thin"), ("gren", "green"), ("slimm", "slim"), ("lomg", "long"),
        ("dres", "dress"), ("dak", "dark"), ("wmn", "woman"),
        ("crly", "curly"), ("blck", "black"), ("brod", "broad"), ("beerd", "beard"), ("hiar", "hair"),
        ("mustash", "mustache"), ("skiny", "skinny"),
    ],
)  # fmt: skip
def test_a_slip_of_the_keys_is_put_right(wrong: str, right: str) -> None:
    lexicon = load_lexicon()
    assert correct_word(wrong, lexicon.words, lexicon.targets) == right


@pytest.mark.parametrize("word", ["eight", "found", "fixed", "walking", "bless", "format", "bake", "hella"])
def test_a_usual_word_is_not_corrected(word: str) -> None:
    lexicon = load_lexicon()
    assert correct_word(word, lexicon.words, lexicon.targets) == word


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("光投大叔", "hair_length", "bald"), ("穿称衫的女人", "outfit", "shirt"), ("园脸", "face", "round"), ("皮肤黝嘿", "tone", "dark"),
        ("穿连衣群", "outfit", "dress"), ("络塞胡", "beard", "beard"), ("国子脸", "face", "square"), ("齐刘嗨", "hair_style", "fringe"),
        ("小卖色皮肤", "tone", "medium"), ("又高又受的男人", "build", "thin"), ("yuong womna, bronw hiar", "hair_colour", "brown"),
    ],
)  # fmt: skip
def test_a_word_that_sounds_right_is_understood(text: str, name: str, value: str) -> None:
    for seed in (1, 2):
        assert describe(text, seed=seed).attributes[name] == value


@pytest.mark.parametrize("text", ["教室", "中心", "一师"])
def test_a_usual_word_is_no_homophone(text: str) -> None:
    assert not describe(text, seed=1).words


def test_accents_mix_up_initials_and_finals() -> None:
    assert blur_syllable("zhang") == blur_syllable("zan")
    assert blur_syllable("liang") == blur_syllable("nian")
    assert blur_syllable("ma") != blur_syllable("mao")


def test_the_likest_word_is_heard_first() -> None:
    assert [one.phrase for one in hear("光投")][:1] == ["光头"]


def test_the_places_of_fixed_letters_are_those_of_the_text() -> None:
    plain = normalise("a thrity year old")
    start = plain.text.index("thirty")
    assert plain.locate(start, start + 6) == (2, 8)


def test_a_telegram_ends_its_sentences_with_stop() -> None:
    assert describe("FEMALE STOP SIXTY STOP STOUT STOP", seed=1).attributes["build"] == "heavy"
