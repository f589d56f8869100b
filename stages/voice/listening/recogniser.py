"""What was said, several times while it is said: Whisper base on a window as long as the sound, not of 30 seconds.

Whisper pads every recording to 30 s, which costs its encoder 0.8 s of this machine whatever was said. Its positions are learned from the
start, so a window of the sound's own length gives the same text at a tenth of the cost, except under four seconds, where it may repeat
itself; so the window is never shorter, and a repeated sentence is cut.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from stages.voice.backend import Samples
from stages.voice.transcription import bake_whisper

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

RATE = 16_000
HOP = 160
"""Samples of a frame of the spectrogram."""
MIN_FRAMES, MAX_FRAMES = 400, 3000
TAIL_FRAMES = 60
"""Silence after the sound: a sentence that ends at the window's edge loses its last word."""
TOKENS_PER_SECOND, MIN_TOKENS = 8, 12
"""Fast speech has six; more are a loop of the decoder."""
NO_SPEECH = 0.6
"""Whisper's own threshold."""
LEAST_LOG_PROBABILITY = -1.0
"""Whisper's own threshold: below it the text is a guess."""
_NOTES = re.compile(r"[\[(（【♪][^\])）】♪]*[\])）】♪]?")
"""[Music], (laughs): what Whisper writes about sounds."""


@dataclass(frozen=True)
class Hypothesis:
    """What a sound says, as far as it is known."""

    text: str
    """Empty where nothing was understood."""
    log_probability: float = 0.0
    """Mean of its tokens."""


@lru_cache(maxsize=1)  # one model, 150 MB; its workers share the weights
def load_recogniser(workers: int = 1) -> WhisperModel:
    """The model with as many workers as threads may decode at once, each with one thread of its own."""
    from faster_whisper import WhisperModel

    return WhisperModel(str(bake_whisper()), device="cpu", compute_type="int8", cpu_threads=1, num_workers=workers, local_files_only=True)


def recognise(samples: Samples, language: str, *, workers: int = 1) -> Hypothesis:
    """The text of a sound (n,) at 16 kHz in `en` or `zh`; safe to call from several threads."""
    import ctranslate2
    from faster_whisper.tokenizer import Tokenizer

    model = load_recogniser(workers)
    frames = int(np.clip(len(samples) // HOP + TAIL_FRAMES, MIN_FRAMES, MAX_FRAMES))
    sound = np.pad(samples[: frames * HOP], (0, max(0, frames * HOP - len(samples))))
    features = np.ascontiguousarray(model.feature_extractor(sound)[None, :, :frames])
    tokenizer = Tokenizer(model.hf_tokenizer, True, task="transcribe", language=language)
    most = max(MIN_TOKENS, int(len(samples) / RATE * TOKENS_PER_SECOND))
    result = model.model.generate(
        ctranslate2.StorageView.from_array(features), [[*tokenizer.sot_sequence, tokenizer.no_timestamps]], beam_size=1,
        max_length=most + 4, return_scores=True, return_no_speech_prob=True,
    )[0]  # fmt: skip
    if (result.no_speech_prob > NO_SPEECH and result.scores[0] < LEAST_LOG_PROBABILITY / 2) or result.scores[0] < LEAST_LOG_PROBABILITY:
        return Hypothesis("", float(result.scores[0]))
    return Hypothesis(clean_transcript(tokenizer.decode(result.sequences_ids[0])), float(result.scores[0]))


def clean_transcript(text: str) -> str:
    """The words without notes on sounds, and without a sentence that repeats the one before it."""
    sentences = [part for part in re.split(r"(?<=[.?!。？！])\s*", _NOTES.sub(" ", text).strip()) if part.strip(" .")]
    kept: list[str] = []
    for sentence in sentences:
        if not kept or not kept[-1].casefold().startswith(sentence.casefold().rstrip(".?!。？！")):
            kept.append(sentence.strip())
    return " ".join(kept)
