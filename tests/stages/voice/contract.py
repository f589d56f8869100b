"""What every voice backend promises: each test runs over the registry; a voice that cannot run here is skipped with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import get_args

import numpy as np
import pytest

from assets.artefacts.talk import Dialogue, Line, SpokenLine
from assets.conventions import VISEMES_15
from assets.spec.behaviour import PersonaSpec, VoiceSpec
from stages.voice.backend import VoiceBackend
from stages.voice.mastering import find_audible_range, measure_loudness, measure_true_peak
from stages.voice.phonemes import SILENCE_VISEME
from stages.voice.stage import BACKENDS, run, speak_line
from stages.voice.text import clean_text
from stages.voice.transcription import measure_word_error_rate

pytestmark = pytest.mark.slow

LANGUAGES: tuple[str, ...] = get_args(PersonaSpec.model_fields["language"].annotation)
TEXTS = {"en": "Dr. Smith paid $5 at 10:30. Why not?", "zh": "你好，我们10:30开门。请问您要喝茶吗？"}
"""Two sentences with numbers; a language that is new to the spec needs its own."""
OTHER_TEXTS = {"en": "Tea.", "zh": "茶。"}
CLEAR_TEXTS = {"en": "The museum opens at 9:30 in the morning.", "zh": "对不起，这个问题我不知道。"}


@pytest.fixture(params=list(BACKENDS))
def voice(request: pytest.FixtureRequest) -> VoiceBackend:
    """Each voice of the registry."""
    backend = BACKENDS.get(request.param)
    if reason := backend.unavailable_reason():
        pytest.skip(f"{request.param}: {reason}")
    return backend


@pytest.fixture(scope="module")
def spoken_lines() -> dict[str, SpokenLine]:
    """The finished lines of the voices and languages that a test has needed so far."""
    return {}


@pytest.fixture
def lines(voice: VoiceBackend, spoken_lines: dict[str, SpokenLine]) -> Iterator[SpokenLine]:
    """A finished line of the voice in each of its languages."""
    for language in voice.languages:
        key = f"{voice.name}/{language}"
        if key not in spoken_lines:
            spoken_lines[key] = speak(voice, language, TEXTS[language])
    return iter([spoken_lines[f"{voice.name}/{language}"] for language in voice.languages])


def speak(voice: VoiceBackend, language: str, *texts: str, rate: float = 1.0) -> SpokenLine:
    """The last of these lines as the stage makes it."""
    given = tuple(Line(f"line_{number:02d}", text, language) for number, text in enumerate(texts, start=1))
    dialogue = Dialogue("Ada", language, given, (), "line_01", "given", {})
    speech = run(dialogue, options=VoiceSpec(rate=rate), backend=voice, seed=1)
    assert speech.voice == voice.name
    return speech.lines[-1]


@pytest.mark.parametrize("name", list(BACKENDS))
def test_an_unavailable_voice_says_why_in_one_sentence(name: str) -> None:
    assert "\n" not in BACKENDS.get(name).unavailable_reason()


def test_it_describes_itself(voice: VoiceBackend) -> None:
    assert isinstance(voice, VoiceBackend)
    assert BACKENDS.get(voice.name).name == voice.name
    assert voice.languages
    assert set(voice.languages) <= set(LANGUAGES)
    assert 0 <= voice.gender <= 1


def test_its_weights_are_digests_and_its_sources_have_licences(voice: VoiceBackend) -> None:
    assert voice.weights()
    assert all(len(digest) == 64 for digest in voice.weights().values())
    assert all(source.licence for source in voice.sources(VoiceSpec()))


def test_a_source_that_may_not_be_sold_states_the_restriction(voice: VoiceBackend) -> None:
    assert [source.note for source in voice.sources(VoiceSpec()) if not source.sellable] == list(filter(None, [voice.restriction]))


def test_one_sentence_is_mono_sound_covered_by_phonemes(voice: VoiceBackend) -> None:
    for language in voice.languages:
        sentence = clean_text(TEXTS[language], language).sentences[0]
        sound = voice.speak(sentence, language=language, options=VoiceSpec(), seed=1)
        assert (sound.samples.ndim, sound.samples.dtype) == (1, np.float32)
        assert np.isfinite(sound.samples).all()
        assert sound.phonemes[0].start == 0
        assert sound.phonemes[-1].end == pytest.approx(sound.seconds, abs=0.03)


def test_a_sentence_does_not_keep_a_models_memory_alive(voice: VoiceBackend) -> None:
    """A line of ten thousand characters took 13 GB: each sentence was a view into the 80 MB arena of its session."""
    language = voice.languages[0]
    samples = voice.speak(clean_text(CLEAR_TEXTS[language], language).sentences[0], language=language, options=VoiceSpec(), seed=1).samples
    while isinstance(samples.base, np.ndarray):
        samples = samples.base
    assert samples.flags.owndata


def test_the_same_arguments_give_the_same_bytes_whatever_was_spoken_before(voice: VoiceBackend, lines: Iterator[SpokenLine]) -> None:
    for language, line in zip(voice.languages, lines, strict=True):
        again = speak(voice, language, OTHER_TEXTS[language], TEXTS[language])
        assert again.samples.tobytes() == line.samples.tobytes()
        assert again.phonemes == line.phonemes


def test_a_faster_rate_gives_a_shorter_line(voice: VoiceBackend, lines: Iterator[SpokenLine]) -> None:
    for language, line in zip(voice.languages, lines, strict=True):
        fast = speak(voice, language, TEXTS[language], rate=1.5)
        assert 0.55 < len(fast.samples) / len(line.samples) < 0.85


def test_a_faster_rate_gives_a_shorter_pause_between_sentences(voice: VoiceBackend) -> None:
    def measure_pause(language: str, rate: float) -> float:
        phonemes = speak(voice, language, f"{OTHER_TEXTS[language]} {OTHER_TEXTS[language]}", rate=rate).phonemes[1:-1]
        return max(p.end - p.start for p in phonemes if not p.symbol)

    for language in voice.languages:
        assert measure_pause(language, 1.6) < measure_pause(language, 0.8) - 0.15


def test_phonemes_cover_the_line_without_a_gap(lines: Iterator[SpokenLine]) -> None:
    for line in lines:
        assert line.phonemes[0].start == 0
        assert all(a.end == pytest.approx(b.start, abs=1e-6) and a.end > a.start for a, b in pairwise(line.phonemes))
        assert line.phonemes[-1].end == pytest.approx(len(line.samples) / line.rate, abs=0.03)


def test_every_phoneme_has_a_known_viseme_and_some_are_stressed(lines: Iterator[SpokenLine]) -> None:
    for line in lines:
        assert {p.viseme for p in line.phonemes} <= set(VISEMES_15)
        assert all((p.viseme == SILENCE_VISEME) == (p.symbol == "") for p in line.phonemes)
        assert max(p.stress for p in line.phonemes) == 1


def test_the_lips_close_where_the_sound_is_silent(lines: Iterator[SpokenLine]) -> None:
    for line in lines:
        parts = [line.samples[int(p.start * line.rate) : int(p.end * line.rate)] for p in line.phonemes]
        power = np.asarray([np.sqrt(np.mean(part**2)) for part in parts])
        silent = np.asarray([p.symbol == "" for p in line.phonemes])
        vowel = np.asarray([p.viseme in ("viseme_aa", "viseme_E", "viseme_O") for p in line.phonemes])
        assert np.median(power[silent]) < 0.25 * np.median(power[vowel])


def test_a_line_starts_at_once_and_pauses_naturally_between_sentences(lines: Iterator[SpokenLine]) -> None:
    for line in lines:
        pauses = [p.end - p.start for p in line.phonemes if not p.symbol]
        assert find_audible_range(line.samples, line.rate)[0] / line.rate <= 0.3
        # The text has one full stop inside; a comma or the time of day may pause as well.
        assert 0.25 <= max(pauses[1:-1]) <= 0.6


def test_a_line_is_at_minus_16_lufs_and_does_not_clip(lines: Iterator[SpokenLine]) -> None:
    for line in lines:
        assert measure_loudness(line.samples, line.rate) == pytest.approx(-16, abs=1)
        assert measure_true_peak(line.samples) <= 10 ** (-1 / 20)


def test_whisper_understands_it(voice: VoiceBackend) -> None:
    for language in voice.languages:
        text = CLEAR_TEXTS[language]
        sound = speak_line(clean_text(text, language).sentences, language, options=VoiceSpec(), backend=voice, seed=1)
        assert measure_word_error_rate(text, sound.samples, sound.rate, language) <= 0.15
