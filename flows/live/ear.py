"""The ear of one session: sound in; what is heard while a person speaks, and the whole sentence when they have finished, out.

The sentence is decoded several times while it is spoken, and once more as soon as the speech pauses. If the pause was the end, the
text and its answer are there already when the silence is long enough.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from stages.voice.listening.turn import Event, TurnDetector, decode_pcm, is_turn_over

if TYPE_CHECKING:
    from flows.live.recognition import RecognitionQueue
    from stages.dialogue.answerer import Answer
    from stages.voice.backend import Samples

PARTIAL_S = 0.4
"""New sound after which the sentence so far is decoded again."""
FIRST_PARTIAL_S = 0.7
"""Less says nothing."""


@dataclass(frozen=True)
class Heard:
    """A sentence, or the beginning of one, with what would answer it."""

    text: str
    answer: Answer | None
    """None where nothing was understood."""
    known: bool
    """Whether something other than the fallback answers it."""
    decode_s: float
    choose_s: float
    silence_s: float = 0.0
    """Silence that was waited for."""


class EarListener(Protocol):
    """What a session does with what is heard."""

    def on_speech(self) -> None:
        """Someone has begun to speak."""

    def on_partial(self, heard: Heard) -> None:
        """This much is known while they speak."""

    def on_turn(self, heard: Heard, sound: Samples) -> None:
        """They have finished."""

    def on_noise(self) -> None:
        """It was no speech after all."""


class Ear:
    """Feeds one stream of a microphone through detector and recogniser."""

    def __init__(
        self, owner: str, language: str, queue: RecognitionQueue, choose: Callable[[str], Awaitable[tuple[Answer, bool]]],
        listener: EarListener,
    ) -> None:  # fmt: skip
        self._owner, self._language, self._queue, self._choose, self._listener = owner, language, queue, choose, listener
        self._detector = TurnDetector()
        self._turn = 0
        self._decoded_s = 0.0
        self._pending = False
        self._last: Heard | None = None
        """What the pause at the end of the turn is known to say; None while someone speaks."""
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_hearing(self) -> bool:
        """Whether someone speaks."""
        return self._detector.is_speaking

    def feed(self, pcm: bytes) -> None:
        """Takes the next sound: 16-bit samples at 16 kHz."""
        for event in self._detector.feed(decode_pcm(pcm)):
            self._handle(event)
        if self._detector.is_speaking and not self._pending and not self._detector.silence_s and self._is_partial_due():
            self._decode(urgent=False)
        self._end_if_over()

    def flush(self) -> None:
        """The microphone is off: what was said so far is the whole turn."""
        if self._detector.is_speaking:
            self._decode(urgent=True, final=True)

    def close(self) -> None:
        """Drops what is under way."""
        self._queue.forget(self._owner)
        for task in self._tasks:
            task.cancel()

    def _handle(self, event: Event) -> None:
        if event is Event.STARTED:
            self._turn += 1
            self._decoded_s, self._last = FIRST_PARTIAL_S - PARTIAL_S, None
            self._listener.on_speech()
        elif event is Event.PAUSED:
            self._decode(urgent=True)
        elif event is Event.RESUMED:
            self._last = None
        elif event is Event.TOO_LONG:
            self._decode(urgent=True, final=True)

    def _is_partial_due(self) -> bool:
        return self._detector.seconds - self._decoded_s >= PARTIAL_S

    def _decode(self, *, urgent: bool, final: bool = False) -> None:
        self._pending, self._decoded_s = True, self._detector.seconds
        sound = self._detector.end_turn() if final else self._detector.read_turn()
        task = asyncio.get_running_loop().create_task(self._understand(sound, self._turn, urgent=urgent, final=final))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _understand(self, sound: Samples, turn: int, *, urgent: bool, final: bool) -> None:
        began = time.perf_counter()
        hypothesis = await self._queue.recognise(self._owner, sound, self._language, urgent=urgent)
        if hypothesis is None:
            return
        decoded = time.perf_counter()
        answer, known = await self._choose(hypothesis.text) if hypothesis.text else (None, False)
        self._pending = False
        heard = Heard(hypothesis.text, answer, known, decoded - began, time.perf_counter() - decoded)
        if final:
            self._finish(heard, sound)
        elif turn == self._turn and self._detector.is_speaking:
            if heard.text:
                self._listener.on_partial(heard)
            if urgent and self._detector.silence_s:
                self._last = heard
                self._end_if_over()

    def _end_if_over(self) -> None:
        last, silence = self._last, self._detector.silence_s
        if last and is_turn_over(last.text, silence, known=last.known):
            self._last = None
            self._finish(Heard(last.text, last.answer, last.known, last.decode_s, last.choose_s, silence), self._detector.end_turn())

    def _finish(self, heard: Heard, sound: Samples) -> None:
        if heard.answer:
            self._listener.on_turn(heard, sound)
        else:
            self._listener.on_noise()
