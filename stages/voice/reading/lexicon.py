"""The author's own readings, `voice.lexicon`: word -> a respelling, /IPA/ or pinyin with tone digits."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping

from assets.spec.visible_text import find_invisible_character
from stages.voice.phonemes import VISEME_BY_LETTER
from stages.voice.reading.spans import SpanClass

_IPA = re.compile(r"/(.+)/")
_PINYIN = re.compile(r"[a-zü]+[1-5](?:\s+[a-zü]+[1-5])*")
_LIKE_PINYIN = re.compile(r"[^\W\d_]+[\d:]+\w*(?:\s+[^\W\d_]+[\d:]+\w*)*")
"""Letters with digits, as pinyin or what was meant to be."""
_IPA_MARKS = frozenset("ˈˌːˑ.ʰʲ‿|")
_IPA_SOUNDS = frozenset("".join(VISEME_BY_LETTER)) - _IPA_MARKS | frozenset("rɾ")
_IPA_LETTERS = _IPA_SOUNDS | _IPA_MARKS
# The longest first; misaki writes diphthongs and affricates as one letter.
_TO_MISAKI = (
    ("əʊ", "O"), ("oʊ", "O"), ("eɪ", "A"), ("aɪ", "I"), ("aʊ", "W"), ("ɔɪ", "Y"), ("tʃ", "ʧ"), ("dʒ", "ʤ"), ("ɜːr", "ɜɹ"), ("ɝ", "ɜɹ"),
    ("ɚ", "əɹ"),
    ("ɜː", "ɜɹ"), ("r", "ɹ"), ("g", "ɡ"), ("o", "O"), ("e", "ɛ"), ("a", "ɑ"), ("ɲ", "nj"), ("ʎ", "lj"), ("ɫ", "l"), ("ʁ", "ɹ"), ("ʀ",
    "ɹ"), ("x", "k"),
    ("ç", "k"), ("ʍ", "w"), ("y", "u"), ("ø", "ɜ"), ("œ", "ɜ"), ("ɒ", "ɑ"), ("ɐ", "ə"), ("ɾ", "T"), ("ʔ", "t"), ("ʂ", "ʃ"), ("ʐ", "ʒ"),
    ("ɕ", "ʃ"),
)  # fmt: skip


def explain_bad_entry(word: str, reading: str) -> str:
    """Why an entry cannot be read, as a sentence; empty where it can."""
    return _explain_bad_word(word) or _explain_bad_reading(word, reading.strip())


def find_entry_twice(words: Iterable[str]) -> str:
    """The first word that is an earlier one in other capitals; empty where there is none."""
    seen: set[str] = set()
    for word in words:
        if (key := _fold(word)) in seen:
            return word
        seen.add(key)
    return ""


def _fold(word: str) -> str:
    """The word as it is looked up: the letters that regular expressions take for one, dotless i among them, are one."""
    return unicodedata.normalize("NFC", word).upper().casefold().strip()


def _explain_bad_word(word: str) -> str:
    if found := find_invisible_character(word):
        return f"the word {word[:20]!r} has the invisible character U+{ord(found):04X} in it"
    if not word:
        return "an entry has no word"
    if re.search(r"\s", word):
        return f"the word {word[:40]!r} has a space in it, and an entry is one word"
    if len(word) > 40:
        return f"the word {word[:20]!r}... has more than 40 characters"
    return "" if any(map(str.isalnum, word)) else f"the word {word!r} has no letter in it"


def _explain_bad_reading(word: str, reading: str) -> str:
    if ipa := _IPA.fullmatch(reading):
        letters = [letter for letter in unicodedata.normalize("NFD", ipa.group(1)) if not unicodedata.combining(letter)]
        if wrong := [letter for letter in letters if letter not in _IPA_LETTERS]:
            return f"{wrong[0]!r} in the reading of {word!r} is no letter of the IPA"
        return "" if any(letter in _IPA_SOUNDS for letter in letters) else f"the reading of {word!r} has no sound in it"
    if _LIKE_PINYIN.fullmatch(reading):
        from stages.voice.mandarin_symbols import is_pinyin

        wrong = [syllable for syllable in reading.split() if not _PINYIN.fullmatch(syllable) or not is_pinyin(syllable)]
        return f"{wrong[0]!r} in the reading of {word!r} is no syllable of pinyin" if wrong else ""
    if not any(map(str.isalnum, reading)):
        return f"the reading of {word!r} has no letter in it"
    wrong = [letter for letter in reading if not _is_spelling(letter)]
    return f"{wrong[0]!r} in the reading of {word!r} is no letter of a respelling" if wrong else ""


def _is_spelling(letter: str) -> bool:
    """Whether every voice can read it in a respelling; the letters of IPA alone are not spelling."""
    if letter in "0123456789 '’-.," or unicodedata.combining(letter):
        return True
    return not "\u0250" <= letter <= "\u02af" and (unicodedata.name(letter, "").startswith("LATIN") or "\u3400" <= letter <= "\u9fff")


Reader = Callable[[str], str]
"""A respelling -> the words that are spoken."""


def build_lexicon_class(lexicon: Mapping[str, str], language: str, read: Reader) -> SpanClass:
    """The class of the lexicon's words; it goes before every other. `read` reads a respelling."""
    words = "|".join(re.escape(unicodedata.normalize("NFC", word)) for word in sorted(lexicon, key=len, reverse=True))
    readings = {_fold(word): reading.strip() for word, reading in lexicon.items()}
    pattern = rf"(?i:({words}))" if language == "zh" else rf"(?<!\w)(?i:({words}))(?P<owner>['’]s)?(?!\w)"

    def say(match: re.Match[str]) -> str:
        spoken = say_entry(match.group(1), readings[_fold(match.group(1))], language, read)
        return _own(spoken) if language != "zh" and match.group("owner") else spoken

    return SpanClass("lexicon", re.compile(pattern), say)


def _own(spoken: str) -> str:
    """The words with the 's of an owner."""
    given = re.fullmatch(r" \[([^\]]*)\]\(/(.*)/\) ", spoken)
    if not given:
        return f" {spoken.strip()}'s "
    ending = "ᵻz" if given.group(2)[-1] in "szʃʒʧʤ" else "s" if given.group(2)[-1] in "ptkfθ" else "z"
    return f" [{given.group(1)}'s](/{given.group(2)}{ending}/) "


def say_entry(word: str, reading: str, language: str, read: Reader) -> str:
    """The words of an entry, in the notation of the language's G2P for a given pronunciation."""
    ipa = _IPA.fullmatch(reading)
    if language == "zh":
        from stages.voice.reading.latin_in_mandarin import to_syllables

        if ipa:
            return f"[{word}](/{'-'.join(to_syllables(ipa_to_misaki(ipa.group(1))))}/)"
        return f"[{word}](/{'-'.join(reading.split())}/)" if _PINYIN.fullmatch(reading) else read(reading)
    if ipa:
        return f" [{word}](/{ipa_to_misaki(ipa.group(1))}/) "
    if _PINYIN.fullmatch(reading):
        from stages.voice.reading.foreign_words import say_syllables

        return f" [{word}](/{say_syllables(reading.split())}/) "
    return f" {read(reading)} "


def ipa_to_misaki(ipa: str) -> str:
    """IPA in misaki's letters: həˈloʊ -> həlˈO."""
    sounds = "".join(letter for letter in unicodedata.normalize("NFD", ipa) if not unicodedata.combining(letter))
    for symbol, letter in _TO_MISAKI:
        sounds = sounds.replace(symbol, letter)
    sounds = re.sub("[ːˑ.‿|ʰʲ ]", "", sounds)
    # misaki puts the mark before the vowel, IPA before the syllable.
    return re.sub("([ˈˌ])([^aeiouæɑɐɒɔəɛɜɪʊʌᵻAIOWYQ]*)", r"\2\1", sounds)
