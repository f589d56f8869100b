"""Symbols and durations of a voice -> timed IPA phonemes, each with one of the 15 visemes.

Viseme groups follow Meta's lip-sync reference; other sounds are in the group with the same lip and tongue position.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from assets.artefacts.talk import Phoneme

SILENCE_VISEME = "viseme_sil"

_VISEME_GROUPS: dict[str, str] = {
    "PP": "p b m ɓ ɸ β",
    "FF": "f v ʋ ⱱ ɱ",
    "TH": "θ ð",
    "DD": "t d ɾ ɖ ʈ ɗ",
    "kk": "k ɡ g q ŋ h x ɣ χ ħ ʔ ç c ɟ ɦ ɴ",
    "CH": "tʃ dʒ ʃ ʒ tɕ tɕʰ ɕ ʈʂ ʈʂʰ ʂ ʐ ʝ",
    "SS": "s z ts tsʰ",
    "nn": "n l ɫ ɲ ɳ ʎ ɭ",
    "RR": "r ɹ ɻ ɚ ɝ ʁ ɽ ʀ",
    "aa": "a ɑ æ ʌ ɐ",
    "E": "ɛ e ə ɜ ɘ ɞ œ ø ɤ",
    "I": "i ɪ j ɨ ᵻ ɯ ɿ ʅ",
    "O": "ɔ o ɒ",
    "U": "u ʊ w y ʉ ʏ ɥ ʍ",
}
VISEME_BY_LETTER: dict[str, str] = {symbol: f"viseme_{name}" for name, row in _VISEME_GROUPS.items() for symbol in row.split()}
IPA_VOWELS = frozenset("aɑæʌɐɛeəɜɘɞœøɤiɪɨᵻɯɿʅɔoɒuʊyʉʏɚɝ")

STRESS_MARKS = {"ˈ": 1.0, "ˌ": 0.5}
AFFRICATES = {("t", "ʃ"): "tʃ", ("d", "ʒ"): "dʒ"}
MIN_PAUSE_S = 0.06
"""A shorter space or comma is not a pause: the lips do not close, so the sound before it gets its time."""


@dataclass(frozen=True)
class TimedSymbol:
    """One symbol of a model (IPA letters, a mark, a space or a pad) and its duration."""

    symbol: str
    seconds: float


def find_viseme(symbol: str) -> str:
    """The viseme of an IPA symbol: modifiers such as aspiration are ignored, anything that is not a sound is silence."""
    if symbol in VISEME_BY_LETTER:
        return VISEME_BY_LETTER[symbol]
    return next((VISEME_BY_LETTER[letter] for letter in symbol if letter in VISEME_BY_LETTER), SILENCE_VISEME)


def is_pause(symbol: str) -> bool:
    """True for spaces, punctuation and a model's sentence marks; a pad is part of the sound before it, not a pause."""
    return all(letter in "^$|#~" or unicodedata.category(letter)[0] in "PZS" for letter in symbol)


def align_phonemes(symbols: Sequence[TimedSymbol]) -> tuple[Phoneme, ...]:
    """Phonemes without a gap from 0 to the sum of the durations.

    Pads, length marks and combining marks extend the sound before them; a stress mark extends the sound after it and
    stresses the next vowel.
    """
    phonemes: list[Phoneme] = []
    now = start = stress = 0.0
    for timed in symbols:
        now += timed.seconds
        if timed.symbol in STRESS_MARKS:
            stress = STRESS_MARKS[timed.symbol]
        elif is_pause(timed.symbol) and timed.symbol != "_":
            phonemes.append(Phoneme(start, now, "", SILENCE_VISEME))
            start = now
        elif timed.symbol in ("_", "ː", "ˑ", "ʰ", "ʲ", "ˤ", "ᵝ") or unicodedata.combining(timed.symbol[0]):
            start = _extend_last(phonemes, start, now)
        else:
            vowel = any(letter in IPA_VOWELS for letter in timed.symbol)
            phonemes.append(Phoneme(start, now, timed.symbol, find_viseme(timed.symbol), stress if vowel else 0.0))
            start, stress = now, 0.0 if vowel else stress
    _extend_last(phonemes, start, now)
    return merge_phonemes(phonemes)


def _extend_last(phonemes: list[Phoneme], start: float, now: float) -> float:
    """Extends the last phoneme to `now`; returns the start of the next one (unchanged if there is no phoneme yet)."""
    if not phonemes:
        return start
    phonemes[-1] = replace(phonemes[-1], end=now)
    return now


def merge_phonemes(phonemes: Sequence[Phoneme]) -> tuple[Phoneme, ...]:
    """Merges consecutive pauses and the two halves of affricates; pauses too short to close the lips go to the sound before them."""
    joined: list[Phoneme] = []
    for phoneme in phonemes:
        last = joined[-1] if joined else None
        if last and last.viseme == phoneme.viseme == SILENCE_VISEME:
            joined[-1] = replace(last, end=phoneme.end)
        elif last and (last.symbol, phoneme.symbol) in AFFRICATES:
            symbol = AFFRICATES[last.symbol, phoneme.symbol]
            joined[-1] = Phoneme(last.start, phoneme.end, symbol, find_viseme(symbol))
        else:
            joined.append(phoneme)
    merged: list[Phoneme] = []
    for index, phoneme in enumerate(joined):
        short = phoneme.viseme == SILENCE_VISEME and phoneme.end - phoneme.start < MIN_PAUSE_S
        if merged and short and index + 1 < len(joined):
            merged[-1] = replace(merged[-1], end=phoneme.end)
        else:
            merged.append(phoneme)
    return tuple(phoneme for phoneme in merged if phoneme.end > phoneme.start)


def silence_outside(phonemes: Sequence[Phoneme], first: float, last: float) -> tuple[Phoneme, ...]:
    """The phonemes with silence before `first` and after `last` (seconds): models count silence as part of the outer sounds."""
    out: list[Phoneme] = []
    for p in phonemes:
        cuts = [p.start, *(at for at in (first, last) if p.start < at < p.end), p.end]
        for begin, end in pairwise(cuts):
            outside = end <= first or begin >= last
            out.append(Phoneme(begin, end, "", SILENCE_VISEME) if outside else replace(p, start=begin, end=end))
    return merge_phonemes(out)


def spread_phonemes(symbols: Sequence[str], start: float, end: float, total: float) -> tuple[Phoneme, ...]:
    """Phonemes of estimated length over [start, end] of a sound of `total` seconds, for models that give no durations."""
    return align_phonemes([TimedSymbol("^", start), *time_symbols(symbols, end - start), TimedSymbol("$", total - end)])


def time_symbols(symbols: Sequence[str], seconds: float) -> list[TimedSymbol]:
    """The symbols with estimated durations that add up to `seconds`."""
    weights = [_estimate_relative_length(symbol) for symbol in symbols]
    unit = seconds / max(sum(weights), 1e-9)
    return [TimedSymbol(symbol, weight * unit) for symbol, weight in zip(symbols, weights, strict=True)]


def _estimate_relative_length(symbol: str) -> float:
    """Relative length of a symbol in read speech: vowels are longer than consonants, pauses longer than both."""
    if symbol in STRESS_MARKS:
        return 0.0
    if is_pause(symbol):
        return 0.1 if symbol == " " else 2.0
    return 1.5 if symbol[0] in IPA_VOWELS else 0.5 if symbol == "ː" else 1.0


def shift_phonemes(phonemes: Sequence[Phoneme], seconds: float, total: float) -> tuple[Phoneme, ...]:
    """The phonemes later by `seconds` (earlier if negative), clipped to [0, total]; the last one ends at `total`."""
    moved = [replace(p, start=max(0.0, p.start + seconds), end=min(total, p.end + seconds)) for p in phonemes]
    kept = [p for p in moved if p.end - p.start > 1e-9]
    if kept:
        kept[-1] = replace(kept[-1], end=total)
    return tuple(kept)
