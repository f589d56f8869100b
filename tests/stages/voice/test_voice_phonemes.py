from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest

from assets.conventions import VISEMES_15
from stages.voice.english import misaki_to_ipa
from stages.voice.phonemes import (
    SILENCE_VISEME,
    VISEME_BY_LETTER,
    TimedSymbol,
    align_phonemes,
    find_viseme,
    shift_phonemes,
    silence_outside,
    spread_phonemes,
)
from stages.voice.pinyin import FINALS, INITIALS, to_timed_symbols


def test_the_table_uses_exactly_the_fifteen_visemes() -> None:
    assert set(VISEME_BY_LETTER.values()) | {SILENCE_VISEME} == set(VISEMES_15)


def test_every_sound_of_mandarin_has_a_viseme() -> None:
    letters = {letter for row, _ in FINALS.values() for letter in row.split()} | set(INITIALS.values())
    assert {letter for letter in letters if find_viseme(letter) == SILENCE_VISEME} == set()
    assert find_viseme(INITIALS["p"]) == "viseme_PP"
    assert find_viseme(INITIALS["zh"]) == "viseme_CH"


def test_a_final_has_its_duration_and_its_tone_on_the_nucleus() -> None:
    phonemes = align_phonemes(to_timed_symbols("iang4", 0.4))
    assert [p.symbol for p in phonemes] == ["j", "ɑ", "ŋ"]
    assert [p.stress for p in phonemes] == [0.0, 1.0, 0.0]
    assert phonemes[-1].end == pytest.approx(0.4)


def test_marks_and_pads_extend_a_sound_and_no_time_is_lost() -> None:
    symbols = ["^", "_", "h", "_", "ˈ", "_", "i", "_", "ː", "_", " ", "_", "t", "ʃ", ".", "$"]
    lengths = [0.01 if 10 <= index <= 11 else 0.05 for index in range(len(symbols))]
    phonemes = align_phonemes([TimedSymbol(symbol, length) for symbol, length in zip(symbols, lengths, strict=True)])
    assert [p.symbol for p in phonemes] == ["", "h", "i", "tʃ", ""]
    assert phonemes[2].stress == 1.0
    assert all(a.end == b.start for a, b in pairwise(phonemes))
    assert (phonemes[0].start, phonemes[-1].end) == (0.0, pytest.approx(sum(lengths)))


def test_a_short_gap_between_words_does_not_close_the_mouth_and_a_long_one_does() -> None:
    short = align_phonemes([TimedSymbol("a", 0.1), TimedSymbol(" ", 0.03), TimedSymbol("b", 0.1)])
    long = align_phonemes([TimedSymbol("a", 0.1), TimedSymbol(",", 0.2), TimedSymbol("b", 0.1)])
    assert SILENCE_VISEME not in {p.viseme for p in short}
    assert [p.viseme for p in long] == ["viseme_aa", SILENCE_VISEME, "viseme_PP"]


def test_estimated_phonemes_are_within_the_audible_part() -> None:
    phonemes = spread_phonemes(list("həlˈoʊ"), 0.2, 0.8, 1.0)
    assert phonemes[0].viseme == SILENCE_VISEME
    assert phonemes[0].end == pytest.approx(0.2)
    assert phonemes[-1].start == pytest.approx(0.8)
    assert phonemes[-1].end == pytest.approx(1.0)


def test_shifted_phonemes_stay_within_the_sound() -> None:
    phonemes = shift_phonemes(align_phonemes([TimedSymbol("^", 0.3), TimedSymbol("a", 0.2), TimedSymbol("$", 0.5)]), -0.4, 0.4)
    assert [p.symbol for p in phonemes] == ["a", ""]
    assert phonemes[0].start == 0.0
    assert phonemes[-1].end == 0.4


def test_silence_at_the_ends_closes_the_lips() -> None:
    phonemes = silence_outside(align_phonemes([TimedSymbol("h", 0.3), TimedSymbol("a", 0.2), TimedSymbol("t", 0.5)]), 0.2, 0.6)
    assert [(p.symbol, round(p.start, 3), round(p.end, 3)) for p in phonemes] == [
        ("", 0.0, 0.2), ("h", 0.2, 0.3), ("a", 0.3, 0.5), ("t", 0.5, 0.6), ("", 0.6, 1.0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("spoken", "written"),
    [
        ("ʃˌi", "ʃiː"),  # the only syllable: espeak writes no secondary stress on she, we, do
        ("sˈiʃˌɛlz", "sˈiːʃɛlz"),  # next to the primary stress
        ("ˈælfəbˌɛt", "ˈælfəbˌɛt"),  # a syllable away it stays
        ("ˌɪnfəɹmˈAʃən", "ˌɪnfɚmˈeɪʃən"),
    ],
)
def test_secondary_stress_is_written_where_espeak_writes_it(spoken: str, written: str) -> None:
    assert misaki_to_ipa(spoken) == unicodedata.normalize("NFD", written)
