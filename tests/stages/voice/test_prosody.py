"""Pitch, pauses and delivery, measured on the sound: a pulse train of known pitch, and the embedded voices."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from assets.artefacts.talk import Phoneme
from assets.spec.behaviour import VoiceSpec
from assets.speech_marks import EMPHASIS
from stages.voice.backend import Samples, Utterance
from stages.voice.delivery import EMOTIONS, MANNERS, choose_delivery
from stages.voice.mastering import measure_loudness
from stages.voice.pitch import HOP_S, shift_pitch, track_pitch
from stages.voice.prosody import _drop_creak, find_breaths, is_yes_no_question, shape_sentence
from stages.voice.stage import BACKENDS, speak_line

RATE = 24_000


def make_vowel(hertz: float, seconds: float = 0.6) -> Samples:
    """A vowel-like sound: harmonics of one pitch under two formants."""
    t = np.arange(int(seconds * RATE)) / RATE
    harmonics = [k * hertz for k in range(1, int(5000 / hertz))]
    gains = [1 / (1 + ((f - 700) / 200) ** 2) + 0.5 / (1 + ((f - 1200) / 250) ** 2) for f in harmonics]
    sound = sum(gain * np.sin(2 * np.pi * f * t) for f, gain in zip(harmonics, gains, strict=True))
    return (0.3 * sound / np.abs(sound).max()).astype(np.float32)


def measure_pitch(samples: Samples, rate: int) -> float:
    pitch = track_pitch(samples, rate)
    return float(np.median(pitch[pitch > 0]))


@pytest.mark.parametrize("hertz", [90.0, 140.0, 220.0, 310.0])
def test_the_pitch_of_a_vowel_is_measured(hertz: float) -> None:
    assert measure_pitch(make_vowel(hertz), RATE) == pytest.approx(hertz, rel=0.02)


def test_noise_and_silence_have_no_pitch() -> None:
    assert not track_pitch(np.zeros(RATE, np.float32), RATE).any()
    noise = np.random.default_rng(1).standard_normal(RATE).astype(np.float32)
    assert np.mean(track_pitch(noise, RATE) > 0) < 0.1


@pytest.mark.parametrize("semitones", [-3.0, 2.0, 4.0])
def test_psola_moves_the_pitch_and_keeps_length_and_level(semitones: float) -> None:
    sound = make_vowel(160.0)
    pitch = track_pitch(sound, RATE)
    moved = shift_pitch(sound, RATE, np.full(len(pitch), semitones), pitch)
    assert len(moved) == len(sound)
    assert 12 * np.log2(measure_pitch(moved, RATE) / 160.0) == pytest.approx(semitones, abs=0.4)
    assert np.sqrt(np.mean(moved**2)) == pytest.approx(np.sqrt(np.mean(sound**2)), rel=0.3)


def test_no_movement_gives_the_same_sound() -> None:
    sound = make_vowel(160.0)
    pitch = track_pitch(sound, RATE)
    assert shift_pitch(sound, RATE, np.zeros(len(pitch)), pitch) is sound


def make_words() -> Utterance:
    """The words no no in 0.6 s without a pause between."""
    phonemes = (Phoneme(0.0, 0.1, "n", "viseme_nn"), Phoneme(0.1, 0.3, "o", "viseme_O"),
                Phoneme(0.3, 0.4, "n", "viseme_nn"), Phoneme(0.4, 0.6, "o", "viseme_O"))  # fmt: skip
    return Utterance(make_vowel(160.0), RATE, phonemes)


def test_a_comma_gets_a_breath_and_the_phonemes_stay_in_time() -> None:
    sound = shape_sentence(make_words(), "no, no.", "en", MANNERS["warm"], 1.0)
    assert sound.seconds == pytest.approx(0.6 + 0.22, abs=0.01)
    assert all(a.end == pytest.approx(b.start) for a, b in pairwise(sound.phonemes))
    assert sound.phonemes[-1].end == pytest.approx(sound.seconds, abs=0.01)
    (pause,) = [p for p in sound.phonemes if not p.symbol]
    inside = sound.samples[int((pause.start + 0.07) * RATE) : int((pause.end - 0.07) * RATE)]
    assert np.abs(inside).max() < 1e-6
    assert [p.symbol for p in sound.phonemes] == ["n", "o", "", "n", "o"]


def test_a_sentence_without_a_comma_stays_as_it_is() -> None:
    assert shape_sentence(make_words(), "no no.", "en", MANNERS["warm"], 1.0).samples.tobytes() == make_words().samples.tobytes()


def test_an_emphasised_word_is_louder_and_higher() -> None:
    sound = shape_sentence(make_words(), f"no {EMPHASIS}no.", "en", MANNERS["warm"], 1.0)
    first, then = sound.samples[int(0.05 * RATE) : int(0.25 * RATE)], sound.samples[int(0.35 * RATE) : int(0.55 * RATE)]
    assert 20 * np.log10(np.sqrt(np.mean(then**2)) / np.sqrt(np.mean(first**2))) > 2
    assert 12 * np.log2(measure_pitch(then, RATE) / measure_pitch(first, RATE)) > 1


@pytest.mark.parametrize(
    ("sentence", "language", "rises"),
    [
        ("Did you lock it?", "en", True), ("Really?", "en", True), ("Where is it?", "en", False), ("And what now?", "en", False),
        ("Tea or coffee?", "en", False), ("Are you coming or not?", "en", True), ("It is so.", "en", False),
        ("你好吗？", "zh", True), ("你去哪里？", "zh", False), ("好。", "zh", False),
    ],
)  # fmt: skip
def test_questions_that_are_answered_by_yes_or_no_rise(sentence: str, language: str, rises: bool) -> None:
    assert is_yes_no_question(sentence, language) is rises


def test_breaths_of_a_mandarin_sentence_follow_its_commas() -> None:
    from assets.artefacts.talk import Word

    words = [Word(i / 10, (i + 1) / 10, c) for i, c in enumerate("你好我来")]
    assert find_breaths("你好，我来。", "zh", words) == pytest.approx([0.2])


def test_every_emotion_and_manner_stays_within_what_a_line_may_do() -> None:
    for emotion in EMOTIONS:
        for manner in MANNERS:
            delivery = choose_delivery(emotion, manner)
            assert 0.8 < delivery.rate < 1.2
            assert abs(delivery.loudness) < 0.8  # the gate allows 1 LU


def measure_rise(sound: Utterance) -> float:
    """Semitones from the last second's body to its last voiced 0.1 s."""
    pitch = _drop_creak(track_pitch(sound.samples, sound.rate))
    voiced = np.flatnonzero(pitch > 0)
    tail = voiced[voiced * HOP_S > voiced[-1] * HOP_S - 0.1]
    body = voiced[(voiced * HOP_S < voiced[-1] * HOP_S - 0.45)][-60:]
    return float(12 * np.log2(np.median(pitch[tail]) / np.median(pitch[body])))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hibari", "coqui"])
def test_a_yes_no_question_rises_and_a_statement_falls(name: str) -> None:
    voice = BACKENDS.get(name)
    question, said = (
        speak_line((text,), "en", options=VoiceSpec(), backend=voice, seed=1)
        for text in ("Did you lock the door?", "You did lock the door.")
    )
    assert measure_rise(question) > 1.5
    assert measure_rise(said) < 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hibari", "coqui"])
def test_commas_breathe_and_emotions_change_rate_pitch_and_loudness(name: str) -> None:
    voice = BACKENDS.get(name)
    listed = speak_line(("First the sand, then the stone, then the sea.",), "en", options=VoiceSpec(), backend=voice, seed=1)
    assert sorted(p.end - p.start for p in listed.phonemes[1:-1] if not p.symbol)[-2] >= 0.17
    said = {
        emotion: speak_line(
            ("The boat is tied to the pier.",), "en", options=VoiceSpec(), backend=voice, seed=1, delivery=EMOTIONS[emotion]
        )
        for emotion in ("happy", "neutral", "sad")
    }
    pitch = {emotion: measure_pitch(sound.samples, sound.rate) for emotion, sound in said.items()}
    assert pitch["happy"] > pitch["neutral"] * 1.02
    assert pitch["sad"] < pitch["neutral"] * 0.98
    assert said["happy"].seconds <= said["neutral"].seconds < said["sad"].seconds
    loudness = {emotion: measure_loudness(sound.samples, sound.rate) for emotion, sound in said.items()}
    assert loudness["sad"] < loudness["neutral"] < loudness["happy"]
