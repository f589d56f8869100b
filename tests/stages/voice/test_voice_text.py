from __future__ import annotations

import pytest

from stages.voice.english import misaki_to_ipa, phonemize_ipa, phonemize_misaki
from stages.voice.text import MAX_CHARACTERS, clean_text


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Hello there. How are you?", ("Hello there.", "How are you?")),
        ("Dr. Smith left. He ran.", ("Doctor Smith left.", "He ran.")),
        ("ﬁne", ("fine",)),
        ("Ask Sgt. Pepper. Tel. 555-0123", ("Ask Sergeant Pepper.", "Telephone five five five, zero one two three")),
        ("Room No. 5 is free. No. It is not.", ("Room Number five is free.", "No.", "It is not.")),
        ("Wait... now. and then", ("Wait... now. and then",)),
    ],
)
def test_english_is_cleaned_for_the_voice(text: str, sentences: tuple[str, ...]) -> None:
    assert clean_text(text, "en").sentences == sentences


@pytest.mark.parametrize("text", ["", "   ", "🙂🙂", "...", "<b></b>", "?!", "\u200b\u200d", "- — -"])
def test_nothing_speakable_gives_no_sentence(text: str) -> None:
    assert clean_text(text, "en").sentences == ()


@pytest.mark.parametrize(("language", "word"), [("en", "word "), ("en", "word, "), ("en", "x"), ("zh", "字"), ("zh", "字，")])
def test_very_long_text_is_split_and_nothing_is_lost(language: str, word: str) -> None:
    sentences = clean_text(word * 1_500, language).sentences
    assert max(map(len, sentences)) <= MAX_CHARACTERS
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
        ("12:00", "twˈɛlv əklˈɑk"),
        ("at 7:05", "sˈɛvən ˈO fˈIv"),
        ("9am to 5pm", "nˈIn ˈA ˈɛm tə fˈIv pˈi ˈɛm"),
        ("in 1583", "fˌɪftˈin ˈATi θɹˈi"),
        ("in the 1990s", "nˌIntˈin nˈIndiz"),
        ("2024-03-05", "fˈɪfθ ʌv mˈɑɹʧ twˈɛnti twˈɛnti fˈɔɹ"),
        ("on 3 March", "ðə θˈɜɹd ʌv mˈɑɹʧ"),
        ("the 22nd floor", "twˈɛnti sˈɛkənd flˈɔɹ"),
        ("Chapter IV", "ʧˈæptəɹ fˈɔɹ"),
        ("£12.50", "twˈɛlv pˈWndz fˈɪfti"),
        ("1,250 metres", "wˈʌn θˈWzᵊnd tˈu hˈʌndɹəd fˈɪfti"),
        ("-5°C", "mˈInəs fˈIv dəɡɹˈiz sˈɛlsiəs"),
        ("3.14", "θɹˈi pˈYnt wˈʌn fˈɔɹ"),
        ("60 km/h", "kəlˈɑməTəɹz pɜɹ ˈWəɹ"),
        ("St. John's St.", "sˈAnt ʤˈɑnz stɹˈit"),
        ("Mrs. Jones, etc.", "mˈɪsɪz ʤˈOnz, ɛtsˈɛTəɹə"),
        ("0199", "zˈɪɹO wˈʌn nˈIn nˈIn"),
        ("$5, 300 people", "fˈIv dˈɑləɹz, θɹˈi hˈʌndɹəd pˈipᵊl"),
        ("café", "kæfˈA"),
    ],
)
def test_english_numbers_and_abbreviations_are_read(text: str, sounds: str) -> None:
    assert sounds in phonemize_misaki(" ".join(clean_text(text, "en").sentences))


def test_misaki_letters_become_espeak_style_ipa() -> None:
    assert misaki_to_ipa("həlˈO") == "həlˈoʊ"
    assert misaki_to_ipa("bˈɜɹd") == "bˈɜːd"
    assert "iː" in phonemize_ipa("see")
    assert "ɚ" not in misaki_to_ipa("ˈɛdənbəɹə")


def test_accents_unknown_to_the_dictionary_are_read_without_them() -> None:
    assert phonemize_misaki("Müller and Łódź") == phonemize_misaki("Muller and Lodz")
