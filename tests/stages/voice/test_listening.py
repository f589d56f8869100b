"""Listening: where speech starts, pauses and ends in a stream, and what was said, from windows as short as the sound."""

from __future__ import annotations

import numpy as np
import pytest

from assets.artefacts.geometry import Floats
from assets.spec.behaviour import VoiceSpec
from stages.voice.listening.recogniser import clean_transcript, recognise
from stages.voice.listening.turn import RATE, Event, TurnDetector, decode_pcm, is_turn_over
from stages.voice.mastering import find_audible_range
from stages.voice.stage import BACKENDS, speak_line

QUESTION = "Where is the nearest railway station?"


@pytest.fixture(scope="module")
def question() -> Floats:
    """QUESTION at 16 kHz, cut to what is audible."""
    from scipy.signal import resample_poly

    spoken = speak_line([QUESTION], "en", options=VoiceSpec(), backend=BACKENDS.get("hibari"), seed=1)
    first, last = find_audible_range(spoken.samples, spoken.rate)
    return np.asarray(resample_poly(spoken.samples[first:last], 2, 3), np.float32)


def silence(seconds: float) -> Floats:
    return np.random.default_rng(1).normal(0, 4e-4, int(seconds * RATE)).astype(np.float32)


def feed(detector: TurnDetector, sound: Floats, block: int = 700) -> list[tuple[float, Event]]:
    """Events with the seconds of sound after which they came; blocks that are no multiple of the network's chunks."""
    found = []
    for at in range(0, len(sound), block):
        found += [(min(at + block, len(sound)) / RATE, event) for event in detector.feed(sound[at : at + block])]
    return found


def test_speech_starts_and_pauses_within_two_tenths_of_a_second(question: Floats) -> None:
    (start, first), (pause, second) = feed(TurnDetector(), np.concatenate([silence(1), question, silence(0.5)]))
    assert (first, second) == (Event.STARTED, Event.PAUSED)
    assert 0 < start - 1 < 0.25
    assert 0 < pause - 1 - len(question) / RATE < 0.2


def test_a_turn_has_its_soft_beginning_and_its_end(question: Floats) -> None:
    detector = TurnDetector()
    feed(detector, np.concatenate([silence(1), question, silence(0.5)]))
    turn = detector.end_turn()
    assert len(question) < len(turn) < len(question) + 1.0 * RATE
    assert detector.is_speaking is False


def test_speech_that_continues_after_a_pause_is_one_turn(question: Floats) -> None:
    events = [event for _, event in feed(TurnDetector(), np.concatenate([question, silence(0.4), question, silence(0.4)]))]
    assert events[:4] == [Event.STARTED, Event.PAUSED, Event.RESUMED, Event.PAUSED]


@pytest.mark.parametrize("kind", ["silence", "noise", "click", "tone"])
def test_what_is_no_speech_starts_no_turn(kind: str) -> None:
    rng = np.random.default_rng(2)
    click = np.zeros(2 * RATE, np.float32)
    click[RATE : RATE + 200] = 0.9
    sounds = {"silence": np.zeros(2 * RATE, np.float32), "noise": rng.normal(0, 0.05, 2 * RATE).astype(np.float32), "click": click,
              "tone": (0.3 * np.sin(np.arange(2 * RATE) * 0.3)).astype(np.float32)}  # fmt: skip
    assert feed(TurnDetector(), sounds[kind]) == []


def test_a_turn_without_end_is_cut(question: Floats) -> None:
    detector = TurnDetector()
    events = [event for _, event in feed(detector, np.tile(question, 14))]
    assert Event.TOO_LONG in events


@pytest.mark.parametrize(("text", "silence_s", "known", "over"), [
    ("When do you open?", 0.3, True, True), ("When do you open?", 0.2, True, False), ("When do you open?", 0.3, False, False),
    ("When do you", 0.3, True, False), ("When do you", 0.8, True, True), ("I would like to know the.", 0.3, True, False),
    ("Well...", 0.3, True, False), ("你们几点开门？", 0.3, True, True), ("你们几点，", 0.3, True, False),
])  # fmt: skip
def test_a_complete_sentence_ends_sooner_than_an_open_one(text: str, silence_s: float, known: bool, over: bool) -> None:
    assert is_turn_over(text, silence_s, known=known) is over


def test_the_sentence_is_recognised_whole_and_in_part(question: Floats) -> None:
    assert recognise(question, "en").text == QUESTION
    assert recognise(question[: int(1.3 * RATE)], "en").text.startswith("Where is the near")


def test_silence_and_noise_say_nothing() -> None:
    assert recognise(np.zeros(RATE, np.float32), "en").text == ""
    assert recognise(np.random.default_rng(3).normal(0, 0.02, RATE).astype(np.float32), "en").text == ""


@pytest.mark.parametrize(("text", "clean"), [
    (" Who made it? Who made it? Who made it?", "Who made it?"), ("[Music]", ""), ("(laughs) Hello.", "Hello."), ("...", ""),
    ("Who made it? Who", "Who made it?"), ("No. No? I mean yes.", "No. I mean yes."), ("你好。你好。", "你好。"),
])  # fmt: skip
def test_loops_and_notes_are_cut(text: str, clean: str) -> None:
    assert clean_transcript(text) == clean


def test_samples_are_little_endian_and_half_a_sample_is_dropped() -> None:
    assert decode_pcm(b"\x00\x40\x00\xc0\x01").tolist() == [0.5, -0.5]
