"""Pitch of a recorded voice: its fundamental frequency, and TD-PSOLA to change it without its tempo or timbre.

Moulines and Charpentier, "Pitch-synchronous waveform processing techniques for text-to-speech synthesis using diphones" (1990).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stages.voice.backend import Samples

FRAME_S, HOP_S = 0.04, 0.005
LOWEST_HZ, HIGHEST_HZ = 65.0, 500.0
VOICED_CORRELATION = 0.5
"""Least normalised autocorrelation of a voiced frame."""
UNVOICED_STEP_S = 0.005
Doubles = NDArray[np.float64]


def track_pitch(samples: Samples, rate: int) -> Doubles:
    """(frames,) F0 in Hz every HOP_S seconds, the first frame centred on 0; 0 where the sound is unvoiced. By autocorrelation."""
    size, hop = int(FRAME_S * rate), int(HOP_S * rate)
    padded = np.pad(np.asarray(samples, float), (size // 2, size))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop][: len(samples) // hop + 1]
    frames = (frames - frames.mean(axis=1, keepdims=True)) * np.hanning(size)
    window = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(size), 2 * size)) ** 2)[:size]
    correlation = np.fft.irfft(np.abs(np.fft.rfft(frames, 2 * size)) ** 2)[:, :size]
    energy = correlation[:, :1]
    # The window's own autocorrelation would favour short periods (Boersma 1993).
    normalised = correlation / np.maximum(energy, 1e-12) / np.maximum(window / window[0], 1e-3)
    low, high = int(rate / HIGHEST_HZ), int(rate / LOWEST_HZ)
    lags = np.arange(low, high)
    # A little less for each octave down, or a period twice as long would win.
    score = normalised[:, low:high] - 0.02 * np.log2(lags / low)
    best = lags[score.argmax(axis=1)]
    loud = energy[:, 0] > 1e-3 * max(float(energy.max(initial=0.0)), 1e-12)
    voiced = (normalised[np.arange(len(best)), best] > VOICED_CORRELATION) & loud
    return _median_filter(np.where(voiced, rate / best, 0.0))


def _median_filter(values: Doubles) -> Doubles:
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(values, 2, mode="edge"), 5)
    return np.asarray(np.median(windows, axis=1), float)


def shift_pitch(samples: Samples, rate: int, semitones: Doubles, pitch: Doubles) -> Samples:
    """(n,) samples with the F0 moved by `semitones`, one value per frame of `pitch`; as long as before."""
    if not np.any(np.abs(semitones[pitch > 0]) > 0.05):
        return samples
    marks, periods = _place_marks(np.asarray(samples, float), rate, pitch)
    target, source = _place_targets(marks, periods, rate, semitones, pitch)
    return _overlap_add(np.asarray(samples, float), marks, periods, target, source)


def _place_marks(samples: Doubles, rate: int, pitch: Doubles) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sample of each pitch mark, a peak of each period, and the length of its period; every 5 ms where the sound is unvoiced."""
    marks: list[int] = []
    periods: list[int] = []
    at, step = 0, int(UNVOICED_STEP_S * rate)
    hop = int(HOP_S * rate)
    while at < len(samples):
        hertz = pitch[min(at // hop, len(pitch) - 1)]
        period = int(rate / hertz) if hertz else step
        if hertz:
            begin = max(marks[-1] + period // 2 if marks else 0, at - period // 4)
            peak = begin + int(np.argmax(samples[begin : at + period // 4 + 1])) if at + period // 4 + 1 > begin else at
            at = min(peak, len(samples) - 1)
        marks.append(at)
        periods.append(period)
        at += period
    return np.asarray(marks, np.int64), np.asarray(periods, np.int64)


def _place_targets(
    marks: NDArray[np.int64], periods: NDArray[np.int64], rate: int, semitones: Doubles, pitch: Doubles
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each period goes, and which one it is."""
    hop, last = int(HOP_S * rate), int(marks[-1])
    target: list[int] = []
    source: list[int] = []
    at = float(marks[0])
    while at <= last:
        nearest = int(np.searchsorted(marks, at))
        if nearest and (nearest == len(marks) or at - marks[nearest - 1] < marks[nearest] - at):
            nearest -= 1
        frame = min(int(at) // hop, len(pitch) - 1)
        target.append(int(at))
        source.append(nearest)
        at += max(periods[nearest] / (2 ** (semitones[frame] / 12) if pitch[frame] else 1.0), 1.0)
    return np.asarray(target, np.int64), np.asarray(source, np.int64)


def _overlap_add(
    samples: Doubles, marks: NDArray[np.int64], periods: NDArray[np.int64], target: NDArray[np.int64], source: NDArray[np.int64]
) -> Samples:
    out, weight = np.zeros(len(samples)), np.zeros(len(samples))
    for to, index in zip(target.tolist(), source.tolist(), strict=True):
        period, mark = int(periods[index]), int(marks[index])
        window = np.hanning(2 * period + 1)
        low = max(-period, -mark, -to)
        high = min(period + 1, len(samples) - mark, len(samples) - to)
        shape = window[low + period : high + period]
        out[to + low : to + high] += samples[mark + low : mark + high] * shape
        weight[to + low : to + high] += shape
    # Where periods lie closer than before, their windows sum to more than one: dividing keeps the loudness.
    return np.where(weight > 0.1, out / np.maximum(weight, 0.1), samples * (1 - weight) + out).astype(np.float32)
