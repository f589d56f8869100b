from __future__ import annotations

import subprocess
import sys

import pytest

from assets.errors import BackendError
from assets.spec.behaviour import VoiceSpec
from stages.voice import mandarin
from stages.voice.mandarin_symbols import to_mandarin_symbols


def test_syllables_carry_sandhi_tones_and_pauses() -> None:
    assert to_mandarin_symbols("你好，我不是林。") == (
        "sil", "n", "i2", "#0", "h", "ao3", "#3", "^", "uo3", "#0", "b", "u2", "#0", "sh", "iii4", "#0", "l", "in2", "sil",
    )  # fmt: skip


def test_numbers_are_read_as_characters() -> None:
    assert to_mandarin_symbols("10点30分") == to_mandarin_symbols("十点三十分")
    assert to_mandarin_symbols("50%") == to_mandarin_symbols("百分之五十")


def test_text_without_a_syllable_is_one_sentence() -> None:
    with pytest.raises(BackendError, match="no Chinese syllable in '！'"):
        to_mandarin_symbols("！")


@pytest.mark.parametrize("text", ["茶" * 300, "七，" * 150])
def test_pieces_lose_no_syllable_and_stay_within_the_model(text: str) -> None:
    symbols = to_mandarin_symbols(text)
    pieces = mandarin.split_symbols(symbols, mandarin.MAX_SYMBOLS)
    assert max(map(len, pieces)) <= mandarin.MAX_SYMBOLS + 2
    finals = [s for piece in pieces for s in piece if s[-1].isdigit() and s[0] != "#"]
    assert finals == [s for s in symbols if s[-1].isdigit() and s[0] != "#"]


def test_a_sentence_longer_than_the_models_clock_is_spoken_whole() -> None:
    if not mandarin.baked(mandarin.ACOUSTIC_MODEL).exists():
        mandarin.bake_default_model()
    sound = mandarin.Mandarin().speak("茶" * 150, language="zh", options=VoiceSpec(), seed=1)
    assert sound.exact
    assert sound.seconds > 20


def test_an_unbaked_model_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("FENSHEN_HOME", str(tmp_path))
    assert mandarin.Mandarin().unavailable_reason() == "fastspeech2.tflite is not baked: run python -m stages.voice.mandarin"
    with pytest.raises(BackendError, match="is not baked"):
        mandarin.Mandarin().speak("茶", language="zh", options=VoiceSpec(), seed=1)


SAY = """
from assets.spec.behaviour import VoiceSpec
from stages.voice.mandarin import Mandarin
Mandarin().speak("你好。", language="zh", options=VoiceSpec(), seed=1)
"""


def test_the_interpreter_names_no_delegate_on_the_users_screen() -> None:
    if not mandarin.baked(mandarin.ACOUSTIC_MODEL).exists():
        mandarin.bake_default_model()
    told = subprocess.run([sys.executable, "-c", SAY], capture_output=True, text=True, check=False)
    assert (told.returncode, "XNNPACK" in told.stderr) == (0, False)
