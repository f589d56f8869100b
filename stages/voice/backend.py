"""The interface of a voice backend: one sentence in, its sound and timed phonemes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from assets.artefact import Artefact
from assets.artefacts.talk import Phoneme
from assets.rights import Source
from assets.spec.behaviour import VoiceSpec
from stages.stage import Backend

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Utterance(Artefact):
    """A piece of speech: samples (n,) float32 mono, rate in Hz, and phonemes that cover it from start to end without a gap."""

    kind: ClassVar[str] = "utterance/1"
    samples: Samples
    rate: int
    phonemes: tuple[Phoneme, ...]
    exact: bool = True
    """True if the phoneme durations are the model's own, False if they were estimated."""

    @property
    def seconds(self) -> float:
        """Duration."""
        return len(self.samples) / self.rate


@runtime_checkable
class VoiceBackend(Backend, Protocol):
    """A text-to-speech model."""

    languages: tuple[str, ...]
    """Codes of the languages that the built-in voice speaks."""
    gender: float
    """0 a woman's voice .. 1 a man's."""
    restriction: str
    """Why speech of the built-in voice may not be sold; empty if it may."""

    def speak(self, text: str, *, language: str, options: VoiceSpec, seed: int) -> Utterance:
        """Speaks one sentence of cleaned text; the same arguments give the same samples, whatever was spoken before."""

    # Optional: `hold_models(self) -> None` keeps what `speak` would open each time, for live talk; sounds need not repeat exactly then.

    def sources(self, options: VoiceSpec) -> tuple[Source, ...]:
        """The voice and its libraries, with authors and licences."""
