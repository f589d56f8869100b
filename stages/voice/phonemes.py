"""Symbols and durations of any voice -> IPA phonemes on the clock of the sound, each with one of the 15 visemes.

Viseme groups: Meta's lip-sync reference; sounds it does not name go to the group with the same lips and tongue.
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
# Below this a space or a comma is no pause: the lips run on, so its time goes to the sound before it.
MIN_PAUSE_S = 0.06


@dataclass(frozen=True)
class TimedSymbol:
    """What a model said about one symbol: IPA letters (or a mark, a space, a pad) and how long it lasted."""

    symbol: str
    seconds: float


def find_viseme(symbol: str) -> str:
    """The viseme of an IPA symbol; modifiers such as aspiration are looked through, what is no sound is silence."""
    if symbol in VISEME_BY_LETTER:
        return VISEME_BY_LETTER[symbol]
    return next((VISEME_BY_LETTER[letter] for letter in symbol if letter in VISEME_BY_LETTER), SILENCE_VISEME)


def is_pause(symbol: str) -> bool:
    """True for spaces, punctuation and the sentence marks of a model; pads are no pause but part of their sound."""
    return all(letter in "^$|#~" or unicodedata.category(letter)[0] in "PZS" for letter in symbol)


def align_phonemes(sounds: Sequence[TimedSymbol]) -> tuple[Phoneme, ...]:
    """Phonemes that follow one another without a gap from 0 to the sum of the durations.

    Pads, length and combining marks lengthen the sound before them; a stress mark lengthens the sound after it and
    stresses the next vowel.
    """
    phonemes: list[Phoneme] = []
    now = start = stress = 0.0
    for sound in sounds:
        now += sound.seconds
        if sound.symbol in STRESS_MARKS:
            stress = STRESS_MARKS[sound.symbol]
        elif is_pause(sound.symbol) and sound.symbol != "_":
            phonemes.append(Phoneme(start, now, "", SILENCE_VISEME))
            start = now
        elif sound.symbol in ("_", "ː", "ˑ", "ʰ", "ʲ", "ˤ", "ᵝ") or unicodedata.combining(sound.symbol[0]):
            start = _lengthen_last(phonemes, start, now)
        else:
            vowel = any(letter in IPA_VOWELS for letter in sound.symbol)
            phonemes.append(Phoneme(start, now, sound.symbol, find_viseme(sound.symbol), stress if vowel else 0.0))
            start, stress = now, 0.0 if vowel else stress
    _lengthen_last(phonemes, start, now)
    return merge_phonemes(phonemes)


def _lengthen_last(phonemes: list[Phoneme], start: float, now: float) -> float:
    """Gives [start, now] to the last phoneme; returns the new start (the old one where nothing came before)."""
    if not phonemes:
        return start
    phonemes[-1] = replace(phonemes[-1], end=now)
    return now


def merge_phonemes(phonemes: Sequence[Phoneme]) -> tuple[Phoneme, ...]:
    """Pauses in a row as one, those too short to close the lips swallowed, affricates in one piece."""
    whole: list[Phoneme] = []
    for phoneme in phonemes:
        last = whole[-1] if whole else None
        if last and last.viseme == phoneme.viseme == SILENCE_VISEME:
            whole[-1] = replace(last, end=phoneme.end)
        elif last and (last.symbol, phoneme.symbol) in AFFRICATES:
            symbol = AFFRICATES[last.symbol, phoneme.symbol]
            whole[-1] = Phoneme(last.start, phoneme.end, symbol, find_viseme(symbol))
        else:
            whole.append(phoneme)
    tidy: list[Phoneme] = []
    for index, phoneme in enumerate(whole):
        short = phoneme.viseme == SILENCE_VISEME and phoneme.end - phoneme.start < MIN_PAUSE_S
        if tidy and short and index + 1 < len(whole):
            tidy[-1] = replace(tidy[-1], end=phoneme.end)
        else:
            tidy.append(phoneme)
    return tuple(phoneme for phoneme in tidy if phoneme.end > phoneme.start)


def silence_outside(phonemes: Sequence[Phoneme], first: float, last: float) -> tuple[Phoneme, ...]:
    """The phonemes with silence before `first` and after `last`: a model adds quiet to its end sounds."""
    out: list[Phoneme] = []
    for p in phonemes:
        cuts = [p.start, *(at for at in (first, last) if p.start < at < p.end), p.end]
        for begin, end in pairwise(cuts):
            outside = end <= first or begin >= last
            out.append(Phoneme(begin, end, "", SILENCE_VISEME) if outside else replace(p, start=begin, end=end))
    return merge_phonemes(out)


def spread_phonemes(symbols: Sequence[str], start: float, end: float, total: float) -> tuple[Phoneme, ...]:
    """Phonemes spread over [start, end] of a sound of `total` seconds, for voices that tell no durations."""
    weights = [_estimate_relative_length(symbol) for symbol in symbols]
    unit = (end - start) / max(sum(weights), 1e-9)
    sounds = [TimedSymbol(symbol, weight * unit) for symbol, weight in zip(symbols, weights, strict=True)]
    return align_phonemes([TimedSymbol("^", start), *sounds, TimedSymbol("$", total - end)])


def _estimate_relative_length(symbol: str) -> float:
    """Relative length of a sound in read speech: vowels outlast consonants, commas outlast both."""
    if symbol in STRESS_MARKS:
        return 0.0
    if is_pause(symbol):
        return 0.1 if symbol == " " else 2.0
    return 1.5 if symbol[0] in IPA_VOWELS else 0.5 if symbol == "ː" else 1.0


def shift_phonemes(phonemes: Sequence[Phoneme], seconds: float, total: float) -> tuple[Phoneme, ...]:
    """The phonemes later by `seconds` (earlier where negative), cut to [0, total] and stretched to fill it."""
    moved = [replace(p, start=max(0.0, p.start + seconds), end=min(total, p.end + seconds)) for p in phonemes]
    kept = [p for p in moved if p.end - p.start > 1e-9]
    if kept:
        kept[-1] = replace(kept[-1], end=total)
    return tuple(kept)
