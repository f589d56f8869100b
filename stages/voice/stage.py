"""Dialogue -> Speech: cleans every line, speaks it sentence by sentence, joins the sentences and masters the result."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from assets.artefacts.talk import Dialogue, Line, Phoneme, Speech, SpokenLine
from assets.errors import Finding, Location, SpecError
from assets.spec.behaviour import VoiceSpec
from assets.substage_cache import get_or_compute
from stages.stage import Registry, Stage
from stages.voice.backend import Utterance, VoiceBackend
from stages.voice.mastering import MAX_LEAD_S, MAX_TAIL_S, find_audible_range, master_utterance, trim_silence
from stages.voice.phonemes import SILENCE_VISEME, merge_phonemes, shift_phonemes, silence_outside
from stages.voice.text import CleanText, clean_text

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
_SENTENCE_END = re.compile(r"[.!?…。！？][\"”’)\]」]*$")


def run(dialogue: Dialogue, *, options: VoiceSpec, backend: VoiceBackend, seed: int) -> Speech:
    """Speaks every line; raises SpecError with a finding for each line that cannot be spoken."""
    texts = [clean_text(line.text, line.language) for line in dialogue.lines]
    _check_lines(dialogue.lines, texts, options, backend)
    warnings = [f"{line.id}: {warning}" for line, text in zip(dialogue.lines, texts, strict=True) for warning in text.warnings]
    spoken, exact = [], True
    for line, text in zip(dialogue.lines, texts, strict=True):
        sound = _speak_cached(text.sentences, line.language, options, backend, seed)
        exact = exact and sound.exact
        spoken.append(SpokenLine(line.id, line.text, sound.samples, sound.rate, sound.phonemes))
    if not exact:
        warnings.append(f"the {backend.name} model gives no phoneme durations: they are estimated from typical lengths")
    return Speech(tuple(spoken), backend.name, exact, tuple(warnings), backend.sources(options))


def find_voice_mismatches(options: VoiceSpec, backend: VoiceBackend, language: str) -> Iterator[tuple[str, Finding]]:
    """(field of the options, finding) for each thing that this voice cannot do."""
    if options.model and backend.name != MODEL_FOLDER_BACKEND:
        message = f"voice.model is a {MODEL_FOLDER_BACKEND} model folder, which the {backend.name} voice cannot use"
        yield "model", Finding("voice/model-unused", message, fix=f"set voice.backend to {MODEL_FOLDER_BACKEND}")
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


def _speak_cached(sentences: Sequence[str], language: str, options: VoiceSpec, backend: VoiceBackend, seed: int) -> Utterance:
    """`speak_line`, cached: a build speaks only the lines that changed."""
    if options.model:  # the folder's contents may change, and the key below holds only its name
        return speak_line(sentences, language, options=options, backend=backend, seed=seed)
    parts = {
        "part": "voice/line", "version": STAGE.version, "backend": backend.name, "weights": dict(backend.weights()),
        "sentences": list(sentences), "language": language, "options": options.model_dump(mode="json"), "seed": seed,
        "g2p": os.environ.get("FENSHEN_G2P", ""),
    }  # fmt: skip
    return get_or_compute(parts, Utterance, lambda: speak_line(sentences, language, options=options, backend=backend, seed=seed))


def speak_line(sentences: Sequence[str], language: str, *, options: VoiceSpec, backend: VoiceBackend, seed: int) -> Utterance:
    """One line of cleaned sentences as mastered sound; the noise of a sentence depends on its words, not on its neighbours."""
    parts = [backend.speak(text, language=language, options=options, seed=(seed + zlib.crc32(text.encode())) % 2**32) for text in sentences]
    pauses = [(SENTENCE_PAUSE_S if _SENTENCE_END.search(text) else CLAUSE_PAUSE_S) / options.rate for text in sentences]
    return master_utterance(join_utterances([_silence_edges(part) for part in parts], pauses))


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


STAGE = Stage("voice", 3, run, makes=Speech, memory_gb=1.5, backends=BACKENDS, imports=("pyloudnorm",))
