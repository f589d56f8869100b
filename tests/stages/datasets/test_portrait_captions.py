"""Captions of portraits: true to the labels, in both languages, with sentences kept for judging."""

from __future__ import annotations

import re
from itertools import chain

import numpy as np
import pytest

from stages.datasets import portrait_captions, portrait_words
from stages.datasets.portrait_captions import LANGUAGES, Language, compose_caption
from stages.datasets.portrait_people import sample_portrait_person

SHOT = {"mood": "smile", "expression": "smile", "view": "front", "background": "dark", "light": "soft"}
OLD_MAN = {
    "age": "72", "gender": "male", "tone": "dark", "build": "heavy", "hair": "bald", "hair_length": "bald", "hair_texture": "straight",
    "hair_style": "loose", "hair_colour": "white", "eye_colour": "brown", "beard": "none", "glasses": "yes", "hat": "no", "earrings": "no",
    "freckles": "no", "outfit": "suit", "outfit_colour": "none", **SHOT,
}  # fmt: skip


def compose_many(labels: dict[str, str], language: Language, count: int = 400, *, held_out: bool = False) -> set[str]:
    rng = np.random.default_rng(0)
    return {compose_caption(labels, language, rng, held_out=held_out) for _ in range(count)}


def test_sentences_say_what_the_labels_say_and_nothing_else() -> None:
    english = " ".join(compose_many(OLD_MAN, "en"))
    assert all(
        word in english for word in ("elderly gentleman", "in his seventies", "72 years old", "bald head", "glasses", "clean-shaven")
    )
    assert not re.search(r"\b(woman|lady|with a beard|wearing a hat|red hair|freckled|long hair)\b", english)
    chinese = " ".join(compose_many(OLD_MAN, "zh"))
    assert all(word in chinese for word in ("老先生", "七十多岁", "72岁", "光头", "戴眼镜", "没有胡子"))
    assert not re.search("女|戴帽子的|,有雀斑|长发", chinese)


@pytest.mark.parametrize("language", LANGUAGES)
def test_held_out_sentences_have_frames_that_training_never_uses(language: Language) -> None:
    known, judged = compose_many(OLD_MAN, language), compose_many(OLD_MAN, language, held_out=True)
    assert not known & judged
    assert len(known) > 300


def test_held_out_phrases_never_occur_in_training() -> None:
    tables = [portrait_words.NOUNS_EN, portrait_words.MOODS_EN, portrait_words.NEGATIONS_EN, *portrait_words.FEATURES_EN.values()]
    held_out = [part.strip() for text in chain(*(table.values() for table in tables)) for part in text.partition("|")[2].split(";")]
    people = [{**sample_portrait_person(number, 0).labels, **SHOT} for number in range(40)]
    sentences = " ".join(chain(*(compose_many(labels, "en", 40) for labels in people)))
    # Some are part of a longer phrase that training does use.
    found = [phrase for phrase in held_out if phrase and re.search(rf"\b{re.escape(phrase)}\b", sentences)]
    assert not found


def test_frames_of_training_and_of_judging_are_different() -> None:
    assert not {*portrait_captions._FRAMES_EN} & {*portrait_captions._FRAMES_EN_HELD_OUT}
    assert not {*portrait_captions._FRAMES_ZH} & {*portrait_captions._FRAMES_ZH_HELD_OUT}


def test_every_person_can_be_described() -> None:
    for number in range(80):
        labels = {**sample_portrait_person(number, 3).labels, **SHOT}
        for language in LANGUAGES:
            text = compose_caption(labels, language, np.random.default_rng(number))
            assert text
            assert "{" not in text
            assert ",," not in text
