"""Speech: lines of dialogue, their sound with timed phonemes, and the animated performance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from assets.artefact import Artefact
from assets.artefacts.geometry import Floats, Skeleton
from assets.artefacts.motion import Clip
from assets.rights import Source

PlaceUnit = Literal["line", "page", "row"]


@dataclass(frozen=True)
class Citation:
    """Where a passage stands."""

    file: str
    """The file's name, without its folder."""
    unit: PlaceUnit
    number: int
    """Of the line, page or row, from 1; in a table, row 1 has the names of the columns."""


@dataclass(frozen=True)
class Line:
    """One line of dialogue."""

    id: str
    """Safe as a file name: hello, fact_03, line_01, topic_01, passage_001, fallback."""
    text: str
    language: str
    """en or zh."""
    emotion: str = "neutral"
    """neutral, happy, sad, surprised, serious."""
    gesture: str = "none"
    """none, wave, nod, explain, shrug, point."""
    grounded_in: tuple[str, ...] = ()
    """The facts that it is based on, as the author wrote them."""
    spoken: str = ""
    """The text with the author's pause and emphasis marks, for the voice; empty where it has none and `text` is spoken as it is."""
    source: Citation | None = None
    """The place of a passage of persona.knowledge; None for the author's own lines."""
    topic: str = ""
    """The headings above a passage, by which a question finds it."""


@dataclass(frozen=True)
class Reply:
    """A line and the questions that it answers."""

    line: str
    questions: tuple[str, ...]


@dataclass(frozen=True)
class Paraphrases:
    """Questions that people commonly ask and the line that answers them, for answers by words alone."""

    line: str
    """A line, the fallback for those that none answers, or `repeat` for those that want the last answer again."""
    questions: tuple[str, ...]


@dataclass(frozen=True)
class RefusedWording:
    """A sentence of a writer that is not spoken."""

    line: str
    """Id of the line that is spoken as the author wrote it."""
    text: str
    reason: str
    """One clause, such as: it has the number 9, and the fact has not."""


@dataclass(frozen=True)
class Dialogue(Artefact):
    """A fixed set of lines and the questions that they answer."""

    kind: ClassVar[str] = "dialogue/1"
    name: str
    language: str
    lines: tuple[Line, ...]
    replies: tuple[Reply, ...]
    fallback: str
    """Id of the line that is spoken when no other fits."""
    engine: str
    """Name of the backend that made it."""
    scores: dict[str, float]
    """Self-evaluation on the persona's own example questions: accuracy and margins."""
    sources: tuple[Source, ...] = ()
    warnings: tuple[str, ...] = ()
    """Such as topics without a fact about them."""
    manner: str = "warm"
    """warm, formal, lively or calm: how the speaker delivers every line."""
    paraphrases: tuple[Paraphrases, ...] = ()
    """Empty where nobody can ask, or no sentence encoder is installed."""
    refused: tuple[RefusedWording, ...] = ()
    """Wordings of a model that the facts do not support, which are not spoken."""


@dataclass(frozen=True)
class Phoneme:
    """A phoneme with its times in the line."""

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
class Word:
    """A word as the voice reads it (in Mandarin a character), with its times in the line."""

    start: float
    """Seconds."""
    end: float
    text: str


@dataclass(frozen=True)
class SpokenLine:
    """The sound of a line."""

    id: str
    text: str
    samples: Floats
    """(n,) mono, -1..1."""
    rate: int
    """Hz."""
    phonemes: tuple[Phoneme, ...]
    words: tuple[Word, ...] = ()


@dataclass(frozen=True)
class Speech(Artefact):
    """The sound of every line of a dialogue."""

    kind: ClassVar[str] = "speech/1"
    lines: tuple[SpokenLine, ...]
    voice: str
    exact: bool
    """True if the model outputs phoneme durations, False if they were estimated in proportion."""
    warnings: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True)
class Cue:
    """A viseme with its times in the line."""

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
    """The final clips: the library's, the user's, and say_ID for each line, with synchronised body, face and lips."""

    kind: ClassVar[str] = "performance/1"
    skeleton: Skeleton
    clips: tuple[Clip, ...]
    cues: tuple[LineCues, ...]
    warnings: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
