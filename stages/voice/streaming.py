"""Speech while one waits: a text that no build knew, sentence by sentence, each ready to be played while the next is spoken."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from assets.artefacts.talk import SpokenLine
from assets.spec.behaviour import VoiceSpec
from stages.voice.backend import Utterance, VoiceBackend
from stages.voice.delivery import NEUTRAL, Delivery
from stages.voice.mastering import TARGET_LUFS, limit_peaks, measure_loudness, trim_silence
from stages.voice.prosody import shape_sentence
from stages.voice.stage import find_voice_mismatches
from stages.voice.text import clean_text, strip_notation
from stages.voice.words import align_words

_REFERENCE = {
    "en": "The quick answer is that we are open every day, and you are welcome.",
    "zh": "我们每天都开放，欢迎您来参观。",
}
"""Sentences of usual loudness, whose gain is that of the voice."""
FIRST_LEAD_S, TAIL_S, CLAUSE_TAIL_S = 0.02, 0.3, 0.16
"""Silence before the first sound, which is waiting time here, after a sentence and after a part of one."""
_CLAUSE = re.compile(r"(?<=[,;:])\s+|(?<=[，；：])")
_LEAST_LETTERS = 8
"""Of each part of a sentence that is spoken in two: shorter ones have no melody of their own."""


@dataclass
class StreamingVoice:
    """A voice with its models held open, and the gain that brings it to the loudness of a bundle's lines."""

    backend: VoiceBackend
    language: str
    options: VoiceSpec
    seed: int
    gain: float

    def speak(self, text: str, delivery: Delivery = NEUTRAL) -> Iterator[SpokenLine]:
        """The sentences of a text; none where nothing is speakable. Loudness is the voice's own, scaled: measuring each costs time."""
        for number, sentence in enumerate(split_first_sentence(clean_text(text, self.language).sentences)):
            sound = self._speak_sentence(sentence, delivery)
            sound = trim_silence(sound, FIRST_LEAD_S, CLAUSE_TAIL_S if sentence.endswith(tuple(",;:，；：")) else TAIL_S)
            samples = limit_peaks(sound.samples * np.float32(self.gain), sound.rate)
            words = align_words([sentence], self.language, sound.phonemes)
            yield SpokenLine(f"new_{number}", strip_notation(sentence), samples, sound.rate, sound.phonemes, words)

    def _speak_sentence(self, sentence: str, delivery: Delivery) -> Utterance:
        rate = float(np.clip(self.options.rate * delivery.rate, 0.5, 2.0))
        options, seed = self.options.model_copy(update={"rate": rate}), (self.seed + zlib.crc32(sentence.encode())) % 2**32
        part = self.backend.speak(sentence, language=self.language, options=options, seed=seed)
        return shape_sentence(part, sentence, self.language, delivery, rate)


def split_first_sentence(sentences: Sequence[str]) -> list[str]:
    """The sentences, the first cut after its first clause: its sound is ready sooner, and the rest is spoken while it plays."""
    if not sentences:
        return []
    at = next((cut for cut in _CLAUSE.finditer(sentences[0]) if cut.start() >= _LEAST_LETTERS), None)
    if at is None or len(sentences[0]) - at.end() < _LEAST_LETTERS:
        return list(sentences)
    return [sentences[0][: at.start()], sentences[0][at.end() :], *sentences[1:]]


def open_voice(backend: VoiceBackend, language: str, *, seed: int, options: VoiceSpec | None = None) -> StreamingVoice | None:
    """The voice, loaded and warm; None where it does not speak the language or cannot run here."""
    options = options or VoiceSpec()
    if backend.unavailable_reason() or any(find_voice_mismatches(options, backend, language)):
        return None
    hold = getattr(backend, "hold_models", None)
    if hold:
        hold()
    voice = StreamingVoice(backend, language, options, seed, gain=1.0)
    reference = voice._speak_sentence(_REFERENCE[language], NEUTRAL)
    voice.gain = 10 ** ((TARGET_LUFS - measure_loudness(reference.samples, reference.rate)) / 20)
    next(voice.speak(_REFERENCE[language]))  # the words' pronunciations and the filters are loaded by their first use
    return voice
