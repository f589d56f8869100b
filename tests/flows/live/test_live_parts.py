"""The parts of the live server alone: limits, doors, frames, the queue of the recogniser, and the ear."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import numpy as np
import pytest

from flows.live.access import Access, is_loopback
from flows.live.ear import Ear, Heard
from flows.live.limits import Bucket, Clients, Limits
from flows.live.protocol import ProtocolError, decode_speech, encode_speech, parse_message, read_sound
from flows.live.recognition import RecognitionQueue
from flows.live.services import MEMORY_S, Memories
from stages.dialogue.answerer import Answer, Turn
from stages.voice.listening.recogniser import Hypothesis
from stages.voice.listening.turn import Event


class Clock:
    """Time that passes when a test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    clock = Clock()
    bucket = Bucket(rate=2, burst=3, clock=clock)
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    clock.now = 0.5
    assert [bucket.take(), bucket.take()] == [True, False]
    clock.now = 100
    assert bucket.take(3)
    assert not bucket.take(0.5)


def test_connections_of_one_address_do_not_count_against_another() -> None:
    clients = Clients(Limits(connections_per_minute=2, sessions=3, sessions_per_client=2), Clock())
    assert [bool(clients.refuse_reason("a")) for _ in range(3)] == [False, False, True]
    assert clients.refuse_reason("b") == ""
    for address in ("c", "c"):
        clients.open(address)
    assert "2 sessions are open from this address" in clients.refuse_reason("c")
    clients.close("c")
    assert clients.refuse_reason("c") == ""
    assert clients.count == 1


@pytest.mark.parametrize(("host", "local"), [
    ("127.0.0.1", True), ("::1", True), ("localhost", True), ("127.8.8.8", True), ("0.0.0.0", False), ("::", False),
    ("192.168.1.5", False), ("museum.example", False),
])  # fmt: skip
def test_loopback_is_recognised(host: str, local: bool) -> None:
    assert is_loopback(host) is local


@pytest.mark.parametrize(("headers", "welcome"), [
    ({"host": "127.0.0.1:8765"}, True), ({"host": "[::1]:8765"}, True), ({"host": "evil.example"}, False), ({}, False),
    ({"host": "localhost:1", "origin": "http://localhost:1"}, True), ({"host": "localhost:1", "origin": "http://localhost:2"}, False),
    ({"host": "localhost:1", "origin": "null"}, False), ({"host": "localhost:1", "origin": "https://museum.example"}, True),
    ({"host": "localhost:1", "origin": "https://museum.example.evil.example"}, False), ({"host": "[", "origin": "http://["}, False),
])  # fmt: skip
def test_host_and_origin_are_checked_on_loopback(headers: dict[str, str], welcome: bool) -> None:
    assert (Access(origins=("https://museum.example",)).refuse_reason(headers) == "") is welcome


def test_memories_are_given_once_to_their_own_bundle_and_for_a_time() -> None:
    clock = Clock()
    memories = Memories(clock)
    turns = (Turn("Who are you?", ("hello",)),)
    memories.keep("s", "ada", turns)
    assert memories.take("s", "bob") == ()
    memories.keep("s", "ada", turns)
    assert memories.take("s", "ada") == turns
    assert memories.take("s", "ada") == ()
    memories.keep("s", "ada", turns)
    clock.now = MEMORY_S + 1
    assert memories.take("s", "ada") == ()


def test_speech_frames_come_back_whole_and_aligned() -> None:
    frame = encode_speech({"text": "你好", "rate": 24000}, b"\1\2\3\4", b"\5")
    assert decode_speech(frame) == ({"text": "你好", "rate": 24000}, b"\1\2\3\4\5")
    assert (len(frame) - 5) % 4 == 0


def test_an_unknown_field_is_named() -> None:
    with pytest.raises(ProtocolError, match=r"ask\.txet"):
        parse_message('{"type": "ask", "text": "x", "txet": "y"}')
    with pytest.raises(ProtocolError):
        read_sound(b"\2\0\0\0ab")


# The queue of the recogniser


def test_who_has_finished_comes_before_those_who_still_speak_and_older_sounds_of_a_session_are_dropped() -> None:
    order: list[float] = []
    gate = threading.Event()

    def recognise(samples: Any, language: str) -> Hypothesis:
        gate.wait(20)
        order.append(float(samples[0]))
        return Hypothesis(str(samples[0]))

    async def run() -> list[Hypothesis | None]:
        queue = RecognitionQueue(recognise, workers=1)
        jobs = [("a", 1, False), ("b", 2, False), ("b", 3, False), ("c", 4, True)]
        tasks = []
        for owner, value, urgent in jobs:
            tasks.append(asyncio.create_task(queue.recognise(owner, np.array([value], np.float32), "en", urgent=urgent)))
            await asyncio.sleep(0)
        gate.set()
        found = await asyncio.gather(*tasks)
        queue.close()
        return found

    found = asyncio.run(run())
    assert order == [1.0, 4.0, 3.0]
    assert [hypothesis.text if hypothesis else None for hypothesis in found] == ["1.0", None, "3.0", "4.0"]


# The ear


class Listener:
    """Writes down what the ear reports."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []

    def on_speech(self) -> None:
        self.heard.append(("speech", ""))

    def on_partial(self, heard: Heard) -> None:
        self.heard.append(("partial", heard.text))

    def on_turn(self, heard: Heard, sound: Any) -> None:
        self.heard.append(("turn", heard.text))

    def on_noise(self) -> None:
        self.heard.append(("noise", ""))


class ScriptedDetector:
    """A detector whose silences and events are given."""

    def __init__(self, steps: list[tuple[list[Event], float]]) -> None:
        self._steps, self.silence_s, self.seconds, self.is_speaking = steps, 0.0, 0.0, False

    def feed(self, samples: Any) -> list[Event]:
        events, self.silence_s = self._steps.pop(0)
        self.is_speaking = self.is_speaking or Event.STARTED in events
        self.seconds += 0.8
        return events

    def read_turn(self) -> Any:
        return np.zeros(10, np.float32)

    def end_turn(self) -> Any:
        self.is_speaking, self.silence_s = False, 0.0
        return np.zeros(10, np.float32)


def listen(steps: list[tuple[list[Event], float]], texts: list[str]) -> list[tuple[str, str]]:
    """What an ear reports of these steps, where the recogniser's texts are given in order."""

    async def choose(text: str) -> tuple[Answer, bool]:
        return Answer(("hours",), "We open at nine.", 1.0, None, ""), True

    async def run() -> list[tuple[str, str]]:
        listener, queue = Listener(), RecognitionQueue(lambda samples, language: Hypothesis(texts.pop(0)), 1)
        ear = Ear("a", "en", queue, choose, listener)
        ear._detector = ScriptedDetector(list(steps))  # type: ignore[assignment]
        for _ in steps:
            ear.feed(b"")
            while ear._tasks:
                await asyncio.gather(*ear._tasks)
        queue.close()
        return listener.heard

    return asyncio.run(run())


def test_the_answer_chosen_in_the_pause_is_given_once_the_silence_is_long_enough() -> None:
    steps = [([Event.STARTED], 0.0), ([Event.PAUSED], 0.1), ([], 0.2), ([], 0.3)]
    assert listen(steps, ["When do", "When do you open?"]) == [
        ("speech", ""), ("partial", "When do"), ("partial", "When do you open?"), ("turn", "When do you open?"),
    ]  # fmt: skip


def test_a_pause_that_was_not_the_end_is_forgotten() -> None:
    steps = [([Event.STARTED], 0.0), ([Event.PAUSED], 0.1), ([Event.RESUMED], 0.0), ([Event.PAUSED], 0.3)]
    heard = listen(steps, ["I", "I have a question.", "I have a question. When", "When do you open?"])
    assert [row for row in heard if row[0] == "turn"] == [("turn", "When do you open?")]


def test_noise_is_no_question() -> None:
    assert listen([([Event.STARTED], 0.0), ([Event.PAUSED], 0.1), ([], 0.8)], ["", ""])[-1] == ("noise", "")
