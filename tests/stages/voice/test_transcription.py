from __future__ import annotations

import pytest

from assets.spec.behaviour import VoiceSpec
from stages.voice import mandarin
from stages.voice.stage import BACKENDS, speak
from stages.voice.text import clean
from stages.voice.transcription import error_rate, word_error_rate, words


@pytest.mark.parametrize(
    ("said", "heard", "rate"),
    [("a b c d", "a b c d", 0), ("a b c d", "a c d", 0.25), ("a b", "x a y b z", 1.5), ("a b c d", "", 1), ("", "a", 1), ("a b", "b a", 1)],
)
def test_the_error_rate_is_edits_over_words_said(said: str, heard: str, rate: float) -> None:
    assert error_rate(said.split(), heard.split()) == rate


def test_spellings_of_one_sound_count_as_equal() -> None:
    assert words("It's 9:30 pm.", "en") == words("it is 9.30 p.m.", "en")
    assert words("我們9点", "zh") == words("我们九点", "zh")


@pytest.mark.parametrize(
    ("name", "language", "text"),
    [
        ("coqui", "en", "The museum opens at 9:30 in the morning."),
        ("hibari", "en", "The museum opens at 9:30 in the morning."),
        ("mandarin", "zh", "对不起，这个问题我不知道。"),
    ],
)
def test_whisper_understands_every_voice(name: str, language: str, text: str) -> None:
    if name == "mandarin" and not mandarin.baked(mandarin.ACOUSTIC).exists():
        mandarin.bake_default()
    sentences = clean(text, language).sentences
    sound = speak(sentences, language, options=VoiceSpec(), backend=BACKENDS.get(name), seed=1)
    assert word_error_rate(text, sound.samples, sound.rate, language) <= 0.15
