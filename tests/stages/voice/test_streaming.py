"""New sentences for live talk: ready one by one, as loud as a bundle's lines, with words and phonemes that fit the sound."""

from __future__ import annotations

import numpy as np
import pytest

from stages.voice.mastering import TARGET_LUFS, find_audible_range, measure_loudness
from stages.voice.stage import BACKENDS
from stages.voice.streaming import StreamingVoice, open_voice, split_first_sentence


@pytest.fixture(scope="module")
def voice() -> StreamingVoice:
    opened = open_voice(BACKENDS.get("hibari"), "en", seed=7)
    assert opened
    return opened


def test_sentences_come_one_by_one_with_their_words(voice: StreamingVoice) -> None:
    lines = list(voice.speak("As far as I know, the whale room opens again in spring. Come back then!"))
    assert [line.text for line in lines] == ["As far as I know,", "the whale room opens again in spring.", "Come back then!"]
    for line in lines:
        assert [word.text for word in line.words] == line.text.split()
        assert line.phonemes[-1].end == pytest.approx(len(line.samples) / line.rate, abs=0.02)
        assert 0 <= line.words[0].start < 0.2


def test_it_begins_at_once_and_is_as_loud_as_the_lines_of_a_bundle(voice: StreamingVoice) -> None:
    (line,) = voice.speak("The museum has four thousand clocks and one very patient cat.")
    assert find_audible_range(line.samples, line.rate)[0] / line.rate < 0.05
    assert measure_loudness(line.samples, line.rate) == pytest.approx(TARGET_LUFS, abs=2.0)
    assert np.abs(line.samples).max() < 1


def test_what_cannot_be_spoken_gives_nothing(voice: StreamingVoice) -> None:
    assert list(voice.speak("...")) == []


def test_a_voice_of_another_language_is_none() -> None:
    assert open_voice(BACKENDS.get("hibari"), "zh", seed=1) is None


def test_a_held_voice_speaks_as_long_as_a_fresh_one() -> None:
    """coqui's session is opened once for live talk; durations follow a noise that differs, so lengths agree in general only."""
    held = open_voice(BACKENDS.get("coqui"), "en", seed=7)
    assert held
    first, second = (len(next(held.speak("Come back in spring.")).samples) for _ in range(2))
    assert first == pytest.approx(second, rel=0.25)


@pytest.mark.parametrize(("sentence", "parts"), [
    ("As far as I know, the room is closed.", 2), ("Yes, it is.", 1), ("The room is closed, yes.", 1), ("The room is closed.", 1),
    ("据我所知，那个房间今天下午关了门，明天再来。", 1), ("那个房间今天下午关了门，请您明天上午再来看看。", 2),
])  # fmt: skip
def test_only_a_long_enough_clause_is_cut(sentence: str, parts: int) -> None:
    cut = split_first_sentence([sentence, "Next."])
    assert len(cut) == parts + 1
    assert "".join(cut).replace(" ", "") == f"{sentence}Next.".replace(" ", "")
