from __future__ import annotations

import pytest

from stages.voice.english import ipa, misaki, to_ipa
from stages.voice.text import LONGEST, clean


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Hello there. How are you?", ("Hello there.", "How are you?")),
        ("Dr. Smith met J. Doe at 10:30 a.m. in St. Ives.", ("Dr. Smith met J. Doe at 10:30 a.m. in St. Ives.",)),
        ("It costs 3.50 today.", ("It costs 3.50 today.",)),
        ("Hi 👋🏽 there 🏳️‍🌈!", ("Hi there !",)),
        ('<speak>Say <break time="1s"/>it</speak>', ("Say it",)),
        ("**Bold** and _soft_ words", ("Bold and soft words",)),
        ("See https://www.example.org/tea.", ("See example dot org slash tea.",)),
        ("ﬁne ½ cup", ("fine 1/2 cup",)),
        ("100%", ("100%",)),
        ("€20, $5.50, £1 and $3 million", ("20 euros, 5 dollars and 50 cents, 1 pound and $3 million",)),
        ("$1,250.05 for a < b and c > d", ("1,250 dollars and 5 cents for a < b and c > d",)),
        ("Room No. 5 is free. No. It is not.", ("Room No. 5 is free.", "No.", "It is not.")),
    ],
)
def test_english_is_cleaned_for_the_voice(text: str, sentences: tuple[str, ...]) -> None:
    assert clean(text, "en").sentences == sentences


@pytest.mark.parametrize("text", ["", "   ", "🙂🙂", "...", "<b></b>", "?!", "你好", "\u200b\u200d", "- — -"])
def test_nothing_speakable_gives_no_sentence(text: str) -> None:
    assert clean(text, "en").sentences == ()


def test_foreign_script_is_left_out_and_told() -> None:
    text = clean("I say 你好 to you", "en")
    assert text.sentences == ("I say to you",)
    assert text.warnings == ("left out 2 letters or words (你 好): an English voice cannot read them",)


def test_latin_words_are_left_out_of_chinese_but_initials_are_spelt() -> None:
    text = clean("我喜欢AI和coffee。", "zh")
    assert text.sentences == ("我喜欢诶爱和。",)
    assert text.warnings == ("left out 1 letters or words (coffee): the Mandarin voice cannot read them",)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("10:30开门", "10点30分开门"),
        ("14:05", "14点零5分"),
        ("2:00见", "两点见"),
        ("$5", "5美元"),
        ("1,200元", "1200元"),
        ("２５℃", "25摄氏度"),
    ],
)
def test_chinese_times_prices_and_units_are_written_out(text: str, sentence: str) -> None:
    assert clean(text, "zh").sentences == (sentence,)


@pytest.mark.parametrize(("language", "word"), [("en", "word "), ("en", "word, "), ("en", "x"), ("zh", "字"), ("zh", "字，")])
def test_very_long_text_comes_in_short_pieces_with_nothing_lost(language: str, word: str) -> None:
    sentences = clean(word * 1_500, language).sentences
    assert max(map(len, sentences)) <= LONGEST
    letter = word[0]
    assert sum(sentence.count(letter) for sentence in sentences) == 1_500


@pytest.mark.parametrize(
    ("text", "sounds"),
    [
        ("$5", "fˈIv dˈɑləɹz"),
        ("10:30", "tˈɛn θˈɜɹTi"),
        ("Dr. Smith", "dˈɑktəɹ smˈɪθ"),
        ("3 km", "θɹˈi kəlˈɑməTəɹz"),
        ("50%", "fˈɪfti pəɹsˈɛnt"),
        ("on May 3rd", "mˈA θˈɜɹd"),
        ("$5, 300 people", "fˈIv dˈɑləɹz, θɹˈi hˈʌndɹəd pˈipᵊl"),
        ("café", "kæfˈA"),
    ],
)
def test_english_numbers_and_abbreviations_are_read(text: str, sounds: str) -> None:
    assert sounds in misaki(" ".join(clean(text, "en").sentences))


def test_misaki_letters_become_espeak_style_ipa() -> None:
    assert to_ipa("həlˈO") == "həlˈoʊ"
    assert to_ipa("bˈɜɹd") == "bˈɜːd"
    assert "iː" in ipa("see")
    assert "ɚ" not in to_ipa("ˈɛdənbəɹə")


def test_accents_unknown_to_the_dictionary_are_read_without_them() -> None:
    assert misaki("Müller and Łódź") == misaki("Muller and Lodz")
