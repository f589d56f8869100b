"""Dialogue -> Speech: cleans every line, speaks it sentence by sentence, joins the sentences and masters the result."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace

import numpy as np

from assets.artefacts.talk import Dialogue, Line, Phoneme, Speech, SpokenLine
from assets.errors import Finding, Location, SpecError
from assets.spec.behaviour import VoiceSpec
from assets.speech_marks import EMPHASIS
from assets.substage_cache import get_or_compute
from stages.stage import Registry, Stage
from stages.voice.backend import Utterance, VoiceBackend
from stages.voice.delivery import NEUTRAL, Delivery, choose_delivery
from stages.voice.mastering import MAX_LEAD_S, MAX_TAIL_S, TARGET_LUFS, find_audible_range, master_utterance, trim_silence
from stages.voice.phonemes import SILENCE_VISEME, merge_phonemes, shift_phonemes, silence_outside
from stages.voice.prosody import shape_sentence
from stages.voice.text import CleanText, clean_text
from stages.voice.words import align_words

BACKENDS: Registry[VoiceBackend] = Registry(
    "voice",
    {
        "coqui": "stages.voice.coqui:Coqui",
        "hibari": "stages.voice.hibari:Hibari",
        "mandarin": "stages.voice.mandarin:Mandarin",
    },
    default="hibari",
)
MODEL_FOLDER_BACKEND = "coqui"
"""The one backend that takes voice.model."""
SENTENCE_PAUSE_S, CLAUSE_PAUSE_S = 0.42, 0.25
"""Pauses from the last sound of a sentence, or of a part of a long one, to the first sound of the next, silence of the voice included."""
SENTENCE_LEAD_S, SENTENCE_TAIL_S = 0.06, 0.12
"""Silence that is kept around a sentence, into which onsets and breath fade."""
_LINE_VERSION = 5
"""Of a cached line: raise it when the same text sounds different."""
_SENTENCE_END = re.compile(r"[.!?…。！？][\"”’)\]」]*$")


def run(dialogue: Dialogue, *, options: VoiceSpec, backend: VoiceBackend, seed: int) -> Speech:
    """Speaks every line; raises SpecError with a finding for each line that cannot be spoken."""
    texts = [
        clean_text(line.spoken or line.text, line.language, lexicon=options.lexicon, marked=bool(line.spoken)) for line in dialogue.lines
    ]
    _check_lines(dialogue.lines, texts, options, backend)
    warnings = [f"{line.id}: {warning}" for line, text in zip(dialogue.lines, texts, strict=True) for warning in text.warnings]
    spoken, exact = [], True
    for line, text in zip(dialogue.lines, texts, strict=True):
        delivery = choose_delivery(line.emotion, dialogue.manner)
        sound = _speak_cached(text, line.language, options, backend, seed, delivery)
        exact = exact and sound.exact
        words = align_words([sentence.replace(EMPHASIS, "") for sentence in text.sentences], line.language, sound.phonemes)
        spoken.append(SpokenLine(line.id, line.text, sound.samples, sound.rate, sound.phonemes, words))
    if not exact:
        warnings.append(f"the {backend.name} model gives no phoneme durations: they are estimated from typical lengths")
    return Speech(tuple(spoken), backend.name, exact, tuple(warnings), backend.sources(options))


def _clean_line(line: Line, options: VoiceSpec) -> CleanText:
    return clean_text(line.spoken or line.text, line.language, lexicon=options.lexicon, marked=bool(line.spoken))


def find_voice_mismatches(options: VoiceSpec, backend: VoiceBackend, language: str) -> Iterator[tuple[str, Finding]]:
    """(field of the options, finding) for each thing that this voice cannot do."""
    if options.model and backend.name != MODEL_FOLDER_BACKEND:
        message = f"voice.model is a {MODEL_FOLDER_BACKEND} model folder, which the {backend.name} voice cannot use"
        yield "model", Finding("voice/model-unused", message, fix=f"set voice.backend to {MODEL_FOLDER_BACKEND}")
    elif not options.model and (options.speaker or options.style):
        field = "speaker" if options.speaker else "style"
        message = f"voice.{field} is for a coqui model folder, and voice.model names none"
        yield field, Finding("voice/model-unused", message, fix=f"remove voice.{field}, or set voice.model")
    elif not options.model and language not in backend.languages:
        message = f"the {backend.name} voice speaks {', '.join(backend.languages)}, not {language}"
        yield "backend", Finding("voice/language", message, fix="remove voice.backend to get the default voice")


def _check_lines(lines: Sequence[Line], texts: Sequence[CleanText], options: VoiceSpec, backend: VoiceBackend) -> None:
    languages = dict.fromkeys(line.language for line in lines)
    findings = list(dict.fromkeys(finding for language in languages for _, finding in find_voice_mismatches(options, backend, language)))
    for line, text in zip(lines, texts, strict=True):
        where = Location("dialogue", pointer=f"/lines/{line.id}")
        if not text.sentences:
            message = f"the line {line.id} has no speakable text: {line.text.strip()[:40]!r}"
            findings.append(Finding("voice/nothing-to-say", message, location=where, fix="write words in it"))
    if findings:
        raise SpecError(*findings)


def _speak_cached(text: CleanText, language: str, options: VoiceSpec, backend: VoiceBackend, seed: int, delivery: Delivery) -> Utterance:
    """`speak_line`, cached: a build speaks only the lines that changed."""

    def speak() -> Utterance:
        return speak_line(text.sentences, language, options=options, backend=backend, seed=seed, pauses=text.pauses, delivery=delivery)

    if options.model:  # the folder's contents may change, and the key below holds only its name
        return speak()
    parts = {
        "part": "voice/line", "version": _LINE_VERSION, "backend": backend.name, "weights": dict(backend.weights()),
        "sentences": list(text.sentences), "pauses": list(text.pauses), "language": language, "options": options.model_dump(mode="json"),
        "seed": seed, "g2p": os.environ.get("FENSHEN_G2P", ""), "delivery": asdict(delivery),
    }  # fmt: skip
    return get_or_compute(parts, Utterance, speak)


def speak_line(
    sentences: Sequence[str], language: str, *, options: VoiceSpec, backend: VoiceBackend, seed: int,
    pauses: Sequence[float | None] = (), delivery: Delivery = NEUTRAL,
) -> Utterance:  # fmt: skip
    """One line of cleaned sentences as mastered sound; the noise of a sentence depends on its words, not on its neighbours.

    Args:
        pauses: seconds of silence after each sentence where a mark says so, else None.
    """
    rate = float(np.clip(options.rate * delivery.rate, 0.5, 2.0))
    options = options.model_copy(update={"rate": rate})
    parts = []
    for sentence in sentences:
        text = sentence.replace(EMPHASIS, "")
        part = backend.speak(text, language=language, options=options, seed=(seed + zlib.crc32(text.encode())) % 2**32)
        parts.append(shape_sentence(_silence_edges(part), sentence, language, delivery, rate))
    marked = pauses or [None] * len(sentences)
    silences = [
        pause if pause is not None else delivery.pause * (SENTENCE_PAUSE_S if _SENTENCE_END.search(text) else CLAUSE_PAUSE_S) / rate
        for text, pause in zip(sentences, marked, strict=True)
    ]
    return master_utterance(join_utterances(parts, silences), TARGET_LUFS + delivery.loudness)


def _silence_edges(part: Utterance) -> Utterance:
    first, last = find_audible_range(part.samples, part.rate)
    # The closure of a stop is silent but part of the sound: 40 ms at either end stay with their phonemes.
    return replace(part, phonemes=silence_outside(part.phonemes, first / part.rate - 0.04, last / part.rate + 0.04))


def join_utterances(parts: Sequence[Utterance], pauses: Sequence[float]) -> Utterance:
    """The sounds in order, each but the last followed by its pause (seconds)."""
    if len(parts) == 1:
        return parts[0]
    rate = parts[0].rate
    pieces: list[np.ndarray[tuple[int], np.dtype[np.float32]]] = []
    phonemes: list[Phoneme] = []
    at = 0
    for index, (part, pause) in enumerate(zip(parts, pauses, strict=True)):
        part = trim_silence(part, SENTENCE_LEAD_S if index else MAX_LEAD_S, SENTENCE_TAIL_S if index < len(parts) - 1 else MAX_TAIL_S)
        phonemes += shift_phonemes(part.phonemes, at / rate, (at + len(part.samples)) / rate)
        pieces.append(part.samples)
        at += len(part.samples)
        if index < len(parts) - 1:
            silence = max(0, int((pause - SENTENCE_LEAD_S - SENTENCE_TAIL_S) * rate))
            phonemes.append(Phoneme(at / rate, (at + silence) / rate, "", SILENCE_VISEME))
            pieces.append(np.zeros(silence, np.float32))
            at += silence
    return Utterance(np.concatenate(pieces), rate, merge_phonemes(phonemes), all(part.exact for part in parts))


STAGE = Stage("voice", 8, run, makes=Speech, memory_gb=1.5, backends=BACKENDS, imports=("pyloudnorm",))
