"""English text -> phonemes with hibari's G2P (Apache-2.0, no espeak), in misaki's alphabet or as IPA."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hibari.g2p import G2P

# misaki writes diphthongs and affricates as one letter.
MISAKI_IPA: dict[str, str] = {
    "A": "eɪ", "I": "aɪ", "O": "oʊ", "Q": "əʊ", "W": "aʊ", "Y": "ɔɪ", "T": "ɾ", "ʤ": "dʒ", "ʧ": "tʃ", "ᵊ": "ə",
    "ʣ": "dz", "ʦ": "ts", "ʥ": "dʑ", "ʨ": "tɕ", "S": "ʃ", "“": '"', "”": '"', "—": ",", "…": ".",
}  # fmt: skip
_NON_ASCII_WORD = re.compile(r"\w*[^\W\d_\x00-\x7f]\w*")
# Latin letters that have no Unicode decomposition.
_LETTER_FALLBACKS = str.maketrans(
    {"ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "Ae", "œ": "oe", "ł": "l", "Ł": "L", "đ": "d", "ð": "th", "þ": "th"}
)
DIPHTHONGS = frozenset(["eɪ", "aɪ", "oʊ", "əʊ", "aʊ", "ɔɪ"])
_VOWEL_CLASS = "aɑæʌɐɛeəɜiɪᵻɔouʊ"
# Before a vowel, r is a consonant (Edinburgh, furry); elsewhere it colours the vowel before it.
_NURSE_VOWEL = re.compile(f"ɜɹ(?![ˈˌ]?[{_VOWEL_CLASS}])")
_RHOTIC_SCHWA = re.compile(f"əɹ(?![ˈˌ]?[{_VOWEL_CLASS}])")
_WORD = re.compile(r"\S+")
_NUCLEUS = re.compile(f"([ˈˌ]?)[{_VOWEL_CLASS}ɚ]+ː?")
# American vowels that espeak writes with a length mark; the voices were trained on it.
_LONG_VOWELS = {"i": "iː", "u": "uː", "ɔ": "ɔː", "ɑ": "ɑː"}


@lru_cache(maxsize=1)  # one set of dictionaries for the whole process
def _load_g2p() -> G2P:
    from hibari.g2p import G2P

    return G2P()


def phonemize_misaki(sentence: str) -> str:
    """Phonemes of one sentence in misaki's alphabet, punctuation and spaces kept: "həlˈO ðˈɛɹ."."""
    return str(_load_g2p()(_NON_ASCII_WORD.sub(_strip_accents, sentence), normalize_text=False))


def is_known_word(word: str) -> bool:
    """True if the pronunciation dictionaries have the word in lower case."""
    lexicon = _load_g2p().lexicon
    return word in lexicon.golds.d or word in lexicon.silvers.d


def _strip_accents(match: re.Match[str]) -> str:
    """The word without accents, which the network for unknown words cannot read; words in the dictionary (café) keep them."""
    word, lexicon = match.group(), _load_g2p().lexicon
    if any(form in table for form in (word, word.lower()) for table in (lexicon.golds, lexicon.silvers)):
        return word
    plain = unicodedata.normalize("NFD", word.translate(_LETTER_FALLBACKS))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def phonemize_ipa(sentence: str) -> str:
    """Phonemes of one sentence as espeak-style IPA: "həlˈoʊ ðˈɛɹ."."""
    return misaki_to_ipa(phonemize_misaki(sentence))


def misaki_to_ipa(phonemes: str) -> str:
    """misaki's letters as espeak-style IPA: two-letter diphthongs, r-coloured schwa, length marks on stressed long vowels."""
    expanded = "".join(MISAKI_IPA.get(letter, letter) for letter in phonemes)
    coloured = _RHOTIC_SCHWA.sub("ɚ", _NURSE_VOWEL.sub("ɜː", expanded))
    return unicodedata.normalize("NFD", _WORD.sub(_drop_secondary_stress, _mark_long_vowels(coloured)))


def _drop_secondary_stress(match: re.Match[str]) -> str:
    """The word without the secondary stress marks that espeak omits: on an only syllable (she, we) and next to the primary stress."""
    word, nuclei = match.group(), list(_NUCLEUS.finditer(match.group()))
    marks = [nucleus.group(1) for nucleus in nuclei]
    for i in reversed(range(len(nuclei))):
        if marks[i] == "ˌ" and (len(nuclei) == 1 or "ˈ" in marks[max(i - 1, 0) : i + 2]):
            word = word[: nuclei[i].start()] + word[nuclei[i].start() + 1 :]
    return word


def _mark_long_vowels(phonemes: str) -> str:
    out: list[str] = []
    for index, letter in enumerate(phonemes):
        before, after = phonemes[index - 1 : index], phonemes[index + 1 : index + 2]
        long = letter in _LONG_VOWELS and after not in ("ː", "ɪ") and (before in "ˈˌ" or letter in "uɔɑ")
        out.append(_LONG_VOWELS[letter] if long else letter)
    return "".join(out)
