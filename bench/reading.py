"""How well the written text is read: errors in words, in the sounds of names and in tones, against readings written by hand.

The lines are in tests/data/speech; the judging half was never looked at while the rules were made. No sound is made here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from stages.voice.text import clean_text
from stages.voice.transcription import compute_error_rate

FOLDER = Path(__file__).parents[1] / "tests" / "data" / "speech"
OLD_RATES: dict[tuple[str, str, str], float] = {
    ("en", "formats", "tuning"): 0.345, ("en", "names", "tuning"): 0.540, ("en", "plain", "tuning"): 0.0, ("en", "prosody", "tuning"): 0.0,
    ("en", "formats", "judging"): 0.244, ("en", "names", "judging"): 0.363, ("en", "plain", "judging"): 0.0, ("en", "prosody",
    "judging"): 0.027,
    ("zh", "formats", "tuning"): 0.250, ("zh", "names", "tuning"): 0.380, ("zh", "plain", "tuning"): 0.115, ("zh", "prosody",
    "tuning"): 0.167,
    ("zh", "formats", "judging"): 0.264, ("zh", "names", "judging"): 0.373, ("zh", "plain", "judging"): 0.133, ("zh", "prosody",
    "judging"): 0.083,
}  # fmt: skip
"""(language, kind, half) -> error rate of the regular expressions that were replaced, measured on these lines with the code before."""
KINDS = ("formats", "names", "plain", "prosody")
# Weak vowels and the flap differ between speakers of American English, and stress is not judged.
_SOUND_CLASSES = str.maketrans({"ɾ": "t", "T": "t", "ɐ": "ə", "ᵻ": "ə", "ᵊ": "ə", "ʌ": "ə", "g": "ɡ", "r": "ɹ"})


@dataclass(frozen=True)
class JudgedLine:
    """A line and its right reading."""

    half: str
    """tuning or judging."""
    kind: str
    written: str
    right: str


def load_lines(language: str) -> tuple[JudgedLine, ...]:
    """The lines of a language: en or zh."""
    rows = (FOLDER / {"en": "english.tsv", "zh": "mandarin.tsv"}[language]).read_text("utf-8").splitlines()
    return tuple(JudgedLine(*row.split("\t")) for row in rows if row and not row.startswith("#"))


def measure_reading(language: str, kind: str, half: str) -> tuple[float, int]:
    """Error rate, and how many words, sounds or syllables it is of."""
    pairs = [pair for line in load_lines(language) if (line.kind, line.half) == (kind, half) for pair in compare_line(line, language)]
    count = sum(len(right) for right, _ in pairs)
    return sum(compute_error_rate(right, read) * len(right) for right, read in pairs) / count, count


def format_table() -> str:
    """Error rates of every kind of line on the judging and on the tuning half; the old ones in brackets."""
    rows = ["language  kind      counted    judging (old)      tuning (old)"]
    for language in ("en", "zh"):
        for kind in KINDS:
            counted = "syllables" if language == "zh" else "sounds" if kind == "names" else "words"
            cells = [_format_rate(language, kind, half) for half in ("judging", "tuning")]
            rows.append(f"{language:<9} {kind:<9} {counted:<10} {cells[0]:<18} {cells[1]}")
    return "\n".join(rows) + "\n"


def _format_rate(language: str, kind: str, half: str) -> str:
    rate, count = measure_reading(language, kind, half)
    return f"{rate:.1%} ({OLD_RATES[language, kind, half]:.1%}) of {count}"


def compare_line(line: JudgedLine, language: str) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """(right, read) as words of phonemes, as the sounds of each name, or as syllables with tones."""
    if language == "zh":
        yield line.right.split(), read_syllables(line.written)
    elif line.kind == "names":
        for pair in line.right.split(";"):
            name, right = pair.split("=")
            assert name in line.written
            yield list(_normalise_sounds(right)), list(_normalise_sounds(read_sounds(name)))
    else:
        spelt = re.sub(r"\b([B-HJ-Z]|A)\b", _spell_letter, line.right)
        yield read_words(spelt), read_words(read_text(line.written))


def read_text(written: str) -> str:
    """The sentences that an English voice gets."""
    return " ".join(clean_text(written, "en").sentences)


def read_sounds(written: str) -> str:
    """IPA of a text as an English voice reads it."""
    from stages.voice.english import phonemize_ipa

    return phonemize_ipa(read_text(written))


def read_words(text: str) -> list[str]:
    """Words of a text as their sounds; the same word sounds alike in both readings."""
    from stages.voice.english import phonemize_misaki

    sounds = phonemize_misaki(text)
    return [word for word in (re.sub(r"[^\w]", "", _normalise_sounds(word)) for word in sounds.split()) if word]


def read_syllables(written: str) -> list[str]:
    """Pinyin with tones of a line as the Mandarin voice reads it; ü for v, r for erhua."""
    from stages.voice import mandarin_symbols

    return [syllable for sentence in clean_text(written, "zh").sentences for syllable in mandarin_symbols.read_pinyin(sentence)]


def _spell_letter(match: re.Match[str]) -> str:
    from stages.voice.reading.english_address import say_letters

    return say_letters(match.group())


def _normalise_sounds(sounds: str) -> str:
    return re.sub(r"[ˈˌː\s.,!?;:]", "", sounds).translate(_SOUND_CLASSES)
