"""Shapes the sound of a sentence: commas breathe, yes-no questions rise, emphasised words stand out, the pitch follows the delivery.

It works on the sound and its timed phonemes, so that every voice does it, and the lips stay in time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from assets.artefacts.talk import Phoneme, Word
from assets.speech_marks import EMPHASIS
from stages.voice.backend import Samples, Utterance
from stages.voice.delivery import Delivery
from stages.voice.phonemes import SILENCE_VISEME
from stages.voice.pitch import HOP_S, Doubles, shift_pitch, track_pitch
from stages.voice.words import align_words

COMMA_PAUSE_S = 0.22
"""Silence of a comma at the normal rate; read speech has 0.2 to 0.3 s there."""
SEARCH_S = 0.06
"""A pause is put at the quietest place so near to the end of a word."""
QUESTION_RISE = 4.0
"""Semitones between the body and the end of a yes-no question; in Mandarin, whose tones must stay, the register rises less."""
MANDARIN_RISE = 1.5
RISE_S = 0.45
SHORTEST_VOICED_FRAMES = 6
"""A shorter run of voiced frames, 30 ms, is no sound of a voice."""
_RISE_ROUNDS, _RISE_TOLERANCE, _MAX_LIFT = 3, 1.0, 16.0
"""Tries, semitones that may be missing, and the most by which an end is lifted."""
EMPHASIS_SEMITONES, EMPHASIS_DB = 2.0, 3.0
_WH_WORDS = re.compile(r"(?:and |but |so |well |then )*(?:what|where|who|whom|whose|when|why|which|how)\b", re.IGNORECASE)
_MANDARIN_WH = re.compile("什么|哪|谁|怎|几|多少|为何|吗？$")


def shape_sentence(sound: Utterance, sentence: str, language: str, delivery: Delivery, rate: float) -> Utterance:
    """The sound of a cleaned sentence after all of it; `rate` is the speaking rate, which shortens the pauses."""
    marked = EMPHASIS in sentence
    words = align_words((sentence.replace(EMPHASIS, ""),), language, sound.phonemes)
    if breaths := find_breaths(sentence.replace(EMPHASIS, ""), language, words):
        sound = _breathe(sound, breaths, COMMA_PAUSE_S / rate)
        words = align_words((sentence.replace(EMPHASIS, ""),), language, sound.phonemes) if marked else words
    spans = find_emphasised(sentence, language, words) if marked else []
    return _bend_pitch(_raise_volume(sound, spans), sentence, language, delivery, spans)


def find_breaths(sentence: str, language: str, words: Sequence[Word]) -> list[float]:
    """Seconds at which a word before a comma ends; the last word of a sentence is none."""
    if language == "zh":
        marks = re.findall(r"\[[^\]]*\]\(/[^)]*/\)|[\u3400-\u9fff]|[，；：、]", sentence)
        ends = [at for at, unit in enumerate(marks) if unit in "，；：、"]
        places = [at - sum(end < at for end in ends) - 1 for at in ends]
        return [words[place].end for place in places if 0 <= place < len(words) - 1]
    spoken = [word for word in sentence.split() if re.search(r"\w", word)]
    if len(spoken) != len(words):
        return []
    return [word.end for text, word in zip(spoken[:-1], words[:-1], strict=True) if text.endswith((",", ";", ":"))]


def find_emphasised(sentence: str, language: str, words: Sequence[Word]) -> list[tuple[float, float]]:
    """Start and end of each emphasised word."""
    if language == "zh":
        units = re.findall(rf"({EMPHASIS}?)(?:\[[^\]]*\]\(/[^)]*/\)|[\u3400-\u9fff])", sentence)
        flags = [bool(unit) for unit in units]
    else:
        flags = [EMPHASIS in word for word in sentence.split() if re.search(r"\w", word.replace(EMPHASIS, ""))]
    return [(word.start, word.end) for flag, word in zip(flags, words, strict=False) if flag and word.end > word.start]


def _breathe(sound: Utterance, ends: Sequence[float], pause: float) -> Utterance:
    """The sound with at least `pause` seconds of silence after each of the words that end there."""
    for end in reversed(ends):
        gap = next((p.end - p.start for p in sound.phonemes if p.viseme == SILENCE_VISEME and abs(p.start - end) < 0.02), 0.0)
        if pause - gap > 0.03:
            sound = _insert_silence(sound, end + gap / 2, pause - gap)
    return sound


def _insert_silence(sound: Utterance, at: float, seconds: float) -> Utterance:
    rate = sound.rate
    cut = _find_quietest(sound.samples, rate, at)
    silence, fade = int(seconds * rate), max(int(0.004 * rate), 1)
    before, after = sound.samples[:cut].copy(), sound.samples[cut:].copy()
    fade = min(fade, len(before), len(after))
    before[len(before) - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
    after[:fade] *= np.linspace(0, 1, fade, dtype=np.float32)
    samples = np.concatenate([before, np.zeros(silence, np.float32), after])
    return replace(sound, samples=samples, phonemes=_open_phonemes(sound.phonemes, at, cut / rate, silence / rate))


def _find_quietest(samples: Samples, rate: int, at: float) -> int:
    """Sample in the middle of the quietest 10 ms near a time."""
    size = rate // 100
    low, high = max(int((at - SEARCH_S) * rate), 0), min(int((at + SEARCH_S) * rate), len(samples) - size)
    if high <= low:
        return min(max(int(at * rate), 0), len(samples))
    power = np.convolve(np.square(samples[low : high + size], dtype=np.float64), np.ones(size), "valid")
    return low + int(np.argmin(power)) + size // 2


def _open_phonemes(phonemes: Sequence[Phoneme], boundary: float, cut: float, seconds: float) -> tuple[Phoneme, ...]:
    """The phonemes with a pause between those before and those after `boundary`, which may lie a little before or after the cut."""
    first = [p for p in phonemes if (p.start + p.end) / 2 < boundary]
    then = [p for p in phonemes if (p.start + p.end) / 2 >= boundary]
    end = max(min(cut, first[-1].end), first[-1].start + 0.005) if first else 0.0
    start = min(max(cut, then[0].start), then[0].end - 0.005) + seconds if then else cut + seconds
    head = [*first[:-1], replace(first[-1], end=end)] if first else []
    tail = [replace(p, start=p.start + seconds, end=p.end + seconds) for p in then]
    if tail:
        tail[0] = replace(tail[0], start=start)
    return (*head, Phoneme(end, start, "", SILENCE_VISEME), *tail)


def _raise_volume(sound: Utterance, spans: Sequence[tuple[float, float]]) -> Utterance:
    if not spans:
        return sound
    gain = np.zeros(len(sound.samples))
    for start, end in spans:
        gain[int(start * sound.rate) : int(end * sound.rate)] = EMPHASIS_DB
    smooth = _smooth(gain, int(0.03 * sound.rate))
    return replace(sound, samples=(sound.samples * 10 ** (smooth / 20)).astype(np.float32))


def _smooth(values: Doubles, size: int) -> Doubles:
    kernel = np.hanning(size + 2)
    return np.convolve(values, kernel / kernel.sum(), "same")


def _bend_pitch(sound: Utterance, sentence: str, language: str, delivery: Delivery, spans: Sequence[tuple[float, float]]) -> Utterance:
    asks = is_yes_no_question(sentence, language)
    if not asks and not spans and delivery.semitones == 0 and delivery.pitch_range == 1:
        return sound
    pitch = _drop_creak(track_pitch(sound.samples, sound.rate))
    if np.count_nonzero(pitch) < 5:
        return sound
    curve = _follow_delivery(pitch, delivery)
    times = _list_times(pitch)
    for start, end in spans:
        curve += np.where((times >= start) & (times <= end), EMPHASIS_SEMITONES, 0.0)
    if not asks:
        return _shift(sound, curve, pitch)
    if language == "zh":
        return _shift(sound, curve + MANDARIN_RISE * _ramp(pitch), pitch)
    return _raise_end(sound, curve, pitch)


def _shift(sound: Utterance, semitones: Doubles, pitch: Doubles) -> Utterance:
    return replace(sound, samples=shift_pitch(sound.samples, sound.rate, _smooth(semitones, 9), pitch))


def _raise_end(sound: Utterance, curve: Doubles, pitch: Doubles) -> Utterance:
    """The sound with an end QUESTION_RISE above what is before it. A creaky end follows its curve in part, so the result is measured."""
    ramp, lift, shifted, found = _ramp(pitch), 0.0, sound, _measure_rise(pitch)
    for _ in range(_RISE_ROUNDS):
        if found is None or found > QUESTION_RISE - _RISE_TOLERANCE:
            break
        lift = min(lift + QUESTION_RISE - found, _MAX_LIFT)
        shifted = _shift(sound, curve + lift * ramp, pitch)
        reached = _drop_creak(track_pitch(shifted.samples, sound.rate))
        found = _measure_rise(reached) if np.count_nonzero(reached) >= 5 else None
    return shifted if lift else _shift(sound, curve, pitch)


def _drop_creak(pitch: Doubles) -> Doubles:
    """The pitch without frames an octave off and runs too short for a sound, as in a creaky end: there is no period to move."""
    voiced = pitch[pitch > 0]
    middle = float(np.median(voiced)) if len(voiced) else 0.0
    kept = np.where((pitch > 0.6 * middle) & (pitch < 1.8 * middle), pitch, 0.0)
    bounds = np.flatnonzero(np.diff(np.concatenate([[False], kept > 0, [False]]).astype(np.int8)))
    for start, end in zip(bounds[::2], bounds[1::2], strict=True):
        if end - start < SHORTEST_VOICED_FRAMES:
            kept[start:end] = 0.0
    return kept


def _follow_delivery(pitch: Doubles, delivery: Delivery) -> Doubles:
    """Semitones per frame that give the delivery's pitch and range."""
    voiced = pitch > 0
    height = 12 * np.log2(np.where(voiced, pitch, 1.0))
    middle = float(np.median(height[voiced]))
    return np.where(voiced, (height - middle) * (delivery.pitch_range - 1) + delivery.semitones, 0.0)


def _ramp(pitch: Doubles) -> Doubles:
    """(frames,) 0 until RISE_S before the end of the voiced sound, 1 in its last tenth of a second."""
    times = _list_times(pitch)
    end = times[np.flatnonzero(pitch > 0)[-1]]
    return np.asarray(np.clip((times - (end - RISE_S)) / (RISE_S - 0.1), 0.0, 1.0))


def _list_times(pitch: Doubles) -> Doubles:
    """(frames,) seconds."""
    return np.arange(len(pitch), dtype=np.float64) * HOP_S


def _measure_rise(pitch: Doubles) -> float | None:
    """Semitones from what is before the end to the end; None where either is not voiced."""
    voiced, times = np.flatnonzero(pitch > 0), _list_times(pitch)
    end = times[voiced[-1]]
    body, tail = voiced[times[voiced] < end - RISE_S][-60:], voiced[times[voiced] > end - 0.12]
    if not len(body) or not len(tail):
        return None
    return float(12 * np.log2(np.median(pitch[tail]) / np.median(pitch[body])))


def is_yes_no_question(sentence: str, language: str) -> bool:
    """True where a rise is natural: not for a question with a question word, nor for one that offers a choice."""
    text = re.sub(r"\]\(/[^)]*/\)|[\[\]]", "", sentence.replace(EMPHASIS, "")).strip()
    if language == "zh":
        return text.endswith("？") and not _MANDARIN_WH.search(text.removesuffix("吗？"))
    return text.endswith("?") and not _WH_WORDS.match(text) and not re.search(r"\bor (?!not\b)", text)
