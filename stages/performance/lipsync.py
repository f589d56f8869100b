"""Timed phonemes and their sound -> viseme weights with co-articulation.

Every sound has a dominance over the lips that rises before it and falls after it; the weights are the targets' mean under
these dominances (Cohen and Massaro 1993), so they never sum to more than 1. Closures (m b p, silence) and the f v contact
are laid over it, because a mean never quite touches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats
from assets.artefacts.talk import Cue, LineCues, Phoneme, SpokenLine
from assets.conventions import VISEMES_15

Doubles = NDArray[np.float64]

SILENCE_INDEX = VISEMES_15.index("viseme_sil")
BILABIAL_INDEX = VISEMES_15.index("viseme_PP")
LABIODENTAL_INDEX = VISEMES_15.index("viseme_FF")
VOWEL_INDICES = frozenset(VISEMES_15.index(f"viseme_{name}") for name in ("aa", "E", "I", "O", "U"))
MIN_REST_S = 0.12
"""Shorter silences are gaps between words, over which the lips run on."""
FULL_CLOSURE_S = 0.24
"""From so long a silence on the mouth shuts altogether."""
CONTACT_RAMP_S = 0.065
"""A lip contact is made and left in two frames of 30 a second."""
ANTICIPATION_S = 0.02
"""Lips are on their way before the sound is heard; contacts alone meet their sound."""


@dataclass(frozen=True)
class _Dominance:
    """How a viseme holds the lips: strength against its neighbours, and reach before and after its sound in seconds."""

    strength: float
    before: float
    after: float


# Rounding and lip contacts are seen early and win; tongue sounds (t k n l) take the lips of their neighbours.
_DOMINANCES: dict[str, _Dominance] = {
    "sil": _Dominance(0.5, 0.05, 0.05), "PP": _Dominance(1.0, 0.05, 0.05), "FF": _Dominance(1.0, 0.05, 0.05),
    "TH": _Dominance(0.7, 0.04, 0.04),
    "DD": _Dominance(0.35, 0.04, 0.04), "kk": _Dominance(0.25, 0.04, 0.04), "CH": _Dominance(1.0, 0.07, 0.05),
    "SS": _Dominance(0.8, 0.05, 0.04),
    "nn": _Dominance(0.35, 0.04, 0.04), "RR": _Dominance(0.6, 0.06, 0.05), "aa": _Dominance(1.2, 0.06, 0.07),
    "E": _Dominance(1.0, 0.06, 0.06),
    "I": _Dominance(1.0, 0.06, 0.06), "O": _Dominance(1.3, 0.08, 0.07), "U": _Dominance(1.2, 0.09, 0.07),
}  # fmt: skip
_BREATH_DOMINANCE = _Dominance(0.08, 0.03, 0.03)
"""h and its kind have no lips of their own."""
_BREATH_SYMBOLS = frozenset("hɦxʔħ")


def compute_viseme_weights(line: SpokenLine, times: Floats) -> Floats:
    """(f,15) weights of VISEMES_15 at `times` seconds, each row 0..1 and summing to at most 1."""
    at = np.asarray(times, np.float64)
    if not line.phonemes:
        return _make_silence_weights(len(at))
    numbers = [VISEMES_15.index(p.viseme) for p in line.phonemes]
    strengths = _compute_openings(line, numbers)
    total, mixed = np.full(len(at), 1e-9), np.zeros((len(at), len(VISEMES_15)))
    for phoneme, number, opening in zip(line.phonemes, numbers, strengths, strict=True):
        pull = _compute_dominance(at, phoneme, number)
        total += pull
        mixed[:, number] += pull * opening
    weights = mixed / total[:, None]
    for phoneme, number in _find_contacts(line.phonemes, numbers):
        # Between two frames nothing is shown: a contact must hold long enough for one frame to fall into it.
        cover = _compute_contact_weights(at, phoneme, number)[:, None]
        weights *= 1 - cover
        weights[:, number] += cover[:, 0]
    # Past the last sound every dominance is nearly nothing and their mean is chance.
    outside = _compute_contact_weights(
        at, Phoneme(line.phonemes[-1].end, max(float(at[-1]), line.phonemes[-1].end) + 1, "", "viseme_sil"), SILENCE_INDEX
    )
    weights *= 1 - outside[:, None]
    weights[:, SILENCE_INDEX] += outside
    bounded: Floats = np.clip(weights, 0, 1).astype(np.float32)
    return bounded


def _make_silence_weights(frames: int) -> Floats:
    weights = np.zeros((frames, len(VISEMES_15)), np.float32)
    weights[:, SILENCE_INDEX] = 1
    return weights


def _compute_dominance(at: Doubles, phoneme: Phoneme, number: int) -> Doubles:
    """(f,) strength of one sound: level through its middle half, exponential on both sides."""
    grip = (
        _BREATH_DOMINANCE
        if phoneme.symbol in _BREATH_SYMBOLS and phoneme.symbol
        else _DOMINANCES[VISEMES_15[number].removeprefix("viseme_")]
    )
    middle, half = (phoneme.start + phoneme.end) / 2, (phoneme.end - phoneme.start) / 4
    away = at + ANTICIPATION_S - middle
    far = np.maximum(np.abs(away) - half, 0) / np.where(away < 0, grip.before, grip.after)
    found: Doubles = grip.strength * np.exp(-(far**1.5))
    return found


def _find_contacts(phonemes: Sequence[Phoneme], numbers: Sequence[int]) -> list[tuple[Phoneme, int]]:
    """Silences first, so that a closure beside one wins."""
    pairs = list(zip(phonemes, numbers, strict=True))
    rests = [(p, n) for p, n in _merge_rests(pairs) if p.end - p.start >= MIN_REST_S or p.start <= 0]
    teeth = [(p, n) for p, n in pairs if n == LABIODENTAL_INDEX]
    shut = [(p, n) for p, n in pairs if n == BILABIAL_INDEX]
    return [*rests, *teeth, *shut]


def _merge_rests(pairs: Sequence[tuple[Phoneme, int]]) -> list[tuple[Phoneme, int]]:
    """Silences that touch as one: the sentence's own and the pause after it."""
    rests: list[tuple[Phoneme, int]] = []
    for phoneme, number in pairs:
        if number != SILENCE_INDEX:
            continue
        if rests and phoneme.start - rests[-1][0].end < 1e-6:
            phoneme = Phoneme(rests.pop()[0].start, phoneme.end, "", phoneme.viseme)
        rests.append((phoneme, number))
    return rests


def _compute_contact_weights(at: Doubles, phoneme: Phoneme, number: int) -> Doubles:
    """(f,) 0..1 how far a contact has taken the lips: raised cosines beside a level middle."""
    start, end = phoneme.start, phoneme.end
    if number == SILENCE_INDEX:
        # The mouth opens just before the first sound and takes its time to close after the last one.
        closing, opening = min(0.16, 0.5 * (end - start)), min(0.12, 0.45 * (end - start))
        rise = np.clip((at - start) / closing, 0, 1) if start > 0 else np.ones(len(at))
        fall = np.clip((end - at) / opening, 0, 1)
        # In a short pause the lips only begin to close.
        reach = 1.0 if start <= 0 else float(np.clip((end - start) / FULL_CLOSURE_S, 0, 1))
    else:
        middle = (start + end) / 2
        # 1/60 s on both sides of the middle: one frame of 30 a second always falls into it.
        level = max(0.25 * (end - start), 1 / 60)
        rise = np.clip((at - (middle - level - CONTACT_RAMP_S)) / CONTACT_RAMP_S, 0, 1)
        fall = np.clip((middle + level + CONTACT_RAMP_S - at) / CONTACT_RAMP_S, 0, 1)
        reach = 1.0 if number == BILABIAL_INDEX else 0.9
    found: Doubles = reach * (0.5 - 0.5 * np.cos(np.pi * np.minimum(rise, fall)))
    return found


def _compute_openings(line: SpokenLine, numbers: Sequence[int]) -> list[float]:
    """Target weight of each sound: vowels open with stress and loudness, consonants are as they are."""
    levels = measure_phoneme_levels(line)
    found = []
    for phoneme, number, level in zip(line.phonemes, numbers, levels, strict=True):
        if number in VOWEL_INDICES:
            # A viseme at 1 is a held, called-out sound; talk stays well below it, or it looks like shouting.
            found.append(float(np.clip(0.34 + 0.13 * phoneme.stress + 0.25 * level, 0.3, 0.72)))
        else:
            found.append(1.0 if number in (SILENCE_INDEX, BILABIAL_INDEX, LABIODENTAL_INDEX) else 0.7)
    return found


def measure_phoneme_levels(line: SpokenLine) -> list[float]:
    """0..1 of each sound: its level between 18 dB under the line's loud parts and these."""
    samples = np.asarray(line.samples, np.float64)
    power = np.concatenate([[0.0], np.cumsum(samples**2)])
    levels = []
    for phoneme in line.phonemes:
        a, b = (int(np.clip(round(t * line.rate), 0, len(samples))) for t in (phoneme.start, phoneme.end))
        levels.append(10 * np.log10((power[b] - power[a]) / max(b - a, 1) + 1e-10))
    top = np.percentile(levels, 90) if levels else 0.0
    return [float(np.clip(1 + (level - top) / 18, 0, 1)) for level in levels]


def build_cues(line: SpokenLine, times: Floats, weights: Floats) -> LineCues:
    """The phonemes of the line, each with the most that its viseme reaches while it sounds."""
    found = []
    for phoneme in line.phonemes:
        column = weights[:, VISEMES_15.index(phoneme.viseme)]
        middle = float(np.interp((phoneme.start + phoneme.end) / 2, times, column))
        during = column[(times >= phoneme.start) & (times <= phoneme.end)]
        found.append(Cue(phoneme.start, phoneme.end, phoneme.symbol, phoneme.viseme, float(max(middle, during.max(initial=0)))))
    return LineCues(line.id, tuple(found))
