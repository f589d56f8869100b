"""Integrated loudness of mono sound, ITU-R BS.1770-4: K weighting, 400 ms blocks, absolute and relative gates.

Written independently of the voice stage's pyloudnorm, so that a fault of that library cannot hide itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def _compute_k_weighting(rate: int, size: int) -> NDArray[np.float64]:
    """|K(f)|^2 at the rfft bins: the standard's two biquads, designed for any rate from their analogue prototypes."""
    z = np.exp(-2j * np.pi * np.fft.rfftfreq(size))
    power = np.ones(len(z))
    # Analogue prototypes of the coefficients that BS.1770 lists for 48 kHz alone (libebur128 uses the same digits):
    # a high shelf of +4 dB for the head, and a high pass; f0 in Hz.
    for kind, f0, quality in (("shelf", 1681.974450955533, 0.7071752369554196), ("high", 38.13547087602444, 0.5003270373238773)):
        # Bilinear transform with the frequency warped back to f0.
        k = np.tan(np.pi * f0 / rate)
        a0 = 1 + k / quality + k * k
        a1, a2 = 2 * (k * k - 1) / a0, (1 - k / quality + k * k) / a0
        b = (1.0, -2.0, 1.0)
        if kind == "shelf":
            high = 10 ** (3.999843853973347 / 20)
            band = high**0.4996667741545416
            b = ((high + band * k / quality + k * k) / a0, 2 * (k * k - high) / a0, (high - band * k / quality + k * k) / a0)
        power *= np.abs((b[0] + b[1] * z + b[2] * z * z) / (1 + a1 * z + a2 * z * z)) ** 2
    return power


def measure_integrated_loudness(samples: NDArray[np.float64], rate: int) -> float:
    """LUFS of (n,) samples in -1..1, -inf for silence; a sound shorter than 400 ms is one block."""
    # Twice the length: the filter's tail must not wrap around to the start. Phase is dropped, since only power counts.
    size = 2 * max(len(samples), int(0.4 * rate))
    weighted = np.fft.irfft(np.fft.rfft(samples, size) * np.sqrt(_compute_k_weighting(rate, size)), size)[: len(samples)]
    # 400 ms blocks that overlap by 75 %.
    block, hop = min(int(0.4 * rate), len(weighted)), max(int(0.1 * rate), 1)
    sums = np.concatenate([[0.0], np.cumsum(weighted**2)])
    starts = np.arange(0, len(weighted) - block + 1, hop)
    power = (sums[starts + block] - sums[starts]) / max(block, 1)
    with np.errstate(divide="ignore"):
        # -0.691 dB cancels the K weighting at 997 Hz; a mono channel has weight 1.
        levels = -0.691 + 10 * np.log10(np.maximum(power, 0))
    # Absolute gate at -70 LUFS, then a relative one 10 LU under the mean *power* of what passes, not under the mean level.
    audible = power[levels > -70]
    if not len(audible):
        return float("-inf")
    relative = -0.691 + 10 * np.log10(audible.mean()) - 10
    return float(-0.691 + 10 * np.log10(power[(levels > -70) & (levels > relative)].mean()))
