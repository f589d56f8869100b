"""A recording in lines: where it is cut, which sounds it has, and loudness where no words are heard."""

from __future__ import annotations

import numpy as np
import pytest

from assets.artefacts.talk import Word
from stages.voice.phonemes import SILENCE_VISEME
from stages.voice.recording import read_recording

RATE = 16_000


def make_recording(*spans: tuple[float, float], seconds: float = 4.0) -> np.ndarray:
    """A tone in each span, almost silence elsewhere."""
    samples = 1e-4 * np.sin(np.arange(round(seconds * RATE)) / 3)
    for start, end in spans:
        a, b = round(start * RATE), round(end * RATE)
        samples[a:b] = 0.4 * np.sin(np.arange(b - a) / 5)
    return samples.astype(np.float32)


def hear(language: str, *words: tuple[float, float, str]):
    return lambda samples, rate: (language, [Word(*word) for word in words])


def test_slides_change_in_the_pause_between_their_words() -> None:
    samples = make_recording((0.2, 1.0), (2.0, 3.0))
    words = ((0.2, 0.6, "Hello"), (0.6, 1.0, "there."), (2.0, 2.4, "Good"), (2.4, 3.0, "night."))
    made = read_recording(samples, RATE, [("a", "Hello there."), ("b", "Good night.")], hear("en", *words))
    first, second = made.lines
    assert made.recognised
    assert 1.0 < len(first.samples) / RATE < 2.0
    assert len(first.samples) + len(second.samples) == len(samples)
    assert [word.text for word in second.words] == ["Good", "night"]
    assert second.words[0].start == pytest.approx(2.0 - len(first.samples) / RATE)
    for line in made.lines:
        assert line.phonemes[0].start == 0
        assert line.phonemes[-1].end == pytest.approx(len(line.samples) / RATE)
        assert all(a.end == pytest.approx(b.start) for a, b in zip(line.phonemes, line.phonemes[1:], strict=False))


def test_words_become_their_sounds_and_pauses_close_the_mouth() -> None:
    samples = make_recording((0.2, 0.6), (1.5, 2.0))
    made = read_recording(samples, RATE, [("a", "")], hear("en", (0.2, 0.6, "map"), (1.5, 2.0, "5")))
    (line,) = made.lines
    assert line.text == "map 5"
    sounds = [phoneme.symbol for phoneme in line.phonemes if phoneme.viseme != SILENCE_VISEME]
    assert sounds == ["m", "æ", "p", "f", "a", "ɪ", "v"]
    first = next(phoneme for phoneme in line.phonemes if phoneme.viseme == "viseme_FF")
    assert 1.4 < first.start < 1.6
    assert all(p.viseme == SILENCE_VISEME for p in line.phonemes if 0.7 < (p.start + p.end) / 2 < 1.4)


def test_mandarin_is_matched_by_sound() -> None:
    """The recogniser writes homophones."""
    samples = make_recording((0.2, 1.0), (2.0, 3.0))
    words = ((0.2, 0.6, "你"), (0.6, 1.0, "好"), (2.0, 2.5, "在"), (2.5, 3.0, "贱"))
    made = read_recording(samples, RATE, [("a", "你好。"), ("b", "再见。")], hear("zh", *words))
    assert [[word.text for word in line.words] for line in made.lines] == [["你", "好"], ["再", "见"]]


@pytest.mark.parametrize("listen", [hear("en"), hear("de", (0.2, 1.0, "Guten"))])
def test_without_words_that_can_be_read_loudness_opens_the_mouth(listen) -> None:
    samples = make_recording((0.5, 1.0), (2.5, 3.0))
    made = read_recording(samples, RATE, [("a", "Erster Teil."), ("b", "Zweiter Teil.")], listen)
    assert not made.recognised
    phonemes = made.lines[0].phonemes
    loud = sum(p.end - p.start for p in phonemes if p.viseme != SILENCE_VISEME)
    assert loud == pytest.approx(0.5, abs=0.1)
    assert {p.viseme for p in phonemes if p.viseme != SILENCE_VISEME} > {"viseme_DD"}
    assert len(made.lines[0].samples) / RATE == pytest.approx(2.0, abs=0.6)


def test_silence_has_no_sounds() -> None:
    made = read_recording(np.zeros(RATE, np.float32), RATE, [("a", "")], hear("en"))
    assert {phoneme.viseme for phoneme in made.lines[0].phonemes} <= {SILENCE_VISEME, "viseme_DD", "viseme_U", "viseme_aa"}
