"""Latin words in a Mandarin sentence: their English sounds in the nearest Mandarin syllables, as speakers of Mandarin say them."""

from __future__ import annotations

import re
from functools import lru_cache

LETTERS: dict[str, str] = {
    "A": "ei1", "B": "bi4", "C": "xi1", "D": "di4", "E": "yi1", "F": "ai2 fu5", "G": "ji2", "H": "ei4 chi5", "I": "ai4", "J": "jie2",
    "K": "kai1",
    "L": "ai4 le5", "M": "ai4 mu5", "N": "en1", "O": "ou1", "P": "pi4", "Q": "ke4 you1", "R": "a1 er5", "S": "ai4 si5", "T": "ti4",
    "U": "you1",
    "V": "wei1", "W": "da2 bu5 liu5", "X": "ai4 ke5 si5", "Y": "wai1", "Z": "zei4",
}  # fmt: skip
"""How speakers of Mandarin say Latin letters."""
WORDS: dict[str, str] = {
    "email": "yi1 mei4 ou5", "google": "gu3 ge1", "iphone": "ai4 f+eng1", "ipad": "ai4 pai4 de5", "wifi": "wai1 f+ai4", "app": "ai4 pu5",
    "ok": "ou1 kei4",
    "hello": "ha1 lou2", "bye": "bai4", "logo": "lou1 gou5", "blog": "bo2 ke4", "vs": "dui4", "club": "ke5 la1 bu5", "show": "xiu4",
    "coffee": "k+a1 f+ei5",
    "party": "pa4 ti5", "taxi": "di1 shi4", "facebook": "lian3 shu1", "youtube": "you1 tiu1 bu5", "tiktok": "ti2 ke5 tao1 ke5",
}  # fmt: skip
_ONSETS = {
    "p": "p", "b": "b", "t": "t", "d": "d", "T": "d", "k": "k", "ɡ": "g", "f": "f", "s": "s", "z": "z", "ʃ": "sh", "ʒ": "r", "ʧ": "ch",
    "ʤ": "zh", "θ": "s",
    "ð": "z", "m": "m", "n": "n", "l": "l", "ɹ": "r", "h": "h", "j": "^", "w": "^", "v": "^", "ŋ": "n",
}  # fmt: skip
_PALATALS = {"s": "x", "z": "j", "sh": "x", "ch": "q", "zh": "j", "r": "r", "t": "t", "d": "d", "k": "q", "g": "j", "h": "x", "f": "f"}
# Vowel -> final alone, before n, before ng.
_VOWELS = {
    "i": ("i", "in", "ing"), "ɪ": ("i", "in", "ing"), "A": ("ei", "en", "eng"), "ɛ": ("ai", "en", "eng"), "æ": ("ai", "an", "ang"),
    "ɑ": ("a", "an", "ang"),
    "a": ("a", "an", "ang"), "ʌ": ("a", "an", "ang"), "ə": ("e", "en", "eng"), "ɐ": ("a", "an", "ang"), "ᵊ": ("e", "en", "eng"),
    "ᵻ": ("i", "in", "ing"),
    "ɜ": ("e", "en", "eng"), "ɔ": ("ao", "ong", "ong"), "O": ("ou", "ong", "ong"), "u": ("u", "uen", "ong"), "ʊ": ("u", "uen", "ong"),
    "I": ("ai", "an", "ang"),
    "W": ("ao", "ang", "ang"), "Y": ("uai", "uan", "uang"), "Q": ("ou", "ong", "ong"),
}  # fmt: skip
# A consonant without a vowel gets the one that Mandarin lends it.
_CODAS = {
    "p": "p+u5", "b": "b+u5", "t": "t+e5", "d": "d+e5", "T": "d+e5", "k": "k+e5", "ɡ": "g+e5", "f": "f+u5", "v": "f+u5", "s": "s+ii5",
    "z": "z+ii5",
    "θ": "s+ii5", "ð": "z+ii5", "ʃ": "sh+iii5", "ʒ": "r+iii5", "ʧ": "q+i5", "ʤ": "zh+iii5", "m": "m+u5", "n": "^+en5", "ŋ": "^+eng5",
    "l": "^+ou5", "ɹ": "^+er5",
    "h": "h+e5", "j": "^+i5", "w": "^+u5",
}  # fmt: skip


def say_latin_letters(letters: str) -> str:
    """Letter by letter, in the notation of a given pronunciation."""
    return "".join(f"[{letter}](/{LETTERS[letter.upper()].replace(' ', '-')}/)" for letter in letters if letter.upper() in LETTERS)


@lru_cache(maxsize=1024)  # the network reads a word in 30 ms, and a line repeats its words
def say_latin_word(word: str) -> str:
    """One word; spelt where it has no vowel."""
    known = WORDS.get(word.lower())
    if known:
        return f"[{word}](/{known.replace(' ', '-')}/)"
    if not re.search("[aeiouyAEIOUY\u00c0-\u024f]", word):
        return say_latin_letters(word)
    from stages.voice.english import phonemize_misaki

    syllables = to_syllables(phonemize_misaki(word))
    return f"[{word}](/{'-'.join(syllables)}/)" if syllables else say_latin_letters(word)


def to_syllables(phonemes: str) -> list[str]:
    """initial+final of each syllable with its tone, for misaki's phonemes: Boston -> b+ao1 s+ii5 t+en5."""
    sounds = [letter for letter in phonemes if letter in _ONSETS or letter in _VOWELS or letter in "ˈˌ"]
    out: list[str] = []
    stressed, onset, at = False, "", 0
    while at < len(sounds):
        letter = sounds[at]
        if letter in "ˈˌ":
            stressed = True
        elif letter in _VOWELS:
            nasal = _find_nasal(sounds, at)
            out.append(_join_syllable(onset, _VOWELS[letter][nasal], "1" if stressed else "5"))
            onset, stressed, at = "", False, at + (1 if nasal else 0)
        else:
            if onset:
                out.append(_CODAS[onset])
            onset = letter
        at += 1
    return [*out, *([_CODAS[onset]] if onset else [])]


def _find_nasal(sounds: list[str], at: int) -> int:
    """1 if the vowel is closed by n, 2 by ng, else 0."""
    after = sounds[at + 1 : at + 3]
    closed = bool(after) and not (len(after) > 1 and (after[1] in _VOWELS or after[1] in "ˈˌ"))
    return {"n": 1, "ŋ": 2}.get(after[0], 0) if closed else 0


def _join_syllable(onset: str, final: str, tone: str) -> str:
    initial = _ONSETS.get(onset, "^")
    if onset in ("w", "v") and final in ("a", "ai", "an", "ang", "ei", "en", "e", "ao"):
        final = {"a": "ua", "ai": "uai", "an": "uan", "ang": "uang", "ei": "uei", "en": "uen", "e": "uo", "ao": "uo"}[final]
    if onset in ("w", "v") and final.startswith("i"):
        final = "uei" if final == "i" else "uen"
    if onset == "j" and final in ("a", "ao", "ou", "an", "ang", "e"):
        final = {"a": "ia", "ao": "iao", "ou": "iou", "an": "ian", "ang": "iang", "e": "ie"}[final]
    if final.startswith("i") and initial in _PALATALS:
        initial = _PALATALS[initial]
    return f"{initial}+{final}{tone}"
