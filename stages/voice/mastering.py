"""Masters a line: trims the silence around it and brings it to -16 LUFS with true peaks below -1 dBTP."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from stages.voice.backend import Samples, Utterance
from stages.voice.phonemes import shift_phonemes

TARGET_LUFS = -16.0
"""The usual level of podcasts and speech on the web (AES TD1008)."""
# The limit is -1 dBTP; 0.2 dB of margin cover the error of 4x oversampling and 16-bit rounding.
TRUE_PEAK_CEILING = 10 ** (-1.2 / 20)
MAX_LEAD_S = 0.15
MAX_TAIL_S = 0.4
FADE_S = 0.005


def measure_loudness(samples: Samples, rate: int) -> float:
    """Integrated loudness in LUFS (ITU-R BS.1770-4), -inf for silence; a sound shorter than one block of 0.4 s is repeated."""
    import pyloudnorm

    shortest = int(0.4 * rate) + 1
    if len(samples) < shortest:
        samples = np.tile(samples, -(-shortest // max(len(samples), 1)))
    # pyloudnorm may count a last block of which a part is missing as a whole one: a short line would seem 0.4 LU too quiet.
    samples = samples[: len(samples) // (rate // 10) * (rate // 10) + 1]
    return float(pyloudnorm.Meter(rate).integrated_loudness(samples.astype(np.float64)))


def measure_true_peak(samples: Samples) -> float:
    """Highest absolute value after four times oversampling, an estimate of the peak after D/A conversion."""
    from scipy.signal import resample_poly

    return float(np.abs(resample_poly(samples, 4, 1)).max(initial=0.0))


def master_utterance(sound: Utterance, target: float = TARGET_LUFS) -> Utterance:
    """The trimmed sound, within 1 LU of the target as far as its peaks allow and never above the true-peak ceiling."""
    sound = trim_silence(sound)
    samples = sound.samples
    # The limiter lowers the level a little; a second and third pass compensate for that.
    for _ in range(3):
        now = measure_loudness(samples, sound.rate)
        if not np.isfinite(now):
            break
        samples = limit_peaks(samples * 10 ** ((target - now) / 20), sound.rate)
    return replace(sound, samples=samples.astype(np.float32))


def limit_peaks(samples: Samples, rate: int) -> Samples:
    """The samples after a look-ahead limiter that keeps the true peak at the ceiling."""
    from scipy.ndimage import minimum_filter1d, uniform_filter1d
    from scipy.signal import resample_poly

    dense = np.abs(resample_poly(samples, 4, 1))[: 4 * len(samples)].reshape(len(samples), 4).max(axis=1)
    need = np.minimum(1.0, TRUE_PEAK_CEILING / np.maximum(dense, 1e-9))
    window = 2 * int(0.003 * rate) + 1
    # The mean of windowed minima is smooth and never above the gain that a peak in the window needs.
    gain = uniform_filter1d(minimum_filter1d(need, window, mode="nearest"), window, mode="nearest")
    limited = samples * gain
    return np.asarray(limited * min(1.0, TRUE_PEAK_CEILING / max(measure_true_peak(limited), 1e-9)), np.float32)


def trim_silence(sound: Utterance, lead: float = MAX_LEAD_S, tail: float = MAX_TAIL_S) -> Utterance:
    """The sound with at most `lead` seconds before its first and `tail` seconds after its last audible frame."""
    first, last = find_audible_range(sound.samples, sound.rate)
    begin = max(0, first - int(lead * sound.rate))
    end = min(len(sound.samples), last + int(tail * sound.rate))
    samples = sound.samples[begin:end].copy()
    ramp = np.linspace(0, 1, min(int(FADE_S * sound.rate), len(samples)), dtype=np.float32)
    samples[: len(ramp)] *= ramp
    samples[len(samples) - len(ramp) :] *= ramp[::-1]
    return replace(sound, samples=samples, phonemes=shift_phonemes(sound.phonemes, -begin / sound.rate, len(samples) / sound.rate))


def find_audible_range(samples: Samples, rate: int) -> tuple[int, int]:
    """First and last sample of the audible part: what is less than 42 dB below the loudest 10 ms; the whole sound if it is silent."""
    frame = max(1, rate // 100)
    count = len(samples) // frame
    if not count:
        return 0, len(samples)
    power = np.sqrt(np.square(samples[: count * frame].reshape(count, frame), dtype=np.float64).mean(axis=1))
    loud = np.flatnonzero(power > max(power.max() * 10 ** (-42 / 20), 1e-6))
    return (int(loud[0]) * frame, min(len(samples), int(loud[-1] + 1) * frame)) if len(loud) else (0, len(samples))
