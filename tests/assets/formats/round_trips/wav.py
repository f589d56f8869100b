"""Samples as WAV: survive to half a quantisation step."""

from __future__ import annotations

import numpy as np

from assets.artefacts.geometry import Floats

SAMPLES: Floats = np.sin(np.linspace(0, 90, 2_001)).astype(np.float32)


def make_arguments() -> tuple[Floats, int]:
    return SAMPLES, 22_050


def check(loaded: tuple[Floats, int]) -> None:
    samples, rate = loaded
    assert rate == 22_050
    assert np.abs(samples - SAMPLES).max() <= 0.5 / 32_767 + 1e-6
