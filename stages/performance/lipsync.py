"""Timed phonemes and their sound -> viseme weights with coarticulation.

Each sound has a dominance over the lips that rises before it and falls after it. The weights are the mean of the targets
under these dominances (Cohen and Massaro 1993), so their sum is at most 1. Closures (m b p, silence) and the contact of
f v are applied on top, because a mean never reaches contact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assets.artefacts.geometry import Doubles, Floats
from assets.artefacts.talk import Cue, LineCues, Phoneme, SpokenLine
from assets.conventions import VISEMES_15

SILENCE_INDEX = VISEMES_15.index("viseme_sil")
BILABIAL_INDEX = VISEMES_15.index("viseme_PP")
LABIODENTAL_INDEX = VISEMES_15.index("viseme_FF")
VOWEL_INDICES = frozenset(VISEMES_15.index(f"viseme_{name}") for name in ("aa", "E", "I", "O", "U"))
MIN_REST_S = 0.12
"""Shorter silences are gaps between words, in which the lips do not close."""
FULL_CLOSURE_S = 0.24
"""In silences of this length or more the mouth closes completely."""
CONTACT_RAMP_S = 0.065
"""A lip contact forms and ends within two frames at 30 fps."""
ANTICIPATION_S = 0.02
"""The lips move this much before the sound; only contacts coincide with theirs."""


@dataclass(frozen=True)
class _Dominance:
    """Influence of a viseme on the lips: its strength, and its decay before and after its sound in seconds."""

    strength: float
    before: float
    after: float


# Rounding and lip contacts start early and dominate; sounds of the tongue (t k n l) take the lip shape of their neighbours.
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
"""Breath sounds such as h have no lip shape of their own."""
_BREATH_SYMBOLS = frozenset("hɦxʔħ")


def compute_viseme_weights(line: SpokenLine, times: Floats) -> Floats:
    """(f,15) weights of VISEMES_15 at `times` seconds, each row 0..1 and summing to at most 1."""
    at = np.asarray(times, np.float64)
    if not line.phonemes:
        return _make_silence_weights(len(at))
    visemes = [VISEMES_15.index(p.viseme) for p in line.phonemes]
    openings = _compute_openings(line, visemes)
    total, mixed = np.full(len(at), 1e-9), np.zeros((len(at), len(VISEMES_15)))
    for phoneme, viseme, opening in zip(line.phonemes, visemes, openings, strict=True):
        dominance = _compute_dominance(at, phoneme, viseme)
        total += dominance
        mixed[:, viseme] += dominance * opening
    weights = mixed / total[:, None]
    for phoneme, viseme in _find_contacts(line.phonemes, visemes):
        contact = _compute_contact_weights(at, phoneme, viseme)[:, None]
        weights *= 1 - contact
        weights[:, viseme] += contact[:, 0]
    # After the last sound all dominances are close to 0, and their mean is meaningless.
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


def _compute_dominance(at: Doubles, phoneme: Phoneme, viseme: int) -> Doubles:
    """(f,) dominance of one sound: constant in its middle half, with exponential decay on both sides."""
    dominance = (
        _BREATH_DOMINANCE
        if phoneme.symbol in _BREATH_SYMBOLS and phoneme.symbol
        else _DOMINANCES[VISEMES_15[viseme].removeprefix("viseme_")]
    )
    middle, half = (phoneme.start + phoneme.end) / 2, (phoneme.end - phoneme.start) / 4
    offset = at + ANTICIPATION_S - middle
    distance = np.maximum(np.abs(offset) - half, 0) / np.where(offset < 0, dominance.before, dominance.after)
    values: Doubles = dominance.strength * np.exp(-(distance**1.5))
    return values


def _find_contacts(phonemes: Sequence[Phoneme], visemes: Sequence[int]) -> list[tuple[Phoneme, int]]:
    """Contacts in the order in which they are applied: silences first, so that a closure next to one prevails."""
    pairs = list(zip(phonemes, visemes, strict=True))
    rests = [(p, v) for p, v in _merge_rests(pairs) if p.end - p.start >= MIN_REST_S or p.start <= 0]
    labiodentals = [(p, v) for p, v in pairs if v == LABIODENTAL_INDEX]
    bilabials = [(p, v) for p, v in pairs if v == BILABIAL_INDEX]
    return [*rests, *labiodentals, *bilabials]


def _merge_rests(pairs: Sequence[tuple[Phoneme, int]]) -> list[tuple[Phoneme, int]]:
    """Silences, adjacent ones merged: the end of a sentence and the pause after it."""
    rests: list[tuple[Phoneme, int]] = []
    for phoneme, viseme in pairs:
        if viseme != SILENCE_INDEX:
            continue
        if rests and phoneme.start - rests[-1][0].end < 1e-6:
            phoneme = Phoneme(rests.pop()[0].start, phoneme.end, "", phoneme.viseme)
        rests.append((phoneme, viseme))
    return rests


def _compute_contact_weights(at: Doubles, phoneme: Phoneme, viseme: int) -> Doubles:
    """(f,) weight 0..1 of a contact: constant in the middle, with raised cosines on both sides."""
    start, end = phoneme.start, phoneme.end
    if viseme == SILENCE_INDEX:
        # The mouth opens just before the first sound and closes slowly after the last one.
        closing, opening = min(0.16, 0.5 * (end - start)), min(0.12, 0.45 * (end - start))
        rise = np.clip((at - start) / closing, 0, 1) if start > 0 else np.ones(len(at))
        fall = np.clip((end - at) / opening, 0, 1)
        # In a short pause the lips close only partly.
        reach = 1.0 if start <= 0 else float(np.clip((end - start) / FULL_CLOSURE_S, 0, 1))
    else:
        middle = (start + end) / 2
        # 1/60 s on both sides of the middle: at 30 fps one frame is always within it, so the contact is always seen.
        level = max(0.25 * (end - start), 1 / 60)
        rise = np.clip((at - (middle - level - CONTACT_RAMP_S)) / CONTACT_RAMP_S, 0, 1)
        fall = np.clip((middle + level + CONTACT_RAMP_S - at) / CONTACT_RAMP_S, 0, 1)
        reach = 1.0 if viseme == BILABIAL_INDEX else 0.9
    weights: Doubles = reach * (0.5 - 0.5 * np.cos(np.pi * np.minimum(rise, fall)))
    return weights


def _compute_openings(line: SpokenLine, visemes: Sequence[int]) -> list[float]:
    """Target weight of each sound: vowels open with stress and loudness, consonants have constants."""
    levels = measure_phoneme_levels(line)
    openings = []
    for phoneme, viseme, level in zip(line.phonemes, visemes, levels, strict=True):
        if viseme in VOWEL_INDICES:
            # A viseme at 1 is a shout; normal speech stays well below it.
            openings.append(float(np.clip(0.34 + 0.13 * phoneme.stress + 0.25 * level, 0.3, 0.72)))
        else:
            openings.append(1.0 if viseme in (SILENCE_INDEX, BILABIAL_INDEX, LABIODENTAL_INDEX) else 0.7)
    return openings


def measure_phoneme_levels(line: SpokenLine) -> list[float]:
    """Level of each sound, 0..1: from 18 dB below the line's loud parts (90th percentile) up to them."""
    samples = np.asarray(line.samples, np.float64)
    power = np.concatenate([[0.0], np.cumsum(samples**2)])
    levels = []
    for phoneme in line.phonemes:
        a, b = (int(np.clip(round(t * line.rate), 0, len(samples))) for t in (phoneme.start, phoneme.end))
        levels.append(10 * np.log10((power[b] - power[a]) / max(b - a, 1) + 1e-10))
    top = np.percentile(levels, 90) if levels else 0.0
    return [float(np.clip(1 + (level - top) / 18, 0, 1)) for level in levels]


def build_cues(line: SpokenLine, times: Floats, weights: Floats) -> LineCues:
    """A cue per phoneme of the line, with the largest weight of its viseme during the sound."""
    cues = []
    for phoneme in line.phonemes:
        column = weights[:, VISEMES_15.index(phoneme.viseme)]
        middle = float(np.interp((phoneme.start + phoneme.end) / 2, times, column))
        during = column[(times >= phoneme.start) & (times <= phoneme.end)]
        cues.append(Cue(phoneme.start, phoneme.end, phoneme.symbol, phoneme.viseme, float(max(middle, during.max(initial=0)))))
    return LineCues(line.id, tuple(cues))
