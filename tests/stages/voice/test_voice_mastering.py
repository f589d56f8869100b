from __future__ import annotations

import numpy as np
import pytest

from stages.voice.backend import Utterance
from stages.voice.mastering import MAX_LEAD_S, MAX_TAIL_S, TARGET_LUFS, master_utterance, measure_loudness, measure_true_peak
from stages.voice.phonemes import TimedSymbol, align_phonemes

RATE = 22_050


def babble(loudness: float, lead: float, tail: float, spikes: bool = False) -> Utterance:
    noise = np.random.default_rng(1)
    voice = noise.normal(size=2 * RATE) * (0.3 + np.abs(np.sin(np.linspace(0, 20, 2 * RATE)))) * loudness
    if spikes:
        voice[::2_205] += 12 * loudness
    samples = np.concatenate([np.zeros(int(lead * RATE)), voice, np.zeros(int(tail * RATE))]).astype(np.float32)
    sounds = [TimedSymbol("^", lead), TimedSymbol("a", 2.0), TimedSymbol("$", tail)]
    return Utterance(samples, RATE, align_phonemes(sounds))


@pytest.mark.parametrize("loudness", [0.001, 0.05, 0.9])
@pytest.mark.parametrize("spikes", [False, True])
def test_any_level_comes_out_at_the_target_without_clipping(loudness: float, spikes: bool) -> None:
    sound = master_utterance(babble(loudness, 0.1, 0.1, spikes))
    assert measure_loudness(sound.samples, RATE) == pytest.approx(TARGET_LUFS, abs=1.0)
    assert measure_true_peak(sound.samples) <= 10 ** (-1 / 20)


def test_long_silence_is_trimmed_and_the_phonemes_shift_with_it() -> None:
    sound = master_utterance(babble(0.1, 1.0, 2.0))
    voiced = next(p for p in sound.phonemes if p.symbol == "a")
    assert voiced.start == pytest.approx(MAX_LEAD_S, abs=0.02)
    assert sound.seconds == pytest.approx(MAX_LEAD_S + 2.0 + MAX_TAIL_S, abs=0.03)
    assert sound.phonemes[-1].end == pytest.approx(sound.seconds)


def test_silence_stays_silence() -> None:
    sound = master_utterance(Utterance(np.zeros(RATE, np.float32), RATE, align_phonemes([TimedSymbol("^", 1.0)])))
    assert not sound.samples.any()
    assert sound.seconds == 1.0


def test_a_sound_shorter_than_a_loudness_block_reaches_the_target() -> None:
    tone = Utterance(0.01 * np.sin(np.arange(3_000)).astype(np.float32), RATE, align_phonemes([TimedSymbol("a", 3_000 / RATE)]))
    assert measure_loudness(master_utterance(tone).samples, RATE) == pytest.approx(TARGET_LUFS, abs=1.0)
