"""Turns of speech in a stream of sound: when a person starts to speak, pauses, and has finished.

A fixed silence is either slow or cuts people off. Here the silence that ends a turn depends on what was understood: short after a
sentence that is complete, long after one that is not. No network is needed for it, since a hypothesis is there by then.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from enum import Enum

import numpy as np

from stages.voice.backend import Samples
from stages.voice.listening.vad import CHUNK, CHUNK_S, RATE, VoiceActivity

SPEECH, SILENCE = 0.5, 0.35
"""Probability from which a chunk is speech, and below which it is silence: Silero's own two thresholds."""
START_CHUNKS = 3
"""Chunks of speech among the last four that start a turn: 96 ms; a click has one or two."""
PAUSE_S = 0.09
"""Silence after which the sentence may be over: a hypothesis is made of it at once. Closures of stops are shorter."""
COMPLETE_SILENCE_S = 0.26
"""Silence that ends a turn whose sentence is complete. People answer each other after 0.2 s (Stivers et al. 2009)."""
OPEN_SILENCE_S = 0.75
"""Silence that ends any other turn."""
PRE_ROLL_S = 0.3
"""Sound before the detected start that belongs to the turn: soft onsets are detected late."""
MAX_TURN_S = 20.0
"""A longer turn ends here; questions are shorter, and the recogniser's window is 30 s."""
_COMPLETE = re.compile(r"[.?!。？！]\s*$")
_OPEN_END = re.compile(
    r"(?:\b(?:and|or|but|the|a|an|of|to|in|for|with|is|are|um|uh|so)|[…，、,]|\.\.\.|—|-)[.?!。？！]?\s*$", re.IGNORECASE
)


class Event(Enum):
    """What a chunk changed."""

    STARTED = "started"
    """Someone has begun to speak."""
    PAUSED = "paused"
    """The speech stopped: it may be over."""
    RESUMED = "resumed"
    """It was not over."""
    TOO_LONG = "too_long"
    """The turn has reached MAX_TURN_S."""


@dataclass
class _Turn:
    chunks: list[Samples]
    silence_s: float = 0.0
    paused: bool = False


class TurnDetector:
    """Cuts one stream into turns; fed by one thread."""

    def __init__(self) -> None:
        self._activity = VoiceActivity()
        self._rest = np.zeros(0, np.float32)
        self._before: deque[Samples] = deque(maxlen=round(PRE_ROLL_S / CHUNK_S))
        self._recent: deque[bool] = deque(maxlen=START_CHUNKS + 1)
        self._turn: _Turn | None = None

    @property
    def is_speaking(self) -> bool:
        """Whether a turn has started and not ended."""
        return self._turn is not None

    @property
    def silence_s(self) -> float:
        """Seconds of silence at the end of the turn."""
        return self._turn.silence_s if self._turn else 0.0

    @property
    def seconds(self) -> float:
        """Length of the turn so far."""
        return len(self._turn.chunks) * CHUNK_S if self._turn else 0.0

    def feed(self, samples: Samples) -> list[Event]:
        """Takes the next samples of the stream, 16 kHz, -1..1, of any number; returns what happened in them."""
        sound = np.concatenate([self._rest, samples])
        whole = len(sound) // CHUNK * CHUNK
        self._rest = sound[whole:]
        events = (self._feed_chunk(chunk, self._activity.measure(chunk)) for chunk in sound[:whole].reshape(-1, CHUNK))
        return [event for event in events if event]

    def _feed_chunk(self, chunk: Samples, probability: float) -> Event | None:
        if self._turn is None:
            return self._wait_for_start(chunk, probability)
        turn = self._turn
        turn.chunks.append(chunk)
        if len(turn.chunks) * CHUNK_S >= MAX_TURN_S:
            return Event.TOO_LONG
        if probability >= SPEECH:
            resumed, turn.silence_s, turn.paused = turn.paused, 0.0, False
            return Event.RESUMED if resumed else None
        if probability < SILENCE or turn.silence_s:
            turn.silence_s += CHUNK_S
        if turn.silence_s >= PAUSE_S and not turn.paused:
            turn.paused = True
            return Event.PAUSED
        return None

    def _wait_for_start(self, chunk: Samples, probability: float) -> Event | None:
        self._before.append(chunk)
        self._recent.append(probability >= SPEECH)
        if sum(self._recent) < START_CHUNKS:
            return None
        self._turn = _Turn(list(self._before))
        self._recent.clear()
        return Event.STARTED

    def read_turn(self) -> Samples:
        """The sound of the turn so far (n,)."""
        return np.concatenate(self._turn.chunks) if self._turn else np.zeros(0, np.float32)

    def end_turn(self) -> Samples:
        """Ends the turn; returns its sound (n,)."""
        sound = self.read_turn()
        self._turn = None
        self._before.clear()
        return sound


def is_turn_over(hypothesis: str, silence_s: float, *, known: bool) -> bool:
    """Whether a person who was understood so far has finished.

    Args:
        known: the hypothesis is one that can be answered; small noises and beginnings cannot.
    """
    complete = bool(_COMPLETE.search(hypothesis)) and not _OPEN_END.search(hypothesis)
    return silence_s >= (COMPLETE_SILENCE_S if complete and known else OPEN_SILENCE_S)


def decode_pcm(data: bytes) -> Samples:
    """16-bit little-endian mono samples as float32, -1..1; an odd last byte is dropped."""
    return np.asarray(np.frombuffer(data[: len(data) // 2 * 2], "<i2") / 32768, np.float32)


__all__ = ["MAX_TURN_S", "RATE", "Event", "TurnDetector", "decode_pcm", "is_turn_over"]
