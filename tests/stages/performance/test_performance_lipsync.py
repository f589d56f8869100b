"""Lip sync on synthetic sounds: closures, bounds, anticipation and loudness."""

from __future__ import annotations

import numpy as np
import pytest

from assets.artefacts.talk import Phoneme, SpokenLine
from assets.conventions import VISEMES_15
from bench.lips import JAW_WEIGHTS
from stages.performance.lipsync import build_cues, compute_viseme_weights, measure_phoneme_levels

RATE = 16000


def make_line(*sounds: tuple[str, str, float, float], level: float = 0.3) -> SpokenLine:
    """A line of (symbol, viseme, seconds, stress); every sound is a tone."""
    phonemes, now = [], 0.0
    for symbol, viseme, seconds, stress in sounds:
        phonemes.append(Phoneme(now, now + seconds, symbol, f"viseme_{viseme}", stress))
        now += seconds
    at = np.arange(int(now * RATE)) / RATE
    loud = np.array([any(p.symbol and p.start <= t < p.end for p in phonemes) for t in at])
    return SpokenLine("x", "x", (level * loud * np.sin(2 * np.pi * 200 * at)).astype(np.float32), RATE, tuple(phonemes))


def column(name: str) -> int:
    return VISEMES_15.index(f"viseme_{name}")


def list_frame_times(line: SpokenLine, shift: float = 0.0) -> np.ndarray:
    return np.arange(shift, len(line.samples) / RATE + 0.3, 1 / 30).astype(np.float32)


MAMA = make_line(
    ("", "sil", 0.3, 0), ("m", "PP", 0.05, 0), ("a", "aa", 0.12, 1), ("m", "PP", 0.04, 0), ("a", "aa", 0.14, 0), ("", "sil", 0.4, 0)
)


@pytest.mark.parametrize("shift", [0.0, 0.004, 0.011, 0.017, 0.025, 0.031])
def test_a_bilabial_closes_the_lips_on_the_frame_nearest_its_centre_for_any_frame_offset(shift: float) -> None:
    times = list_frame_times(MAMA, shift)
    weights = compute_viseme_weights(MAMA, times)
    for p in MAMA.phonemes:
        if p.viseme == "viseme_PP":
            assert weights[np.abs(times - (p.start + p.end) / 2).argmin(), column("PP")] > 0.98


def test_weights_are_within_0_and_1_and_never_sum_to_more_than_1() -> None:
    weights = compute_viseme_weights(MAMA, list_frame_times(MAMA))
    assert weights.min() >= 0
    assert weights.sum(1).max() <= 1 + 1e-5


def test_the_mouth_is_closed_in_long_silence_and_after_the_sound() -> None:
    times = list_frame_times(MAMA)
    weights = compute_viseme_weights(MAMA, times)
    quiet = ((times > 0.02) & (times < 0.15)) | (times > 0.9)
    assert weights[quiet][:, column("aa")].max() < 0.02
    assert weights[quiet][:, column("sil")].min() > 0.95


def test_rounding_is_seen_before_its_vowel_starts() -> None:
    line = make_line(("", "sil", 0.2, 0), ("t", "DD", 0.12, 0), ("u", "U", 0.2, 1), ("", "sil", 0.3, 0))
    weights = compute_viseme_weights(line, list_frame_times(line))
    just_before = np.abs(list_frame_times(line) - 0.29).argmin()
    assert weights[just_before, column("U")] > 0.25


def test_f_puts_the_lip_on_the_teeth_between_open_vowels() -> None:
    line = make_line(("a", "aa", 0.15, 1), ("f", "FF", 0.06, 0), ("a", "aa", 0.15, 1))
    times = list_frame_times(line)
    weights = compute_viseme_weights(line, times)[np.abs(times - 0.18).argmin()]
    assert weights[column("FF")] > 0.85
    assert weights[column("aa")] < 0.15


def test_a_stressed_vowel_opens_wider_than_an_unstressed_one() -> None:
    plain, stressed = (make_line(("t", "DD", 0.1, 0), ("a", "aa", 0.15, s), ("t", "DD", 0.1, 0)) for s in (0.0, 1.0))
    top = [compute_viseme_weights(line, list_frame_times(line))[:, column("aa")].max() for line in (plain, stressed)]
    assert top[1] > top[0] + 0.05


def test_a_quiet_vowel_opens_less_than_a_loud_one() -> None:
    line = make_line(("a", "aa", 0.2, 0), ("t", "DD", 0.1, 0), ("a", "aa", 0.2, 0))
    samples = line.samples.copy()
    samples[int(0.3 * RATE) :] *= 0.15
    line = SpokenLine("x", "x", samples, RATE, line.phonemes)
    weights = compute_viseme_weights(line, list_frame_times(line))[:, column("aa")]
    assert weights[: int(0.2 * 30)].max() > weights[int(0.3 * 30) :].max() + 0.15
    assert measure_phoneme_levels(line)[0] > measure_phoneme_levels(line)[2]


PAPA = make_line(
    ("", "sil", 0.3, 0), *[("p", "PP", 0.07, 0), ("a", "aa", 0.11, 1), ("f", "FF", 0.06, 0), ("o", "O", 0.1, 1)] * 4, ("", "sil", 0.4, 0)
)


@pytest.mark.parametrize("line", [MAMA, PAPA, make_line(("", "sil", 0.2, 0), ("a", "aa", 0.6, 1), ("", "sil", 0.3, 0))])
@pytest.mark.parametrize("shift", [0.0, 0.011, 0.022])
def test_speech_opens_the_jaw_at_most_halfway_and_without_a_jump(line: SpokenLine, shift: float) -> None:
    weights = compute_viseme_weights(line, list_frame_times(line, shift))
    jaw = weights @ JAW_WEIGHTS
    assert 0.3 < weights[:, column("aa")].max() <= 0.72
    assert jaw.max() <= 0.5
    assert np.abs(np.diff(jaw)).max() <= 0.35


def test_the_mouth_closes_only_partly_in_a_short_pause() -> None:
    def measure_closure(pause: float) -> float:
        line = make_line(("a", "aa", 0.2, 1), ("", "sil", pause, 0), ("a", "aa", 0.2, 1))
        return float(compute_viseme_weights(line, np.arange(0, 0.4 + pause, 0.005).astype(np.float32))[:, column("sil")].max())

    assert measure_closure(0.1) < 0.65
    assert measure_closure(0.1) < measure_closure(0.15) < 0.95
    assert measure_closure(0.3) > 0.98


def test_cues_keep_the_phonemes_and_give_the_weight_that_their_viseme_reaches() -> None:
    times = list_frame_times(MAMA)
    track = build_cues(MAMA, times, compute_viseme_weights(MAMA, times))
    assert [(c.start, c.end, c.phoneme, c.viseme) for c in track.cues] == [(p.start, p.end, p.symbol, p.viseme) for p in MAMA.phonemes]
    assert all(0 <= c.weight <= 1 for c in track.cues)
    assert all(c.weight > 0.9 for c in track.cues if c.viseme == "viseme_PP")


def test_a_line_without_phonemes_keeps_the_mouth_closed() -> None:
    weights = compute_viseme_weights(SpokenLine("x", "", np.zeros(RATE, np.float32), RATE, ()), (np.arange(10) / 30).astype(np.float32))
    assert (weights[:, column("sil")] == 1).all()
    assert weights.sum() == 10
