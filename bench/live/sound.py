"""The film of a microphone: questions in another voice than the bundle's, with pauses in which the answers are heard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assets.artefacts.geometry import Floats
from assets.spec.behaviour import VoiceSpec
from stages.voice.mastering import find_audible_range
from stages.voice.stage import BACKENDS, speak_line
from stages.voice.text import clean_text

RATE = 16_000
OTHER_VOICES = {"coqui": "hibari", "hibari": "coqui", "mandarin": "mandarin"}
"""Voice of a bundle -> voice that asks; there is one Mandarin voice."""
NOISE_DB = -66.0
"""Of a quiet room, below full scale: digital silence would be easier than any real one."""


@dataclass(frozen=True)
class Recording:
    """Sound with the places of its questions."""

    samples: Floats
    """(n,) at RATE."""
    spans: tuple[tuple[float, float], ...]
    """First and last audible second of each question."""


def speak_question(text: str, voice: str, language: str) -> Floats:
    """A question (n,) at RATE, cut to what is audible."""
    from scipy.signal import resample_poly

    options = VoiceSpec(rate=1.1) if voice == "mandarin" else VoiceSpec()
    spoken = speak_line(clean_text(text, language).sentences, language, options=options, backend=BACKENDS.get(voice), seed=3)
    first, last = find_audible_range(spoken.samples, spoken.rate)
    divisor = int(np.gcd(RATE, spoken.rate))
    return np.asarray(resample_poly(spoken.samples[first:last], RATE // divisor, spoken.rate // divisor), np.float32)


def record_questions(questions: Sequence[Floats], gaps: Sequence[float], lead: float) -> Recording:
    """The questions, each followed by its gap in seconds, over the noise of a quiet room."""
    parts, spans, at = [np.zeros(int(lead * RATE), np.float32)], [], lead
    for question, gap in zip(questions, gaps, strict=True):
        spans.append((at, at + len(question) / RATE))
        parts += [question, np.zeros(int(gap * RATE), np.float32)]
        at += (len(question) + int(gap * RATE)) / RATE
    samples = np.concatenate(parts)
    noise = np.random.default_rng(5).normal(0, 10 ** (NOISE_DB / 20), len(samples))
    return Recording(np.clip(samples + noise, -1, 1).astype(np.float32), tuple(spans))
