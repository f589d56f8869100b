"""What all sessions of a server share: models and threads, limits and counters; nothing of any conversation but resumable memories."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from assets.errors import BackendError
from flows.live.access import Access
from flows.live.bundle import LiveBundle
from flows.live.limits import Clients, Limits
from flows.live.metrics import Metrics
from flows.live.recognition import RecognitionQueue, count_workers

if TYPE_CHECKING:
    from stages.dialogue.answerer import Answer, Turn
    from stages.dialogue.free_answers import FreeAnswers
    from stages.voice.backend import Samples
    from stages.voice.listening.recogniser import Hypothesis
    from stages.voice.streaming import StreamingVoice

_LOG = logging.getLogger("fenshen.live")
MEMORY_S = 120
"""A client that lost its connection finds its conversation again for so long."""
MAX_MEMORIES = 256
WRITER_TIMEOUT_S = 8.0
"""For a model's answer in a talk; after it, the line is spoken."""
HISTORY = 8
"""Turns that a conversation remembers."""


@dataclass(frozen=True)
class WriterOptions:
    """A model as `persona.model` names it."""

    model: str
    name: str = ""
    key_variable: str = ""


@dataclass(frozen=True)
class LiveOptions:
    """How a server was started."""

    access: Access = field(default_factory=Access)
    limits: Limits = field(default_factory=Limits)
    record: Path | None = None
    allow_say: bool = False
    """Whether a client may have any text spoken."""
    writer: WriterOptions | None = None
    """The model that may answer in words of its own; without one, lines alone are spoken."""


class Memories:
    """Turns of lost connections by session, for a short time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[float, str, tuple[Turn, ...]]] = {}

    def keep(self, session: str, bundle: str, turns: Sequence[Turn]) -> None:
        """Keeps the turns of a session that has ended; none are forgotten at once."""
        if turns:
            self._kept[session] = (self._clock() + MEMORY_S, bundle, tuple(turns))
            while len(self._kept) > MAX_MEMORIES:
                del self._kept[next(iter(self._kept))]

    def take(self, session: str, bundle: str) -> tuple[Turn, ...]:
        """The turns of a session with this bundle, once; empty where there are none."""
        until, name, turns = self._kept.pop(session, (0.0, "", ()))
        return turns if self._clock() <= until and name == bundle else ()


class Services:
    """One for each server."""

    def __init__(self, bundles: dict[str, LiveBundle], options: LiveOptions) -> None:
        self.bundles, self.options = bundles, options
        self.metrics, self.clients, self.memories = Metrics(), Clients(options.limits), Memories()
        self.think_pool = ThreadPoolExecutor(1, "think")
        self.speak_pool = ThreadPoolExecutor(1, "speak")
        self.write_pool = ThreadPoolExecutor(1, "write")
        self._writers: dict[str, FreeAnswers] = {}
        self.recognition = RecognitionQueue(_recognise, count_workers())
        self._voices: dict[str, StreamingVoice | None] = {}
        self.is_ready = False

    def preload(self) -> None:
        """Loads what every answer needs, in the caller's thread: encoders, recogniser, voices."""
        import numpy as np

        for bundle in self.bundles.values():
            bundle.answerer.answer("ready")
        for language in dict.fromkeys(bundle.language for bundle in self.bundles.values()):
            _recognise(np.zeros(16_000, np.float32), language)
        for bundle in self.bundles.values():
            self.open_voice(bundle)
            if self.options.writer:
                self._open_writer(bundle)
        self.is_ready = True

    def open_voice(self, bundle: LiveBundle) -> StreamingVoice | None:
        """The voice of a bundle, opened by its first use."""
        if bundle.name not in self._voices:
            from flows.live.speech import open_bundle_voice

            self._voices[bundle.name] = open_bundle_voice(bundle)
        return self._voices[bundle.name]

    async def choose(self, bundle: LiveBundle, question: str, history: Sequence[Turn]) -> tuple[Answer, bool]:
        """The answer to a question, and whether it is another than the fallback."""
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(self.think_pool, lambda: bundle.answerer.answer(question, tuple(history)))
        return answer, answer.lines != (bundle.dialogue["fallback"],)

    def _open_writer(self, bundle: LiveBundle) -> FreeAnswers:
        """What answers a bundle's questions in the model's words, opened by its first use."""
        if bundle.name not in self._writers:
            from stages.dialogue.e5 import load_e5
            from stages.dialogue.free_answers import FreeAnswers
            from stages.dialogue.writer import load_writer

            writer = self.options.writer
            assert writer, "only a server with a writer opens one"
            model = load_writer(writer.model, writer.name, writer.key_variable, timeout_s=WRITER_TIMEOUT_S)
            self._writers[bundle.name] = FreeAnswers(bundle.dialogue, bundle.answerer, load_e5(), model)
        return self._writers[bundle.name]

    async def improve(self, bundle: LiveBundle, question: str, answer: Answer) -> Answer:
        """The answer, or a new sentence in its place where no line answers with certainty and the facts support it."""
        if not self.options.writer:
            return answer
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self.write_pool, lambda: self._open_writer(bundle).improve(question, answer))
        except BackendError as error:
            # The talk continues with its lines; who runs the server reads why.
            _LOG.warning("%s", error)
            self.metrics.writings.labels("failed").inc()
            return answer
        if found.result != "unused":
            self.metrics.writings.labels(found.result).inc()
        if found.refused:
            return replace(found.answer, why=f"{found.answer.why}; the model's words are not spoken: {found.refused}")
        return found.answer

    def close(self) -> None:
        """Ends the threads."""
        self.recognition.close()
        for pool in (self.think_pool, self.speak_pool, self.write_pool):
            pool.shutdown(wait=False, cancel_futures=True)


def _recognise(samples: Samples, language: str) -> Hypothesis:
    from stages.voice.listening.recogniser import recognise

    return recognise(samples, language, workers=count_workers())
