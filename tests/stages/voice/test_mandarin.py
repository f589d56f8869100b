from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from assets.errors import BackendError
from assets.spec.behaviour import VoiceSpec
from stages.voice import mandarin
from stages.voice.mandarin_symbols import to_mandarin_symbols
from stages.voice.text import clean_text

pytestmark = pytest.mark.slow


@pytest.fixture
def baked_model() -> Path:
    """The acoustic model, baked now if it is not there."""
    if mandarin.Mandarin().unavailable_reason():
        mandarin.bake_default_model()
    return mandarin.get_baked_path(mandarin.ACOUSTIC_MODEL)


def test_syllables_have_tones_after_sandhi_and_pauses_between_them() -> None:
    assert to_mandarin_symbols("你好，我不是林。") == (
        "sil", "n", "i2", "#0", "h", "ao3", "#3", "^", "uo3", "#0", "b", "u2", "#0", "sh", "iii4", "#0", "l", "in2", "sil",
    )  # fmt: skip


def test_numbers_are_read_as_words() -> None:
    for written, spoken in (("10点30分", "十点三十分"), ("50%", "百分之五十")):
        assert to_mandarin_symbols(clean_text(written, "zh").sentences[0]) == to_mandarin_symbols(spoken)


def test_text_without_a_syllable_is_one_sentence() -> None:
    with pytest.raises(BackendError) as caught:
        to_mandarin_symbols("！")
    assert str(caught.value) == "error[voice/nothing-to-say] '！' has no Chinese syllable; write it in Chinese characters"


@pytest.mark.parametrize("text", ["茶" * 300, "七，" * 150])
def test_pieces_keep_every_syllable_and_fit_the_model(text: str) -> None:
    symbols = to_mandarin_symbols(text)
    pieces = mandarin.split_symbols(symbols, mandarin.MAX_SYMBOLS)
    assert max(map(len, pieces)) <= mandarin.MAX_SYMBOLS + 2
    finals = [s for piece in pieces for s in piece if s[-1].isdigit() and s[0] != "#"]
    assert finals == [s for s in symbols if s[-1].isdigit() and s[0] != "#"]


def test_a_sentence_that_is_too_long_for_the_model_is_spoken_whole(baked_model: Path) -> None:
    sound = mandarin.Mandarin().speak("茶" * 150, language="zh", options=VoiceSpec(), seed=1)
    assert sound.exact
    assert sound.seconds > 20


def test_an_unbaked_model_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("FENSHEN_HOME", str(tmp_path))
    assert mandarin.Mandarin().unavailable_reason() == "fastspeech2.tflite is missing: run `fenshen bake`"
    with pytest.raises(BackendError) as caught:
        mandarin.Mandarin().speak("茶", language="zh", options=VoiceSpec(), seed=1)
    assert str(caught.value) == "error[voice/not-baked] fastspeech2.tflite is missing; run `fenshen bake`"


SPEAK = """
from assets.spec.behaviour import VoiceSpec
from stages.voice.mandarin import Mandarin
Mandarin().speak("你好。", language="zh", options=VoiceSpec(), seed=1)
"""


def test_the_interpreter_prints_no_delegate_on_the_users_screen(baked_model: Path) -> None:
    done = subprocess.run([sys.executable, "-c", SPEAK], capture_output=True, text=True, check=False)
    assert (done.returncode, "XNNPACK" in done.stderr) == (0, False)
