"""Brings a line to -16 LUFS below -1 dBFS true peak, and trims the silence around it, phonemes with it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from stages.voice.backend import Samples, Utterance
from stages.voice.phonemes import shift_phonemes

TARGET_LUFS = -16.0
"""Podcast and web-speech level (AES TD1008)."""
# -1 dBFS is the promise; the margin covers the 4x oversampled estimate and 16-bit rounding.
TRUE_PEAK_CEILING = 10 ** (-1.2 / 20)
MAX_LEAD_S = 0.15
MAX_TAIL_S = 0.4
FADE_S = 0.005


def measure_loudness(samples: Samples, rate: int) -> float:
    """Integrated loudness in LUFS (ITU-R BS.1770-4); -inf for silence. A shorter sound than a 0.4 s block is repeated."""
    import pyloudnorm

    shortest = int(0.4 * rate) + 1
    if len(samples) < shortest:
        samples = np.tile(samples, -(-shortest // max(len(samples), 1)))
    return float(pyloudnorm.Meter(rate).integrated_loudness(samples.astype(np.float64)))


def measure_true_peak(samples: Samples) -> float:
    """Highest absolute value of the signal oversampled four times; what a converter will reach."""
    from scipy.signal import resample_poly

    return float(np.abs(resample_poly(samples, 4, 1)).max(initial=0.0))


def master_utterance(sound: Utterance) -> Utterance:
    """The sound trimmed, at TARGET_LUFS within 1 LU where its peaks allow, never above the ceiling."""
    sound = trim_silence(sound)
    samples = sound.samples
    # The limiter takes a little level away again: a second and third turn put it back.
    for _ in range(3):
        now = measure_loudness(samples, sound.rate)
        if not np.isfinite(now):
            break
        samples = limit_peaks(samples * 10 ** ((TARGET_LUFS - now) / 20), sound.rate)
    return replace(sound, samples=samples.astype(np.float32))


def limit_peaks(samples: Samples, rate: int) -> Samples:
    """The samples with a look-ahead gain that holds the true peak at the ceiling."""
    from scipy.ndimage import minimum_filter1d, uniform_filter1d
    from scipy.signal import resample_poly

    dense = np.abs(resample_poly(samples, 4, 1))[: 4 * len(samples)].reshape(len(samples), 4).max(axis=1)
    need = np.minimum(1.0, TRUE_PEAK_CEILING / np.maximum(dense, 1e-9))
    window = 2 * int(0.003 * rate) + 1
    # Mean of minima over one window each: smooth, and nowhere above what a peak in reach needs.
    gain = uniform_filter1d(minimum_filter1d(need, window, mode="nearest"), window, mode="nearest")
    calm = samples * gain
    return np.asarray(calm * min(1.0, TRUE_PEAK_CEILING / max(measure_true_peak(calm), 1e-9)), np.float32)


def trim_silence(sound: Utterance, lead: float = MAX_LEAD_S, tail: float = MAX_TAIL_S) -> Utterance:
    """The sound with at most `lead` seconds before and `tail` after its first and last audible frame."""
    first, last = find_audible_range(sound.samples, sound.rate)
    begin = max(0, first - int(lead * sound.rate))
    end = min(len(sound.samples), last + int(tail * sound.rate))
    samples = sound.samples[begin:end].copy()
    ramp = np.linspace(0, 1, min(int(FADE_S * sound.rate), len(samples)), dtype=np.float32)
    samples[: len(ramp)] *= ramp
    samples[len(samples) - len(ramp) :] *= ramp[::-1]
    return replace(sound, samples=samples, phonemes=shift_phonemes(sound.phonemes, -begin / sound.rate, len(samples) / sound.rate))


def find_audible_range(samples: Samples, rate: int) -> tuple[int, int]:
    """First and last sample of the part that is louder than 42 dB below the loudest 10 ms; the whole where none is."""
    frame = max(1, rate // 100)
    count = len(samples) // frame
    if not count:
        return 0, len(samples)
    power = np.sqrt(np.square(samples[: count * frame].reshape(count, frame), dtype=np.float64).mean(axis=1))
    loud = np.flatnonzero(power > max(power.max() * 10 ** (-42 / 20), 1e-6))
    return (int(loud[0]) * frame, min(len(samples), int(loud[-1] + 1) * frame)) if len(loud) else (0, len(samples))
