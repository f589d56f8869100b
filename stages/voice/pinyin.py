"""Pinyin initials and finals in the Mandarin voice's spelling -> IPA symbols with their durations."""

from __future__ import annotations

from stages.voice.phonemes import TimedSymbol

# Duanmu, The Phonology of Standard Chinese (2007), table 2; "^" is the voice's empty initial.
INITIALS: dict[str, str] = {
    "b": "p", "p": "pʰ", "m": "m", "f": "f", "d": "t", "t": "tʰ", "n": "n", "l": "l", "g": "k", "k": "kʰ", "h": "x",
    "j": "tɕ", "q": "tɕʰ", "x": "ɕ", "zh": "ʈʂ", "ch": "ʈʂʰ", "sh": "ʂ", "r": "ʐ", "z": "ts", "c": "tsʰ", "s": "s",
}  # fmt: skip
# The sounds of a final in order, and its nucleus, which carries the tone.
FINALS: dict[str, tuple[str, str]] = {
    "a": ("a", "a"), "ai": ("a ɪ", "a"), "an": ("a n", "a"), "ang": ("ɑ ŋ", "ɑ"), "ao": ("ɑ ʊ", "ɑ"),
    "e": ("ɤ", "ɤ"), "ei": ("e ɪ", "e"), "en": ("ə n", "ə"), "eng": ("ə ŋ", "ə"), "er": ("ɚ", "ɚ"),
    "i": ("i", "i"), "ia": ("j a", "a"), "ian": ("j ɛ n", "ɛ"), "iang": ("j ɑ ŋ", "ɑ"), "iao": ("j ɑ ʊ", "ɑ"),
    "ie": ("j ɛ", "ɛ"), "ii": ("ɿ", "ɿ"), "iii": ("ʅ", "ʅ"), "in": ("i n", "i"), "ing": ("i ŋ", "i"),
    "iong": ("j ʊ ŋ", "ʊ"), "iou": ("j o ʊ", "o"), "o": ("w ɔ", "ɔ"), "ong": ("ʊ ŋ", "ʊ"), "ou": ("o ʊ", "o"),
    "u": ("u", "u"), "ua": ("w a", "a"), "uai": ("w a ɪ", "a"), "uan": ("w a n", "a"), "uang": ("w ɑ ŋ", "ɑ"),
    "uei": ("w e ɪ", "e"), "uen": ("w ə n", "ə"), "ueng": ("w ə ŋ", "ə"), "uo": ("w ɔ", "ɔ"),
    "v": ("y", "y"), "van": ("ɥ ɛ n", "ɛ"), "ve": ("ɥ ɛ", "ɛ"), "vn": ("y n", "y"),
}  # fmt: skip
# Mandarin has no word stress; the falling tone starts loudest and the neutral tone is weak.
TONE_STRESS = {"1": "ˌ", "2": "ˌ", "3": "ˌ", "4": "ˈ", "5": ""}
NUCLEUS_SHARE = 2.0
"""Duration of a nucleus relative to a glide or a coda."""


def to_timed_symbols(symbol: str, seconds: float) -> list[TimedSymbol]:
    """IPA symbols of one symbol of the voice (sil, #0..#3, ^, an initial, a final with its tone), `seconds` long in total."""
    if symbol in ("sil", "#1", "#2", "#3"):
        return [TimedSymbol(" ", seconds)]
    if symbol in ("#0", "^", "pad", "eos"):
        return [TimedSymbol("_", seconds)]
    if symbol in INITIALS:
        return [TimedSymbol(INITIALS[symbol], seconds)]
    row, nucleus = FINALS[symbol[:-1]]
    letters = row.split()
    weights = [NUCLEUS_SHARE if letter == nucleus else 1.0 for letter in letters]
    unit = seconds / sum(weights)
    timed = [TimedSymbol(letter, weight * unit) for letter, weight in zip(letters, weights, strict=True)]
    stress = TONE_STRESS[symbol[-1]]
    return [TimedSymbol(stress, 0.0), *timed] if stress else timed
