"""The author's own readings, pauses and emphasis; a literal of a mark stays text."""

from __future__ import annotations

import pytest

from assets.spec.avatar import AvatarSpec
from assets.speech_marks import EMPHASIS, has_marks, strip_marks
from stages.voice.english import phonemize_misaki
from stages.voice.mandarin_symbols import read_pinyin
from stages.voice.reading.lexicon import explain_bad_entry, find_entry_twice, ipa_to_misaki
from stages.voice.text import clean_text, strip_notation


@pytest.mark.parametrize(
    ("reading", "sounds"),
    [("/ˈfɛnʃən/", "fˈɛnʃən"), ("fen shun", "fˈɛn ʃˈʌn"), ("fen1 shen2", "fʌnʃˈʌn")],
)  # fmt: skip
def test_an_english_entry_is_ipa_a_respelling_or_pinyin(reading: str, sounds: str) -> None:
    (sentence,) = clean_text("Fenshen", "en", lexicon={"fenshen": reading}).sentences
    assert phonemize_misaki(sentence) == sounds


def test_an_entry_holds_for_the_whole_word_and_its_owner() -> None:
    (sentence,) = clean_text("Kofi's kofi, not Kofis.", "en", lexicon={"Kofi": "/kəˈfiː/"}).sentences
    sounds = phonemize_misaki(sentence).split()
    assert sounds[:2] == ["kəfˈiz", "kəfˈi,"]
    assert sounds[-1] != "kəfˈis."


def test_a_mandarin_entry_is_pinyin_ipa_or_characters() -> None:
    lexicon = {"单于": "chan2 yu2", "Fenshen": "分身", "GPU": "/dʒi/"}
    (sentence,) = clean_text("单于和Fenshen和GPU", "zh", lexicon=lexicon).sentences
    spoken = read_pinyin(sentence)
    assert spoken[:2] == ["chan2", "yu2"]
    assert spoken[3:5] == ["fen1", "shen1"]
    assert len(spoken) == 7


def test_ipa_stress_moves_before_the_vowel() -> None:
    assert ipa_to_misaki("həˈloʊ") == "həlˈO"


@pytest.mark.parametrize(
    ("word", "reading", "reason"),
    [
        ("new york", "x", "the word 'new york' has a space in it, and an entry is one word"),
        ("Kofi", "/k€/", "'€' in the reading of 'Kofi' is no letter of the IPA"),
        ("单", "shann4", "'shann4' in the reading of '单' is no syllable of pinyin"),
        ("Kofi", "…", "the reading of 'Kofi' has no letter in it"),
        ("Kofi", "/ˈkoʊfi/", ""),
    ],
)
def test_an_entry_that_cannot_be_read_is_one_sentence(word: str, reading: str, reason: str) -> None:
    assert explain_bad_entry(word, reading) == reason


def test_the_spec_has_a_lexicon() -> None:
    assert AvatarSpec.model_validate({"name": "A", "voice": {"lexicon": {"Kofi": "/ˈkoʊfi/"}}}).voice.lexicon == {"Kofi": "/ˈkoʊfi/"}


def test_a_break_parts_the_line_and_emphasis_marks_words() -> None:
    text = clean_text('Wait <break time="0.8s"/> for <emphasis>me now</emphasis>, please.', "en", marked=True)
    assert [strip_notation(sentence) for sentence in text.sentences] == ["Wait", "for me now, please."]
    assert text.pauses == (0.8, None)
    assert text.sentences[1] == f"for {EMPHASIS}me {EMPHASIS}now, please."


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ('Wait <break time="500ms"/>, <emphasis>now</emphasis>!', "Wait, now!"),
        ("Write &lt;break/&gt; in it.", "Write <break/> in it."),
        ("5 < 6 & a <b> tag", "5 < 6 & a <b> tag"),
    ],
)
def test_marks_are_not_shown_and_literals_are(written: str, shown: str) -> None:
    assert strip_marks(written) == shown
    assert has_marks(written) == (written != shown)


def test_text_that_is_not_an_authors_is_never_markup() -> None:
    text = clean_text("Say <break/> now", "en")
    assert text.pauses == ()
    assert text.warnings == ("left out the markup <break/>",)


def test_an_escaped_mark_is_read_as_text() -> None:
    text = clean_text("Write &lt;break&gt; here", "en", marked=True)
    assert text.pauses == ()
    assert "break" in strip_notation(text.sentences[0])


@pytest.mark.parametrize(
    ("word", "reading", "reason"),
    [
        ("Ada ", "aida", "the word 'Ada ' has a space in it, and an entry is one word"),
        ("\u200bAda", "aida", "the word '\\u200bAda' has the invisible character U+200B in it"),
        ("A\x1bda", "aida", "the word 'A\\x1bda' has the invisible character U+001B in it"),
        ("Ada", "/ˈ/", "the reading of 'Ada' has no sound in it"),
        ("Ada", "/\u0301/", "the reading of 'Ada' has no sound in it"),
        ("Ada", "/eɪdə", "'/' in the reading of 'Ada' is no letter of a respelling"),
        ("Ada", "eɪdə", "'ɪ' in the reading of 'Ada' is no letter of a respelling"),
        ("Ada", "Ада", "'А' in the reading of 'Ada' is no letter of a respelling"),
        ("Ada", "😀a", "'😀' in the reading of 'Ada' is no letter of a respelling"),
        ("Ada", "<break/> a", "'<' in the reading of 'Ada' is no letter of a respelling"),
        ("Ada", "chan9", "'chan9' in the reading of 'Ada' is no syllable of pinyin"),
        ("Ada", "chan2yu2", "'chan2yu2' in the reading of 'Ada' is no syllable of pinyin"),
        ("Ada", "CHAN2 yu2", "'CHAN2' in the reading of 'Ada' is no syllable of pinyin"),
    ],
)  # fmt: skip
def test_an_entry_that_would_be_bent_or_dropped_is_refused(word: str, reading: str, reason: str) -> None:
    assert explain_bad_entry(word, reading) == reason


@pytest.mark.parametrize("reading", ["coffee", "o'neil", "zo-ë", "分身", "St. Ives", "lü4", "/həˈloʊ/"])
def test_a_right_entry_is_taken(reading: str) -> None:
    assert explain_bad_entry("Ada", reading) == ""


def test_a_word_with_two_readings_is_found() -> None:
    assert find_entry_twice(["Kofi", "Ama", "kofi"]) == "kofi"
    assert find_entry_twice(["Kofi", "Kofie"]) == ""


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_word_is_found_in_every_form_of_its_letters(language: str) -> None:
    for line in ("Lı", "LI", "li"):  # regular expressions take the dotless i for an i
        assert "[" in clean_text(line, language, lexicon={"Li": "/laɪ/"}).sentences[0]
    (sentence,) = clean_text("Zoë", language, lexicon={"Zoe\u0308": "anna"}).sentences
    assert "Zo" not in sentence
