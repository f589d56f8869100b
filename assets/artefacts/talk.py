"""What is said and how: lines, sound with timed phonemes, and the performance that shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from assets.artefact import Artefact
from assets.artefacts.geometry import Floats, Skeleton
from assets.artefacts.motion import Clip
from assets.rights import Source


@dataclass(frozen=True)
class Line:
    """One thing that can be said."""

    id: str
    """File-name safe: hello, fact_03, line_01, topic_01, fallback."""
    text: str
    language: str
    """en or zh."""
    emotion: str = "neutral"
    """neutral, happy, sad, surprised, serious."""
    gesture: str = "none"
    """none, wave, nod, explain, shrug, point."""
    grounded_in: tuple[str, ...] = ()
    """The facts that it rests on, as written by the author."""


@dataclass(frozen=True)
class Reply:
    """Questions that a line answers."""

    line: str
    questions: tuple[str, ...]


@dataclass(frozen=True)
class Dialogue(Artefact):
    """A closed set of lines and which questions they answer."""

    kind: ClassVar[str] = "dialogue/1"
    name: str
    language: str
    lines: tuple[Line, ...]
    replies: tuple[Reply, ...]
    fallback: str
    """Line id spoken where nothing fits."""
    engine: str
    """Backend that made it."""
    scores: dict[str, float]
    """Self-check: question accuracy on the persona's own examples, margins."""
    sources: tuple[Source, ...] = ()
    warnings: tuple[str, ...] = ()
    """Topics that no fact is about."""


@dataclass(frozen=True)
class Phoneme:
    """A sound on the clock of its line."""

    start: float
    """Seconds."""
    end: float
    symbol: str
    """IPA."""
    viseme: str
    """One of VISEMES_15."""
    stress: float = 0.0
    """1 primary stress, 0.5 secondary, 0 none."""


@dataclass(frozen=True)
class SpokenLine:
    """A line as sound."""

    id: str
    text: str
    samples: Floats
    """(n,) mono, -1..1."""
    rate: int
    """Hz."""
    phonemes: tuple[Phoneme, ...]


@dataclass(frozen=True)
class Speech(Artefact):
    """Every line of a dialogue, spoken."""

    kind: ClassVar[str] = "speech/1"
    lines: tuple[SpokenLine, ...]
    voice: str
    exact: bool
    """True where the model told its own phoneme durations, False where they were spread in proportion."""
    warnings: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True)
class Cue:
    """A viseme on the clock of its line."""

    start: float
    end: float
    phoneme: str
    viseme: str
    weight: float


@dataclass(frozen=True)
class LineCues:
    """The lip-sync track of one line."""

    line: str
    cues: tuple[Cue, ...]


@dataclass(frozen=True)
class Performance(Artefact):
    """The final clips: idle, wave, the user's, and say_ID for each line, with body, face and lips on one clock."""

    kind: ClassVar[str] = "performance/1"
    skeleton: Skeleton
    clips: tuple[Clip, ...]
    cues: tuple[LineCues, ...]
    warnings: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
