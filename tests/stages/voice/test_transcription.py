from __future__ import annotations

import pytest

from assets.spec.behaviour import VoiceSpec
from stages.voice import mandarin
from stages.voice.stage import BACKENDS, speak_line
from stages.voice.text import clean_text
from stages.voice.transcription import compute_error_rate, measure_word_error_rate, normalise_words


@pytest.mark.parametrize(
    ("said", "heard", "rate"),
    [("a b c d", "a b c d", 0), ("a b c d", "a c d", 0.25), ("a b", "x a y b z", 1.5), ("a b c d", "", 1), ("", "a", 1), ("a b", "b a", 1)],
)
def test_the_error_rate_is_edits_over_words_said(said: str, heard: str, rate: float) -> None:
    assert compute_error_rate(said.split(), heard.split()) == rate


def test_spellings_of_one_sound_count_as_equal() -> None:
    assert normalise_words("It's 9:30 pm.", "en") == normalise_words("it is 9.30 p.m.", "en")
    assert normalise_words("我們9点", "zh") == normalise_words("我们九点", "zh")


@pytest.mark.parametrize(
    ("name", "language", "text"),
    [
        ("coqui", "en", "The museum opens at 9:30 in the morning."),
        ("hibari", "en", "The museum opens at 9:30 in the morning."),
        ("mandarin", "zh", "对不起，这个问题我不知道。"),
    ],
)
def test_whisper_understands_every_voice(name: str, language: str, text: str) -> None:
    if name == "mandarin" and not mandarin.baked(mandarin.ACOUSTIC_MODEL).exists():
        mandarin.bake_default_model()
    sentences = clean_text(text, language).sentences
    sound = speak_line(sentences, language, options=VoiceSpec(), backend=BACKENDS.get(name), seed=1)
    assert measure_word_error_rate(text, sound.samples, sound.rate, language) <= 0.15
