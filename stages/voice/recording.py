"""A recording of somebody's speech -> lines with phonemes and word times, as a voice makes them.

The recogniser's words are looked up in our own G2P and spread over the times at which they were heard. Where it hears no words of a
language that we can read, loudness alone opens the mouth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np

from assets.artefacts.geometry import Doubles
from assets.artefacts.talk import Phoneme, SpokenLine, Word
from stages.voice.backend import Samples
from stages.voice.phonemes import SILENCE_VISEME, TimedSymbol, align_phonemes, find_viseme, merge_phonemes, shift_phonemes, time_symbols

LANGUAGES = ("en", "zh")
"""Those whose words our G2P can read."""
FRAME_S = 0.01
SILENCE_DB = -32.0
"""Below the loud parts of the recording (95th percentile): breath and room."""
MIN_SILENCE_S = 0.12
"""Shorter ones are closures of stops."""
_SYLLABLE_S = 0.12
_VOWELS = ((700.0, "ʊ"), (1100.0, "ɔ"), (1700.0, "a"), (2800.0, "ɛ"))
"""Vowel by the centre of the spectrum below so many Hz; above, a hiss."""

Listener = Callable[[Samples, int], tuple[str, list[Word]]]
"""Samples and rate -> language and words (transcription.transcribe_words)."""


@dataclass(frozen=True)
class Recording:
    """A recording that has been listened to."""

    lines: tuple[SpokenLine, ...]
    """One for each text; together they are the whole recording."""
    recognised: bool
    """Whether the lips follow words; otherwise loudness alone."""
    language: str
    """As the recogniser heard it."""


def read_recording(samples: Samples, rate: int, texts: Sequence[tuple[str, str]], listen: Listener) -> Recording:
    """The recording in one line for each text, cut in the silence between them.

    Args:
        texts: (id, what is said), in order; an empty text gets the recogniser's words.
        listen: hears the words.
    """
    language, words = listen(samples, rate)
    recognised = bool(words) and language in LANGUAGES
    total = len(samples) / rate
    levels = measure_levels(samples, rate)
    phonemes = _read_words(words, language, total) if recognised else _read_levels(samples, rate, levels)
    phonemes = _silence_quiet(phonemes, levels)
    cuts = _find_cuts([text for _, text in texts], words if recognised else [], total, levels)
    lines = []
    for (name, text), start, end in zip(texts, cuts[:-1], cuts[1:], strict=True):
        heard = [Word(max(w.start, start) - start, min(w.end, end) - start, w.text) for w in words if start <= (w.start + w.end) / 2 < end]
        part = samples[round(start * rate) : round(end * rate)]
        said = text or _join_words(heard, language)
        own = shift_phonemes([p for p in phonemes if p.end > start and p.start < end], -start, len(part) / rate)
        lines.append(SpokenLine(name, said, part, rate, own, tuple(_align_text(said, heard))))
    return Recording(tuple(lines), recognised, language)


def _join_words(words: Sequence[Word], language: str) -> str:
    return ("" if language == "zh" else " ").join(word.text for word in words)


def measure_levels(samples: Samples, rate: int) -> Doubles:
    """(f,) level of each FRAME_S in dB, 0 being that of the loud parts."""
    step = max(1, round(FRAME_S * rate))
    count = max(1, len(samples) // step)
    padded = np.zeros(count * step)
    padded[: min(len(samples), count * step)] = samples[: count * step]
    levels = 10 * np.log10(np.square(padded.reshape(count, step)).mean(1) + 1e-10)
    smooth = np.convolve(levels, np.ones(3) / 3, mode="same")
    return np.asarray(smooth - max(float(np.percentile(smooth, 95)), -60.0))


def _read_words(words: Sequence[Word], language: str, total: float) -> tuple[Phoneme, ...]:
    """Phonemes of every word at its time, silence between them."""
    timed: list[TimedSymbol] = [TimedSymbol("^", 0.0)]
    now = 0.0
    for word in words:
        start, end = max(word.start, now), min(word.end, total)
        symbols = _spell(word.text, language)
        if end <= start or not symbols:
            continue
        timed.append(TimedSymbol(" ", start - now))
        timed += time_symbols(symbols, end - start)
        now = end
    return align_phonemes([*timed, TimedSymbol("$", max(total - now, 0.0))])


def _spell(word: str, language: str) -> list[str]:
    """IPA symbols of a word as it is read: "5" as five."""
    from stages.voice.text import clean_text

    sentences = clean_text(word, language).sentences
    if language == "zh":
        from stages.voice.mandarin_symbols import list_characters
        from stages.voice.pinyin import to_timed_symbols

        units = [symbol for sentence in sentences for _, symbols in list_characters(sentence) for symbol in symbols]
        return [timed.symbol for unit in units for timed in to_timed_symbols(unit, 1.0)]
    from stages.voice.english import phonemize_ipa

    return [letter for sentence in sentences for letter in phonemize_ipa(sentence) if letter.isalpha() or letter in "ˈˌː"]


def _silence_quiet(phonemes: Sequence[Phoneme], levels: Doubles) -> tuple[Phoneme, ...]:
    """The phonemes with silence where the recording is silent: the recogniser's words reach into pauses."""
    quiet = list(_list_quiet(levels))
    out: list[Phoneme] = []
    for phoneme in phonemes:
        at = phoneme.start
        for start, end in (span for span in quiet if span[0] < phoneme.end and span[1] > phoneme.start):
            if start > at:
                out.append(Phoneme(at, start, phoneme.symbol, phoneme.viseme, phoneme.stress))
            at = max(at, start)
            stop = min(end, phoneme.end)
            if stop > at:
                out.append(Phoneme(at, stop, "", SILENCE_VISEME))
            at = max(at, stop)
        if phoneme.end > at:
            out.append(Phoneme(at, phoneme.end, phoneme.symbol, phoneme.viseme, phoneme.stress))
    return merge_phonemes(out)


def _list_quiet(levels: Doubles) -> Iterator[tuple[float, float]]:
    """(start, end) of every silence of at least MIN_SILENCE_S, seconds."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], levels < SILENCE_DB, [False]]).astype(np.int8)))
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if (last - first) * FRAME_S >= MIN_SILENCE_S:
            yield first * FRAME_S, last * FRAME_S


def _read_levels(samples: Samples, rate: int, levels: Doubles) -> tuple[Phoneme, ...]:
    """A consonant and a vowel for each peak of loudness, the vowel by the colour of the sound; from 0 to the end without a gap."""
    total, timed = len(samples) / rate, list[Phoneme]()
    loud = levels >= SILENCE_DB
    edges = np.flatnonzero(np.diff(np.concatenate([[False], loud, [False]]).astype(np.int8)))
    now = 0.0
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        timed.append(Phoneme(now, first * FRAME_S, "", SILENCE_VISEME))
        for a, b in _split_syllables(levels, first, last):
            start, end = a * FRAME_S, min(b * FRAME_S, total)
            middle = start + 0.35 * (end - start)
            vowel = _choose_vowel(samples[round(start * rate) : round(end * rate)], rate)
            stress = 1.0 if levels[a:b].max() > -6 else 0.0
            timed += [Phoneme(start, middle, "d", find_viseme("d")), Phoneme(middle, end, vowel, find_viseme(vowel), stress)]
        now = min(last * FRAME_S, total)
    timed.append(Phoneme(now, total, "", SILENCE_VISEME))
    return tuple(phoneme for phoneme in timed if phoneme.end > phoneme.start)


def _split_syllables(levels: Doubles, first: int, last: int) -> list[tuple[int, int]]:
    """Frames of each syllable of a stretch of sound: cut where it is least loud, at least _SYLLABLE_S apart."""
    from scipy.signal import argrelmin

    smooth = np.convolve(levels, np.ones(5) / 5, mode="same")
    least = round(_SYLLABLE_S / FRAME_S)
    cuts = [first]
    for cut in argrelmin(smooth[first:last], order=4)[0] + first:
        if cut - cuts[-1] >= least and last - cut >= least:
            cuts.append(int(cut))
    return list(zip(cuts, [*cuts[1:], last], strict=True))


def _choose_vowel(samples: Samples, rate: int) -> str:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(max(len(samples), 1)))) ** 2
    heights = np.fft.rfftfreq(max(len(samples), 1), 1 / rate)
    centre = float((spectrum * heights).sum() / max(spectrum.sum(), 1e-12))
    return next((vowel for limit, vowel in _VOWELS if centre < limit), "s")


def _find_cuts(texts: Sequence[str], words: Sequence[Word], total: float, levels: Doubles) -> list[float]:
    """(n+1) where each text begins in the recording, seconds, and the end: in the quietest moment between the words around it."""
    tokens = [_list_tokens(text) for text in texts]
    lengths = np.cumsum([0, *(len(group) for group in tokens)])
    matches = _match_tokens([token for group in tokens for token in group], words)
    cuts = [0.0]
    for number, at in enumerate(lengths[1:-1].tolist(), 1):
        before = [words[k].end for token, k in matches.items() if token < at]
        after = [words[k].start for token, k in matches.items() if token >= at]
        if before and after:
            low, high = max(before), min(after)
        else:  # nothing was recognised: in proportion, at the nearest silence
            middle = total * (at / lengths[-1] if lengths[-1] else number / len(texts))
            low, high = middle - 1.0, middle + 1.0
        cuts.append(max(_find_quietest(levels, min(low, high), max(low, high), total), cuts[-1]))
    return [*cuts, total]


def _find_quietest(levels: Doubles, low: float, high: float, total: float) -> float:
    first = min(max(0, round(low / FRAME_S)), len(levels) - 1)
    last = min(max(first + 1, round(high / FRAME_S)), len(levels))
    span = levels[first:last]
    quiet = np.flatnonzero(span <= span.min() + 3)
    # The middle of the quietest frames, not their first: a pause ends in a breath.
    return float(np.clip((first + quiet[len(quiet) // 2] + 0.5) * FRAME_S, 0, total))


def _match_tokens(tokens: Sequence[str], words: Sequence[Word]) -> dict[int, int]:
    """Token of the text -> the recognised word that says it."""
    heard = [(token, number) for number, word in enumerate(words) for token in _list_tokens(word.text)]
    matcher = SequenceMatcher(None, [token for token, _ in heard], list(tokens), autojunk=False)
    return {block.b + i: heard[block.a + i][1] for block in matcher.get_matching_blocks() for i in range(block.size)}


def _list_tokens(text: str) -> list[str]:
    """Words in small letters, Chinese letters as syllables without tone: the recogniser writes homophones, and old forms of letters."""
    return [sound for sound, _ in _list_sounds(text)]


def _list_sounds(text: str) -> list[tuple[str, str]]:
    """(sound, as written) of each word, or of each Chinese letter."""
    import re

    found: list[tuple[str, str]] = []
    for piece in re.findall(r"[\u3400-\u9fff\uf900-\ufaff]|[^\W_\u3400-\u9fff\uf900-\ufaff]+(?:['’][^\W_]+)*", text):
        if "\u3400" <= piece <= "\ufaff":
            from pypinyin import lazy_pinyin

            found.append((str(lazy_pinyin(piece)[0]), piece))
        else:
            found.append((piece.lower().replace("’", "'"), piece))
    return found


def _align_text(text: str, words: Sequence[Word]) -> Iterator[Word]:
    """The text's own words, each at the time of the recognised one; those that were not recognised are left out."""
    matches, sounds = _match_tokens(_list_tokens(text), words), _list_sounds(text)
    for token, number in sorted(matches.items()):
        yield Word(words[number].start, words[number].end, sounds[token][1])
