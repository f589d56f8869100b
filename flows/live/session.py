"""One conversation: what a client sends, what it gets, and what is remembered between two questions."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from flows.live.bundle import LiveBundle
from flows.live.ear import Ear, Heard
from flows.live.limits import Bucket
from flows.live.protocol import VERSION, Ask, ClientMessage, Hello, Microphone, Played, ProtocolError, Say, Stop, encode_message
from flows.live.recording import Recording
from flows.live.services import HISTORY, Services

if TYPE_CHECKING:
    from stages.dialogue.answerer import Answer, Turn
    from stages.voice.backend import Samples

_LOG = logging.getLogger("fenshen.live")
BYTES_PER_SECOND = 32_000
"""Of 16-bit sound at 16 kHz."""


class Session:
    """Runs on the event loop; `send` puts a frame into the connection's queue."""

    def __init__(self, hello: Hello, bundle: LiveBundle, services: Services, send: Callable[[str | bytes], None]) -> None:
        self.id = secrets.token_urlsafe(18)
        self.bundle, self._services, self._send_frame = bundle, services, send
        self._history: list[Turn] = list(services.memories.take(hello.resume, bundle.name))
        self._resumed = bool(self._history)
        record = services.options.record
        self._recording = Recording(record, bundle.name, self.id) if record and hello.consent else None
        limits = services.options.limits
        self._questions = Bucket(limits.questions_per_minute / 60, limits.questions_per_minute / 4)
        self._sound = Bucket(BYTES_PER_SECOND * limits.sound_factor, BYTES_PER_SECOND * 5)
        self._ear = Ear(self.id, bundle.language, services.recognition, self._choose, self)
        self._answers = 0
        self._playing: int | None = None
        """The answer that the client plays, or will."""
        self._work: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Greets the client."""
        services = self._services
        self._send(
            "ready", protocol=VERSION, session=self.id, resumed=self._resumed, bundle=self.bundle.name, title=self.bundle.title,
            language=self.bundle.language, record=self._recording is not None, say=services.options.allow_say,
            bundles=[{"name": b.name, "title": b.title, "language": b.language} for b in services.bundles.values()],
        )  # fmt: skip

    def close(self) -> None:
        """Ends the work; the memory stays for a while."""
        self._ear.close()
        for task in self._work:
            task.cancel()
        self._services.memories.keep(self.id, self.bundle.name, self._history)

    # What the client sends

    def handle(self, message: ClientMessage) -> None:
        """Takes a message; raises ProtocolError for one that cannot come here."""
        if isinstance(message, Ask):
            self._take_question(message.text)
        elif isinstance(message, Say):
            self._take_text(message.text)
        elif isinstance(message, Stop):
            self._interrupt("button")
        elif isinstance(message, Played):
            self._note_playing(message)
        elif isinstance(message, Microphone):
            if not message.on:
                self._ear.flush()
        else:
            raise ProtocolError("hello comes once, as the first message")

    def hear(self, pcm: bytes) -> None:
        """Takes sound of the microphone."""
        if not self._sound.take(len(pcm)):
            raise ProtocolError("sound comes faster than it is spoken")
        self._ear.feed(pcm)

    def _take_question(self, text: str) -> None:
        if not self._may_ask():
            return
        self._interrupt("question")
        self._send("state", state="thinking")
        self._run(self._answer_text(text))

    def _take_text(self, text: str) -> None:
        if not self._services.options.allow_say:
            self._send("error", code="say-not-allowed", message="the server was not started with --allow-say")
        elif self._may_ask():
            self._interrupt("question")
            self._answers += 1
            self._run(self._speak(text, self._answers, {"question": "", "lines": [], "text": text, "score": 1.0, "why": "said as given"}))

    def _may_ask(self) -> bool:
        if self._questions.take():
            return True
        self._send("error", code="too-many-questions", message="too many questions in a minute; wait a little")
        return False

    def _note_playing(self, message: Played) -> None:
        if message.event == "started":
            self._playing = message.answer
        elif message.answer == self._playing:
            self._playing = None

    def _interrupt(self, reason: str) -> None:
        if self._playing is not None:
            self._send("stop", answer=self._playing, reason=reason)
            self._services.metrics.interruptions.inc()
        self._playing = None
        for task in self._work:
            task.cancel()

    # What the ear hears (EarListener)

    def on_speech(self) -> None:
        """Barge-in: the answer stops as soon as someone speaks."""
        self._interrupt("speech")
        self._send("state", state="listening")

    def on_partial(self, heard: Heard) -> None:
        """Shows the words so far; the client fetches the line that would answer them."""
        self._send("hearing", text=heard.text, prepare=list(heard.answer.lines) if heard.answer and heard.known else [])

    def on_turn(self, heard: Heard, sound: Samples) -> None:
        """Answers at once: the choice was made while the silence was waited for."""
        assert heard.answer
        steps = self._services.metrics.steps
        for step, seconds in (("decode", heard.decode_s), ("choose", heard.choose_s), ("silence", heard.silence_s)):
            steps.labels(step).observe(seconds)
        if not self._may_ask():
            self._send("state", state="idle")
            return
        timing = {"silence": heard.silence_s, "decode": heard.decode_s, "choose": heard.choose_s}
        self._send("heard", text=heard.text)
        self._run(self._give_answer(heard.text, heard.answer, timing, sound))

    def on_noise(self) -> None:
        """Nothing was understood."""
        self._send("state", state="idle")

    # Answers

    async def _choose(self, question: str) -> tuple[Answer, bool]:
        return await self._services.choose(self.bundle, question, self._history)

    async def _answer_text(self, text: str) -> None:
        began = time.perf_counter()
        answer, _ = await self._choose(text)
        await self._give_answer(text, answer, {"choose": time.perf_counter() - began}, None)

    async def _give_answer(self, question: str, answer: Answer, timing: dict[str, float], sound: Samples | None) -> None:
        from stages.dialogue.answerer import Turn

        began = time.perf_counter()
        answer = await self._services.improve(self.bundle, question, answer)
        if self._services.options.writer:
            timing = timing | {"write": time.perf_counter() - began}
        self._answers += 1
        self._history = [*self._history, Turn(question, answer.lines)][-HISTORY:]
        fields = {
            "question": question, "lines": list(answer.lines), "text": answer.text, "score": round(answer.score, 3), "why": answer.why,
            "next": answer.next, "source": list(answer.sources), "timing": {step: round(seconds, 3) for step, seconds in timing.items()},
        }  # fmt: skip
        if self._is_recorded(answer):
            self._playing = self._answers
            self._services.metrics.answers.labels("line").inc()
            self._send("answer", answer=self._answers, new=False, **fields)
        else:
            await self._speak(answer.text, self._answers, fields)
        if self._recording:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(None, self._recording.add_turn, question, answer.lines, answer.text, sound)

    def _is_recorded(self, answer: Answer) -> bool:
        """Whether the lines' own sounds say the whole answer."""
        lines = [self.bundle.lines.get(name) for name in answer.lines]
        texts = [str(line["text"]) for line in lines if line]
        return len(texts) == len(lines) > 0 and "".join(answer.text.split()) == "".join("".join(texts).split())

    async def _speak(self, text: str, number: int, fields: dict[str, Any]) -> None:
        """Speaks a new sentence; where the voice cannot, its text is shown alone."""
        loop, services = asyncio.get_running_loop(), self._services
        began = time.perf_counter()
        voice = await loop.run_in_executor(services.speak_pool, services.open_voice, self.bundle)
        self._playing = number
        services.metrics.answers.labels("new" if voice else "text").inc()
        self._send("answer", answer=number, new=voice is not None, **fields)
        if voice is None:
            return
        from flows.live.speech import speak_frames

        frames = speak_frames(voice, text, number, self.bundle.manner)
        while frame := await loop.run_in_executor(services.speak_pool, _get_next, frames):
            if began:
                services.metrics.steps.labels("speak").observe(time.perf_counter() - began)
                began = 0.0
            self._send_frame(frame)
        self._send("spoken", answer=number)

    def _run(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._work.add(task)
        task.add_done_callback(self._finish_work)

    def _finish_work(self, task: asyncio.Task[None]) -> None:
        self._work.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _LOG.error("an answer failed", exc_info=error)
            self._send("error", code="failed", message="the server failed to answer; its log says why")

    def _send(self, kind: str, **fields: Any) -> None:
        self._send_frame(encode_message(kind, **fields))


def _get_next(frames: Iterator[bytes]) -> bytes | None:
    return next(frames, None)
