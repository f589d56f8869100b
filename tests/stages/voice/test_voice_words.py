"""When words are heard: the phonemes of each word, found among those of the line."""

from __future__ import annotations

import pytest

from assets.artefacts.talk import Phoneme
from stages.voice.phonemes import SILENCE_VISEME, find_viseme
from stages.voice.words import align_words


def time_symbols(*symbols: str) -> tuple[Phoneme, ...]:
    """A tenth of a second each; an empty symbol is a pause."""
    return tuple(Phoneme(i / 10, (i + 1) / 10, s, find_viseme(s) if s else SILENCE_VISEME) for i, s in enumerate(symbols))


def list_times(sentences: tuple[str, ...], language: str, *symbols: str) -> list[tuple[str, float, float]]:
    words = align_words(sentences, language, time_symbols(*symbols))
    return [(word.text, round(word.start, 3), round(word.end, 3)) for word in words]


def test_a_word_lasts_from_its_first_to_its_last_sound() -> None:
    assert list_times(("My boat.",), "en", "", "m", "a", "ɪ", "", "b", "o", "ʊ", "t", "") == [("My", 0.1, 0.4), ("boat.", 0.5, 0.9)]


def test_words_keep_their_place_where_the_voice_reads_them_otherwise() -> None:
    """ "the" before a vowel, and a t that became a flap."""
    found = list_times(("The water is.",), "en", "ð", "i", "w", "ɔ", "ɾ", "ɚ", "ɪ", "z")
    assert found == [("The", 0.0, 0.2), ("water", 0.2, 0.6), ("is.", 0.6, 0.8)]


def test_an_affricate_of_two_words_is_divided_between_them() -> None:
    assert list_times(("It she",), "en", "ɪ", "tʃ", "i") == [("It", 0.0, 0.15), ("she", 0.15, 0.3)]


def test_a_number_takes_the_time_of_all_its_words() -> None:
    assert list_times(("In 22.",), "en", "ɪ", "n", *"twɛnti", "t", "u") == [("In", 0.0, 0.2), ("22.", 0.2, 1.0)]


def test_a_dash_is_no_word_and_a_silent_word_takes_no_time() -> None:
    assert list_times(("My — boat",), "en", "m", "a", "ɪ") == [("My", 0.0, 0.3), ("boat", 0.3, 0.3)]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_without_sound_or_text_there_is_nothing_to_time(language: str) -> None:
    assert align_words((), language, time_symbols("a")) == ()
    assert {word.end for word in align_words(("茶", "tea"), language, ())} == {0.0}


@pytest.mark.slow
def test_mandarin_characters_are_timed_one_by_one() -> None:
    """Numbers are written out, as they are read."""
    assert list_times(("我有二，好",), "zh", "w", "ɔ", "j", "o", "ʊ", "ɚ", "", "x", "ɑ", "ʊ") == [
        ("我", 0.0, 0.2), ("有", 0.2, 0.5), ("二", 0.5, 0.6), ("好", 0.7, 1.0),
    ]  # fmt: skip
